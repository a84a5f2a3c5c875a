"""Writes docs/gallery.md, its pictures and others of docs/ from the presets that ship: `python build_gallery.py`.

Everything shown is made by the presets and told by their cards, so a second run changes nothing.
"""

import io
import math
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from texnet_core import TextureRequest, list_presets, read_artifact, synthesize
from texnet_core.atomic import replacing
from texnet_core.derivation import derive_maps
from texnet_core.evaluation.losscurve import read_loss_curve
from texnet_core.mapset import ALBEDO, split_channels
from texnet_core.model.artifact import Artifact, Header
from texnet_core.model.look_maps import lit_maps, relief_within
from texnet_core.pictures.color import quantize
from texnet_core.pictures.encoders import encode_png
from texnet_core.rendering import lit_plane, lit_sphere

DOCS = Path(__file__).parent / "docs"
GALLERY = DOCS / "gallery.md"
PICTURES = DOCS / "images" / "gallery"
OVERVIEW = DOCS / "images" / "presets.jpg"
CURVES = DOCS / "images" / "loss.png"
DERIVED = DOCS / "images" / "derived.jpg"

_SIDE = 384  # of each half of a picture, in texels
_LARGE = 1024  # side of the tile of which a corner is shown as it is
_GAP = 8
_OVERVIEW_WIDTH, _CUT = 1152, 192  # texels of the overview, and least of each piece in it
_CURVES_WIDTH, _CURVES_HEIGHT = 720, 400
_COMPARED = ("rock", "brick-wall", "leaf-litter", "mossy-rocks", "rust")  # materials beside what their colors tell
_SPHERE = 256  # texels of a sphere in that picture
_SEED = 1
_JPEG_QUALITY = 80
_INTRODUCTION = f"""# The gallery

What ships, as `build_gallery.py` makes it from the presets.
Materials of several maps are shown under light, as a sphere and as a plane that a tile covers once.
Of others, {_SIDE}x{_SIDE} texels of a large texture are on the left, \
on the right a tile that shows as much as the exemplar, repeated 3x3 and made smaller.
[The look](addon.md#the-look) shows them on spheres.
[The presets](presets.md) says how they were trained, [quality](quality.md) what the figures mean.
"""


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    artifacts = {name: read_artifact(path) for name, path in list_presets().items()}
    for name, artifact in artifacts.items():
        write(PICTURES / f"{name}.jpg", picture(artifact))
    for file in PICTURES.glob("*.jpg"):
        if file.stem not in artifacts:
            file.unlink()
    write(GALLERY, page(artifacts).encode())
    write(OVERVIEW, overview(list(artifacts.values())))
    write(CURVES, curves(list(artifacts.values())))
    write(DERIVED, derived([artifacts[name] for name in _COMPARED]))


def picture(artifact: Artifact) -> bytes:
    """A JPEG: a stretch of a large texture beside a tile that repeats; of a material a sphere and a plane."""
    gap = np.full((_SIDE, _GAP, 3), 255, np.uint8)
    if len(artifact.maps) > 1:
        sphere, plane = _lit(artifact)
        return as_jpeg(np.hstack([sphere, gap, plane]))
    side = artifact.texels_per_exemplar
    large, tile = _texels(artifact, _LARGE, _SIDE), _texels(artifact, side, side)
    repeated = Image.fromarray(np.tile(tile, (3, 3, 1))).resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return as_jpeg(np.hstack([large, gap, np.asarray(repeated)]))


def overview(artifacts: list[Artifact]) -> bytes:
    """A JPEG: a piece of each preset, in rows of equal length, whose pieces are wider where they are fewer."""
    count = math.ceil(len(artifacts) / (_OVERVIEW_WIDTH // _CUT))
    ends = [len(artifacts) * row // count for row in range(count + 1)]
    return as_jpeg(np.vstack([_row(artifacts[start:end]) for start, end in pairwise(ends)]))


def _row(artifacts: list[Artifact]) -> npt.NDArray[np.uint8]:
    edges = np.linspace(0, _OVERVIEW_WIDTH, len(artifacts) + 1).astype(int)
    pieces = zip(artifacts, np.diff(edges), strict=True)
    return np.hstack([_texels(artifact, _LARGE, _SIDE)[:_CUT, :width] for artifact, width in pieces])


def curves(artifacts: list[Artifact]) -> bytes:
    """A PNG: the loss of every preset over its training, by logarithms."""
    told = [(read_loss_curve(artifact.training), bool(artifact.waves)) for artifact in artifacts]
    losses = [loss for curve, _ in told for _, loss in curve]
    low, high = math.log(min(losses)), math.log(max(losses))
    sheet = Image.new("RGB", (_CURVES_WIDTH, _CURVES_HEIGHT), "white")
    pen, margin = ImageDraw.Draw(sheet), 48
    width, height = _CURVES_WIDTH - 2 * margin, _CURVES_HEIGHT - 2 * margin

    def at(share: float, loss: float) -> tuple[float, float]:
        return margin + share * width, margin + (high - math.log(loss)) / (high - low) * height

    for loss in (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0):
        if low <= math.log(loss) <= high:
            pen.line([at(0, loss), at(1, loss)], fill="#dddddd")
            pen.text((margin - 8, at(0, loss)[1]), f"{loss:g}", fill="#555555", anchor="rm")
    for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        pen.text((at(share, 1)[0], margin + height + 8), f"{share:.0%}", fill="#555555", anchor="mt")
    for curve, repeats in told:
        points = [at(step / curve[-1][0], loss) for step, loss in curve]
        pen.line(points, fill="#d9822b" if repeats else "#1f5fa8")
    return encode_png(np.asarray(sheet))


def derived(artifacts: list[Artifact]) -> bytes:
    """A JPEG: materials as their generators make them, below with maps derived of their colors, and flat."""
    return as_jpeg(np.hstack([_compared(artifact) for artifact in artifacts]))


def _compared(artifact: Artifact) -> npt.NDArray[np.uint8]:
    """Three spheres, one above the other."""
    request = TextureRequest(width=_SIDE * 2, height=_SIDE * 2, seed=_SEED, engine="onnx", precision="f32")
    made = synthesize(artifact, request)
    guess = derive_maps(made["albedo"], wraps=True)
    shown = [
        (made, artifact.maps, relief_within(artifact, request.width)),
        (split_channels(guess.image, guess.maps), guess.maps, guess.relief),
        ({"albedo": made["albedo"]}, (ALBEDO,), 0.0),
    ]
    spheres = [lit_sphere(maps, specs, _SPHERE, relief=height) for maps, specs, height in shown]
    return quantize(np.concatenate(spheres), 8)


def as_jpeg(texels: npt.NDArray[np.uint8]) -> bytes:
    """A JPEG of (height, width, 3) texels."""
    file = io.BytesIO()
    Image.fromarray(texels).save(file, "JPEG", quality=_JPEG_QUALITY)
    return file.getvalue()


def page(cards: dict[str, Header]) -> str:
    """The gallery as Markdown: presets by kind, kinds and presets by name."""
    kinds = defaultdict(list)
    for name, card in cards.items():
        kinds[card.provenance.kind].append(_entry(name, card))
    parts = [f"## {kind.capitalize()}\n\n" + "\n".join(entries) for kind, entries in sorted(kinds.items())]
    return "\n".join([_INTRODUCTION, *parts])


def _entry(name: str, card: Header) -> str:
    origin = card.provenance
    page = origin.source if "://" in origin.source else f"../{origin.source}"  # or a file of the project
    exemplar = f"[{origin.exemplar}]({page}), {origin.author}, {origin.license}"
    shown = _maps(card) if len(card.maps) > 1 else _look(card)
    facts = [f"`{name}`: {exemplar}", *_size(card), *shown, *_figures(card)]
    return f"![{name}](images/gallery/{name}.jpg)\n\n" + "; ".join(facts) + ".\n"


def _size(card: Header) -> list[str]:
    return [f"{card.size_m:g} m"] if card.size_m else []


def _maps(card: Header) -> list[str]:
    names = [f"{spec.name} (derived)" if spec.derived else spec.name for spec in card.maps]
    relief = [f"relief {100 * card.relief * card.size_m:.2g} cm"] if card.relief and card.size_m else []
    return [", ".join(names), *relief]


def _look(card: Header) -> list[str]:
    look = card.look
    if look is None:
        return []
    metal = [f"metallic {look.metallic:g}"] if look.metallic else []
    return [f"bump {look.bump:g}", f"roughness {look.roughness_dark:g} to {look.roughness_bright:g}", *metal]


def _figures(card: Header) -> list[str]:
    names = (("texture_gram", "Gram"), ("texture_wasserstein", "Wasserstein"), ("texture_held_out", "held out"))
    return [f"{title} {card.quality[key]:.3f}{_reference(card, key)}" for key, title in names if key in card.quality]


def _reference(card: Header, key: str) -> str:
    reference = card.quality.get(f"{key}_reference")
    return "" if reference is None else f" ({reference:.3f})"


def _lit(artifact: Artifact) -> list[npt.NDArray[np.uint8]]:
    """A sphere and a plane of one tile that shows as much as the exemplar did, both (side, side, 3)."""
    side = artifact.texels_per_exemplar
    request = TextureRequest(width=side, height=side, seed=_SEED, engine="onnx", precision="f32")
    maps, specs = lit_maps(synthesize(artifact, request), artifact.maps, artifact, artifact.relief)
    drawn = (draw(maps, specs, _SIDE, relief=artifact.relief) for draw in (lit_sphere, lit_plane))
    return [quantize(picture, 8) for picture in drawn]


def _texels(artifact: Artifact, side: int, shown: int) -> npt.NDArray[np.uint8]:
    """A corner of a tile, (shown, shown, 3), made by the engine that every installation has."""
    region = (0, 0, shown, shown)
    return quantize(
        synthesize(
            artifact, TextureRequest(width=side, height=side, seed=_SEED, region=region, engine="onnx", precision="f32")
        )["albedo"],
        8,
    )


def write(path: Path, content: bytes) -> None:
    """A file of docs/, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


if __name__ == "__main__":
    main()
