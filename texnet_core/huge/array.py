"""A window of a plane as a lazy Dask array: each chunk is made when and where it is wanted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from texnet_core.errors import Range, RequestError
from texnet_core.huge.cutting import Cutting
from texnet_core.huge.packages import needing
from texnet_core.huge.recipe import Recipe, as_it_is, opened, recipe_of
from texnet_core.instant.open import open_requested
from texnet_core.mapset import FloatArray, MapSpec, channels_of, chosen_maps, split_channels
from texnet_core.model.artifact import Artifact
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.textures import open_plane
from texnet_core.synthesis.windows import MAX_COORDINATE, Region, check_stretch

if TYPE_CHECKING:
    import dask.array

CHUNK = 1024  # texels a side: about half a second of work, and 12 MiB of colors
_DEFAULTS = TextureRequest()


def dask_array(
    source: Artifact | Path | str,
    request: TextureRequest = _DEFAULTS,
    *,
    region: Region | None = None,
    chunks: int | tuple[int, int] = CHUNK,
) -> "dask.array.Array":
    """A window of a plane as a lazy array, equal to what `synthesize` makes of it with the same engine.

    Args:
        source: the generator, or the name or path of a source, which is opened as `open_requested` does. Its bytes go
            once to each worker; no worker needs the file.
        request: the texture. An engine that it leaves open is the one that this machine would take.
        region: (x, y, width, height) of the window, of any size; the request's window without it.
        chunks: rows and columns of a chunk in texels. Chunks end at multiples of these on the plane, whatever the
            window; multiples of 256 cut no block of an engine for CPUs in two.

    Returns:
        (height, width, channels) float32 in [0, 1], with the channels of all maps that the request asks for, in the
        generator's order; `mapset.split_channels` cuts it into its maps.

    Raises:
        RequestError: an argument out of its range, or no such source.
        EngineError: Dask or the engine is missing.
    """
    with needing("a lazy array"):
        import dask.array
        from dask.base import tokenize
        from dask.delayed import delayed
    artifact = source if isinstance(source, Artifact) else open_requested(replace(request, source=str(source)))
    recipe = recipe_of(open_plane(artifact, request), request)
    x, y, width, height = _checked(request.window if region is None else region)
    step_down, step_right = _steps(chunks)
    window = _Window(
        Cutting(y, height, step_down), Cutting(x, width, step_right), _channels(request.maps_of(artifact), request.maps)
    )
    shape = (window.rows.lengths, window.columns.lengths, (len(window.channels),))
    made: dask.array.Array = dask.array.map_blocks(
        _chunk,
        delayed(as_it_is, pure=True)(recipe, dask_key_name=f"texnet-recipe-{recipe.digest}"),
        window,
        chunks=shape,
        dtype=np.float32,
        meta=np.empty((0, 0, 0), np.float32),
        name=f"texnet-{tokenize(recipe.digest, window)}",
    )
    return made


@dataclass(frozen=True)
class _Window:
    """Which texels and channels of a plane the chunks of an array are."""

    rows: Cutting
    columns: Cutting
    channels: tuple[int, ...]


def _chunk(recipe: Recipe, window: _Window, block_id: tuple[int, int, int]) -> FloatArray:
    (top, bottom), (left, right) = window.rows.part(block_id[0]), window.columns.part(block_id[1])
    texels = opened(recipe)[top:bottom, left:right]
    return texels if len(window.channels) == texels.shape[2] else texels[..., list(window.channels)]


def _channels(specs: tuple[MapSpec, ...], maps: str) -> tuple[int, ...]:
    """The channels of the chosen maps among those of all."""
    at = split_channels(np.arange(channels_of(specs))[None, None], specs)
    return tuple(int(number) for spec in chosen_maps(specs, maps) for number in at[spec.name].ravel())


def _checked(region: Any) -> Region:
    """The region, which may be larger than any file, or RequestError."""
    numbers = tuple(region) if isinstance(region, Sequence) else ()
    if len(numbers) != 4 or not all(isinstance(number, Integral) for number in numbers):
        raise RequestError(
            f"{region!r} is not a region", expected="x, y, width, height", remedy="give x, y, width, height in texels"
        )
    x, y, width, height = map(int, numbers)
    check_stretch(x, width)
    check_stretch(y, height)
    return x, y, width, height


def _steps(chunks: Any) -> tuple[int, int]:
    """Rows and columns of a chunk."""
    pair = chunks if isinstance(chunks, tuple) else (chunks, chunks)
    allowed = Range(1, MAX_COORDINATE)
    if len(pair) != 2 or not all(isinstance(n, Integral) and 1 <= int(n) <= MAX_COORDINATE for n in pair):
        raise RequestError(
            f"chunks {chunks!r} are no size", expected=allowed, remedy="give one number of texels, or rows and columns"
        )
    return int(pair[0]), int(pair[1])
