"""What a generator is learned from: one picture, or the maps of a material."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from itertools import takewhile
from pathlib import Path
from typing import Any

from texnet_core import materials
from texnet_core.errors import RequestError
from texnet_core.materials import Material
from texnet_core.pictures.reading import Picture
from train_cli.checks import check_not_inputs
from train_cli.display import Display
from train_cli.streams import is_input, readable

_SEPARATORS = " -_."


def exemplar_name(given: Sequence[Path], output: Path) -> str:
    """What the surface is called where nobody says it: like the file or folder, or what the files' names share."""
    if len(given) > 1:
        columns = takewhile(lambda letters: len(set(letters)) == 1, zip(*(path.stem for path in given), strict=False))
        return "".join(letters[0] for letters in columns).rstrip(_SEPARATORS) or output.stem
    only = output if is_input(given[0]) else given[0]
    return only.resolve().name if os.path.isdir(only) else only.stem


def read_surface(display: Display, given: Sequence[Path], mask: Path | None, maps: Sequence[str]) -> Picture:
    """The picture, or the material in a folder, a .zip or several files.

    The table of a material is shown, and a note for each thing that the user should know.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(readable(path)) for path in given]
        mask_file = None if mask is None else stack.enter_context(readable(mask))
        picture = materials.read_surface(files, mask=mask_file, maps=maps, announce=display.show)
    display.note(*picture.notes)
    display.stop_if_asked()
    return picture


def derived_surface(display: Display, given: Sequence[Path], mask: Path | None, maps: Sequence[str]) -> Picture:
    """One picture, with the maps that are guessed of it.

    Raises:
        RequestError: it is no single picture, or a map is wanted that is not derived.
    """
    if len(given) > 1 or materials.is_material(given[0]):
        found = f"--material derives the maps of one picture, and {given[0]} is a part of a material or one itself"
        raise RequestError(found, expected="one picture", remedy="leave out --material, or name the picture alone")
    from texnet_core.derivation import with_derived_maps

    picture = display.read_exemplar(given[0], mask)
    made = with_derived_maps(picture, maps)
    display.note(*made.notes[len(picture.notes) :])
    display.stop_if_asked()
    return made


def check_kept(option: str, target: Path | None, given: Sequence[Path], picture: Picture) -> None:
    """Raise RequestError where a file would replace one that a map was taken from."""
    if target is not None and isinstance(picture, Material) and os.path.isdir(given[0]):
        for use in picture.files:
            check_not_inputs(target, given[0] / use.file, None, option)


def facts_of(picture: Picture) -> dict[str, Any]:
    """For JSON: what was taken from which file of a material, and what was left out."""
    return {"files": [asdict(use) for use in picture.files]} if isinstance(picture, Material) else {}
