"""What the library has under the name that a training is to get: nothing, an unfinished run, a sketch, a generator."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import bpy

from texnet_core.atomic import delete_file
from texnet_core.errors import RequestError
from texnet_core.model.artifact import checkpoint_path
from texnet_core.model.budget import shortfall

from . import lessons, library, material_maps
from .current_set import active_material
from .request import title_of
from .wording import clause

Kind = Literal["FREE", "UNFINISHED", "SHORT", "DONE"]


@dataclass(frozen=True)
class Standing:
    """What is there.

    Attributes:
        output: the library's file for the generator.
        kind: FREE, nothing; UNFINISHED, a run that was stopped, with or without an older generator beside it; SHORT, a
            generator whose training was far too short and can go on; DONE, a generator.
        text: the same for people, "" where nothing is there.
        spent_minutes: of a SHORT run, else 0.
    """

    output: Path
    kind: Kind
    text: str = ""
    spent_minutes: float = 0.0

    @property
    def can_resume(self) -> bool:
        return self.kind in ("UNFINISHED", "SHORT")


def output_for(exemplar: Any, name: str) -> Path:
    """The library's file for what is learned from an image, a material or a path; without a name, called like that.

    Raises:
        TexnetError: no name for a file, or no library.
    """
    return library.new_file(name or lessons.name_of(exemplar))


def standing_of(output: Path) -> Standing:
    """What lies there; the card of a generator that is there is read."""
    title, is_there, has_run = title_of(str(output)), output.exists(), checkpoint_path(output).is_file()
    if not has_run:
        return Standing(output, "DONE", f"Your library has a generator called {title}") if is_there else _free(output)
    card = library.card_of(library.Source(str(output), output, False)) if is_there else None
    found = shortfall(card.training) if card is not None else ""
    if card is None or not found:
        return Standing(output, "UNFINISHED", f"The training of {title} is unfinished")
    spent = float(card.quality.get("seconds") or 0.0) / 60
    return Standing(output, "SHORT", f"The training of {title} {found}", spent)


def exemplar_in_panel(settings: Any) -> Any:
    """What the panel wants to be learned from: an image, a material, a path; None where nothing is chosen."""
    if settings.learns == "STYLE" or settings.learn_from == "IMAGE":
        return settings.exemplar
    if settings.learn_from == "FOLDER":
        return str(settings.exemplar_path) or None
    material = active_material(bpy.context)
    return material if material_maps.maps_of(material) else None


def standing_in_panel(settings: Any) -> Standing | None:
    """What stands under the panel's name; None without an exemplar, or where there is no telling. Never raises."""
    try:
        exemplar = exemplar_in_panel(settings)
        return standing_of(output_for(exemplar, settings.generator_name)) if exemplar else None
    except Exception:  # whatever disk and file hold: a panel that raises while it is drawn is blank
        return None


def check_free(standing: Standing) -> None:
    """Raise RequestError where something is there already."""
    if standing.kind == "DONE":
        raise RequestError(
            clause(standing.text), expected="a free name",
            remedy=f"replace it, or choose another name such as {free_name(standing.output)}",
        )  # fmt: skip
    if standing.kind != "FREE":
        raise RequestError(
            clause(standing.text), expected="a free name", remedy="continue it, replace it or discard it"
        )


def free_name(output: Path) -> str:
    """A name like that one under which nothing is there."""
    number = 2
    while standing_of(other := output.with_stem(f"{output.stem} {number}")).kind != "FREE":
        number += 1
    return other.stem


def discard(standing: Standing) -> None:
    """Delete a run, and the generator too where that is a sketch of this run.

    Raises:
        RequestError: there is no run.
        OutputError: it cannot be deleted.
    """
    if not standing.can_resume:
        raise RequestError(
            f"there is no unfinished training called {standing.output.stem}",
            expected="an unfinished one", remedy="choose the name of one that is unfinished",
        )  # fmt: skip
    files = [checkpoint_path(standing.output)] + ([standing.output] if standing.kind == "SHORT" else [])
    for file in files:
        delete_file(file)


def _free(output: Path) -> Standing:
    return Standing(output, "FREE")
