"""An image datablock as a file that the backend reads, with the colors and the transparency that Blender shows.

An image that is as its file says goes as that file: the backend reads more kinds of them, with their profiles, than
Blender does. Where the user has said something else, or painted, its pixels go.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt
from mathutils import Color

from texnet_core.errors import ImageError
from texnet_core.names import no_device
from texnet_core.pictures.color import quantize
from texnet_core.pictures.decoded import undo_premultiplied
from texnet_core.pictures.writing import write_image

_OF_LIGHT = ("OPEN_EXR", "OPEN_EXR_MULTILAYER", "HDR")  # formats that Blender takes for linear light
_USUAL_SPACES = {True: "Linear Rec.709", False: "sRGB"}
_USUAL_ALPHA = {True: "PREMUL", False: "STRAIGHT"}
_OPAQUE_DEPTHS = (24, 48, 96)  # bits of three channels

_Pixels = npt.NDArray[np.float32]


def check_image(image: Any) -> None:
    """Raise ImageError where an image datablock cannot be learned from."""
    if image is None:
        raise ImageError("no image is given", expected="an image of a surface", remedy="choose an image of a surface")
    is_still = image.source in ("FILE", "GENERATED")
    if not is_still or (0 in image.size[:] and not (image.packed_file or os.path.isfile(file_of(image)))):
        raise ImageError(
            f"{image.name} is not a still image with pixels", expected="a still image", remedy="choose another image"
        )


def exemplar_of(image: Any) -> tuple[Path, bool]:
    """A file with the pixels of an image datablock, and whether it is a copy in a temporary folder.

    Raises:
        TexnetError: it has no pixels, or the temporary folder cannot be written.
    """
    check_image(image)
    if not _is_as_its_file(image):
        return saved_pixels(image), True
    if not image.packed_file:
        return file_of(image), False
    with temporary(image, file_of(image).suffix) as copy:
        copy.write_bytes(image.packed_file.data)
    return copy, True


def saved_pixels(image: Any) -> Path:
    """A temporary file with the pixels of an image datablock, as Blender has them: .png, or .exr for light."""
    space = image.colorspace_settings
    if image.is_float and not space.is_data:
        return saved_light(image, pixels_of(image))
    if not space.is_data and space.name != _USUAL_SPACES[False]:
        return saved_light(image, through_blender(image))
    with temporary(image, ".png") as copy:
        write_image(copy, quantize(straight(image), 16 if image.is_float else 8))
    return copy


def file_of(image: Any) -> Path:
    return Path(bpy.path.abspath(image.filepath, library=image.library))


def _is_as_its_file(image: Any) -> bool:
    """Whether nothing was painted, and colors and alpha are taken as Blender takes them by itself."""
    if image.is_dirty or not (image.packed_file or (image.source == "FILE" and os.path.isfile(file_of(image)))):
        return False
    if 0 in image.size[:]:  # Blender cannot read it, or there are layers; the backend may know how
        return True
    is_light = image.file_format in _OF_LIGHT
    is_opaque = image.channels < 4 or image.depth in _OPAQUE_DEPTHS
    return image.colorspace_settings.name == _USUAL_SPACES[is_light] and (
        is_opaque or image.alpha_mode == _USUAL_ALPHA[is_light]
    )


def pixels_of(image: Any) -> _Pixels:
    """(h, w, 3 or 4), first row on top, as Blender has them; without alpha where that is no transparency."""
    values = channels_of(image)
    if image.channels < 3:
        return np.repeat(values[..., :1], 3, axis=2)
    has_alpha = image.channels == 4 and image.alpha_mode in ("STRAIGHT", "PREMUL")
    return values if has_alpha else values[..., :3]


def channels_of(image: Any) -> _Pixels:
    """(h, w, channels), first row on top: all that Blender has, whatever it takes it for.

    Raises:
        ImageError: it has no pixels.
    """
    if 0 in image.size[:]:
        raise ImageError(f"{image.name} has no pixels", expected="an image with pixels", remedy="choose another image")
    values = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(values)
    width, height = image.size
    return values.reshape(height, width, image.channels)[::-1]


def straight(image: Any) -> _Pixels:
    """Values that are no light, colors not multiplied by alpha, as Blender has bytes."""
    values = pixels_of(image)
    if values.shape[2] == 4 and image.is_float and image.alpha_mode == "PREMUL":
        return np.dstack((undo_premultiplied(values[..., :3], values[..., 3]), values[..., 3]))
    return values


def through_blender(image: Any) -> _Pixels:
    """The light of bytes in another color space: Blender converts 16 bits when it loads them, bytes only in shaders."""
    values = pixels_of(image)
    with temporary(image, ".png") as copy:
        write_image(copy, quantize(values[..., :3], 16))
    try:
        with loaded(copy) as there:
            there.colorspace_settings.name = image.colorspace_settings.name
            light = pixels_of(there)[..., :3]
    finally:
        shutil.rmtree(copy.parent, ignore_errors=True)
    return light if values.shape[2] == 3 else np.dstack((light * values[..., 3:], values[..., 3]))


def to_rec709(light: _Pixels) -> _Pixels:
    """Light of the scene's primaries, (..., 3), as light of sRGB's."""
    axes = [Color(axis).from_scene_linear_to_rec709_linear() for axis in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    return np.asarray(light @ np.array(axes, np.float32))


def saved_light(image: Any, values: _Pixels) -> Path:
    """A temporary EXR of linear light; what is brighter than white there is the backend's to tell."""
    height, width, channels = values.shape
    rgba = np.ones((height, width, 4), np.float32)
    rgba[..., :channels] = values
    rgba[..., :3] = to_rec709(rgba[..., :3])
    options = {"alpha": channels == 4, "float_buffer": True, "is_data": True}
    made: Any = bpy.data.images.new(image.name, width, height, **options)
    try:
        made.pixels.foreach_set(rgba[::-1].ravel())
        made.file_format = "OPEN_EXR"
        with temporary(image, ".exr") as copy:
            made.save(filepath=str(copy))
    finally:
        bpy.data.images.remove(made)
    return copy


@contextmanager
def loaded(file: Path) -> Iterator[Any]:
    """A file as an image, for the time being."""
    image: Any = bpy.data.images.load(str(file))
    try:
        yield image
    finally:
        bpy.data.images.remove(image)


@contextmanager
def temporary(image: Any, suffix: str) -> Iterator[Path]:
    """A file to be written in a folder of its own, which goes where that fails."""
    name = no_device(bpy.path.clean_name(Path(image.name).stem))
    copy = Path(tempfile.mkdtemp(prefix="texnet-")) / f"{name}{suffix}"
    try:
        yield copy
    except BaseException:
        shutil.rmtree(copy.parent, ignore_errors=True)
        raise
