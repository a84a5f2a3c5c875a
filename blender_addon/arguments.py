"""What scripts pass to `api`, checked: whatever it is, a wrong value is one clear line before anything is made."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import bpy

from texnet_core.errors import OutputError, Range, RequestError
from texnet_core.lengths import parse_length
from texnet_core.paths import user_text
from texnet_core.synthesis.series import MAX_PICTURES
from texnet_core.synthesis.sizes import parse_size

from . import masks, subjects
from .preferences import preferences, user_file
from .request import LOOK_OPTIONS, StylizeRequest, TextureRequest, mix_text, told_look
from .wording import clause


def request_of(source: Any, options: dict[str, Any]) -> TextureRequest:
    """The request that a source and options describe; its generator is there."""
    values = _values_of(source, options, _TEXTURE_OPTIONS)
    if "size" in values:
        values["width"], values["height"] = values.pop("size")
    request = TextureRequest(**values)
    request.file()
    masks.kept(request.mix_mask)
    return request


def style_request_of(style: Any, options: dict[str, Any]) -> StylizeRequest:
    """The request that a style and options describe; its file is there."""
    request = StylizeRequest(**_values_of(style, options, _STYLE_OPTIONS))
    request.file()
    return request


def subjects_in(targets: Any, *, from_original: bool) -> subjects.Found:
    """The images that are given, or those behind the base colors of objects, each once."""
    is_one = isinstance(targets, bpy.types.ID)
    things = [targets] if is_one else _items(targets, "targets", "an image, an object, or a list of these")
    images = [thing for thing in things if not isinstance(thing, bpy.types.Object)]
    objects = objects_in(thing for thing in things if isinstance(thing, bpy.types.Object))
    on_objects = subjects.in_objects(objects, from_original=from_original)
    found = {image.session_uid: subjects.Subject(image.session_uid) for image in map(_an_image, images)}
    found |= {subject.image_uid: subject for subject in on_objects.subjects}
    result = subjects.Found(tuple(found.values()), on_objects.left)
    if reason := subjects.obstacle("OBJECTS", result):
        raise RequestError("there is nothing to paint", expected="an image", remedy=clause(reason))
    return result


def image_in(name: str, image: Any) -> Any:
    """An image datablock that is still there."""
    return _block_in(name, image, bpy.types.Image, "an image")


def material_in(name: str, material: Any) -> Any:
    """A material that is still there."""
    return _block_in(name, material, bpy.types.Material, "a material")


def _block_in(name: str, block: Any, kind: Any, word: str) -> Any:
    """A datablock of a kind that is still there."""
    if not isinstance(block, kind):
        raise RequestError(f"{name} {block!r} is not {word}", expected=word, remedy=f"give {word} of the file")
    try:
        block.session_uid  # noqa: B018
    except ReferenceError:
        raise RequestError(
            f"{name} has been removed", expected=word, remedy=f"give {word} that is still there"
        ) from None
    return block


def texts_in(name: str, values: Any) -> tuple[str, ...]:
    """Several texts, of which each is one."""
    return tuple(text_in(name, item) for item in _items(values, name, "a list of texts"))


def _an_image(thing: Any) -> Any:
    return image_in("target", thing)


def variations_of(request: TextureRequest, count: Any) -> Iterator[TextureRequest]:
    """The requests with this seed and the next ones; the last one is checked at once."""
    wanted = whole_number("count", count)
    if not 1 <= wanted <= MAX_PICTURES:
        raise RequestError(
            f"count {wanted} is out of range", expected=Range(1, MAX_PICTURES), remedy="choose a number in that range"
        )
    replace(request, seed=request.seed + wanted - 1).check()
    return (replace(request, seed=request.seed + step) for step in range(wanted))


def sources_in(source: Any) -> list[Any]:
    """One source or several."""
    if isinstance(source, str | os.PathLike):
        return [source]
    found = _items(source, "source", "a name, a path, or a list of these")
    if not found:
        raise RequestError("no source is given", expected="at least one", remedy="name a preset or a file")
    return found


def objects_in(objects: Any) -> list[Any]:
    """Objects that are still there, each once."""
    found = {}
    for thing in _items(objects, "objects", "a list of objects"):
        if not isinstance(thing, bpy.types.Object):
            raise RequestError(f"{thing!r} is not an object", expected="objects", remedy="give a list of objects")
        try:
            found[thing.session_uid] = thing
        except ReferenceError:
            raise RequestError(
                "one of the objects has been removed", expected="objects", remedy="give objects that are still there"
            ) from None
    return list(found.values())


def folder_in(folder: Any) -> Path:
    """A folder, which may be relative to the .blend."""
    text = os.fspath(folder) if isinstance(folder, str | os.PathLike) else folder
    if not isinstance(text, str) or not text or "\0" in text:
        raise RequestError(f"{folder!r} is not a folder", expected="a path", remedy="give the path of a folder")
    if text.startswith("//") and not bpy.data.filepath:
        raise OutputError(
            f"{text} is relative to a .blend file that was never saved",
            expected="a saved .blend",
            remedy="save the .blend file first, or give an absolute path",
        )
    return user_file(text)


def length_in(name: str, value: Any) -> float:
    """Scene units, 0 or more."""
    found = number(name, value)
    if not 0 <= found < float("inf"):
        raise RequestError(f"{name} {found} is out of range", expected=Range(0, None), remedy="give a length from 0 on")
    return found


def meters_in(name: str, value: Any) -> float:
    """Meters, 0 or more, from a number or a text with a unit."""
    try:
        return length_in(name, parse_length(value))
    except OverflowError:
        raise RequestError(f"{name} is too large", expected="meters", remedy="give a smaller length") from None


def yes_or_no(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise RequestError(
            f"{name} {value!r} is neither true nor false", expected="a bool", remedy="give True or False"
        )
    return value


def number(name: str, value: Any) -> float:
    """A number, also one of NumPy."""
    try:
        if type(value) is not bool and isinstance(value, Real):
            return float(value)
    except OverflowError:
        pass
    raise RequestError(f"{name} {value!r} is not a number", expected="a number", remedy="give a number")


def whole_number(name: str, value: Any) -> int:
    """A whole number, also one of NumPy."""
    if type(value) is bool or not isinstance(value, Integral):
        raise RequestError(
            f"{name} {value!r} is not a whole number", expected="a whole number", remedy="give a whole number"
        )
    return int(value)


def _items(values: Any, name: str, expected: str) -> list[Any]:
    """What is in a list or the like; texts are none."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise RequestError(f"{name} is {values!r}", expected=expected, remedy=f"give {expected}")
    return list(values)


def name_of(source: Any) -> str:
    """What a source is called: a name, or a path in full."""
    path = os.fspath(source) if isinstance(source, str | os.PathLike) else source
    if not isinstance(path, str) or "\0" in path:
        raise RequestError(
            f"source {source!r} is neither a name nor a path",
            expected="a name or a path",
            remedy="give the name of a preset or the path of a .texnet file",
        )
    return bpy.path.abspath(path) if path.startswith("//") else user_text(path)


def method_of(method: Any) -> str:
    """What makes a generator of an image at once: its name, or the path of a network in full."""
    if not isinstance(method, str | os.PathLike):
        raise RequestError(
            f"method {method!r} is neither a name nor a path",
            expected="a name or a path",
            remedy="give the name of a method or the path of a network",
        )
    return name_of(method)


def text_in(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise RequestError(f"{name} {value!r} is not a text", expected="a text", remedy="give a text")
    return value


def _mix(name: str, value: Any) -> str:
    """A mix, as a text or as names with shares."""
    if not isinstance(value, Mapping):
        return text_in(name, value)
    if not value:
        raise RequestError(f"{name} names no texture", expected="names with shares", remedy="name one, or leave it out")
    return mix_text({text_in(name, texture): number(name, share) for texture, share in value.items()})


def look_in(options: dict[str, Any]) -> dict[str, float]:
    """What options say of a look, which is taken out of them."""
    return told_look(**{name: options.pop(name) for name in LOOK_OPTIONS if name in options})


def maps_in(name: str, value: Any) -> str:
    """Names of maps, as a text or one by one."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return text_in(name, value)
    return ",".join(text_in(name, part) for part in value)


def _mask(name: str, value: Any) -> str:
    """The name of an image; "" for none."""
    return "" if value is None else str(image_in(name, value).name)


def _sides(name: str, size: Any) -> tuple[int, int]:
    pair = parse_size(size) if isinstance(size, str) else size
    if isinstance(pair, Sequence) and not isinstance(pair, bytes) and len(pair) == 2:
        return whole_number(name, pair[0]), whole_number(name, pair[1])
    if pair is None or isinstance(pair, Sequence):
        raise RequestError(
            f"{name} {size!r} is not a number of texels",
            expected="texels",
            remedy='give one whole number, a width and a height, or "2048x1024"',
        )
    side = whole_number(name, pair)
    return side, side


_Options = dict[str, Callable[[str, Any], Any]]  # name -> what checks a value of that name

_TEXTURE_OPTIONS: _Options = {
    "size": _sides,
    "seed": whole_number,
    "tile": text_in,
    "scale": number,
    "covers": meters_in,
    "depth": whole_number,
    "texture": text_in,
    "mix": _mix,
    "mix_to": _mix,
    "mix_mask": _mask,
    "maps": maps_in,
    "material": yes_or_no,
}
_STYLE_OPTIONS: _Options = {
    "strength": number,
    "noise": number,
    "seed": whole_number,
    "scale": number,
    "wrap": text_in,
    "keep_colors": yes_or_no,
}


def _values_of(source: Any, options: dict[str, Any], known: _Options) -> dict[str, Any]:
    """A source and its options as the fields of a request."""
    preferences()  # where the add-on is not enabled, this is what is wrong
    if unknown := sorted(set(options) - set(known)):
        raise RequestError(f"no option is called {unknown[0]}", expected=[*known], remedy="leave it out")
    values = {"source": name_of(source)}
    return values | {name: check(name, options[name]) for name, check in known.items() if name in options}
