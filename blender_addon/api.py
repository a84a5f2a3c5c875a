"""TexNet for scripts: plain functions that need no context and return when the work is done.

    from bl_ext.user_default.texnet import api

    image = api.texture("moss", size=2048, seed=7)["albedo"]

Every function raises `texnet_core.errors.TexnetError` with one clear line for what a caller can cure, `api.WorkerError`
where the worker fails, and OSError where files cannot be kept. Nothing half-made is left behind.

Options that all of them take:

    size        texels: one number, (width, height) or "2048x1024"; 16 to 65536
    seed        which of the endless variations; 0 to 2^31 - 1
    tile        "xy", "x", "y" or "none": axes along which the texture repeats
    scale       size of the features relative to the exemplar; 0.25 to 4
    covers      meters of surface that the width shows, or a text such as "50cm"; 0 leaves it to scale
    depth       8 or 16 bits per channel; 16 are floats in Blender, and height always has 16

Those that make materials also take, where the generator makes no such maps and its card is to be overruled:

    bump        relief, -1 to 1; below 0 dark places are high
    roughness   0 to 1: one number, or those of the darkest and of the brightest places
    metallic    0 to 1
"""

import operator
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral
from pathlib import Path
from typing import Any

import bpy

from texnet_core.atomic import as_output_error, replacing
from texnet_core.errors import OutputError, RequestError
from texnet_core.lengths import parse_length
from texnet_core.paths import user_text
from texnet_core.synthesis.sizes import parse_size

from . import cleanup, creation, library, ownership, preview_jobs, reuse, session, sizing, surface
from .preferences import preferences, user_file
from .request import TextureRequest, told_look
from .rollback import all_or_nothing
from .worker_process import WorkerError

__all__ = [
    "WorkerError",
    "apply_size",
    "check",
    "fill",
    "material",
    "materials",
    "preview_pixels",
    "remove_unused",
    "save",
    "sources",
    "state_size",
    "texture",
    "textures",
]

Images = dict[str, bpy.types.Image]

_OPTIONS = ("size", "seed", "tile", "scale", "covers", "depth")


def sources() -> list[str]:
    """What can be given as `source`: names of presets and paths of the library's files."""
    return [source.name for source in library.list_sources()]


def texture(source: str, **options: Any) -> Images:
    """One texture: map name ("albedo", ...) -> new image."""
    return textures(source, 1, **options)[0]


def textures(source: str, count: int = 1, **options: Any) -> list[Images]:
    """Variations with this seed and the next ones; images only, kept in the file by a fake user."""
    requests = _variations(source, count, options)
    made = []
    with all_or_nothing():
        for request in requests:
            with _finished(request) as result:
                made.append(creation.make_images(result, request))
    return made


def material(source: str, **options: Any) -> bpy.types.Material:
    """A new material that shows one texture."""
    return materials(source, 1, **options)[0]


def materials(
    source: str, count: int = 1, *, bump: Any = None, roughness: Any = None, metallic: Any = None, **options: Any
) -> list[bpy.types.Material]:
    """A new material for each variation, kept in the file by a fake user."""
    look = told_look(bump, roughness, metallic)
    requests = _variations(source, count, options)
    made = []
    with all_or_nothing():
        for request in requests:
            with _finished(request) as result:
                made.append(_material(result, request, None, 0.0, look))
                made[-1].use_fake_user = True
    return made


def fill(
    objects: Iterable[Any],
    source: str | Sequence[str],
    *,
    world_size: float = 0.0,
    set_mapping: bool = True,
    bump: Any = None,
    roughness: Any = None,
    metallic: Any = None,
    **options: Any,
) -> list[bpy.types.Material]:
    """Give each object a new material with a seed of its own.

    Args:
        objects: objects; those that can have no material are left out.
        source: one, or several to be used in turn.
        world_size: scene units that the texture's width spans on each object; 0 for what it covers, if that is said.
        set_mapping: whether what it covers sets the mapping.
        bump, roughness, metallic: instead of what the card says.
        options: as for all; the seed is that of the first object, the next ones follow.
    """
    look = told_look(bump, roughness, metallic)
    names = [source] if isinstance(source, str) else list(source)
    targets = [target for target in objects if creation.can_have_material(target)]
    if not targets:
        raise RequestError(
            "none of the objects can have a material",
            expected="at least one object that can",
            remedy="select at least one mesh or curve",
        )
    if not names:
        raise RequestError("no source is given", expected="at least one", remedy="name a preset or a file")
    requests = [
        _variations(names[number % len(names)], number + 1, options)[-1] for number in range(len(targets))
    ]  # all are checked before the first is made
    made, replaced = [], [target.active_material for target in targets]
    with all_or_nothing(*targets):
        for request, target in zip(requests, targets, strict=True):
            with _finished(request) as result:
                width = world_size or (surface.scene_units(request.covers) if set_mapping else 0.0)
                made.append(_material(result, request, target, width, look))
            creation.assign(made[-1], target)
    for before in replaced:
        ownership.keep(before)
    return made


def save(source: str, folder: str | Path, count: int = 1, **options: Any) -> list[Path]:
    """Write PNG files, NAME_SEED_MAP.png, one for each map of each variation; existing files are replaced.

    Returns:
        The files.
    """
    if str(folder).startswith("//") and not bpy.data.filepath:
        raise OutputError(
            f"{folder} is relative to a .blend file that was never saved",
            expected="a saved .blend",
            remedy="save the .blend file first, or give an absolute path",
        )
    target = user_file(folder)
    written = []
    for request in _variations(source, count, options):
        with _finished(request, session.SynthesisTask) as result:
            for item in result["maps"]:
                for file in item["files"]:
                    written.append(_move(Path(file), target))
    return written


def apply_size(objects: Iterable[Any], width: float | str = 0.0) -> sizing.Sized:
    """Give the textures on objects their size by their mappings alone, without making them again.

    Args:
        objects: objects with materials of TexNet's. Those that share one and need different mappings get copies of it.
        width: meters that a texture's width spans, or a text such as "50cm"; 0 for what each was made to cover.

    Returns:
        What became of them: `objects` that have their size now, `copies` of materials, and `left` with reasons.
    """
    return sizing.apply_size(objects, parse_length(width))


def state_size(source: str, size: float | str) -> None:
    """Write into a generator of the library what the short side of its picture shows, such as 1.2 or "50cm"."""
    sizing.state_size(source, parse_length(size))


def preview_pixels(source: str, *, whole: bool = False, **options: Any) -> Any:
    """The upper left 256x256 texels at once, (256, 256, 3) uint8, first row on top.

    With `whole`, all of the texture made smaller, its longer side of 256 texels at most; that takes as long as the
    texture itself.
    """
    return preview_jobs.make(_request(source, options), whole=whole)


def remove_unused() -> tuple[int, int]:
    """Take out the materials and the textures of TexNet's that nothing uses; returns how many of each went."""
    return cleanup.remove_unused()


def check(sources: Iterable[str], count: int = 1, **options: Any) -> None:
    """Raise TexnetError for whatever is wrong with the arguments, or for two sources whose files have one name."""
    stems: dict[str, str] = {}
    for source in sources:
        stem = _variations(source, count, options)[0].name
        if stems.setdefault(stem, source) != source:
            raise RequestError(
                f"{stems[stem]} and {source} would write the same files",
                expected="different names",
                remedy="rename one of them",
            )


def _variations(source: str, count: int, options: dict[str, Any]) -> list[TextureRequest]:
    """The requests for this seed and the next ones, all of them sound."""
    if not isinstance(count, int) or count < 1:
        raise RequestError(
            f"count {count!r} is not a whole number from 1 on",
            expected="a count",
            remedy="give a whole number from 1 on",
        )
    requests = _request(source, options).variations(count)
    requests[-1].file()
    creation.check_packable(requests[0])
    return requests


def _request(source: Any, options: dict[str, Any]) -> TextureRequest:
    preferences()  # where the add-on is not enabled, this is what is wrong
    if unknown := sorted(set(options) - set(_OPTIONS)):
        raise RequestError(f"no option is called {unknown[0]}", expected=_OPTIONS, remedy="leave it out")
    if not isinstance(source, str | os.PathLike):
        raise RequestError(
            f"source {source!r} is neither a name nor a path",
            expected="a name or a path",
            remedy="give the name of a preset or the path of a .texnet file",
        )
    path = os.fspath(source)
    values: dict[str, Any] = {"source": bpy.path.abspath(path) if path.startswith("//") else user_text(path)}
    if options.get("size") is not None:
        values["width"], values["height"] = _sides(options["size"])
    for name, kind in (("seed", operator.index), ("scale", float), ("tile", str), ("depth", int)):
        if name in options:
            try:
                values[name] = kind(options[name])  # numbers of NumPy too
            except (TypeError, ValueError):
                raise RequestError(
                    f"{name} {options[name]!r} is not a number", expected="a number", remedy="give a number"
                ) from None
    if "covers" in options:
        values["covers"] = parse_length(options["covers"])
    request = TextureRequest(**values)
    request.file()
    return request


def _sides(size: Any) -> tuple[int, int]:
    pair = parse_size(size) if isinstance(size, str) else size
    sides = tuple(pair) if isinstance(pair, Sequence) else (pair, pair)
    if len(sides) != 2 or not all(isinstance(side, Integral) for side in sides):
        raise RequestError(
            f"size {size!r} is not a number of texels",
            expected="texels",
            remedy='give one whole number, a width and a height, or "2048x1024"',
        )
    return int(sides[0]), int(sides[1])


@contextmanager
def _finished(
    request: TextureRequest, begin: Callable[[TextureRequest], session.SynthesisTask] = reuse.task_for
) -> Iterator[dict[str, Any]]:
    """The worker's result, or the images that are there; files go away behind the block."""
    task = begin(request)
    try:
        task.wait()
        assert task.job.result is not None
        yield task.job.result
    finally:
        session.end(task)


def _material(
    result: dict[str, Any], request: TextureRequest, target: Any, world_size: float, look: dict[str, float]
) -> bpy.types.Material:
    made = creation.make_images(result, request)
    new = creation.new_material(request.title)
    creation.apply(new, made, request, target, world_size, look)
    return new


def _move(file: Path, folder: Path) -> Path:
    """Move a file so that under its name stands all of it or what was there before."""
    target = folder / file.name
    with as_output_error(target):
        folder.mkdir(parents=True, exist_ok=True)
    with replacing(target) as temporary:
        shutil.move(file, temporary)
    return target
