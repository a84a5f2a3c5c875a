"""A texture of any size into a Zarr group or into tiles, by this process or by workers."""

import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from texnet_core.atomic import as_output_error
from texnet_core.errors import Range, RequestError
from texnet_core.huge.growing import growing
from texnet_core.huge.job import Job, ThisProcess, Workers, versions
from texnet_core.huge.recipe import recipe_of
from texnet_core.huge.target import Target
from texnet_core.huge.tiles import COLUMN, ROW, TiledPlane
from texnet_core.huge.zarr_plane import SUFFIX, ZarrPlane
from texnet_core.model.artifact import Artifact
from texnet_core.model.look_maps import metallic_of
from texnet_core.names import check_new_names
from texnet_core.paths import is_same_file
from texnet_core.pictures.writing import check_picture_size
from texnet_core.progress import Progress, ProgressCallback, ignore_progress
from texnet_core.settings import MAX_SIZE, MIN_SIZE
from texnet_core.synthesis.files import extent_of
from texnet_core.synthesis.map_files import AS_USUAL, MAP, MapFiles, named, planned
from texnet_core.synthesis.plane import Plane
from texnet_core.synthesis.request import PICTURES, TextureRequest
from texnet_core.synthesis.series import MAX_PICTURES
from texnet_core.synthesis.textures import open_plane

TILE = 4096  # texels a side
THIS_PROCESS = ThisProcess()

_LIKE_TIFF = Path(f"{MAP}.tif")  # whose depths are those of Zarr arrays


def takes_planes(output: Path | str) -> bool:
    """Whether an output is a Zarr group or has a place for the numbers of tiles in its name."""
    return Path(output).suffix.lower() == SUFFIX or COLUMN in str(output) or ROW in str(output)


def write_plane(
    artifact: Artifact,
    request: TextureRequest,
    output: Path | str,
    *,
    files: MapFiles = AS_USUAL,
    marks: str = "",
    side: tuple[int, int] = (TILE, TILE),
    workers: Workers = THIS_PROCESS,
    reads: Iterable[Path] = (),
    progress: ProgressCallback = ignore_progress,
) -> Path:
    """Write a texture of any size in pieces, which workers make at the same time.

    A run that was stopped goes on where the same is written to the same place again.

    Args:
        artifact: the generator, whatever the request names as its source.
        request: the texture, its window and which maps of it.
        output: NAME.zarr for a Zarr group with an array for each map, or the name of picture files with {x} and {y}
            in it, which stand for the column and the row of a tile.
        files: how maps are written.
        marks: what is to stand at the end of the name, behind a map's.
        side: width and height of a tile.
        workers: who makes the pieces, such as `dask_workers` gives.
        reads: files that the artifact was made of, which are not to be replaced; those of the request count anyway.
        progress: called after every piece; raising Cancelled from it stops the work.

    Returns:
        The Zarr group, or the index of the tiles, NAME.json. It is there when all is complete, or not at all.

    Raises:
        RequestError: an argument out of its range, or what such an output cannot hold.
        OutputError: the output cannot be written.
        EngineError: an engine, Dask or Zarr is missing, or a worker failed.
    """
    plane = open_plane(artifact, request)
    recipe = recipe_of(plane, request)
    target = target_of(plane, request, Path(os.path.abspath(output)), files, marks, side)
    _check_free(target, [*reads, *(Path(name) for read in PICTURES if (name := getattr(request, read)))])
    count = len(target.pieces)
    plan = {"versions": versions(), "plane": recipe.digest, "target": repr(target)}
    with growing(target.output, plan) as state:
        if not state.made:
            with as_output_error(target.output):
                target.begin(state.result)
        missing = [number for number in range(count) if number not in state.made]
        progress(Progress("pieces", len(state.made), count, "piece"))
        for number in workers.make(Job(recipe, target, state.result), missing):
            if number is not None:
                with as_output_error(target.output):
                    state.note(number)
            progress(Progress("pieces", len(state.made), count, "piece"))
        with as_output_error(target.output):
            target.finish(state.result)
    return target.output if Path(output).is_absolute() else Path(os.path.relpath(target.output))


def target_of(
    plane: Plane, request: TextureRequest, output: Path, files: MapFiles, marks: str, side: tuple[int, int]
) -> Target:
    """What a plane is written to, by the output's name.

    Raises:
        RequestError: an argument out of its range, or what such an output cannot hold.
        OutputError: something else has the name of a Zarr group.
        EngineError: Zarr is missing.
    """
    if files.preview or files.materialx or files.gltf:
        raise RequestError(
            "previews, MaterialX and glTF are written beside whole pictures",
            expected="pictures",
            remedy="leave them out",
        )
    extent = extent_of(plane, request.window, request.window_covers)
    plan = partial(planned, maps=request.maps, depth=request.depth, metallic=metallic_of(plane.header))
    if output.suffix.lower() == SUFFIX:
        if marks_in := [mark for mark in (MAP, COLUMN, ROW) if mark in str(output)]:
            raise RequestError(
                f"{output.name} is one group, of all maps and the whole plane",
                expected="a name without such marks",
                remedy=f"leave {' and '.join(marks_in)} out",
            )
        maps = tuple(plan(_LIKE_TIFF, plane.maps, files))
        group = ZarrPlane(named(output, "", marks), request.window, maps, extent.texel, _facts(request))
        group.check()
        return group
    _check_tiles(request, output, side)
    pictures = tuple(plan(output, plane.maps, files, marks=marks))
    return TiledPlane(
        output,
        marks,
        request.window,
        side,
        request.maps,
        request.depth,
        files,
        pictures,
        extent.texel,
        _facts(request),
    )


def _check_free(target: Target, reads: Sequence[Path]) -> None:
    """Raise RequestError where what is read would be replaced, or what is made of a name is none on every system."""
    for file in target.outputs:
        if any(is_same_file(file, read) for read in reads):
            found = f"{file} is read for the plane that it would hold"
            raise RequestError(found, expected="another name", remedy="name another output")
    for file in target.outputs[1:]:
        check_new_names(file)


def _facts(request: TextureRequest) -> dict[str, Any]:
    """What is said of a plane in its file: as much as its maker needs to make it again, but for anybody's folders."""
    said = {"seed": request.seed, "tile": request.tile, "scale": request.scale}
    optional = {"source": Path(request.source).stem, "covers": request.covers}
    return {"software": "TexNet"} | said | {name: value for name, value in optional.items() if value}


def _check_tiles(request: TextureRequest, output: Path, side: tuple[int, int]) -> None:
    for number, mark, of in ((0, COLUMN, "columns"), (1, ROW, "rows")):
        if not MIN_SIZE <= side[number] <= MAX_SIZE:
            raise RequestError(
                f"tiles of {side[0]}x{side[1]} are out of range",
                expected=Range(MIN_SIZE, MAX_SIZE),
                remedy="choose another size of tiles",
            )
        if mark not in str(output):
            raise RequestError(
                f"{output.name} has no place for {of} of tiles",
                expected=f"{COLUMN} and {ROW}",
                remedy=f"write {mark} in the name, as in plane_{COLUMN}_{ROW}.tif",
            )
    check_picture_size(output, *side)
    _, _, width, height = request.window
    tiles = -(-width // side[0]) * -(-height // side[1])
    if tiles > MAX_PICTURES:
        raise RequestError(f"{tiles} tiles are too many", expected=Range(1, MAX_PICTURES), remedy="make them larger")
