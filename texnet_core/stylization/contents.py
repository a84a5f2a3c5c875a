"""The pictures that somebody means who names one, a folder of them, or a sequence of frames."""

import os
import tempfile
from pathlib import Path
from typing import NamedTuple

from texnet_core.pictures.sequences import FramePattern, pictures_in
from texnet_core.stylization.request import Wrap
from texnet_core.stylization.sources import open_picture
from texnet_core.stylization.tiling import tiling_axes


class Contents(NamedTuple):
    """Pictures to paint anew.

    Attributes:
        files: in order.
        frames: the number of each where they are frames of a sequence, else ().
        is_folder: whether they are those of a folder.
    """

    files: tuple[Path, ...]
    frames: tuple[int, ...] = ()
    is_folder: bool = False


def find_contents(path: Path) -> Contents:
    """The pictures that a path means; whether a single one is there is for its reader to say.

    Raises:
        RequestError: an empty folder, or a pattern that no frame fits.
    """
    if os.path.isdir(path):  # unlike pathlib's, never raises
        return Contents(tuple(pictures_in(path)), is_folder=True)
    if pattern := FramePattern.of(path):
        found = pattern.frames()
        return Contents(tuple(found.values()), tuple(found))
    return Contents((path,))


def tiling_of(path: Path) -> Wrap:
    """The axes along which the picture in a file tiles: all frames of a sequence tile as the first one does.

    Raises:
        ImageError: it cannot be read.
    """
    with open_picture(path, Path(tempfile.gettempdir(), path.name)) as picture:
        return tiling_axes(picture)
