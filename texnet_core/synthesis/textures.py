"""From an artifact and a seed to a texture, as arrays in memory or streamed to files of any size."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.engines import Engine
from texnet_core.errors import RequestError
from texnet_core.mapset import MapSet, MapSpec, split_channels
from texnet_core.model.artifact import Artifact
from texnet_core.pictures.images import Depth, check_picture_size, depth_for, quantize, writing_image
from texnet_core.progress import Progress, ProgressCallback, ignore_progress
from texnet_core.settings import MAX_SIZE, EngineName, Precision, SynthesisSettings, Tiling
from texnet_core.synthesis.plane import (
    MAX_WINDOW_TEXELS,
    Convert,
    Plane,
    check_stretch,
    open_plane,
    too_little_memory,
    unchanged,
)

Region = tuple[int, int, int, int]

_DEFAULTS = SynthesisSettings()


def synthesize(
    artifact: Artifact,
    size: tuple[int, int] = (_DEFAULTS.width, _DEFAULTS.height),
    seed: int = _DEFAULTS.seed,
    *,
    tile: Tiling = _DEFAULTS.tile,
    scale: float = _DEFAULTS.scale,
    region: Region | None = None,
    turn: float = 0.0,
    engine: EngineName | Engine = _DEFAULTS.engine,
    device: str = _DEFAULTS.device,
    precision: Precision = _DEFAULTS.precision,
    threads: int = _DEFAULTS.threads,
    progress: ProgressCallback = ignore_progress,
) -> MapSet:
    """Make one texture in memory.

    Args:
        artifact: the generator.
        size: (width, height) in texels, each 16 to 65536: the period of axes that repeat.
        seed: 0 to 2^32 - 1; equal seeds give equal bytes on the same engine and machine.
        tile: axes along which the texture repeats without a seam.
        scale: size of the features against the exemplar's, 0.25 to 4.
        region: (x, y, width, height), the window to make, which may lie anywhere; None for (0, 0, *size).
        turn: position on the loop, in turns: frame k of n is k / n.
        engine: name of an engine, or one that is open for this artifact; then the next three are not looked at.
        device: for the torch engine, when named.
        precision: see `open_engine`.
        threads: see `open_engine`.
        progress: called after every band of rows; raising Cancelled from it stops the work.

    Returns:
        Map name -> (height, width, channels) float32 in [0, 1]; at most 2^28 texels.

    Raises:
        RequestError: size, seed, scale or region out of range.
        EngineError: the engine is missing or failed, memory did not suffice, or the parameters are senseless.
    """
    name, opened = (engine, None) if isinstance(engine, str) else (_DEFAULTS.engine, engine)
    settings = SynthesisSettings(
        width=size[0],
        height=size[1],
        seed=seed,
        tile=tile,
        scale=scale,
        engine=name,
        device=device,
        precision=precision,
        threads=threads,
    ).check()
    region = checked_region((0, 0, *size) if region is None else region)
    if region[2] * region[3] > MAX_WINDOW_TEXELS:
        raise RequestError(
            f"{region[2]}x{region[3]} in memory",
            expected=f"at most {MAX_WINDOW_TEXELS} texels",
            remedy="write it to a PNG or TIFF file, which can be larger",
        )
    plane = open_texture(artifact, settings, turn=turn, engine=opened)
    try:
        stack = np.empty((region[3], region[2], plane.channels), np.float32)
        top = 0
        with closing(_reported_bands(plane, region, progress)) as bands:
            for band in bands:
                stack[top : top + len(band)] = band
                top += len(band)
    except MemoryError as error:
        raise too_little_memory(*region[2:]) from error
    return split_channels(stack, artifact.maps)


def open_texture(
    artifact: Artifact,
    settings: SynthesisSettings,
    *,
    period: tuple[int, int] | None = None,
    turn: float = 0.0,
    engine: Engine | None = None,
    blocks_at_once: int | None = None,
) -> Plane:
    """The plane on which a texture lies, periodic along the axes that tile.

    Args:
        artifact: the generator.
        settings: what to make; the last four fields only matter without `engine`.
        period: (width, height) at which axes repeat, where that is not the texture's size.
        turn: position on the loop, in turns.
        engine: one that is open for this artifact.
        blocks_at_once: see `open_plane`.
    """
    settings.check()
    width, height = period or (settings.width, settings.height)
    return open_plane(
        artifact,
        settings.seed,
        width=width if "x" in settings.tile else None,
        height=height if "y" in settings.tile else None,
        scale=settings.scale,
        turn=turn,
        engine=engine or settings.engine,
        device=settings.device,
        precision=settings.precision,
        threads=settings.threads,
        blocks_at_once=blocks_at_once,
    )


def write_window(
    plane: Plane,
    output: Path | str,
    region: Region,
    *,
    depth: int | Mapping[str, int] | None = None,
    marks: str = "",
    progress: ProgressCallback = ignore_progress,
) -> list[Path]:
    """Write a window of a plane while it is made: memory does not grow with the number of rows.

    Args:
        plane: from `open_plane` or `open_texture`.
        output: picture to write, by its suffix. Where there are several maps, each goes to a file of its own with
            the map's name behind the stem.
        region: (x, y, width, height), each side at most 65536 texels.
        depth: bits a channel for formats that have a choice, or None for their usual one; of all maps, or of each
            by its name.
        marks: what is to stand at the end of the name, behind a map's.
        progress: called after every band of rows; raising Cancelled from it stops the work.

    Returns:
        The files, one for each map. They appear when they are complete, or not at all.

    Raises:
        RequestError: an argument out of its range, a suffix that is not known, or a size that the format cannot hold.
        OutputError: a file cannot be written.
        EngineError: the engine failed or the generator's parameters are senseless.
    """
    paths = map_files(Path(output), plane.maps, marks)
    asked = depth if isinstance(depth, Mapping) else {spec.name: depth for spec in plane.maps}
    depths = [depth_for(path, asked.get(spec.name)) for path, spec in zip(paths, plane.maps, strict=True)]
    region = checked_region(region)
    check_picture_size(paths[0], *region[2:])
    convert = partial(_quantized, maps=plane.maps, depths=depths)
    with ExitStack() as stack:
        writers = [
            stack.enter_context(writing_image(path, region[2], region[3], spec.channels, bits, spec.color_space))
            for path, spec, bits in zip(paths, plane.maps, depths, strict=True)
        ]
        bands = stack.enter_context(closing(_reported_bands(plane, region, progress, convert)))
        for band in bands:
            parts = split_channels(band, plane.maps).values()
            for write, part, bits in zip(writers, parts, depths, strict=True):
                write(part.astype(np.uint8, copy=False) if bits == 8 else part)
            del band, part, parts  # the encoders free it while the next one is made
        for write in writers:  # so that of several maps all appear or none
            write.finish()
    return paths


def _quantized(
    texels: npt.NDArray[np.float32], maps: tuple[MapSpec, ...], depths: Sequence[Depth | None]
) -> npt.NDArray[Any]:
    """All maps as the numbers of their files, in one array: where depths differ, 8 bits are kept in 16."""
    first = depths[0]
    if first is None:  # the format holds floats, of whatever map
        return texels
    if len(set(depths)) == 1:
        return quantize(texels, first)
    parts = zip(split_channels(texels, maps).values(), depths, strict=True)
    return np.concatenate([quantize(part, bits) for part, bits in parts if bits], axis=2)


def map_files(output: Path, maps: tuple[MapSpec, ...], marks: str = "") -> list[Path]:
    """The file of each map: stem, the map's name where there are several, marks, suffix."""
    names = [""] if len(maps) == 1 else [f"_{spec.name}" for spec in maps]
    return [output.with_name(f"{output.stem}{name}{marks}{output.suffix}") for name in names]


def checked_region(region: Region) -> Region:
    """The region, or RequestError where it is no four whole numbers, empty, too large or too far out."""
    if len(region) != 4 or not all(isinstance(number, Integral) for number in region):
        raise RequestError(f"region {region}", expected="x, y, width, height", remedy="give four whole numbers")
    x, y, width, height = (int(number) for number in region)
    if max(width, height) > MAX_SIZE:
        raise RequestError(
            f"a region of {width}x{height}", expected=f"at most {MAX_SIZE} a side", remedy="make it in parts"
        )
    check_stretch(x, width)
    check_stretch(y, height)
    return x, y, width, height


def _reported_bands(
    plane: Plane, region: Region, progress: ProgressCallback, convert: Convert = unchanged
) -> Generator[npt.NDArray[Any], None, None]:
    """The bands of a region, with a report before the first and after each."""
    x, y, width, height = region
    done = 0
    progress(Progress("rows", done, height, "row"))
    with closing(plane.bands(y, x, height, width, convert)) as bands:
        for band in bands:
            done += len(band)
            yield band
            del band
            progress(Progress("rows", done, height, "row"))
