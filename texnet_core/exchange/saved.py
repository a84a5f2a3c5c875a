"""What a document says of a material whose maps are in files."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where the values of a map are.

    Attributes:
        file: relative to the document, with slashes.
        channels: of the file.
        channel: which one of them, or None where they are all the map's.
    """

    file: str
    channels: int
    channel: int | None = None


@dataclass(frozen=True)
class SavedMaterial:
    """A material whose maps are in files.

    Attributes:
        name: as people say it.
        maps: name of a map -> where it is.
        is_directx: whether green of the normal map points down.
        roughness: all over, where there is no map of it.
        metallic: likewise.
        displacement: from height 0 to 1, in meters, or as a share of the pictures' width where that is not known; 0
            where nobody knows it.
        width: meters that the pictures' width shows, or 0 where unknown.
        aspect: height of the pictures over their width.
    """

    name: str
    maps: Mapping[str, Place]
    is_directx: bool = False
    roughness: float = 1.0
    metallic: float = 0.0
    displacement: float = 0.0
    width: float = 0.0
    aspect: float = 1.0
