"""Large pictures from top to bottom, in memory that does not grow with their height."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from texnet_core.pictures.decoded import Decoded
from texnet_core.pictures.png_strips import open_png_strips
from texnet_core.pictures.tiff_strips import open_tiff_strips


class Strips(Protocol):
    """A picture that can be decoded in strips, upright and without a look at the whole.

    Attributes:
        width: in texels.
        height: likewise.
        depth: bits a channel that it has, 8 or 16.
        has_alpha: whether it may be transparent somewhere.
    """

    width: int
    height: int
    depth: int
    has_alpha: bool

    def __iter__(self) -> Iterator[Decoded]:
        """Strip after strip, from top to bottom; decoders' errors where the file is damaged."""
        ...


def open_strips(path: Path) -> Strips | None:
    """A picture that can be decoded in strips, or None for all others: of some kinds of PNG and TIFF."""
    return open_png_strips(path) or open_tiff_strips(path)
