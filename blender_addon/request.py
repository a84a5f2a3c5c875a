"""What one texture is to be: plain facts, with which it can be made again. Knows no bpy."""

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from texnet_core.errors import RequestError
from texnet_core.presets import find_source, list_presets
from texnet_core.settings import SynthesisSettings, Tiling

Depth = Literal["8", "16"]

MAX_INT = 2**31 - 1  # what Blender's whole numbers hold
OPTIONS = ("width", "height", "seed", "tile", "scale", "depth")  # what operators and functions take

_DEFAULTS = SynthesisSettings()


@dataclass(frozen=True)
class TextureRequest:
    """One texture.

    Attributes:
        source: name of a preset, or path of a `.texnet` file.
        width: in texels; of each tile where there are UDIM tiles.
        height: likewise.
        seed: which of the variations.
        tile: axes along which it repeats.
        scale: size of the features against the exemplar's.
        depth: bits a channel in the image.
        udim: (columns, rows) of UDIM tiles, or None.
    """

    source: str
    width: int = _DEFAULTS.width
    height: int = _DEFAULTS.height
    seed: int = _DEFAULTS.seed
    tile: Tiling = _DEFAULTS.tile
    scale: float = _DEFAULTS.scale
    depth: Depth = "8"
    udim: tuple[int, int] | None = None

    @property
    def title(self) -> str:
        """What people call the source: Rusty Metal."""
        return title_of(self.source)

    @property
    def name(self) -> str:
        """Stem of what is made: moss_7."""
        return f"{file_name(Path(self.source).stem)}_{self.seed}"

    @property
    def size_text(self) -> str:
        tiles = f", {self.udim[0]}x{self.udim[1]} tiles" if self.udim else ""
        return f"{self.width} x {self.height}{tiles}"

    def check(self) -> Path:
        """The generator's file.

        Raises:
            TexnetError: no such source, or a number out of its range.
        """
        self.check_numbers()
        return find_source(self.source)

    def check_numbers(self) -> None:
        """Raise RequestError for a number out of its range."""
        SynthesisSettings(
            width=self.width, height=self.height, seed=self.seed, tile=self.tile, scale=self.scale
        ).check()
        if self.seed > MAX_INT:
            raise RequestError(f"seed {self.seed}", expected=f"0 to {MAX_INT}", remedy="choose a smaller seed")
        if self.depth not in ("8", "16"):
            raise RequestError(f"depth {self.depth}", expected="8 or 16", remedy="choose one of these")

    def job(self) -> dict[str, Any]:
        """The worker's request for it."""
        job = {"job": "synthesize", "source": str(self.check()), "name": self.name} | self._numbers()
        job["depth"] = int(self.depth)
        return job | ({"udim": list(self.udim)} if self.udim else {})

    def preview_job(self) -> dict[str, Any]:
        """The worker's request for its upper left corner."""
        return {"job": "preview", "source": str(self.check())} | self._numbers()

    def variations(self, count: int) -> list["TextureRequest"]:
        """Itself and the next seeds."""
        return [replace(self, seed=self.seed + number) for number in range(count)]

    def record(self) -> dict[str, Any]:
        """What a custom property can hold."""
        values = asdict(self)
        values["udim"] = list(self.udim or (0, 0))
        return values

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "TextureRequest":
        """The request behind a record, which anybody may have changed.

        Raises:
            RequestError: a number out of its range.
            KeyError, TypeError, ValueError: no record of ours.
        """
        known = {field.name: record[field.name] for field in fields(cls) if field.name in record}
        columns, rows = (int(number) for number in record.get("udim", (0, 0)))
        request = cls(**{"source": record["source"], **known, "udim": (columns, rows) if columns else None})
        request.check_numbers()
        return request

    def _numbers(self) -> dict[str, Any]:
        return {
            "width": self.width,
            "height": self.height,
            "seed": self.seed,
            "tile": self.tile,
            "scale": self.scale,
        }


def file_name(text: str) -> str:
    """Text as a name that every system takes for a file; "" where nothing of it is left."""
    return "".join(letter if letter.isalnum() or letter in "-_ ." else "-" for letter in text).strip(" -.")


def title_of(source: str) -> str:
    """What people call a source: Old Wall for /x/old_wall.texnet."""
    return Path(source).stem.replace("-", " ").replace("_", " ").strip().title() or "TexNet"


def first_preset() -> str:
    """The preset that a new scene starts with."""
    return next(iter(list_presets()), "")
