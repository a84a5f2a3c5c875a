"""What scripts do with assets; `api` has these functions."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import arguments, asset_library, assets, session
from .asset_facts import Facts


def save_asset(
    material: Any,
    into: str | Path = "",
    *,
    kind: str = "",
    tags: Iterable[str] = (),
    author: str = "",
    license: str = "",
    description: str = "",
    replace: bool = False,
) -> Path | None:
    """Save a material as an asset, with a picture of it, in the catalog TexNet.

    Args:
        material: of the file; one that is linked is to be made local first.
        into: name of an asset library of Blender's preferences, or path of its folder; "" for the file that is open.
        kind: of surface, such as "Stone", which names the catalog below TexNet; "" for the generator's.
        tags: words to search by, beside those of the generator.
        author, license, description: "" for what the generator's card says.
        replace: an asset of that name in the library is replaced; without it, it is an error.

    Returns:
        The .blend file with the asset; None where it is in the file that is open.
    """
    given = arguments.material_in("material", material)
    told = Facts(
        author=arguments.text_in("author", author),
        license=arguments.text_in("license", license),
        description=arguments.text_in("description", description),
        tags=arguments.texts_in("tags", tags),
    )
    place = arguments.text_in("into", os.fspath(into))
    kind = arguments.text_in("kind", kind)
    saving = assets.saving_of(given, place, told=told, kind=kind, replace_file=arguments.yes_or_no("replace", replace))
    with session.finished(assets.saving_task(saving)) as result:
        return Path(result["file"]) if result["file"] else None


def build_library(sources: Iterable[str] = (), *, again: bool = False) -> list[Path]:
    """Put generators into the Asset Browser, as materials to drag; those that are there and up to date stay.

    Args:
        sources: names as `sources()` gives them; () for all presets and the user's own generators.
        again: make all of them again.

    Returns:
        The .blend files of the asset library, of all generators that are in it.
    """
    names = arguments.texts_in("sources", sources)
    with session.finished(assets.library_task(names, again=arguments.yes_or_no("again", again))):
        return [entry.file for entry in asset_library.entries() if entry.file.is_file()]
