"""A derived map set as files, one a map."""

from collections.abc import Mapping
from pathlib import Path

from texnet_core.derivation.derive import DERIVED_MAPS
from texnet_core.mapset import split_channels
from texnet_core.pictures.color import quantize
from texnet_core.pictures.reading import Picture
from texnet_core.pictures.writing import write_image


def map_files(folder: Path, name: str) -> dict[str, Path]:
    """Map -> a PNG in the folder, NAME_MAP.png; `texnet_core.materials` reads such names."""
    return {spec.name: folder / f"{name}_{spec.name}.png" for spec in DERIVED_MAPS}


def write_maps(files: Mapping[str, Path], picture: Picture) -> None:
    """Write each map with as many bits as it needs: 16 of the height, 8 of others.

    Args:
        files: map -> its file; its folder is there.
        picture: of `derive_maps`.

    Raises:
        OutputError: a folder is missing or read-only, or the disk full.
    """
    maps = split_channels(picture.image, picture.maps)
    for spec in picture.maps:
        write_image(files[spec.name], quantize(maps[spec.name], spec.depth), spec.color_space)
