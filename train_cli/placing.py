"""Where the pictures of `texnet stylize` come from and go to: files, folders, frames of a sequence, pipes."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from texnet_core.errors import NoImageError, RequestError
from texnet_core.names import as_compared
from texnet_core.pictures.sequences import FramePattern
from texnet_core.pictures.writing import FORMATS
from texnet_core.stylization.contents import Contents, find_contents
from train_cli.checks import check_names, picture_name
from train_cli.streams import check_alone, is_input, is_output


@dataclass(frozen=True)
class Placed:
    """Pictures, and a file for each.

    Attributes:
        contents: files or pipes.
        outputs: of each, or the one pipe.
        are_frames: whether they are frames of one sequence.
    """

    contents: tuple[Path, ...]
    outputs: tuple[Path, ...]
    are_frames: bool = False


def place(given: Sequence[Path], output: Path, format: str | None, as_json: bool) -> Placed:
    """What the arguments CONTENT and the option --output stand for.

    One picture goes to the output itself. Several, or all of a folder, go to a folder under their own names, and frames
    to frames or to a folder.

    Raises:
        RequestError: a picture or a pattern's frames are missing, a folder is empty, the output does not fit, it is one
            of the pictures, or two would go to one file.
    """
    check_alone(output, as_json)
    found = [Contents((path,)) if is_input(path) else find_contents(path) for path in given]
    if len(found) > 1 and any(contents.frames for contents in found):
        raise RequestError("a pattern of frames stands beside others", expected="it alone", remedy="name it alone")
    files = tuple(path for contents in found for path in contents.files)
    for path in files:
        _check_is_there(path)
    check_alone(output, as_json, len(files))
    is_many = len(files) > 1 or found[0].is_folder or bool(found[0].frames)
    if not found[0].frames:
        _check_is_no_pattern(output, is_many)
    if is_output(output) or not (is_many or os.path.isdir(output)):
        check_names([] if is_output(output) else [output], are_made=False)
        return Placed(files, (output,))
    outputs = _outputs(files, found[0].frames, output, format)
    check_names(outputs, are_made=True)
    _check_differ(files, outputs)
    return Placed(files, outputs, bool(found[0].frames))


def check_spared(outputs: Sequence[Path], inputs: Sequence[Path | None]) -> None:
    """Raise RequestError where an output would replace one of the files that are read."""
    read = {_identity(path) for path in inputs if path is not None} - {None}
    for output in outputs:
        if _identity(output) in read:
            raise RequestError(
                f"--output would replace {output}, which is read",
                expected="another file",
                remedy="name another file or folder",
            )


def _outputs(files: tuple[Path, ...], frames: tuple[int, ...], output: Path, format: str | None) -> tuple[Path, ...]:
    if pattern := FramePattern.of(output):
        picture_name(output, format)
        return tuple(pattern.frame(number) for number in frames)
    if output.suffix.lower() in FORMATS and not os.path.isdir(output):
        what = "frames" if frames else f"{len(files)} pictures" if len(files) > 1 else "a folder of pictures"
        found = f"{what} cannot go to {output.name}, which is one file"
        remedy = f"write {output.stem}_%04d{output.suffix}, or name a folder" if frames else "name a folder"
        raise RequestError(found, expected="a folder", remedy=remedy)
    return tuple(output / f"{_stem(path)}{_suffix(path, format)}" for path in files)


def _check_is_no_pattern(output: Path, is_many: bool) -> None:
    is_pattern = FramePattern.of(output) is not None
    if is_pattern and (is_many or output.name.count("#") != 1):  # a single # may stand before any number
        what, where = ("the pictures are none", "a folder") if is_many else ("the picture is none", "a file")
        found = f"--output {output.name} is a pattern of frames, and {what}"
        raise RequestError(found, expected=where, remedy=f"name {where}, or give a pattern as CONTENT")


def _stem(path: Path) -> str:
    return "picture" if is_input(path) else path.stem


def _suffix(path: Path, format: str | None) -> str:
    """The picture's own where such files can be written."""
    if format:
        return f".{format}"
    return path.suffix if path.suffix.lower() in FORMATS and not is_input(path) else ".png"


def _check_is_there(path: Path) -> None:
    if not is_input(path) and not os.path.exists(path):
        raise NoImageError(f"there is no file {path}", expected="a picture", remedy="check the path")


def _check_differ(files: Sequence[Path], outputs: Sequence[Path]) -> None:
    seen: dict[str, Path] = {}
    for path, output in zip(files, outputs, strict=True):
        other = seen.setdefault(as_compared(output), path)
        if other is not path:
            raise RequestError(
                f"{other} and {path} would both go to {output}",
                expected="names that differ",
                remedy="rename one, or paint them apart",
            )


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from all others, under whatever name; None where there is none."""
    if is_input(path) or is_output(path):
        return None
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino
