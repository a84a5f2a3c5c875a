"""What one texture is to be: all of it, and nothing else is it described by.

Options of the command line, lists of textures, messages to the worker and records on images are made from these fields.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from texnet_core.errors import Range, RequestError
from texnet_core.mapset import Depth, MapSpec, chosen_maps, is_picture, names_in
from texnet_core.model.header import Header
from texnet_core.model.look_maps import derived_maps
from texnet_core.settings import (
    MAX_SEED,
    MAX_SIZE,
    MIN_SIZE,
    EngineSettings,
    ExemplarSettings,
    Recorded,
    Tiling,
    setting,
)
from texnet_core.synthesis.choice import TextureChoice
from texnet_core.synthesis.windows import MAX_COORDINATE, Region, checked_region, is_whole

UDIM_COLUMNS = 10  # the numbers of tiles count in tens
_UDIM_ROWS = 100

PICTURES = ("exemplar", "mask", "mix_mask")  # fields of a request that name files, whose content counts

Pair = tuple[int, int]


@dataclass(frozen=True)
class TextureRequest(ExemplarSettings, TextureChoice, EngineSettings, Recorded):
    """One texture.

    Attributes:
        source: name of a preset, path of a `.texnet` file, or what makes a generator of the exemplar, such as collage;
            "" where the generator is at hand.
        width: in texels; of each tile where there are UDIM tiles.
        height: likewise.
        seed: which of the variations.
        tile: axes along which it repeats; the others go on without end.
        scale: size of the features against the exemplar's. On an axis that repeats it gives way by less than one
            coarsest cell a period, so that a whole number of cells fits.
        covers: meters of surface that the width shows, of each tile where there are UDIM tiles. Features then have
            their real size, times `scale`, whatever the size in texels. 0 where their size is `scale` alone.
        depth: bits a channel of its files, where their format has a choice; a map may need more.
        phase: position on the loop of an animation, in turns: frame k of n is k / n.
        region: (x, y, width, height), the window to make, which may lie anywhere; None for all of it.
        period: (width, height) at which axes repeat, where that is not the texture's size.
        udim: (columns, rows) of UDIM tiles, which repeat as a whole, or None.
        maps: names of those that are wanted, by commas; "" for all.
        material: whether there are more maps than the generator makes: those that follow from its colors and its look.
    """

    source: str = setting("", "")
    width: int = setting(2048, "width of the texture in texels", low=MIN_SIZE, high=MAX_SIZE, group="texture")
    height: int = setting(2048, "height of the texture in texels", low=MIN_SIZE, high=MAX_SIZE, group="texture")
    seed: int = setting(
        0,
        "which of the endless variations to make; equal seeds give equal textures",
        low=0,
        high=MAX_SEED,
        group="texture",
    )
    tile: Tiling = setting("xy", "axes along which the texture repeats without a seam", group="texture")
    scale: float = setting(
        1.0, "size of the features, as a multiple of those in the exemplar", low=0.25, high=4.0, group="texture"
    )
    covers: float = setting(
        0.0,
        "meters of surface that the width shows; the size in texels then decides only how sharp it is",
        low=0.0,
        group="texture",
        length=True,
    )
    depth: Depth = setting(8, "bits per channel, for PNG and TIFF; a height map always has 16 there", group="output")
    phase: float = setting(0.0, "", low=0.0, high=1.0)
    region: Region | None = None
    period: Pair | None = None
    udim: Pair | None = None
    maps: str = setting("", "maps to make, by commas, such as albedo,normal; all without it", group="maps")
    material: bool = setting(
        False,
        "where the generator makes colors alone, also make the maps of its look: roughness, normal, height, metallic",
        group="maps",
    )

    def check(self) -> Self:
        """Return self, or raise RequestError at the first field that does not fit."""
        super().check()
        if self.region is not None:
            checked_region(self.region)
        _check_pair("period", self.period, Range(MIN_SIZE, MAX_COORDINATE), Range(MIN_SIZE, MAX_COORDINATE))
        _check_pair("udim", self.udim, Range(1, UDIM_COLUMNS), Range(1, _UDIM_ROWS))
        for other in ("region", "period"):
            if self.udim is not None and getattr(self, other) is not None:
                raise RequestError(
                    f"{other} and udim cannot be combined", expected="one of them", remedy="use one of them"
                )
        return self

    def maps_of(self, header: Header) -> tuple[MapSpec, ...]:
        """All maps that a generator makes for this request, of which `maps` chooses.

        Raises:
            RequestError: a material is wanted of colors that have no look, or a map that only a material has.
        """
        derived = derived_maps(header)
        if not self.material:
            self._check_made(derived)
            return header.maps
        if header.look is None and is_picture(header.maps):
            raise RequestError(
                "this generator has no look, so no material follows from its colors",
                expected="a generator with a look, or one that makes maps",
                remedy="leave material out, or give it a look with: texnet keep",
            )
        return (*header.maps, *derived)

    def chosen_of(self, header: Header) -> tuple[MapSpec, ...]:
        """Those of `maps_of` that are asked for, in their order.

        Raises:
            RequestError: as `maps_of` does, or a map that there is not.
        """
        return chosen_maps(self.maps_of(header), self.maps)

    def _check_made(self, derived: Iterable[MapSpec]) -> None:
        left_out = {spec.name for spec in derived}.intersection(names_in(self.maps))
        if left_out:
            raise RequestError(
                f"this generator makes no map {min(left_out)!r} by itself",
                expected="a map that it makes",
                remedy="turn material on too, and it follows from the look",
            )

    @property
    def whole(self) -> Pair:
        """(width, height) of all UDIM tiles together; of the texture where there are none."""
        columns, rows = self.udim or (1, 1)
        return int(self.width) * columns, int(self.height) * rows

    @property
    def window(self) -> Region:
        """The part of the plane that is to be made."""
        return (0, 0, *self.whole) if self.region is None else checked_region(self.region)

    @property
    def window_covers(self) -> float:
        """Meters that the window's width shows, or 0 where the request does not say it."""
        return float(self.covers) * self.window[2] / int(self.width)

    @property
    def periods(self) -> tuple[int | None, int | None]:
        """(width, height) at which the plane repeats; None along an axis on which it goes on without end."""
        width, height = self.period or self.whole
        return int(width) if "x" in self.tile else None, int(height) if "y" in self.tile else None


def _check_pair(name: str, pair: Any, *ranges: Range) -> None:
    if pair is None:
        return
    if not isinstance(pair, tuple) or len(pair) != 2 or not all(is_whole(number) for number in pair):
        raise RequestError(
            f"{name} {pair!r} is not a pair", expected="two whole numbers", remedy="give two whole numbers"
        )
    for number, side, allowed in zip(pair, ("first", "second"), ranges, strict=True):
        if not allowed.low <= number <= allowed.high:
            raise RequestError(
                f"the {side} number of {name} is out of range, with {number}",
                expected=allowed,
                remedy="choose one in that range",
            )
