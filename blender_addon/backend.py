"""The Python that the user names for training and for the GPU: where it may be, how to make one. Knows no bpy."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

_WINDOWS = sys.platform == "win32"
_PYTHON = Path("Scripts", "python.exe") if _WINDOWS else Path("bin", "python")

# What the last test of the backend said, in lines, and since when one is under way (a monotonic time).
report: tuple[str, ...] = ()
tested_since: float | None = None


def home() -> Path:
    """Where the install command puts the backend: a short path, since Windows allows 260 characters in all."""
    return Path.home() / "texnet-backend"


def find_backends() -> list[Path]:
    """Pythons beside a `texnet` on PATH and in the usual places, the likeliest first."""
    folders = [home()]
    if command := shutil.which("texnet"):
        folders.insert(0, Path(command).resolve().parent.parent)
        folders.insert(0, Path(command).parent.parent)
    if active := os.environ.get("VIRTUAL_ENV"):
        folders.append(Path(active))
    folders += [
        Path.home() / "pipx" / "venvs" / "texnet",
        Path.home() / ".local" / "share" / "pipx" / "venvs" / "texnet",
    ]
    folders += [Path.home() / name / "envs" / "texnet" for name in ("miniconda3", "anaconda3", "miniforge3")]
    found = []
    for folder in folders:
        for python in (folder / _PYTHON, folder / "python.exe"):  # conda on Windows has it on top
            if python.is_file() and python not in found and _has_texnet(folder):
                found.append(python)
    return found


def install_command(wheel: Path | None) -> str:
    """What makes a backend, to be pasted into a terminal.

    Args:
        wheel: the core's wheel as the add-on brings it, so that both are of one version; None where it is missing.
    """
    package = f"{wheel}[train,heif]" if wheel else "texnet[train,heif]"
    quote = subprocess.list2cmdline if _WINDOWS else shlex.join
    make = quote([sys.executable, "-m", "venv", "--clear", str(home())])
    install = quote([str(home() / _PYTHON), "-m", "pip", "install", "--upgrade", package])
    return f"{make} && {install}"


def bundled_wheel() -> Path | None:
    """The core's wheel inside the installed add-on."""
    return next(iter(sorted((Path(__file__).parent / "wheels").glob("texnet-*.whl"))), None)


def _has_texnet(folder: Path) -> bool:
    packages = ("lib/python*/site-packages", "Lib/site-packages")
    return any(next(folder.glob(f"{place}/texnet-*.dist-info"), None) for place in packages)
