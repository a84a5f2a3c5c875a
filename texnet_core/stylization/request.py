"""How a picture is painted anew, as plain facts.

Options of the command line, lists, messages to the worker and records on images are made from these fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from texnet_core.mapset import Depth
from texnet_core.pictures.color_statistics import ColorStatistics
from texnet_core.settings import MAX_SEED, MAX_SIZE, EngineSettings, Recorded, setting
from texnet_core.synthesis.windows import Region, checked_region

Wrap = Literal["auto", "xy", "x", "y", "none"]


@dataclass(frozen=True)
class StylizeRequest(EngineSettings, Recorded):
    """One picture in a style.

    Attributes:
        source: name of a style that ships, or path of a `.texnet` file; "" where the generator is at hand.
        strength: 0 leaves the picture as it is, 1 paints it wholly in the style. A strength map multiplies it.
        noise: how much the noise varies what is painted, as a multiple of what training saw at the middle.
        seed: which of the variations.
        scale: size of the strokes against those that were learned.
        wrap: axes along which the picture tiles, and the result with it; along the others it goes on mirrored. Auto
            looks at the edges of the picture.
        keep_colors: whether the result has the colors of the picture and not those of the style.
        width: of the result in texels; 0: that of the picture.
        height: likewise.
        depth: bits a channel of the file where its format has a choice; 0: as the picture has.
        region: (x, y, width, height) of the result, the part to make; None for all of it.
        colors: statistics to take the picture's colors for, so that several pictures have one look; None: its own.
    """

    source: str = setting("", "")
    strength: float = setting(
        1.0, "0 leaves the picture as it is, 1 paints it wholly in the style", low=0.0, high=1.0, group="style"
    )
    noise: float = setting(1.0, "how much the noise varies what is painted", low=0.0, high=10.0, group="style")
    seed: int = setting(
        0,
        "which of the endless variations to make; equal seeds give equal pictures",
        low=0,
        high=MAX_SEED,
        group="style",
    )
    scale: float = setting(
        1.0, "size of the strokes, as a multiple of those that were learned", low=0.25, high=4.0, group="style"
    )
    wrap: Wrap = setting(
        "auto", "axes along which the picture tiles, and the result with it; auto looks at its edges", group="style"
    )
    keep_colors: bool = setting(False, "keep the colors of the picture instead of those of the style", group="style")
    width: int = setting(0, "", low=0, high=MAX_SIZE)
    height: int = setting(0, "", low=0, high=MAX_SIZE)
    depth: Depth | Literal[0] = setting(
        0, "bits per channel, for PNG and TIFF; without it those of the picture", group="output"
    )
    region: Region | None = None
    colors: ColorStatistics | None = None

    def check(self) -> Self:
        """Return self, or raise RequestError at the first field that does not fit."""
        super().check()
        if self.region is not None:
            checked_region(self.region)
        return self

    @classmethod
    def _stated(cls, record: Mapping[str, Any]) -> dict[str, Any]:
        stated = super()._stated(record)
        if stated.get("colors") is not None:
            stated["colors"] = ColorStatistics.from_record(stated["colors"])
        return stated
