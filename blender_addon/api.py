"""TexNet for scripts: plain functions that need no context and return when the work is done.

    from bl_ext.user_default.texnet import api

    image = api.texture("moss", size=2048, seed=7)["albedo"]

Every function raises `texnet_core.errors.TexnetError` with one clear line for what a caller can cure, `api.WorkerError`
where the worker fails, and OSError where files cannot be kept. Nothing half-made is left behind.

Options that all of them take:

    size        texels: one number, or (width, height); 16 to 65536
    seed        which of the endless variations; 0 to 2^31 - 1
    tile        "xy", "x", "y" or "none": axes along which the texture repeats
    scale       size of the features against the exemplar's; 0.25 to 4
    depth       "8" or "16" bits a channel; 16 are floats in Blender
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral
from pathlib import Path
from typing import Any

import bpy

from texnet_core.errors import OutputError, RequestError

from . import creation, library, preview, session
from .request import TextureRequest
from .worker_client import WorkerError

__all__ = ["WorkerError", "fill", "material", "materials", "preview_pixels", "save", "sources", "texture", "textures"]

Images = dict[str, bpy.types.Image]


def sources() -> list[str]:
    """What can be given as `source`: names of presets and paths of the library's files."""
    return [source.name for source in library.list_sources()]


def texture(source: str, **options: Any) -> Images:
    """One texture: map name ("albedo", ...) -> new image."""
    return textures(source, 1, **options)[0]


def textures(source: str, count: int = 1, **options: Any) -> list[Images]:
    """Variations with this seed and the next ones; images only, kept in the file by a fake user."""
    made = []
    for request in _request(source, options).variations(count):
        with _finished(request) as result:
            made.append(creation.place(result, request, creation.Target("IMAGE")))
    return made


def material(source: str, **options: Any) -> bpy.types.Material:
    """A new material that shows one texture."""
    return materials(source, 1, **options)[0]


def materials(source: str, count: int = 1, **options: Any) -> list[bpy.types.Material]:
    """A new material for each variation, kept in the file by a fake user."""
    made = []
    for request in _request(source, options).variations(count):
        with _finished(request) as result:
            made.append(_material(result, request, None, 0.0))
            made[-1].use_fake_user = True
    return made


def fill(
    objects: Iterable[Any], source: str | Sequence[str], *, world_size: float = 0.0, **options: Any
) -> list[bpy.types.Material]:
    """Give each object a new material with a seed of its own.

    Args:
        objects: objects; those that can have no material are left out.
        source: one, or several to be used in turn.
        world_size: scene units that the texture's width spans on each object, 0 to leave the mapping alone.
        options: as for all; the seed is that of the first object, the next ones follow.
    """
    names = [source] if isinstance(source, str) else list(source)
    targets = [target for target in objects if not creation.obstacle("ACTIVE_MATERIAL", target)]
    if not targets:
        raise RequestError("no object that can have a material", expected="at least one", remedy="select some")
    if not names:
        raise RequestError("no source", expected="at least one", remedy="name a preset or a file")
    made = []
    for number, target in enumerate(targets):
        request = _request(names[number % len(names)], options).variations(number + 1)[-1]
        with _finished(request) as result:
            made.append(_material(result, request, target, world_size))
        target.active_material = made[-1]
    return made


def save(source: str, folder: str | Path, count: int = 1, **options: Any) -> list[Path]:
    """Write PNG files, NAME_SEED_MAP.png, one for each map of each variation; existing files are replaced.

    Returns:
        The files.
    """
    target = Path(bpy.path.abspath(str(folder)))
    written = []
    for request in _request(source, options).variations(count):
        with _finished(request) as result:
            for item in result["maps"]:
                for file in item["files"]:
                    written.append(_move(Path(file), target))
    return written


def preview_pixels(source: str, **options: Any) -> Any:
    """The upper left 256x256 texels at once, (256, 256, 3) uint8, first row on top."""
    return preview.make(_request(source, options))


def _request(source: str, options: dict[str, Any]) -> TextureRequest:
    values = dict(options)
    size = values.pop("size", None)
    if size is not None:
        values["width"], values["height"] = _sides(size)
    if "depth" in values:
        values["depth"] = str(values["depth"])
    if values.get("depth", "8") not in ("8", "16"):
        raise RequestError(f"depth {values['depth']}", expected="8 or 16", remedy="choose one of these")
    try:
        request = TextureRequest(bpy.path.abspath(source) if source.startswith("//") else source, **values)
    except TypeError as error:
        expected = "size, seed, tile, scale and depth"
        raise RequestError(f"options {', '.join(sorted(options))}", expected=expected, remedy=str(error)) from None
    request.check()
    return request


def _sides(size: Any) -> tuple[int, int]:
    sides = tuple(size) if isinstance(size, Sequence) else (size, size)
    if len(sides) != 2 or not all(isinstance(side, Integral) for side in sides):
        raise RequestError(f"size {size!r}", expected="texels: one whole number or two", remedy="give such a size")
    return int(sides[0]), int(sides[1])


@contextmanager
def _finished(request: TextureRequest) -> Iterator[dict[str, Any]]:
    """The worker's result; its files go away behind the block."""
    task = session.SynthesisTask(request)
    try:
        task.wait()
        assert task.job.result is not None
        yield task.job.result
    finally:
        session.end(task)


def _material(result: dict[str, Any], request: TextureRequest, target: Any, world_size: float) -> bpy.types.Material:
    made = creation.make_images(result, request)
    new = creation.new_material(request.title)
    creation.apply(new, made, request, target, world_size)
    return new


def _move(file: Path, folder: Path) -> Path:
    """Move a file so that under its name stands all of it or what was there before."""
    target, part = folder / file.name, folder / f".{file.name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            shutil.move(file, part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"{target}: {error}", expected="a folder that can be written", remedy="choose another"
        ) from error
    return target
