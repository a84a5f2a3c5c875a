"""Names of textures, after the files of their pictures."""

from collections.abc import Sequence
from pathlib import PurePath

from texnet_core.errors import one_line
from texnet_core.model.header import MOST_NAME, NOT_IN_NAMES

_NAMELESS = "texture"
_MEANING = str.maketrans(dict.fromkeys(NOT_IN_NAMES, "_"))


def texture_names(files: Sequence[str]) -> tuple[str, ...]:
    """A name for each file, in their order: that of the file without its suffix, made one that a header may have.

    All are different: of those that would be the same, later ones get a number.
    """
    found: list[str] = []
    for file in files:
        name = one_line(PurePath(file).stem.encode("utf-8", "replace").decode()).translate(_MEANING)
        name = _shortened("".join(letter for letter in name if letter.isprintable()), MOST_NAME) or _NAMELESS
        found.append(_different(name, found))
    return tuple(found)


def _shortened(name: str, most: int) -> str:
    """So many bytes of it at most."""
    return name.strip().encode()[:most].decode("utf-8", "ignore").strip()


def _different(name: str, others: Sequence[str]) -> str:
    if name not in others:
        return name
    number = 2
    while (numbered := f"{_shortened(name, MOST_NAME - 4)}-{number}") in others:
        number += 1
    return numbered
