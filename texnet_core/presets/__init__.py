"""The generators that ship with TexNet, and how a user's SOURCE or STYLE becomes a file.

A preset is a `.texnet` file in this folder, and a style one in the folder `styles`; dropping one in is all it takes to
add it. In `networks` is what makes a generator of an exemplar.
"""

import difflib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from texnet_core.errors import RequestError
from texnet_core.model.artifact import SUFFIX
from texnet_core.paths import user_path

FOLDER = Path(__file__).parent

INSTANT = FOLDER / "networks" / f"instant{SUFFIX}"


def list_presets() -> dict[str, Path]:
    """Preset name -> file, sorted by name: generators of textures."""
    return _files(FOLDER)


def list_styles() -> dict[str, Path]:
    """Style name -> file, sorted by name: generators that paint pictures anew."""
    return _files(FOLDER / "styles")


def find_source(source: str | Path, words: Iterable[str] = ()) -> Path:
    """The file that a SOURCE means: the name of a preset, or the path of a `.texnet` file.

    `~` and variables in a path are those of the user, see `texnet_core.paths`.

    Args:
        source: the name or the path.
        words: what else may stand there, which may have been meant.

    Raises:
        RequestError: neither; names the preset or the word that comes nearest, and what a style is for.
    """
    return _find(source, _PRESETS, words)


def find_style(source: str | Path) -> Path:
    """The file that a STYLE means: the name of a style that ships, or the path of a `.texnet` file.

    Raises:
        RequestError: neither; names the style that comes nearest, and what a preset is for.
    """
    return _find(source, _STYLES)


def find_generator(source: str | Path, words: Iterable[str] = ()) -> Path:
    """The file of a preset, of a style, of the network `instant`, or at a path, where it is to be told about.

    For `words` see `find_source`.

    Raises:
        RequestError: none of these.
    """
    if str(source) == INSTANT.stem:
        return INSTANT
    return _find(source, _PRESETS if str(source) not in list_styles() else _STYLES, words)


@dataclass(frozen=True)
class _Kind:
    """What ships: its word, how it is listed, and what is said of it where something else is asked for."""

    word: str
    listed: Callable[[], dict[str, Path]]
    what: str
    remedy: str


_PRESETS = _Kind("preset", list_presets, "a generator of textures and no style", "use it with: texnet synth")
_STYLES = _Kind("style", list_styles, "a style, which paints pictures anew", "use it with: texnet stylize")


def _files(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stem)}


def _find(source: str | Path, kind: _Kind, words: Iterable[str] = ()) -> Path:
    known, name = kind.listed(), str(source)
    if name in known:
        return known[name]
    path = user_path(source)
    if os.path.isfile(path):  # unlike pathlib's, never raises
        return path
    if path.suffix == SUFFIX or len(path.parts) > 1:
        raise RequestError(
            f"there is no file {path}",
            expected=f"a {SUFFIX} file or the name of a {kind.word}",
            remedy="check the path",
        )
    raise _unknown(name, [*words, *known], kind)


def _unknown(name: str, known: list[str], kind: _Kind) -> RequestError:
    """Says what comes near a name, be it of the other kind."""
    other = _STYLES if kind is _PRESETS else _PRESETS
    others = other.listed()
    if name in others:
        return RequestError(f"{name!r} is {other.what}", expected=f"a {kind.word}", remedy=other.remedy)
    found = f"no {kind.word} is called {name!r}"
    if near := difflib.get_close_matches(name.lower(), known, n=1):
        return RequestError(found, expected=near[0], remedy=f"did you mean {near[0]!r}?")
    if near := difflib.get_close_matches(name.lower(), others, n=1):
        return RequestError(found, expected=near[0], remedy=f"did you mean {near[0]!r}, {other.what}?")
    remedy = f"choose one of these or a {SUFFIX} file" if known else f"name a {SUFFIX} file"
    return RequestError(found, expected=known if known else f"a {SUFFIX} file", remedy=remedy)
