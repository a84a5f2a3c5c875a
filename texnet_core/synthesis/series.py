"""Which pictures are made where one request stands for several, and how their names tell them apart.

A name grows by what tells the pictures apart: NAME_seed7_0012.1001.png is UDIM tile 1001 of frame 12 of seed 7.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from texnet_core.errors import Range, RequestError
from texnet_core.settings import MAX_SEED, Checked, setting
from texnet_core.synthesis.request import UDIM_COLUMNS, TextureRequest
from texnet_core.synthesis.windows import Region

MAX_PICTURES = 10_000

_FIRST_UDIM = 1001


@dataclass(frozen=True)
class Series(Checked):
    """How many textures are made of one request."""

    count: int = setting(
        1, "how many variations to make, with the seeds from the given one on", low=1, high=10000, group="series"
    )
    loop: int = setting(
        0, "frames of an animation that ends where it began; 0 means a still", low=0, high=10000, group="series"
    )


class MarkedRequest(NamedTuple):
    """One picture of several: what it shows, and what tells it from the others at the end of its name."""

    request: TextureRequest
    marks: str


def expand(request: TextureRequest, series: Series = Series()) -> list[MarkedRequest]:
    """All pictures of a request, in the order of their names: each variation, each frame, each UDIM tile.

    Args:
        request: the first of them; its loop phase is that of the first frame.
        series: how many.

    Returns:
        Requests without UDIM tiles: a tile is a region of the plane that all of them share.

    Raises:
        RequestError: a field out of its range, more seeds than there are, or too many pictures.
    """
    request.check()
    series.check()
    if request.seed + series.count - 1 > MAX_SEED:
        raise RequestError(
            f"{series.count} seeds from {request.seed} on are too many",
            expected=Range(0, MAX_SEED),
            remedy="start at a lower seed",
        )
    tiles = _udim_tiles(request)
    number_of_pictures = series.count * max(1, series.loop) * len(tiles)
    if number_of_pictures > MAX_PICTURES:
        raise RequestError(
            f"{number_of_pictures} pictures are too many", expected=Range(1, MAX_PICTURES), remedy="ask for fewer"
        )
    period = request.period if request.udim is None else request.whole
    pictures = []
    for seed in range(request.seed, request.seed + series.count):
        for frame in range(max(1, series.loop)):
            phase = (request.phase + frame / series.loop) % 1.0 if series.loop else request.phase
            for mark, region in tiles:
                marks = [f"_seed{seed}"] if series.count > 1 else []
                marks += [f"_{frame + 1:04d}"] if series.loop else []
                one = replace(request, seed=seed, phase=phase, region=region, period=period, udim=None)
                pictures.append(MarkedRequest(one, "".join([*marks, mark])))
    return pictures


def _udim_tiles(request: TextureRequest) -> list[tuple[str, Region | None]]:
    """(mark, window) of each tile: their numbers run right, then up; windows' rows run down."""
    if request.udim is None:
        return [("", request.region)]
    width, height = request.width, request.height
    columns, rows = request.udim
    return [
        (f".{_FIRST_UDIM + UDIM_COLUMNS * v + u}", (u * width, (rows - 1 - v) * height, width, height))
        for v in range(rows)
        for u in range(columns)
    ]
