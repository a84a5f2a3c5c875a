"""What commands can refuse before minutes of work, and before torch is imported, which is slow."""

import importlib.util
import os
from pathlib import Path

from texnet_core.errors import EngineError, RequestError
from texnet_core.pictures.writing import FORMATS, depth_for
from train_cli.streams import is_output


def check_torch(purpose: str) -> None:
    """Raise EngineError where torch is missing; `purpose` begins the sentence."""
    if importlib.util.find_spec("torch") is None:
        found = f"{purpose} needs torch, which is not installed"
        raise EngineError(found, expected="torch", remedy="run: pip install 'texnet[train]'")


def check_not_inputs(path: Path, exemplar: Path, mask: Path | None, option: str) -> None:
    """Raise RequestError where an output would replace the exemplar or its mask."""
    for what, read in (("exemplar", exemplar), ("mask", mask)):
        if read is not None:
            check_not_input(path, read, what, option)


def check_not_input(path: Path, read: Path, what: str, option: str) -> None:
    """Raise RequestError where an output would replace a picture that is read."""
    if os.path.exists(path) and os.path.exists(read) and os.path.samefile(path, read):
        raise RequestError(f"{option} would replace the {what}", expected="another file", remedy="name another file")


def check_preview(preview: Path | None, exemplar: Path, mask: Path | None) -> None:
    """Raise RequestError where --preview is given and cannot be such a picture, or would replace what is read."""
    if preview is not None:
        if depth_for(preview) is None:
            raise RequestError(
                "--preview cannot be an .exr file", expected="8 bits a channel", remedy="use .png or .jpg"
            )
        check_not_inputs(preview, exemplar, mask, "--preview")


def picture_name(output: Path, format: str | None) -> Path:
    """The output, or a name that says what goes through a pipe: FORMAT, or else PNG.

    Raises:
        RequestError: the output's suffix says something else than FORMAT.
    """
    suffix = output.suffix.lower()
    if is_output(output):
        return Path("picture").with_suffix(f".{format}" if format else suffix if suffix in FORMATS else ".png")
    if format and suffix in FORMATS and FORMATS[suffix] is not FORMATS[f".{format}"]:
        raise RequestError(
            f"--format {format} does not fit --output {output.name}", expected="one of them", remedy="leave it out"
        )
    return output
