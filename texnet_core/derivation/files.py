"""A derived map set as files, one a map."""

from collections.abc import Mapping
from pathlib import Path

from texnet_core.atomic import replacing_all
from texnet_core.derivation.derive import DERIVED_MAPS
from texnet_core.mapset import Depth, split_channels
from texnet_core.pictures.color import quantize
from texnet_core.pictures.reading import Picture
from texnet_core.pictures.writing import write_image


def map_files(folder: Path, name: str) -> dict[str, Path]:
    """Map -> a PNG in the folder, NAME_MAP.png; `texnet_core.materials` reads such names."""
    return {spec.name: folder / f"{name}_{spec.name}.png" for spec in DERIVED_MAPS}


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
