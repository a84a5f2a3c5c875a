"""The add-on's tests on other versions of Blender: `python -m tests.blender.versions [VERSION...] [FILE...]`.

Each version is a `bpy` wheel in an environment of its own, kept in .venv. A version whose Python is not on this
computer is left out, and the last line says so. As many versions as there are cores are tested at once, each in one
process, since the zip is built and installed once a process. Tests that are marked `once` are left out.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PYTHONS = {"4.2.0": "3.11", "4.5.15": "3.11", "5.0.1": "3.11", "5.2.3": "3.13"}


def main() -> None:
    wanted = [word for word in sys.argv[1:] if word in PYTHONS] or list(PYTHONS)
    tests = [word for word in sys.argv[1:] if word not in PYTHONS] or ["tests/blender"]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        outcomes = dict(zip(wanted, threads.map(partial(_test, tests), wanted), strict=True))
    print("; ".join(f"Blender {version}: {outcome}" for version, outcome in outcomes.items()))  # noqa: T201
    sys.exit("failed" in outcomes.values())


def _test(tests: list[str], version: str) -> str:
    """Test one version and say how it went."""
    found = _python(PYTHONS[version])
    if found is None:
        return f"left out, no Python {PYTHONS[version]}"
    folder = ROOT / ".venv" / f"bpy-{version}"
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        subprocess.run([found, "-m", "venv", "--clear", folder], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, f"bpy=={version}"], check=True)
        (folder / "installed").touch()
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-m", "not once", "-p", "no:cacheprovider", *tests]
    environment = os.environ | {"TEXNET_BPY_PYTHON": str(python)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    print(f"== Blender {version}\n{done.stdout}", flush=True)  # noqa: T201
    return "failed" if done.returncode else "passed"


def _python(version: str) -> str | None:
    """A Python of that version that really runs, be it this one or one on PATH."""
    here = sys.executable if version == "{}.{}".format(*sys.version_info) else None
    folders = os.environ.get("PATH", "").split(os.pathsep)
    candidates = [here] + [os.path.join(folder, f"python{version}") for folder in folders]
    for candidate in filter(None, candidates):
        if os.path.exists(candidate) and subprocess.run([candidate, "-c", ""], capture_output=True).returncode == 0:
            return candidate
    return None


if __name__ == "__main__":
    main()
