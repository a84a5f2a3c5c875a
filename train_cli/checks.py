"""What commands that need torch can refuse before its slow import."""

import importlib.util
import os
from pathlib import Path

from texnet_core.atomic import check_writable
from texnet_core.errors import EngineError, RequestError
from texnet_core.pictures.writing import depth_for


def check_torch(purpose: str) -> None:
    """Raise EngineError where torch is missing; `purpose` ends "expected it, for ..."."""
    if importlib.util.find_spec("torch") is None:
        raise EngineError(
            "no torch in this Python", expected=f"it, for {purpose}", remedy="pip install 'texnet[train]'"
        )


def check_not_exemplar(path: Path, exemplar: Path, option: str) -> None:
    """Raise RequestError where an output would replace the exemplar."""
    if os.path.exists(path) and os.path.exists(exemplar) and os.path.samefile(path, exemplar):
        raise RequestError(f"the exemplar as {option}", expected="another file", remedy="choose another name")


def check_preview(preview: Path, exemplar: Path) -> None:
    """Raise a TexnetError where --preview cannot be what it should."""
    if depth_for(preview) is None:
        raise RequestError("a preview cannot be an .exr file", expected="a format of 8 bits", remedy="use .png or .jpg")
    check_writable(preview)
    check_not_exemplar(preview, exemplar, "--preview")
