"""The function `train` of `api`."""

import os
from collections.abc import Callable
from typing import Any

import bpy

from texnet_core.errors import Cancelled, RequestError
from texnet_core.model.families.pyramid import DEFAULT_GENERATOR_SIZE
from texnet_core.start_settings import QUALITIES

from . import arguments, lessons, library, standing, training
from .preferences import preferences

_OPTIONS: dict[str, Callable[[str, Any], Any]] = {
    "minutes": arguments.number,
    "steps": arguments.whole_number,
    "size": arguments.whole_number,
    "start": arguments.text_in,
    "detail": arguments.text_in,
    "generator_size": arguments.text_in,
    "descriptor": arguments.text_in,
    "flatten": arguments.yes_or_no,
    "derive": arguments.yes_or_no,
    "real_width": arguments.meters_in,
}


def train(
    exemplar: Any,
    name: str = "",
    *,
    maps: Any = "",
    mask: Any = None,
    quality: str = "standard",
    replace: bool = False,
    **options: Any,
) -> str:
    """Train a generator in the backend, and wait for it.

    Args:
        exemplar: an image, or the path of one; for a whole material a `Material`, whose nodes say which image is which
            map, or the path of a folder or a .zip whose names do.
        name: in the library; "" for that of the exemplar.
        maps: which of a material's maps are learned, as names or "albedo,normal"; all without it.
        mask: an image of the same size, white where the exemplar takes part.
        quality: "quick", "standard" or "best".
        replace: whether what the library has under this name is replaced.
        options: minutes, steps, start, size, detail, generator_size, descriptor, flatten, derive, real_width, as the
            operator `texnet.train` has them.

    Returns:
        The source: the path of the generator.
    """
    preferences()
    if arguments.text_in("quality", quality) not in QUALITIES:
        raise RequestError(f"no quality is called {quality!r}", expected=[*QUALITIES], remedy="choose one of these")
    if unknown := sorted(set(options) - set(_OPTIONS)):
        raise RequestError(f"no option is called {unknown[0]}", expected=[*_OPTIONS], remedy="leave it out")
    values: dict[str, Any] = {key: _OPTIONS[key](key, value) for key, value in options.items()}
    values = {"generator_size": DEFAULT_GENERATOR_SIZE} | values
    chosen = arguments.maps_in("maps", maps)
    output = library.new_file(arguments.text_in("name", name) or lessons.name_of(_checked(exemplar)))
    if not arguments.yes_or_no("replace", replace):
        standing.check_free(standing.standing_of(output))
    masked = lessons.lesson_of(arguments.image_in("mask", mask)) if mask is not None else None
    try:
        lesson = lessons.lesson_of(exemplar)
    except BaseException:
        if masked is not None:
            masked.drop()
        raise
    return _finished(
        training.TrainingOptions(
            lesson.path,
            output,
            maps=chosen,
            quality=quality,
            replace=replace,
            is_copy=lesson.is_copy,
            mask=masked.path if masked is not None else None,
            mask_is_copy=masked is not None and masked.is_copy,
            **values,
        )
    )


def _finished(options: training.TrainingOptions) -> str:
    task = training.TrainTask(options)
    try:
        task.wait()
        if task.job.result is None:
            raise Cancelled
        return str(options.output)
    finally:
        task.close()


def _checked(exemplar: Any) -> Any:
    """An exemplar that is of a kind that can be learned."""
    if isinstance(exemplar, bpy.types.Image):
        return arguments.image_in("exemplar", exemplar)
    if isinstance(exemplar, bpy.types.Material):
        return arguments.material_in("exemplar", exemplar)
    if isinstance(exemplar, str | os.PathLike) and str(exemplar):
        return exemplar
    raise RequestError(
        f"exemplar {exemplar!r} is no image, material or path",
        expected="an image, a material, or a path",
        remedy="give an image or a material of the file, or the path of a picture, a folder or a .zip",
    )
