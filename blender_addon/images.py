"""The worker's files into image datablocks.

Files are loaded and packed as they are: their bytes go into the .blend unchanged, and no pixel is decoded or encoded
in Blender's main thread, which stays live.
"""

import shutil
import time
import uuid
from pathlib import Path
from typing import Any

import bpy

from texnet_core.errors import OutputError

from .request import StylizeRequest, TextureRequest

PROPERTY = "texnet"  # custom property of every texture that TexNet made
STYLE = "texnet_style"  # likewise, of every picture that was painted in a style
_CONTENT, _MASK = "texnet_content", "texnet_mask"  # of such a picture: the image that it shows, and where it is painted
_MIX_MASK = "texnet_mix_mask"  # of a texture: the image that says where which of two mixes is shown

# What the color spaces of Blender's own configuration are called in those of ACES.
_OTHER_NAMES = {
    "sRGB": ("sRGB - Texture", "sRGB Encoded Rec.709 (sRGB)", "Utility - sRGB - Texture", "srgb_texture"),
    "Linear Rec.709": ("Linear Rec.709 (sRGB)", "Utility - Linear - sRGB", "lin_rec709", "Linear"),
}

_FOLDER = "textures"
_PACKED_LIMIT = 2**31 - 1  # bytes; Blender packs no larger file


def image_from_files(
    files: list[Path],
    name: str,
    *,
    keep_beside: bool,
    is_data: bool = False,
    color_space: str = "",
    alpha_mode: str = "",
) -> Any:
    """A new image whose pixels survive saving, and that saving keeps though nobody uses it.

    Args:
        files: one picture, or UDIM tiles called stem.1001.png and so on.
        name: wanted name; Blender makes it unique.
        keep_beside: move the files next to the saved .blend instead of packing them. Too large ones always are.
        is_data: linear measurements rather than colors.
        color_space: as Blender calls that of the files; "" for what it takes by itself.
        alpha_mode: likewise.

    Raises:
        OutputError: the folder beside the .blend cannot be written, or there is none and a file cannot be packed.
    """
    is_tiled = _tile_of(files[0]) is not None
    is_too_large = any(file.stat().st_size > _PACKED_LIMIT for file in files)
    if is_too_large and not bpy.data.filepath:
        raise too_large_to_pack()
    is_beside = bool(bpy.data.filepath) and (keep_beside or is_too_large)
    image: Any = None
    moved: list[Path] = []
    try:
        if is_beside:
            _move_beside(files, moved)
            files = moved
        image = bpy.data.images.load(str(files[0]))
        image.name = name
        image.use_fake_user = True
        if is_tiled:
            image.source = "TILED"
            _add_tiles(image, files)
        _set_kind(image, is_data, color_space, alpha_mode)
        if is_beside:
            image.filepath_raw = bpy.path.relpath(_pattern(files[0]))
        else:
            _pack(image, files)
    except BaseException:
        if image is not None:
            bpy.data.images.remove(image)
        for file in moved:
            file.unlink(missing_ok=True)
        raise
    return image


def _set_kind(image: Any, is_data: bool, color_space: str, alpha_mode: str) -> None:
    if is_data:
        image.colorspace_settings.is_data = True
    if color_space:
        _set_color_space(image.colorspace_settings, color_space)
    if alpha_mode:
        image.alpha_mode = alpha_mode


def _set_color_space(settings: Any, name: str) -> None:
    """Choose a color space by the name that Blender's own configuration has for it, or that others have.

    Where none of them is there, Blender's choice for the file stays.
    """
    for each in (name, *_OTHER_NAMES.get(name, ())):
        try:
            settings.name = each
        except TypeError:  # this configuration has no space of that name
            continue
        return


def remove(image: Any) -> None:
    """Take an image away, with its files where these were put beside the .blend."""
    record_files = [] if image.packed_file or image.packed_files else _files_beside(image)
    bpy.data.images.remove(image)
    for file in record_files:
        file.unlink(missing_ok=True)


def too_large_to_pack() -> OutputError:
    return OutputError(
        "the texture is too large for a .blend file, which holds images of up to 2 GB",
        expected="a saved .blend, so that the texture can be kept next to it",
        remedy="save the .blend file first, so that the texture can be kept next to it",
    )


def set_record(image: bpy.types.Image, request: TextureRequest, map_name: str, set_name: str, *, leads: bool) -> None:
    """Write down what an image is, for the history and for making it again.

    Args:
        image: to be marked.
        request: what it was made from.
        map_name: which of the maps it is.
        set_name: the same for all maps of one texture, and for no others.
        leads: it stands for its set in the history.
    """
    facts = {"map": map_name, "set": set_name, "leads": leads, "made": time.time(), "bytes": bytes_of(image)}
    image[PROPERTY] = request.record() | facts
    mask: Any = bpy.data.images.get(request.mix_mask) if request.mix_mask else None
    if mask is not None:
        image[_MIX_MASK] = mask


def set_style_record(image: Any, request: StylizeRequest, content: Any, mask: Any) -> None:
    """Write down how a picture was painted. What TexNet knew of the texture that it shows holds for it too.

    Args:
        image: to be marked.
        request: with all that was left open settled.
        content: the image that it shows, which the file keeps as long as this one unless it is the Render Result; None
            where it has gone.
        mask: where it was painted, or None.
    """
    is_rendered = content is not None and content.type == "RENDER_RESULT"
    image[STYLE] = request.record() | {"made": time.time(), "rendered": is_rendered}
    for name, held in ((_CONTENT, None if is_rendered else content), (_MASK, mask)):
        if held is not None:
            image[name] = held
    texture = record_of(content)
    if texture is not None:
        image[PROPERTY] = texture | {"set": uuid.uuid4().hex, "leads": False, "made": time.time(), "bytes": ""}


def style_record_of(image: Any) -> dict[str, Any] | None:
    """What `set_style_record` wrote, or None."""
    return _record(image, STYLE, ("source",))


def content_of(image: Any) -> Any:
    """The image that a picture in a style shows, or None."""
    return _held(image, _CONTENT)


def mask_of(image: Any) -> Any:
    """Where a picture was painted, or None."""
    return _held(image, _MASK)


def mix_mask_of(image: Any) -> Any:
    """The image that says where a texture shows which of two mixes, or None."""
    return _held(image, _MIX_MASK)


def _held(image: Any, name: str) -> Any:
    found: Any = image.get(name)
    return found if isinstance(found, bpy.types.Image) else None


def bytes_of(image: Any) -> str:
    """How many bytes the files of an image have, which painting on it changes once it is kept; "" where unknown.

    As text, since custom properties hold whole numbers up to 2^31 only.
    """
    if image.packed_files:
        return str(sum(packed.packed_file.size for packed in image.packed_files))
    try:
        return str(sum(file.stat().st_size for file in _files_beside(image)) or "")
    except OSError:
        return ""


def record_of(image: Any) -> dict[str, Any] | None:
    """What `set_record` wrote, or None for images that are not TexNet's."""
    return _record(image, PROPERTY, ("source", "map", "set"))


def _record(image: Any, name: str, texts: tuple[str, ...]) -> dict[str, Any] | None:
    """The custom property of that name, or None where it is none of ours: these of its entries are texts."""
    found: Any = image.get(name) if image is not None else None
    record = found.to_dict() if hasattr(found, "to_dict") else {}
    return record if all(isinstance(record.get(key), str) for key in texts) else None


def time_of(record: dict[str, Any]) -> float:
    """When a texture was made, in seconds; 0 where the record, which anybody may have changed, holds no number."""
    found = record.get("made")
    return float(found) if isinstance(found, int | float) and found == found else 0.0


def _pack(image: Any, files: list[Path]) -> None:
    """Pack, and say where Unpack and Reload will find the files: the temporary ones go away."""
    try:
        image.pack()
    except RuntimeError as error:
        raise OutputError(
            f"Blender cannot pack the image ({error})", expected="memory for it", remedy="free some memory"
        ) from error
    for packed, file in zip(image.packed_files, files, strict=True):
        tile = f".{_tile_of(file)}" if _tile_of(file) is not None else ""
        packed.filepath = f"//{_FOLDER}/{image.name}{tile}{file.suffix}"
    udim = ".<UDIM>" if _tile_of(files[0]) is not None else ""
    image.filepath_raw = f"//{_FOLDER}/{image.name}{udim}{files[0].suffix}"


def _tile_of(file: Path) -> int | None:
    """The number of a UDIM tile, wall.v2_albedo.1001.png; None for a picture."""
    suffix = file.suffixes[-2] if len(file.suffixes) > 1 else ""
    number = suffix.removeprefix(".")
    return int(number) if len(number) == 4 and number.isdecimal() else None


def _stem(file: Path) -> str:
    """The name without the tile's number and the suffix."""
    return Path(file.stem).stem if _tile_of(file) is not None else file.stem


def _pattern(file: Path) -> str:
    """The path as Blender writes that of all tiles."""
    udim = ".<UDIM>" if _tile_of(file) is not None else ""
    return str(file.with_name(f"{_stem(file)}{udim}{file.suffix}"))


def _add_tiles(image: Any, files: list[Path]) -> None:
    known = {tile.number for tile in image.tiles}
    for number in map(_tile_of, files):
        if number is not None and number not in known:
            image.tiles.new(number)


def _files_beside(image: Any) -> list[Path]:
    path = bpy.path.abspath(image.filepath_raw)
    if Path(path).parent.name != _FOLDER:
        return []
    numbers = [tile.number for tile in image.tiles] if "<UDIM>" in path else [0]
    return [Path(path.replace("<UDIM>", str(number))) for number in numbers]


def _move_beside(files: list[Path], moved: list[Path]) -> None:
    """Move files to the folder beside the .blend, under names that are free there, which `moved` gets one by one."""
    folder = Path(bpy.path.abspath(f"//{_FOLDER}"))
    stem = _stem(files[0])
    endings = [file.name[len(stem) :] for file in files]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number, free = 0, stem
        while any((folder / (free + ending)).exists() for ending in endings):
            number += 1
            free = f"{stem}_{number:03d}"
        for file, ending in zip(files, endings, strict=True):
            moved.append(folder / (free + ending))
            shutil.move(file, moved[-1])
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written ({error.strerror})",
            expected="a writable folder with free space next to the .blend",
            remedy="free some space, or store images in the .blend (see the add-on's preferences)",
        ) from error
