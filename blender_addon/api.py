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
    maps        which of the maps that the generator makes: a list of names, or "albedo,normal"; all without it

Of a file that holds several textures (without these, the first is made):

    texture     name of one
    mix         several with their shares: {"slate": 0.3, "chalk": 0.7}, or "slate=0.3,chalk=0.7"
    mix_to      another texture or mix, which white of the mask shows
    mix_mask    an image, stretched over the texture: black shows `texture` or `mix`, gray what lies between

`stylize` paints images in a style and has options of its own. Those that make materials also take:

    relief              how high the relief of the maps is, 1 as it was made; 0 to 10
    true_displacement   True lets the height map move the surface itself, which wants a dense mesh
    multiply_ao         True darkens the base color by the map of ambient occlusion

and, where the generator makes no such maps and its card is to be overruled:

    bump        relief, -1 to 1; below 0 dark places are high
    roughness   0 to 1: one number, or those of the darkest and of the brightest places
    metallic    0 to 1
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import bpy

from texnet_core.atomic import move_into
from texnet_core.errors import RequestError
from texnet_core.model.artifact import read_header

from . import (
    arguments,
    cleanup,
    creation,
    instant,
    library,
    ownership,
    preview_jobs,
    reuse,
    session,
    sizing,
    slots,
    stylizing,
    surface,
)
from .asset_scripts import build_library, save_asset
from .instant_methods import FIRST_METHOD
from .preferences import preferences
from .request import TextureRequest, check_look
from .rollback import all_or_nothing
from .training_scripts import train
from .wording import clause
from .worker_process import WorkerError

__all__ = [
    "WorkerError",
    "apply_size",
    "build_library",
    "check",
    "fill",
    "material",
    "materials",
    "preview_pixels",
    "remove_unused",
    "save",
    "save_asset",
    "source_from_image",
    "sources",
    "state_size",
    "styles",
    "stylize",
    "texture",
    "textures",
    "textures_in",
    "train",
]

Images = dict[str, bpy.types.Image]
Made = TypeVar("Made")

_AS_IT_IS: Mapping[str, float] = MappingProxyType({})


def sources() -> list[str]:
    """What can be given as `source`: names of presets and paths of the library's files."""
    preferences()  # where the add-on is not enabled, there are no sources, which says less
    return [source.name for source in library.list_sources()]


def textures_in(source: str) -> list[str]:
    """Names of the textures that a file of several holds, which can be given as `texture`; [] for a file of one."""
    return list(read_header(arguments.request_of(source, {}).file()).textures)


def styles() -> list[str]:
    """What can be given as `style`: names of styles that ship and paths of the library's files."""
    preferences()
    return [source.name for source in library.list_own_styles()]


def stylize(
    targets: Any,
    style: str,
    *,
    mask: Any = None,
    from_original: bool = True,
    **options: Any,
) -> list[bpy.types.Image]:
    """Paint images in a style; several get one look, with colors measured over all of them together.

    Args:
        targets: images, or objects whose Base Color comes from images; one, or a list of them. Of an image a new one
            is made and nothing else changes; the materials of objects show the new images in place of the old.
        style: name of a style, or path of its `.texnet` file.
        mask: an image, white where all of the strength applies and black where none does; fitted to each picture.
        from_original: objects that show pictures in a style already get what these were painted from, painted anew.
        options: strength, 0 to 1; noise, 0 to 10; seed, 0 to 2^31 - 1; scale of the strokes, 0.25 to 4; wrap, "auto",
            "xy", "x", "y" or "none"; keep_colors, True or False.

    Returns:
        The new images, kept in the file by a fake user. One for each image that is painted, images among the targets
        first, then those on objects; UDIM tiles are one image.
    """
    request = arguments.style_request_of(style, options)
    found = arguments.subjects_in(targets, from_original=arguments.yes_or_no("from_original", from_original))
    mask_uid = arguments.image_in("mask", mask).session_uid if mask is not None else 0
    task = stylizing.PaintingTask(stylizing.Painting(request, found, mask_uid))
    with session.finished(task):
        return stylizing.place(task)


def source_from_image(
    image: Any, method: str = FIRST_METHOD, *, mask: Any = None, name: str = "", real_width: float | str = 0.0
) -> str:
    """A generator of an image at once, without a backend, as a file of the library; the other functions take it.

    Args:
        image: an image of the file.
        method: "instant", for new surfaces like it; "collage", for its pieces, kept in the file; or a network's path.
        mask: an image of the same size, white where the image takes part.
        name: of the generator; "" for that of the image and the method.
        real_width: meters that the image's width shows, or a text such as "50cm"; 0 leaves it unknown.

    Returns:
        The source: the path of the file. The very same image gives the same file of a method.
    """
    made_by = arguments.method_of(method)
    masked = arguments.image_in("mask", mask) if mask is not None else None
    width = arguments.meters_in("real_width", real_width)
    wanted = instant.Wanted(arguments.image_in("image", image), made_by, masked, arguments.text_in("name", name), width)
    task = instant.InstantTask(wanted)
    with session.finished(task):
        return instant.keep(task)


def texture(source: str, **options: Any) -> Images:
    """One texture: map name ("albedo", ...) -> image; those that the file has already, where they are the very same."""
    (made,) = _make(creation.make_images, _variations(source, 1, options))
    return made


def textures(source: str, count: int = 1, **options: Any) -> list[Images]:
    """Variations with this seed and the next ones; images only, kept in the file by a fake user."""
    return _make(creation.make_images, _variations(source, count, options))


def material(source: str, **options: Any) -> bpy.types.Material:
    """A new material that shows one texture; it is on no object and kept in the file by a fake user."""
    look = arguments.look_in(options)
    (made,) = _materials(_variations(source, 1, options, look), look)
    return made


def materials(source: str, count: int = 1, **options: Any) -> list[bpy.types.Material]:
    """A new material for each variation, as `material` makes one."""
    look = arguments.look_in(options)
    return _materials(_variations(source, count, options, look), look)


def fill(
    objects: Iterable[Any],
    source: str | Sequence[str],
    *,
    world_size: float = 0.0,
    set_mapping: bool = True,
    **options: Any,
) -> list[bpy.types.Material]:
    """Give each object a new material with a seed of its own, in its active slot; if one fails, none is changed.

    Args:
        objects: objects; those that can have no material are left out, such as cameras and what is linked.
        source: one, or several to be used in turn.
        world_size: scene units that the texture's width spans on each object; 0 for what it covers, if that is said.
        set_mapping: whether what it covers sets the mapping.
        options: as for all materials; the seed is that of the first object, the next ones follow.
    """
    names, given = arguments.sources_in(source), arguments.objects_in(objects)
    width = arguments.length_in("world_size", world_size)
    wants_mapping = arguments.yes_or_no("set_mapping", set_mapping)
    look = arguments.look_in(options)
    targets = [target for target in given if not slots.obstacle(target)]
    if not targets:
        reason = slots.obstacle(given[0]) if given else "Give at least one object"
        raise RequestError(
            "none of the objects can have a material",
            expected="at least one object that can",
            remedy=clause(reason),
        )
    sound = [next(_variations(name, len(targets), options, look)) for name in names]  # before the first is made
    replaced = [target.active_material for target in targets]
    made = []
    with all_or_nothing(*targets, *replaced):
        for number, target in enumerate(targets):
            first = sound[number % len(sound)]
            request = replace(first, seed=first.seed + number)
            task = reuse.task_for(request)
            with session.finished(task) as result:
                spanned = width or (surface.scene_units(request.covers) if wants_mapping else 0.0)
                made.append(_material(result, task.request, target, spanned, look))
            slots.assign(made[-1], target)
            ownership.keep(replaced[number])
    return made


def save(source: str, folder: str | Path, count: int = 1, **options: Any) -> list[Path]:
    """Write PNG files, NAME_SEED_MAP.png, one for each map of each variation; existing files are replaced.

    Where one fails, the files before it stay: each of them is whole.

    Returns:
        The files.
    """
    target = arguments.folder_in(folder)
    written = []
    for request in _variations(source, count, options):
        with session.finished(session.SynthesisTask(request)) as result:
            for item in result["maps"]:
                for file in item["files"]:
                    written.append(move_into(target, Path(file)))
    return written


def apply_size(objects: Iterable[Any], width: float | str = 0.0) -> sizing.Sized:
    """Give the textures on objects their size by their mappings alone, without making them again.

    Args:
        objects: objects with materials of TexNet's. Those that share one and need different mappings get copies of it.
        width: meters that a texture's width spans, or a text such as "50cm"; 0 for what each was made to cover.

    Returns:
        What became of them: `objects` that have their size now, `copies` of materials, and `left` with reasons.
    """
    return sizing.apply_size(arguments.objects_in(objects), arguments.meters_in("width", width))


def state_size(source: str, size: float | str) -> None:
    """Write into a generator of the library what the short side of its picture shows, such as 1.2 or "50cm"."""
    sizing.state_size(arguments.name_of(source), arguments.meters_in("size", size))


def preview_pixels(source: str, *, whole: bool = False, lit: str = "", **options: Any) -> Any:
    """The upper left 256x256 texels at once, (256, 256, 3) uint8, first row on top.

    With `whole`, all of the texture made smaller, its longer side of 256 texels at most; that takes as long as the
    texture itself. With `lit`, all maps under light, on a "sphere" or a "plane".
    """
    request = arguments.request_of(source, options)
    return preview_jobs.make(request, whole=arguments.yes_or_no("whole", whole), lit=arguments.text_in("lit", lit))


def remove_unused() -> tuple[int, int]:
    """Take out the materials and the textures of TexNet's that nothing uses; returns how many of each went."""
    return cleanup.remove_unused()


def check(sources: Iterable[str], count: int = 1, **options: Any) -> None:
    """Raise TexnetError for whatever is wrong with the arguments, or for two sources whose files have one name."""
    stems: dict[str, str] = {}
    for source in arguments.sources_in(sources):
        stem = next(_variations(source, count, options)).name
        if stems.setdefault(stem, source) != source:
            raise RequestError(
                f"{stems[stem]} and {source} would write the same files",
                expected="different names",
                remedy="rename one of them",
            )


def _variations(
    source: Any, count: Any, options: dict[str, Any], look: Mapping[str, float] = _AS_IT_IS
) -> Iterator[TextureRequest]:
    """The requests for this seed and the next ones, all of them sound, with what a look needs."""
    request = arguments.request_of(source, options)
    check_look(look, request)
    found = arguments.variations_of(request, count)
    creation.check_packable(request)
    return found


def _materials(requests: Iterable[TextureRequest], look: dict[str, float]) -> list[bpy.types.Material]:
    def into_file(result: dict[str, Any], request: TextureRequest) -> bpy.types.Material:
        made = _material(result, request, None, 0.0, look)
        made.use_fake_user = True
        return made

    return _make(into_file, requests)


def _make(
    into_file: Callable[[dict[str, Any], TextureRequest], Made], requests: Iterable[TextureRequest]
) -> list[Made]:
    """Make textures and take them into the file, all of them or none."""
    made = []
    with all_or_nothing():
        for request in requests:
            task = reuse.task_for(request)
            with session.finished(task) as result:
                made.append(into_file(result, task.request))
    return made


def _material(
    result: dict[str, Any], request: TextureRequest, target: Any, world_size: float, look: dict[str, float]
) -> bpy.types.Material:
    made = creation.make_images(result, request)
    new = creation.new_material(request.title)
    creation.apply(new, made, request, target, world_size, look)
    return new
