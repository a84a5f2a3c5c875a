"""What commands can refuse before minutes of work, and before torch is imported, which is slow."""

import importlib.util
import os
from pathlib import Path

from texnet_core.atomic import check_writable
from texnet_core.errors import EngineError, RequestError
from texnet_core.pictures.writing import depth_for


def check_torch(purpose: str) -> None:
    """Raise EngineError where torch is missing; `purpose` begins the sentence."""
    if importlib.util.find_spec("torch") is None:
        found = f"{purpose} needs torch, which is not installed"
        raise EngineError(found, expected="torch", remedy="run: pip install 'texnet[train]'")


def check_not_exemplar(path: Path, exemplar: Path, option: str) -> None:
    """Raise RequestError where an output would replace the exemplar."""
    if os.path.exists(path) and os.path.exists(exemplar) and os.path.samefile(path, exemplar):
        raise RequestError(f"{option} would replace the exemplar", expected="another file", remedy="name another file")


def check_preview(preview: Path | None, exemplar: Path) -> None:
    """Raise a TexnetError where --preview is given and cannot be written, or would replace the exemplar."""
    if preview is not None:
        if depth_for(preview) is None:
            raise RequestError(
                "--preview cannot be an .exr file", expected="8 bits a channel", remedy="use .png or .jpg"
            )
        check_writable(preview)
        check_not_exemplar(preview, exemplar, "--preview")
