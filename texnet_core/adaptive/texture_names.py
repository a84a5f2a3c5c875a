"""Names of textures, after the files of their pictures."""

from collections.abc import Sequence
from pathlib import PurePath

from texnet_core.errors import one_line
from texnet_core.model.header import MOST_NAME

_NAMELESS = "texture"
_MEANING = str.maketrans("=,", "__")  # letters that mean something where textures are mixed


def texture_names(files: Sequence[str]) -> tuple[str, ...]:
    """A name for each file, in their order: that of the file without its suffix, made one that a header may have.

    All are different: of those that would be the same, later ones get a number.
    """
    found: list[str] = []
    for file in files:
        name = one_line(PurePath(file).stem.encode("utf-8", "replace").decode()).translate(_MEANING)
        name = name[:MOST_NAME].strip() or _NAMELESS
        found.append(_different(name, found))
    return tuple(found)


def _different(name: str, others: Sequence[str]) -> str:
    if name not in others:
        return name
    number = 2
    while (numbered := f"{name[: MOST_NAME - 4].strip()}-{number}") in others:
        number += 1
    return numbered
