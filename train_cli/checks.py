"""What commands can refuse before minutes of work, and before torch is imported, which is slow."""

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

from texnet_core.errors import EngineError, RequestError
from texnet_core.model.artifact import SUFFIX
from texnet_core.names import check_new_names
from texnet_core.paths import is_same_file
from texnet_core.pictures.writing import FORMATS, depth_for
from texnet_core.synthesis.map_files import MAP
from train_cli.streams import is_output


def check_generator_name(output: Path) -> None:
    """Raise RequestError where an output cannot be a generator by its suffix."""
    if output.suffix != SUFFIX and not is_output(output):
        found = f"--output {output.name} does not end in {SUFFIX}"
        raise RequestError(found, expected=f"a name in {SUFFIX}", remedy="change the suffix")


def check_torch(purpose: str) -> None:
    """Raise EngineError where torch is missing; `purpose` begins the sentence."""
    if importlib.util.find_spec("torch") is None:
        found = f"{purpose} needs torch, which is not installed"
        raise EngineError(found, expected="torch", remedy="run: pip install 'texnet[train]'")


def check_one_process() -> None:
    """Raise RequestError where torchrun has started several processes, each of which would do all of the work."""
    count = os.environ.get("WORLD_SIZE", "1")
    if count != "1":
        raise RequestError(
            f"torchrun has started {count} processes, and this command trains in one",
            expected="one process",
            remedy="start it without torchrun; lists of trainings share machines with: texnet recipes --ray",
        )


def check_not_inputs(
    path: Path,
    exemplar: Path | None,
    mask: Path | None,
    option: str,
    style: Path | None = None,
    mix_mask: Path | None = None,
) -> None:
    """Raise RequestError where an output would replace a picture that is read."""
    for what, read in (("exemplar", exemplar), ("mask", mask), ("style", style), ("mix mask", mix_mask)):
        if read is not None and is_same_file(path, read):
            found = f"{option} would replace the {what}"
            raise RequestError(found, expected="another file", remedy="name another file")


def check_names(files: Sequence[Path], *, are_made: bool) -> None:
    """A name that is given is the user's; names that are made of it must be names everywhere."""
    if are_made or os.name == "nt":
        for file in files:
            check_new_names(file)


def check_preview(preview: Path | None, exemplar: Path, mask: Path | None, style: Path | None = None) -> None:
    """Raise RequestError where --preview is given and cannot be such a picture, or would replace what is read."""
    if preview is not None:
        if depth_for(preview) is None:
            raise RequestError(
                "--preview cannot be an .exr file", expected="8 bits a channel", remedy="use .png or .jpg"
            )
        check_not_inputs(preview, exemplar, mask, "--preview", style)


def check_outside(preview: Path | None, folder: Path) -> None:
    """Raise RequestError for a preview among the pictures, where the next run and a resumed one would learn from it."""
    if preview is not None and preview.resolve().is_relative_to(folder.resolve()):
        found = f"--preview {preview} lies among the pictures that are learned from"
        raise RequestError(found, expected=f"a file outside of {folder}", remedy="name a file in another folder")


def picture_name(output: Path, format: str | None) -> Path:
    """The output, or a name that says what goes through a pipe: FORMAT, or else PNG.

    Raises:
        RequestError: the output's suffix says something else than FORMAT.
    """
    suffix = output.suffix.lower()
    if is_output(output):
        return Path("picture").with_suffix(f".{format}" if format else suffix if suffix in FORMATS else ".png")
    if not suffix and MAP in output.name:
        return output.with_name(f"{output.name}.{format or 'png'}")
    if format and suffix in FORMATS and FORMATS[suffix] is not FORMATS[f".{format}"]:
        raise RequestError(
            f"--format {format} does not fit --output {output.name}", expected="one of them", remedy="leave it out"
        )
    return output
