"""Writes docs/styles.md and its pictures from the styles that ship: `python build_styles.py`.

What is painted is the project's own: a texture of a preset, and drawn pictures that no style was trained on.
"""

import numpy as np
import numpy.typing as npt

from build_gallery import DOCS, as_jpeg, write
from texnet_core import TextureRequest, list_presets, list_styles, read_artifact, synthesize
from texnet_core.mapset import FloatArray
from texnet_core.model.artifact import Artifact, Header
from texnet_core.pictures.color import quantize
from texnet_core.stylization import StylizeRequest, stylize
from texnet_core.training.content_pool import default_pool

PAGE = DOCS / "styles.md"
PICTURES = DOCS / "images" / "styles"

_SIDE = 256
_TEXTURE = "bricks"
_DRAWN = (2, 0, 1)  # of the pool below: an atlas, a landscape and a room
_POOL_SEED = 7
_SETTINGS = (  # of each column
    {"strength": 0.5},
    {"strength": 1.0},
    {"strength": 1.0, "keep_colors": True},
)
_INTRODUCTION = """# The styles

What ships, as `build_styles.py` makes it.
Each row is a picture, the same at strengths 0.5 and 1, and at 1 in its own colors, all at 1:1.
The first row is a tile, and each of its pictures tiles too.
[Stylization](stylization.md) says how styles are used and learned.
"""


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    styles = {name: read_artifact(path) for name, path in list_styles().items()}
    pictures = contents()
    for name, style in styles.items():
        write(PICTURES / f"{name}.jpg", sheet(style, pictures))
    for file in PICTURES.glob("*.jpg"):
        if file.stem not in styles:
            file.unlink()
    write(PAGE, page(styles).encode())


def contents() -> list[tuple[FloatArray, bool]]:
    """What is painted, and whether it tiles."""
    texture = synthesize(
        read_artifact(list_presets()[_TEXTURE]), TextureRequest(width=_SIDE, height=_SIDE, engine="onnx")
    )["albedo"].astype(np.float32)
    drawn = default_pool(8, _SIDE, _POOL_SEED, panorama_share=0.0)
    return [(texture, True), *((drawn[number], False) for number in _DRAWN)]


def sheet(style: Artifact, pictures: list[tuple[FloatArray, bool]]) -> bytes:
    """A JPEG: a row for each picture."""
    rows = [np.hstack([picture, *_painted(style, picture, tiles)]) for picture, tiles in pictures]
    return as_jpeg(quantize(np.vstack(rows), 8))


def page(styles: dict[str, Header]) -> str:
    """The styles as Markdown, by name."""
    return "\n".join([_INTRODUCTION, *(_entry(name, card) for name, card in sorted(styles.items()))])


def _painted(style: Artifact, picture: FloatArray, tiles: bool) -> list[npt.NDArray[np.float32]]:
    wrap = "xy" if tiles else "none"
    return [
        stylize(style, picture, StylizeRequest(wrap=wrap, engine="onnx", precision="f32", **setting)).image
        for setting in _SETTINGS
    ]


def _entry(name: str, card: Header) -> str:
    origin = card.provenance
    page = origin.source if "://" in origin.source else f"../{origin.source}"
    source = f"[{origin.exemplar}]({page})" if origin.source else origin.exemplar
    facts = f"`{name}`: {source}, {origin.author}, {origin.license}."
    return f"## {name}\n\n![{name}](images/styles/{name}.jpg)\n\n{facts}\n"


if __name__ == "__main__":
    main()
