"""The generators that ship with TexNet, and how a user's SOURCE becomes a file.

A preset is a `.texnet` file in this folder; dropping one in is all it takes to add it.
"""

import difflib
import os
from pathlib import Path

from texnet_core.errors import RequestError
from texnet_core.model.artifact import SUFFIX
from texnet_core.paths import user_path

_FOLDER = Path(__file__).parent


def list_presets() -> dict[str, Path]:
    """Preset name -> file, sorted by name."""
    return {path.stem: path for path in sorted(_FOLDER.glob(f"*{SUFFIX}"), key=lambda path: path.stem)}


def find_source(source: str | Path) -> Path:
    """The file that a SOURCE means: the name of a preset, or the path of a `.texnet` file.

    `~` and variables in a path are those of the user, see `texnet_core.paths`.

    Raises:
        RequestError: neither; names the preset that comes nearest.
    """
    presets = list_presets()
    if str(source) in presets:
        return presets[str(source)]
    path = user_path(source)
    if os.path.isfile(path):  # unlike pathlib's, never raises
        return path
    if path.suffix == SUFFIX or len(path.parts) > 1:
        raise RequestError(
            f"there is no file {path}", expected=f"a {SUFFIX} file or the name of a preset", remedy="check the path"
        )
    found = f"no preset is called {str(source)!r}"
    if near := difflib.get_close_matches(str(source).lower(), presets, n=1):
        raise RequestError(found, expected=near[0], remedy=f"did you mean {near[0]!r}?")
    raise RequestError(found, expected=[*presets], remedy="choose one of these or a .texnet file")
