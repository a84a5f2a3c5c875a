"""What one texture or one picture is to be, with what Blender adds: names for people, and records on images.

Knows no bpy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from texnet_core.errors import Range, RequestError
from texnet_core.model.artifact import read_header
from texnet_core.model.look import Look
from texnet_core.names import no_device
from texnet_core.presets import find_source, find_style, list_presets, list_styles
from texnet_core.settings import Checked, setting
from texnet_core.stylization import request as stylization
from texnet_core.synthesis import request as core
from texnet_core.synthesis.choice import TextureChoice, check_known
from texnet_core.synthesis.extent import check_covers

_FIRST_PRESET = "rock"  # a whole material whose relief light shows well
MAX_INT = 2**31 - 1  # what Blender's whole numbers hold
MAX_NAME = 150  # bytes of a name, so that seed, map and suffixes find room behind it
CHOICE = tuple(spec.name for spec in fields(TextureChoice))  # which texture of a file that holds several
OPTIONS = (
    "width",
    "height",
    "seed",
    "tile",
    "scale",
    "covers",
    "depth",
    *CHOICE,
    "maps",
    "material",
)  # what operators and functions take
LOOK_OPTIONS = ("bump", "roughness", "metallic", "relief", "true_displacement", "multiply_ao")  # of a material
STYLE_OPTIONS = ("strength", "noise", "seed", "scale", "wrap", "keep_colors")  # likewise, of a picture in a style


class _Named(Checked):
    """What both kinds of request have here: a source with a name for people, and a seed that Blender can hold."""

    source: str
    seed: int

    @property
    def title(self) -> str:
        """What people call the source: Rusty Metal."""
        return title_of(self.source)

    def check(self) -> Self:
        """Return self, or raise RequestError at the first field that does not fit."""
        super().check()
        if self.seed > MAX_INT:
            raise RequestError(
                f"seed {self.seed} is out of range", expected=Range(0, MAX_INT), remedy="choose a smaller seed"
            )
        return self


@dataclass(frozen=True)
class TextureRequest(_Named, core.TextureRequest):
    """The core's request for a texture, from a source that has a name. The mask of a mix is the name of an image.

    Attributes:
        mask_sha256: of the texels of that image, once they were read; None before and where there is no mask.
    """

    mask_sha256: str | None = None

    @property
    def title(self) -> str:
        """What people call the surface: Rusty Metal, or Slate + Chalk for a mix of what a file holds."""
        chosen = dict.fromkeys([*self.start, *self.end])
        return " + ".join(map(title_of_texture, chosen)) or super().title

    @property
    def stem(self) -> str:
        """What tells it from others, without the seed: moss, or stones-slate of a file that holds several."""
        mixes = ("-".join(_counted(shares)) for shares in (self.start, self.end) if shares)
        return "-".join([Path(self.source).stem, *mixes])

    @property
    def name(self) -> str:
        """Stem of the files that are made: moss_7."""
        return f"{shortened(file_name(self.stem))}_{self.seed}"

    @property
    def size_text(self) -> str:
        tiles = f", {self.udim[0]}x{self.udim[1]} tiles" if self.udim else ""
        return f"{self.width} x {self.height}{tiles}"

    def file(self) -> Path:
        """The generator's file.

        Raises:
            TexnetError: no such source or no such texture in it, a style, or a number out of its range.
        """
        path = _shipped(self.check().source) or find_source(self.source)
        header = read_header(path)
        if header.paints:
            raise RequestError(
                f"{self.title} is a style, which paints images and makes no textures",
                expected="a generator of textures",
                remedy="choose a generator of textures, or paint an image in it with Stylize",
            )
        if header.adapts:
            raise RequestError(
                f"{self.title} makes generators of images and no textures by itself",
                expected="a generator of textures",
                remedy="choose it as the method of From Image, Now",
            )
        check_known(self, header.textures)
        self.chosen_of(header)
        if self.covers:
            check_covers(self, header)
        return path

    def job(self, mask: str = "") -> dict[str, Any]:
        """The worker's request for it, with the file of its mask."""
        files = {"source": str(self.file()), "mix_mask": mask}
        return {"job": "synthesize", "name": self.name} | self.record() | files

    def preview_job(self, mask: str = "") -> dict[str, Any]:
        """The worker's request for its upper left corner, likewise."""
        return replace(self, udim=None).job(mask) | {"job": "preview"}

    def variations(self, count: int) -> list[Self]:
        """Itself and the next seeds."""
        return [replace(self, seed=self.seed + number) for number in range(count)]

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """The request behind an image's record, which anybody may have changed: what Blender lets choose of it.

        The first records have the depth as text, and say udim [0, 0] where there are no tiles.

        Raises:
            RequestError: a value that does not fit.
            KeyError: no record of a texture.
        """
        names = (*OPTIONS, "udim", "mask_sha256")
        known = {"source": record["source"]} | {name: record[name] for name in names if name in record}
        if known.get("depth") in ("8", "16"):
            known["depth"] = int(known["depth"])
        if known.get("udim") == [0, 0]:
            del known["udim"]
        return super().from_record(known)


@dataclass(frozen=True)
class SetLook(Checked):
    """How a map set is shown.

    Attributes:
        relief: how many times as high as it was made.
        true_displacement: the height map moves the surface itself.
        multiply_ao: occlusion darkens the base color.
    """

    relief: float = setting(1.0, "how high the relief is, as a multiple of the generator's", low=0.0, high=10.0)
    true_displacement: bool = setting(False, "let the height map move the surface itself, which wants a dense mesh")
    multiply_ao: bool = setting(False, "darken the base color by the map of ambient occlusion")


class StylizeRequest(_Named, stylization.StylizeRequest):
    """The core's request for a picture in a style that has a name."""

    def file(self) -> Path:
        """The style's file.

        Raises:
            TexnetError: no such style, a generator of textures, or a number out of its range.
        """
        path = _shipped(self.check().source) or find_style(self.source)
        if not read_header(path).paints:
            raise RequestError(
                f"{self.title} makes textures and is no style",
                expected="a style",
                remedy="choose a style, or train one from an image",
            )
        return path

    def job(self) -> dict[str, Any]:
        """The worker's request for it; the pictures are to be added."""
        return {"job": "stylize"} | self.record() | {"source": str(self.file())}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """The request behind an image's record, which anybody may have changed: what Blender lets choose of it.

        Raises:
            RequestError: a value that does not fit.
            KeyError: no record of a picture in a style.
        """
        names = (*STYLE_OPTIONS, "width", "height", "depth", "colors")
        return super().from_record(
            {"source": record["source"]} | {name: record[name] for name in names if name in record}
        )


def _shipped(name: str) -> Path | None:
    """The file of what ships under a name, of either kind: what helps where it is the wrong one is said here."""
    return (list_presets() | list_styles()).get(name)


def rounded(number: float) -> float:
    """What was meant by a number of Blender's, whose floats have 24 bits: 0.064, not 0.06400000303983688."""
    return float(f"{number:.6g}")


def told_look(
    bump: Any = None,
    roughness: Any = None,
    metallic: Any = None,
    relief: Any = None,
    true_displacement: Any = None,
    multiply_ao: Any = None,
) -> dict[str, float]:
    """What a caller says of a look: fields of `Look` and of `SetLook`; None leaves it to the generator.

    Args:
        bump: -1 to 1.
        roughness: 0 to 1, one number or those of the darkest and the brightest places.
        metallic: 0 to 1.
        relief: 0 to 10.
        true_displacement: True or False.
        multiply_ao: likewise.

    Raises:
        RequestError: a value is no number in its range.
    """
    dark, bright = roughness if isinstance(roughness, Sequence) and len(roughness) == 2 else (roughness, roughness)
    values = {"bump": bump, "roughness_dark": dark, "roughness_bright": bright, "metallic": metallic}
    told = {name: value for name, value in values.items() if value is not None}
    Look().changed(told)
    values = {"relief": relief, "true_displacement": true_displacement, "multiply_ao": multiply_ao}
    of_set = {name: value for name, value in values.items() if value is not None}
    replace(SetLook(), **of_set).check()
    return {name: float(value) for name, value in (told | of_set).items()}


def check_look(told: Mapping[str, float], request: TextureRequest) -> None:
    """Raise TexnetError where a look asks for what maps show that are not made, or is told of those that follow it."""
    header = read_header(request.file())
    made = {spec.name for spec in request.chosen_of(header)}
    follow = {spec.name for spec in request.maps_of(header)[len(header.maps) :]}
    for name, needed in (("bump", "height"), ("roughness_dark", "roughness"), ("metallic", "metallic")):
        if name in told and needed in follow:
            raise RequestError(
                f"images of maps follow the look of {request.title}, and {needed} cannot be told beside them",
                expected="one of both",
                remedy=f"leave {name.partition('_')[0]} or material out",
            )
    for name, needed in (("true_displacement", "height"), ("multiply_ao", "ao")):
        if told.get(name) and needed not in made:
            raise RequestError(
                f"{request.title} comes without the map {needed}, which {name} needs",
                expected=f"a material with {needed}",
                remedy=f"choose another generator or more of its maps, or leave {name} out",
            )


def mix_text(shares: Mapping[str, float]) -> str:
    """Names with their shares as requests have them: slate=0.3,chalk=0.7."""
    return ",".join(f"{name}={rounded(share):g}" for name, share in shares.items())


def options_of(request: TextureRequest) -> dict[str, Any]:
    """A request as properties of an operator; Blender's choices are texts."""
    values = {name: getattr(request, name) for name in ("source", *OPTIONS)}
    return values | {"depth": str(request.depth)}


def file_name(text: str) -> str:
    """Text as a name that every system takes for a file; "" where nothing of it is left."""
    return no_device("".join(letter if letter.isalnum() or letter in "-_ ." else "-" for letter in text).strip(" -."))


def shortened(name: str) -> str:
    """The beginning of a name that is too long for what is to follow it."""
    return name.encode()[:MAX_NAME].decode(errors="ignore").rstrip(" -.")


def title_of(source: str) -> str:
    """What people call a source: Old Wall for /x/old_wall.texnet."""
    return title_of_texture(Path(source).stem) or "TexNet"


def title_of_texture(name: str) -> str:
    """What people call a texture of a file that holds several, likewise."""
    return name.replace("-", " ").replace("_", " ").strip().title()


def _counted(shares: Mapping[str, float]) -> list[str]:
    """The names of a mix, with percents where there are several."""
    if len(shares) == 1:
        return list(shares)
    return [f"{name} {100 * share:.0f}" for name, share in shares.items()]


def first_style() -> str:
    """The style that a new scene starts with; "" where none ships."""
    return next(iter(list_styles()), "")


def first_preset() -> str:
    """The preset that a new scene starts with."""
    presets = list_presets()
    return _FIRST_PRESET if _FIRST_PRESET in presets else next(iter(presets), "")
