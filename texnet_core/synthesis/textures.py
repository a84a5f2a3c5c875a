"""From a request to a texture: a plane of it, and its texels in memory. `files` streams them to files."""

from collections.abc import Generator
from contextlib import closing
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.engines import Engine, open_engine
from texnet_core.errors import RequestError
from texnet_core.mapset import FloatArray, MapSet, split_channels
from texnet_core.model.artifact import Artifact, Header
from texnet_core.model.look_maps import Derivation, relief_within
from texnet_core.progress import Progress, ProgressCallback, ignore_progress
from texnet_core.synthesis.axis import Axis
from texnet_core.synthesis.extent import native_texels
from texnet_core.synthesis.plane import Convert, Plane, too_little_memory, unchanged
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.windows import MAX_WINDOW_TEXELS, Region

_DEFAULTS = TextureRequest()


def synthesize(
    artifact: Artifact,
    request: TextureRequest = _DEFAULTS,
    *,
    engine: Engine | None = None,
    progress: ProgressCallback = ignore_progress,
) -> MapSet:
    """Make one texture in memory.

    Args:
        artifact: the generator, whatever the request names as its source.
        request: the texture. Equal requests give equal bytes on the same engine and machine.
        engine: one that is open for this artifact, instead of the one that the request describes.
        progress: called after every band of rows; raising Cancelled from it stops the work.

    Returns:
        Map name -> (height, width, channels) float32 in [0, 1], of the maps that are asked for; at most 2^28 texels.

    Raises:
        RequestError: a field of the request out of its range, or too large a window.
        EngineError: the engine is missing or failed, memory did not suffice, or the parameters are senseless.
    """
    window = request.check().window
    check_held(window)
    chosen = request.chosen_of(artifact)
    plane = open_plane(artifact, request, engine=engine)
    made = split_channels(gathered(plane, window, progress), plane.maps)
    return {spec.name: made[spec.name] for spec in chosen}


def open_plane(
    artifact: Artifact,
    request: TextureRequest = _DEFAULTS,
    *,
    engine: Engine | None = None,
    blocks_at_once: int | None = None,
) -> Plane:
    """Open the plane on which a texture lies. Nothing is made until a window is asked for.

    Args:
        artifact: the generator, whatever the request names as its source.
        request: the texture; its plane repeats along the axes that tile, and goes on without end along the others.
        engine: one that is open for this artifact, instead of the one that the request describes.
        blocks_at_once: fewer than the engine would like, where several planes share it.

    Raises:
        RequestError: a field of the request out of its range, more or less to be covered than can be made, or a
            moment of a loop where textures stand still.
        EngineError: the engine is missing.
    """
    check_is_texture(artifact)
    check_moves(artifact, request)
    native = native_texels(request.check(), artifact)
    engine = engine or open_engine(artifact, request.engine, request.device, request.precision, request.threads)
    if engine.artifact is not artifact:
        raise RequestError(
            "the engine is open for another artifact", expected="one for this", remedy="open one for this artifact"
        )
    cell = artifact.graph.cell_texels
    columns, rows = (Axis.fitting(period, native, cell) for period in request.periods)
    inputs = artifact.input_plane(int(request.seed), rows.made, columns.made, float(request.phase))
    workers = min(max(1, blocks_at_once or engine.workers), engine.workers)
    return Plane(engine, inputs, rows, columns, workers, derivation=_derivation(artifact, request, columns.step))


def _derivation(header: Header, request: TextureRequest, step: float) -> Derivation | None:
    """What the maps of a look follow from, where some are wanted; step is the generator's texels in one of these."""
    derived = request.maps_of(header)[len(header.maps) :]
    if not derived or header.look is None:
        return None
    return Derivation(header.maps, derived, header.look, relief_within(header, step))


def check_is_no_style(header: Header, remedy: str = "use it with: texnet stylize") -> None:
    """Raise RequestError for a style, which makes nothing without a picture."""
    if header.paints:
        raise RequestError(
            "this generator is a style, which paints pictures anew",
            expected="a generator of textures",
            remedy=remedy,
        )


def check_is_texture(header: Header) -> None:
    """Raise RequestError for a style, a network that needs an exemplar first, and a file of textures to choose from."""
    check_is_no_style(header)
    if header.adapts:
        raise RequestError(
            "this network makes a generator of an exemplar, and no texture by itself",
            expected="an exemplar",
            remedy="use it with: texnet synth --exemplar",
        )
    if header.textures:
        raise RequestError(
            f"this file holds {len(header.textures)} textures to choose from",
            expected="a generator of one texture",
            remedy="make textures with: texnet synth --texture, or a generator with: texnet keep --texture",
        )


def check_moves(header: Header, request: TextureRequest) -> None:
    """Raise RequestError for a moment of a loop where textures stand still."""
    if request.phase and not header.moves:
        raise RequestError(
            f"a {header.family} stands still and has no loop",
            expected="a still",
            remedy="leave the loop out, or train a generator",
        )


def check_held(region: Region) -> None:
    """Raise RequestError for more texels than memory is to hold."""
    _, _, width, height = region
    if width * height > MAX_WINDOW_TEXELS:
        raise RequestError(
            f"{width}x{height} is too large to be held in memory",
            expected=f"at most {MAX_WINDOW_TEXELS} texels",
            remedy="write it to a PNG or TIFF file, which can be larger",
        )


def gathered(plane: Plane, region: Region, progress: ProgressCallback) -> FloatArray:
    """A region in memory, (height, width, channels), reported as `reported_bands` does.

    Raises:
        EngineError: memory did not suffice.
    """
    _, _, width, height = region
    try:
        result = np.empty((height, width, plane.channels), np.float32)
        top = 0
        with closing(reported_bands(plane, region, progress)) as bands:
            for band in bands:
                result[top : top + len(band)] = band
                top += len(band)
    except MemoryError as error:
        raise too_little_memory(width, height) from error
    return result


def reported_bands(
    plane: Plane, region: Region, progress: ProgressCallback, convert: Convert = unchanged, *, again: bool = False
) -> Generator[npt.NDArray[Any], None, None]:
    """The bands of a region, with a report before the first and after each; `again` as for `Plane.bands`."""
    x, y, width, height = region
    done = 0
    progress(Progress("rows", done, height, "row"))
    with closing(plane.bands(y, x, height, width, convert, again=again)) as bands:
        for band in bands:
            done += len(band)
            yield band
            del band
            progress(Progress("rows", done, height, "row"))
