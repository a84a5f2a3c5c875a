"""A window of a plane becomes files while it is made, one for each map, and what stands beside them."""

import math
from collections.abc import Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.atomic import as_output_error, replacing_all
from texnet_core.errors import Range, RequestError
from texnet_core.mapset import Depth, FloatArray
from texnet_core.model.header import Header
from texnet_core.model.look_maps import metallic_of, relief_within
from texnet_core.pictures.encoders import Layout
from texnet_core.pictures.writing import check_picture_size, encoding_image
from texnet_core.progress import ProgressCallback, ignore_progress
from texnet_core.synthesis.map_files import AS_USUAL, MapFile, MapFiles, planned
from texnet_core.synthesis.material_files import Companions, Extent, companions
from texnet_core.synthesis.plane import Plane
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.textures import reported_bands
from texnet_core.synthesis.windows import Region, checked_region


def files_of(
    output: Path, request: TextureRequest, header: Header, files: MapFiles = AS_USUAL, marks: str = ""
) -> list[Path]:
    """The files that `write_window` will write, in their order.

    Raises:
        RequestError: as `write_window` does for what is asked of the maps.
    """
    specs, metallic = request.maps_of(header), metallic_of(header)
    made = planned(output, specs, files, maps=request.maps, depth=request.depth, marks=marks, metallic=metallic)
    return _different([*(file.path for file in made), *companions(output, files, marks)])


def write_window(
    plane: Plane,
    output: Path | str,
    region: Region,
    *,
    depth: Depth = TextureRequest.depth,
    maps: str = TextureRequest.maps,
    marks: str = "",
    files: MapFiles = AS_USUAL,
    covers: float = 0.0,
    progress: ProgressCallback = ignore_progress,
) -> list[Path]:
    """Write a window of a plane while it is made: memory does not grow with the number of rows.

    Args:
        plane: from `open_plane`.
        output: picture to write, by its suffix. Where there are several maps, each goes to a file of its own with
            the map's name in place of {map}, or behind the stem.
        region: (x, y, width, height), each side at most 65536 texels; `TextureRequest.window` for all of a texture.
        depth: bits a channel where the format has a choice; maps that need more have more.
        maps: those that are wanted, by commas; all without it.
        marks: what is to stand at the end of the name, behind a map's.
        files: how maps are written, and what is written beside them.
        covers: meters that the region's width shows, for MaterialX and glTF; 0 takes the generator's real size.
        progress: called after every band of rows; raising Cancelled from it stops the work.

    Returns:
        The files: the maps in their order, then the preview, MaterialX and glTF. All appear when all are complete, or
        none does.

    Raises:
        RequestError: an argument out of its range, a suffix that is not known, a size that the format cannot hold, or
            something that is asked of a map that there is not.
        OutputError: a file cannot be written.
        EngineError: the engine failed or the generator's parameters are senseless.
    """
    region = checked_region(region)
    output = Path(output)
    metallic = metallic_of(plane.header)
    made = planned(output, plane.maps, files, maps=maps, depth=depth, marks=marks, metallic=metallic)
    for file in made:
        check_picture_size(file.path, *region[2:])
    beside = Companions(output, files, marks, made, extent_of(plane, region, covers), plane.header)
    paths = _different([*(file.path for file in made), *beside.paths])
    with replacing_all(paths) as temporaries:
        _write_maps(plane, region, made, temporaries[: len(made)], beside, progress)
        for path, temporary, content in zip(beside.paths, temporaries[len(made) :], beside.contents(), strict=True):
            with as_output_error(path):
                temporary.write_bytes(content)
    return paths


def _write_maps(
    plane: Plane,
    region: Region,
    maps: Sequence[MapFile],
    temporaries: Sequence[Path],
    beside: Companions,
    progress: ProgressCallback,
) -> None:
    with ExitStack() as stack:
        writers = []
        for file, temporary in zip(maps, temporaries, strict=True):
            layout = Layout(region[2], region[3], len(file.channels), file.bits, file.spec.color_space)
            writers.append(stack.enter_context(encoding_image(temporary, layout)))
        is_set = len(maps) > 1  # whose bands are large, and whose encoders together are fast: one band has to do
        convert = partial(packed, files=maps)
        bands = stack.enter_context(closing(reported_bands(plane, region, progress, convert, again=is_set)))
        for band in bands:
            for number, part in enumerate(unpacked(band, maps)):
                with as_output_error(maps[number].path):
                    writers[number](part)
                beside.take(number, part)
            for write in writers if is_set else ():
                write.wait()
            del band, part  # the encoders free it while the next one is made
        for file, write in zip(maps, writers, strict=True):
            with as_output_error(file.path):
                write.finish()


def _different(paths: list[Path]) -> list[Path]:
    if len(set(paths)) < len(paths):
        raise RequestError(
            "two files of the set would have one name",
            expected="a name for each",
            remedy="rename the map, or leave it out",
        )
    return paths


def packed(texels: FloatArray, files: Sequence[MapFile]) -> npt.NDArray[Any]:
    """What all files hold of some texels, as one array: the bytes of their numbers side by side, for each texel.

    So maps of different depths take no more memory than their files would without compression.
    """
    if len(files) == 1:
        return files[0].values(texels)
    result = np.empty((*texels.shape[:2], sum(map(_texel_bytes, files))), np.uint8)
    for file, part in zip(files, unpacked(result, files), strict=True):
        part[...] = file.values(texels)
    return result


def unpacked(band: npt.NDArray[Any], files: Sequence[MapFile]) -> list[npt.NDArray[Any]]:
    """The part of each file in what `packed` made, without copying."""
    if len(files) == 1:
        return [band]
    ends = np.cumsum([_texel_bytes(file) for file in files]).tolist()
    return [band[..., end - _texel_bytes(file) : end].view(file.number) for file, end in zip(files, ends, strict=True)]


def _texel_bytes(file: MapFile) -> int:
    return len(file.channels) * file.number.itemsize


def extent_of(plane: Plane, region: Region, covers: float) -> Extent:
    """How large the surface in a region is, and how deep, as far as it is known.

    Raises:
        RequestError: it covers what is no length.
    """
    if not (math.isfinite(covers) and covers >= 0):
        found = f"covers {covers} is out of range"
        raise RequestError(found, expected=Range(0, None), remedy="give meters, or 0 for the generator's real size")
    header, (_, _, width, height) = plane.header, region
    made = plane.step * width  # the generator's own texels
    relief = relief_within(header, made)
    if covers:
        return Extent(width, height, covers / width, relief)
    texel = header.size_m / header.texels_per_exemplar * plane.step if header.size_m else 0.0
    return Extent(width, height, texel, relief)
