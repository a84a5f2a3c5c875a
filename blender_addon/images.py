"""The worker's files into image datablocks.

Files are loaded and packed as they are: their bytes go into the .blend unchanged, and no pixel passes through
Blender's main thread, which stays live.
"""

import shutil
from pathlib import Path
from typing import Any

import bpy

from .request import TextureRequest

PROPERTY = "texnet"  # custom property of every image that TexNet made

_FOLDER = "textures"


def image_from_files(files: list[Path], name: str, *, is_data: bool, keep_beside: bool) -> Any:
    """A new image whose pixels survive saving.

    Args:
        files: one picture, or UDIM tiles called stem.1001.png and so on.
        name: wanted name; Blender makes it unique.
        is_data: linear measurements rather than colours.
        keep_beside: move the files beside the saved .blend instead of packing them.

    Raises:
        OSError: the folder beside the .blend cannot be written.
    """
    is_tiled = len(files) > 1 or _is_tile(files[0])
    if keep_beside and bpy.data.filepath:
        files = _move_beside(files)
    image: Any = bpy.data.images.load(str(files[0]))
    image.name = name
    if is_tiled:
        image.source = "TILED"
        _add_tiles(image, files)
    if is_data:
        image.colorspace_settings.is_data = True
    if keep_beside and bpy.data.filepath:
        image.filepath_raw = bpy.path.relpath(_pattern(files[0]) if is_tiled else str(files[0]))
    else:
        image.pack()
        # where "Unpack" will put it; the temporary files are gone by then
        image.filepath_raw = f"//{_FOLDER}/{Path(_pattern(files[0])).name if is_tiled else f'{image.name}.png'}"
    return image


def set_record(image: bpy.types.Image, request: TextureRequest, map_name: str, set_name: str, *, leads: bool) -> None:
    """Write down what an image is, for the history and for making it again.

    Args:
        image: to be marked.
        request: what it was made from.
        map_name: which of the maps it is.
        set_name: the same for all maps of one texture, and for no others.
        leads: it stands for its set in the history.
    """
    image[PROPERTY] = request.record() | {"map": map_name, "set": set_name, "leads": leads}


def record_of(image: Any) -> dict[str, Any] | None:
    """What `set_record` wrote, or None for images that are not TexNet's."""
    found: Any = image.get(PROPERTY) if image is not None else None
    record = found.to_dict() if hasattr(found, "to_dict") else {}
    return record if isinstance(record.get("source"), str) else None


def _is_tile(file: Path) -> bool:
    return len(file.suffixes) == 2 and file.suffixes[0][1:].isdigit()


def _pattern(file: Path) -> str:
    return str(file.with_name(f"{file.name.partition('.')[0]}.<UDIM>{file.suffix}")) if _is_tile(file) else str(file)


def _add_tiles(image: Any, files: list[Path]) -> None:
    known = {tile.number for tile in image.tiles}
    for file in files:
        number = int(file.suffixes[0][1:])
        if number not in known:
            image.tiles.new(number)


def _move_beside(files: list[Path]) -> list[Path]:
    """Move files to the folder beside the .blend, under names that are free there."""
    folder = Path(bpy.path.abspath(f"//{_FOLDER}"))
    folder.mkdir(parents=True, exist_ok=True)
    stem = files[0].name.partition(".")[0]
    endings = [file.name[len(stem) :] for file in files]
    number, free = 0, stem
    while any((folder / (free + ending)).exists() for ending in endings):
        number += 1
        free = f"{stem}_{number:03d}"
    moved = []
    try:
        for file, ending in zip(files, endings, strict=True):
            target = folder / (free + ending)
            moved.append(target)
            shutil.move(file, target)
    except OSError:
        for target in moved:  # nothing half-written stays
            target.unlink(missing_ok=True)
        raise
    return moved
