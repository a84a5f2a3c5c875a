"""Which pictures a request for several of them means, and what their files are called.

A name grows by what tells the pictures apart: NAME_seed7_0012.1001.png is UDIM tile 1001 of frame 12 of seed 7.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from texnet_core.errors import RequestError
from texnet_core.settings import MAX_SEED, Checked, SynthesisSettings, setting
from texnet_core.synthesis.textures import Region, checked_region

MAX_PICTURES = 10_000
UDIM_COLUMNS = 10

_FIRST_UDIM = 1001


@dataclass(frozen=True)
class Series(Checked):
    """How many pictures are made of one request."""

    count: int = setting(
        1, "how many variations to make, with the seeds from the given one on", low=1, high=10000, group="series"
    )
    loop: int = setting(
        0, "frames of an animation that ends where it began; 0 means a still", low=0, high=10000, group="series"
    )
    udim_columns: int = setting(0, "UDIM tiles side by side; 0: no UDIM", low=0, high=UDIM_COLUMNS)
    udim_rows: int = setting(0, "rows of UDIM tiles; 0: no UDIM", low=0, high=100)


@dataclass(frozen=True)
class Picture:
    """One picture to make.

    Attributes:
        path: of the file, before a map's name and the marks go into it.
        marks: what tells it from the others, to stand at the end of the name.
        settings: as asked for, with the picture's own seed.
        period: (width, height) in texels at which axes repeat: of all UDIM tiles together.
        region: the window of that plane to make.
        turn: position on the loop.
    """

    path: Path
    marks: str
    settings: SynthesisSettings
    period: tuple[int, int]
    region: Region
    turn: float


def plan_pictures(
    output: Path, settings: SynthesisSettings, series: Series, region: Region | None = None
) -> list[Picture]:
    """All pictures of a request, in the order of their names.

    Args:
        output: name of the first; `Series` says how it grows where there are several.
        settings: of the first picture; with UDIM tiles, of the size of each.
        series: how many.
        region: the window to make, instead of all.

    Raises:
        RequestError: more seeds than there are, no legal grid of tiles, or tiles of a region.
    """
    settings.check()
    series.check()
    if settings.seed + series.count - 1 > MAX_SEED:
        raise RequestError(
            f"{series.count} seeds from {settings.seed} on", expected=f"seeds up to {MAX_SEED}", remedy="start lower"
        )
    tiles = _udim_tiles(settings, series, region)
    number_of_pictures = series.count * max(1, series.loop) * len(tiles)
    if number_of_pictures > MAX_PICTURES:
        raise RequestError(f"{number_of_pictures} pictures", expected=f"at most {MAX_PICTURES}", remedy="ask for fewer")
    period = (settings.width * max(1, series.udim_columns), settings.height * max(1, series.udim_rows))
    pictures = []
    for seed in range(settings.seed, settings.seed + series.count):
        for frame in range(max(1, series.loop)):
            for number, window in tiles:
                marks = [f"_seed{seed}"] if series.count > 1 else []
                marks += [f"_{frame + 1:04d}"] if series.loop else []
                marks += [f".{number}"] if series.udim_columns else []
                turn = frame / max(1, series.loop)
                pictures.append(Picture(output, "".join(marks), replace(settings, seed=seed), period, window, turn))
    return pictures


def _udim_tiles(settings: SynthesisSettings, series: Series, region: Region | None) -> list[tuple[int, Region]]:
    """(UDIM number, window) of each tile: numbers run right, then up; windows' rows run down."""
    width, height = settings.width, settings.height
    columns, rows = series.udim_columns, series.udim_rows
    if not columns or not rows:
        return [(_FIRST_UDIM, checked_region(region or (0, 0, width, height)))]
    if region is not None:
        raise RequestError("a region of UDIM tiles", expected="one or the other", remedy="leave one out")
    return [
        (_FIRST_UDIM + UDIM_COLUMNS * v + u, (u * width, (rows - 1 - v) * height, width, height))
        for v in range(rows)
        for u in range(columns)
    ]
