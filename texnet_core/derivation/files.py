"""A derived map set as files, one a map."""

from collections.abc import Mapping
from pathlib import Path

from texnet_core.atomic import replacing_all
from texnet_core.derivation.derive import DERIVED_MAPS
from texnet_core.mapset import Depth, split_channels
from texnet_core.materials.habits import read_name
from texnet_core.pictures.color import quantize
from texnet_core.pictures.reading import Picture
from texnet_core.pictures.writing import write_image


def map_files(folder: Path, name: str) -> dict[str, Path]:
    """Map -> a PNG in the folder, NAME_MAP.png; `texnet_core.materials` reads such names.

    A name that would be read with that of a map, such as `wall_albedo`, is told from it by a word more.
    """
    names = [spec.name for spec in DERIVED_MAPS]
    start = name if all(_is_read(f"{name}_{role}.png", role) for role in names) else f"{name}_derived"
    return {role: folder / f"{start}_{role}.png" for role in names}


def _is_read(file: str, role: str) -> bool:
    """Whether a file's name is read as that map alone, of a set whose name names no map itself."""
    reading = read_name(file)
    if reading is None or [part.map for part in reading.parts] != [role]:
        return False
    return read_name(f"{reading.set_name}.png") is None


def write_maps(files: Mapping[str, Path], picture: Picture) -> None:
    """Write each map with as many bits as it needs: 16 of the height, 8 of others. All files appear, or none.

    Args:
        files: map -> its file; its folder is there.
        picture: of `derive_maps`.

    Raises:
        OutputError: a folder is missing or read-only, or the disk full.
    """
    maps = split_channels(picture.image, picture.maps)
    with replacing_all([files[spec.name] for spec in picture.maps]) as temporaries:
        for spec, temporary in zip(picture.maps, temporaries, strict=True):
            depth: Depth = 16 if spec.depth == 16 else 8
            write_image(temporary, quantize(maps[spec.name], depth), spec.color_space)
