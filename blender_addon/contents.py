"""Images of Blender as texels that a style can paint, and what was painted as images of the same kind.

The texels are sRGB as Blender shows them, painted on or not, whatever file they came from. Bytes stay bytes; floats
have 16 bits. UDIM tiles are taken one by one.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from texnet_core.errors import ImageError, RequestError
from texnet_core.mapset import Depth
from texnet_core.pictures.color import quantize
from texnet_core.pictures.decoded import undo_premultiplied
from texnet_core.pictures.exposure import expose
from texnet_core.pictures.writing import write_image

from . import exemplar, images

_SRGB, _LINEAR = "sRGB", "Linear Rec.709"
_TILE_PATTERNS = ("<UDIM>", "<UVTILE>")

Levels = npt.NDArray[Any]  # uint8 or uint16


@dataclass(frozen=True)
class Kind:
    """What an image is beside its texels.

    Attributes:
        color_space: of its values, as Blender calls it.
        is_light: values are linear light.
        alpha_mode: as Blender calls it.
    """

    color_space: str
    is_light: bool
    alpha_mode: str


@dataclass(frozen=True)
class Part:
    """The texels of an image, or of one of its UDIM tiles.

    Attributes:
        levels: (h, w, 3), or (h, w, 4) with transparency, uint8 or uint16, first row on top; none once they are kept
            elsewhere.
        kind: what the image is.
        tile: number of the tile, 0 for an image that has none.
        beside: (h, w, 1), a fourth channel that is no transparency, or None.
        notes: what the user should know, a clause each.
    """

    levels: Levels
    kind: Kind
    tile: int = 0
    beside: Levels | None = None
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.levels.shape[:2]
        return height, width


def obstacle(image: Any) -> str:
    """Why an image cannot be painted, as a sentence without a full stop; "" if it can."""
    if image is None:
        return "Choose an image"
    if image.type == "RENDER_RESULT":
        return ""
    if image.source == "TILED":
        if image.is_dirty:
            return f"Save or pack the tiles of {image.name} first, since they were painted on"
        return "" if image.packed_files or image.filepath else f"Save the tiles of {image.name} first"
    if image.source in ("MOVIE", "SEQUENCE"):
        return f"{image.name} is a movie or a sequence; texnet stylize paints its frames"
    return "" if image.source in ("FILE", "GENERATED") else f"{image.name} has no pixels of its own"


def read(image: Any) -> list[Part]:
    """The texels of an image: one part, or one for each UDIM tile.

    Raises:
        TexnetError: it has none, or they cannot be had.
    """
    if found := obstacle(image):
        raise RequestError(found, expected="an image with pixels", remedy="choose another image")
    if image.type == "RENDER_RESULT":
        with _rendered(image) as shown:
            return [_part(shown, shown)]
    if image.source == "TILED":
        return [_tile(image, tile.number) for tile in image.tiles]
    exemplar.check_image(image)
    return [_part(image, image)]


def read_mask(mask: Any, shape: tuple[int, int]) -> Levels:
    """A mask fitted to a picture, (h, w, 1) uint8: 255 for all of the strength.

    Args:
        mask: an image; of colors, their mean counts; what is transparent is black.
        shape: height and width of the picture.
    """
    if mask.source == "TILED":
        raise RequestError(
            f"the mask {mask.name} has UDIM tiles", expected="a single picture", remedy="choose another mask"
        )
    exemplar.check_image(mask)
    values = exemplar.straight(mask)
    gray = values[..., :3].mean(axis=2)
    gray = gray * values[..., 3] if values.shape[2] == 4 else gray
    return quantize(_resized(np.clip(np.nan_to_num(gray), 0, 1), shape)[..., None], 8)


def without_levels(part: Part) -> Part:
    """The part once its texels are kept elsewhere."""
    return replace(part, levels=np.empty((0, 0, 3), part.levels.dtype))


def made_image(files: list[Path], parts: list[Part], name: str, *, keep_beside: bool) -> Any:
    """An image of what was painted, of the same kind as what it shows.

    Args:
        files: PNG files, one for each part.
        parts: what they show.
        name: wanted name.
        keep_beside: see `images.image_from_files`.

    Raises:
        OutputError: it cannot be kept.
    """
    kind = parts[0].kind
    finished = [_finished(file, part) for file, part in zip(files, parts, strict=True)]
    return images.image_from_files(
        finished, name, keep_beside=keep_beside, color_space=kind.color_space, alpha_mode=kind.alpha_mode
    )


def _part(image: Any, like: Any) -> Part:
    """The texels of an image that is loaded, whose settings are those of another."""
    if 0 in image.size[:]:
        raise ImageError(f"{like.name} has no pixels", expected="an image with pixels", remedy="reload it")
    space = like.colorspace_settings
    notes: list[str] = []
    if space.is_data:
        kind, levels = Kind(space.name, False, like.alpha_mode), _levels(exemplar.straight(image), image.is_float)
    elif image.is_float or _is_linear(space.name):
        light = exemplar.pixels_of(image) if image.is_float else exemplar.through_blender(image)
        levels, notes = _shown(like.name, light)
        kind = Kind(_LINEAR if _is_linear(space.name) else _SRGB, _is_linear(space.name), like.alpha_mode)
    else:
        kind, levels = Kind(space.name, False, like.alpha_mode), _levels(exemplar.pixels_of(image), is_deep=False)
    if kind.alpha_mode in ("STRAIGHT", "PREMUL"):  # as the file will have it that comes of it
        kind = replace(kind, alpha_mode="PREMUL" if kind.is_light else "STRAIGHT")
    return Part(levels, kind, beside=_beside(image, levels), notes=tuple(notes))


def _levels(values: npt.NDArray[np.float32], is_deep: bool) -> Levels:
    return quantize(np.clip(np.nan_to_num(values), 0, 1), 16 if is_deep else 8)


def _shown(name: str, light: npt.NDArray[np.float32]) -> tuple[Levels, list[str]]:
    """Linear light of the scene's primaries, multiplied by its alpha if it has one, as 16 bits of sRGB."""
    alpha = light[..., 3] if light.shape[2] == 4 else None
    colors = light[..., :3] if alpha is None else undo_premultiplied(light[..., :3], alpha)
    try:
        image, _, notes = expose(exemplar.to_rec709(colors), None if alpha is None else alpha > 0)
    except ValueError as error:
        raise ImageError(
            f"{name} cannot be shown ({error})", expected="colors", remedy="choose another image"
        ) from None
    image = image if alpha is None else np.dstack((image, np.clip(alpha, 0, 1)))
    return quantize(image, 16), notes


def _beside(image: Any, levels: Levels) -> Levels | None:
    """The fourth channel where Blender takes it for something else than transparency."""
    if image.channels != 4 or image.alpha_mode != "CHANNEL_PACKED":
        return None
    return _levels(exemplar.channels_of(image)[..., 3:], is_deep=levels.dtype == np.uint16)


def _is_linear(space: str) -> bool:
    return "linear" in space.lower() or space in ("ACEScg", "ACES2065-1")


def _tile(image: Any, number: int) -> Part:
    """One UDIM tile: Blender gives the pixels of the first one only, so that its file is read."""
    with _tile_file(image, number) as file, exemplar.loaded(file) as there:
        there.colorspace_settings.name = image.colorspace_settings.name
        there.alpha_mode = image.alpha_mode
        return replace(_part(there, image), tile=number)


@contextmanager
def _tile_file(image: Any, number: int) -> Iterator[Path]:
    packed = next((held for held in image.packed_files if held.tile_number == number), None)
    if packed is not None:
        with _folder() as folder:
            copy = folder / f"tile{Path(packed.filepath).suffix}"
            copy.write_bytes(packed.packed_file.data)
            yield copy
        return
    column, row = (number - 1001) % 10, (number - 1001) // 10
    values = (str(number), f"u{column + 1}_v{row + 1}")
    path = str(exemplar.file_of(image))
    for pattern, value in zip(_TILE_PATTERNS, values, strict=True):
        path = path.replace(pattern, value)
    if not Path(path).is_file():
        raise ImageError(
            f"tile {number} of {image.name} has no file {path}", expected="a file", remedy="save or pack its tiles"
        )
    yield Path(path)


@contextmanager
def _rendered(result: Any) -> Iterator[Any]:
    """The rendered picture as it is shown, as an image for the time being."""
    scene: Any = bpy.context.scene
    with _folder() as folder, _png_settings(scene.render.image_settings):
        file = folder / "render.png"
        with suppress(RuntimeError):  # there is a name for it before there is a picture
            result.save_render(str(file), scene=scene)
        if not file.is_file():
            raise RequestError("nothing was rendered yet", expected="a rendered picture", remedy="render first")
        with exemplar.loaded(file) as shown:
            yield shown


@contextmanager
def _png_settings(settings: Any) -> Iterator[None]:
    """Let what is saved be a PNG of 16 bits with alpha, and put back what the user has chosen."""
    wanted = {"media_type": "IMAGE", "file_format": "PNG", "color_mode": "RGBA", "color_depth": "16"}
    wanted |= {"color_management": "FOLLOW_SCENE"}
    before = {name: getattr(settings, name) for name in wanted if hasattr(settings, name)}
    try:
        for name in before:
            setattr(settings, name, wanted[name])
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="texnet-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _finished(file: Path, part: Part) -> Path:
    """The file with what the worker knows nothing of: a fourth channel, or light instead of sRGB."""
    if part.beside is None and not part.kind.is_light:
        return file
    with exemplar.loaded(file) as there:
        if not part.kind.is_light:
            assert part.beside is not None
            there.colorspace_settings.is_data = True
            depth: Depth = 8 if part.beside.dtype == np.uint8 else 16
            write_image(file, np.dstack((quantize(exemplar.pixels_of(there)[..., :3], depth), part.beside)))
            return file
        values = exemplar.pixels_of(there)
        if part.beside is not None:
            values = np.dstack((values[..., :3], part.beside / np.float32(np.iinfo(part.beside.dtype).max)))
        light = exemplar.saved_light(there, values)
    target = file.with_suffix(light.suffix)
    shutil.move(light, target)
    shutil.rmtree(light.parent, ignore_errors=True)
    return target


def _resized(values: npt.NDArray[np.float32], shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """A gray picture at another size, by linear interpolation; larger masks are sampled."""
    for axis, wanted in enumerate(shape):
        there = values.shape[axis]
        if there != wanted:
            places = np.clip((np.arange(wanted) + 0.5) * there / wanted - 0.5, 0, there - 1)
            low = places.astype(np.int64)
            high = np.minimum(low + 1, there - 1)
            weights = (places - low).astype(np.float32)
            weights = weights[:, None] if axis == 0 else weights[None]
            values = values.take(low, axis) * (1 - weights) + values.take(high, axis) * weights
    return values
