"""What a training learns from, as files that the backend reads: an image, a material's maps, a picture or a folder."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from texnet_core.atomic import as_output_error
from texnet_core.errors import RequestError
from texnet_core.mapset import MATERIAL_MAPS
from texnet_core.names import no_device
from texnet_core.pictures.color import quantize
from texnet_core.pictures.writing import write_image

from .exemplar import channels_of, check_image, exemplar_of, file_of, saved_pixels
from .material_maps import MapImage, maps_of
from .preferences import user_file

_CHANNELS = "RGBA"
_READ = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".exr", ".webp")  # suffixes that the backend surely knows


@dataclass(frozen=True)
class Lesson:
    """A picture or a folder with a material.

    Attributes:
        path: the file, the folder or the .zip.
        is_copy: it lies in a temporary folder of its own.
    """

    path: Path
    is_copy: bool = False

    def drop(self) -> None:
        """Remove it where it is a copy."""
        if self.is_copy:
            shutil.rmtree(self.path.parent, ignore_errors=True)


def name_of(exemplar: Any) -> str:
    """What a generator is called that learns from an image, a material or a path, where nobody says more."""
    return Path(exemplar.name if isinstance(exemplar, bpy.types.ID) else str(exemplar)).stem


def lesson_of(exemplar: Any) -> Lesson:
    """An image, a material or a path as the backend reads it.

    Raises:
        TexnetError: an image without pixels, a material without images, or a temporary folder that cannot be written.
    """
    if isinstance(exemplar, bpy.types.Material):
        return _of_material(exemplar)
    if isinstance(exemplar, bpy.types.Image):
        return Lesson(*exemplar_of(exemplar))
    return Lesson(user_file(exemplar))


def check_material(material: Any) -> dict[str, MapImage]:
    """The maps of a material; raises RequestError where it has none."""
    found = maps_of(material)
    if not found:
        name = material.name if material is not None else "no material"
        raise RequestError(
            f"{name} shows no images that can be learned",
            expected="a material with a Principled BSDF and image textures",
            remedy="choose a material with image textures, an image, or a folder",
        )
    return found


def _of_material(material: Any) -> Lesson:
    """A folder with a file for each map, which says by its name which it is."""
    found = check_material(material)
    name = no_device(bpy.path.clean_name(Path(material.name).stem))
    folder = Path(tempfile.mkdtemp(prefix="texnet-")) / name
    lesson = Lesson(folder, is_copy=True)
    try:
        with as_output_error(folder):
            folder.mkdir()
        for spec in MATERIAL_MAPS:
            if spec.name in found:
                _write(folder, spec.name, found[spec.name], is_color=spec.role == "color")
    except BaseException:
        lesson.drop()
        raise
    return lesson


def _write(folder: Path, name: str, held: MapImage, *, is_color: bool) -> None:
    """The file of a map: the image's own where that holds the map as it is."""
    image = held.image
    check_image(image)
    stem = f"{name}_dx" if held.directx else f"{name}_gl" if name == "normal" else name
    suffix = file_of(image).suffix.lower()
    is_known = suffix in _READ  # an image that was made in Blender and packed has no path, so no suffix
    if is_color:
        path, is_copy = exemplar_of(image) if is_known else (saved_pixels(image), True)
        with as_output_error(folder):
            shutil.copyfile(path, folder / f"{stem}{path.suffix}")
        if is_copy:
            shutil.rmtree(path.parent, ignore_errors=True)
        return
    is_as_its_file = is_known and not (held.channel or held.inverted or image.is_dirty)
    if is_as_its_file and (image.packed_file or file_of(image).is_file()):
        bytes_of = image.packed_file.data if image.packed_file else file_of(image).read_bytes()
        with as_output_error(folder):
            (folder / f"{stem}{suffix}").write_bytes(bytes_of)
        return
    write_image(folder / f"{stem}.png", quantize(_numbers(image, name, held), 16 if image.is_float else 8), "data")


def _numbers(image: Any, name: str, held: MapImage) -> npt.NDArray[np.float32]:
    """The values of a map, (h, w, 1) or of normals (h, w, 3), in [0, 1]."""
    values = channels_of(image)
    if held.channel:
        number = _CHANNELS.index(held.channel)
        values = values[..., number : number + 1] if number < values.shape[2] else np.ones_like(values[..., :1])
    elif name == "normal":
        values = values[..., :3]
    else:
        values = values[..., :3].mean(axis=2, keepdims=True, dtype=np.float32)
    if name == "height" and (values.min() < 0 or values.max() > 1):
        values = (values - values.min()) / max(float(np.ptp(values)), 1e-6)
    values = np.clip(values, 0, 1)
    return np.ascontiguousarray(1 - values if held.inverted else values, np.float32)
