"""Pictures that one path stands for: those in a folder, or the numbered frames of a sequence."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from texnet_core.errors import NoImageError, RequestError

# What files are called that `reading` knows; it goes by their content.
PICTURE_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jfif", ".jpe", ".tif", ".tiff", ".webp"),
    *(".bmp", ".tga", ".exr", ".hdr", ".heic", ".avif"),
)

_NUMBER = re.compile(r"%(?:0\d)?d|#+")


@dataclass(frozen=True)
class FramePattern:
    """A path with %d or %04d in its name for the number of a frame, or ####, as Blender writes it."""

    path: Path

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """The pattern that a path is; None where it is none, or a file that is called so."""
        return cls(path) if len(_NUMBER.findall(path.name)) == 1 and not os.path.lexists(path) else None

    def frame(self, number: int) -> Path:
        """The path of a frame."""
        mark = _NUMBER.search(self.path.name)
        assert mark is not None
        name, text = self.path.name, mark.group()
        digits = text % number if text.startswith("%") else f"{number:0{len(text)}}"
        return self.path.with_name(f"{name[: mark.start()]}{digits}{name[mark.end() :]}")

    def frames(self) -> dict[int, Path]:
        """The frames that are there, number -> path, in order.

        Raises:
            RequestError: there are none.
        """
        before, after = map(re.escape, _NUMBER.split(self.path.name))
        named = re.compile(rf"{before}(\d{{1,9}}){after}")
        matches = [match for name in _names(self.path.parent) if (match := named.fullmatch(name))]
        numbers = sorted({int(match[1]) for match in matches if self.frame(int(match[1])).name == match.string})
        if not numbers:
            raise RequestError(
                f"no file fits {self.path}",
                expected=f"frames such as {self.frame(1).name}",
                remedy="check the pattern and its folder",
            )
        return {number: self.frame(number) for number in numbers}


def pictures_in(folder: Path) -> list[Path]:
    """The files of a folder that are called like pictures, by name; hidden ones are left out.

    Raises:
        RequestError: there are none.
    """
    names = [name for name in _names(folder) if name.lower().endswith(PICTURE_SUFFIXES) and not name.startswith(".")]
    files = [path for name in sorted(names) if os.path.isfile(path := folder / name)]
    if not files:
        raise RequestError(f"{folder} has no picture", expected="pictures", remedy="name a folder with pictures")
    return files


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError as error:
        found = f"the folder {folder} cannot be read ({error.strerror})"
        raise NoImageError(found, expected="a folder with pictures", remedy="check the path") from error
