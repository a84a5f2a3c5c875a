"""Build the Blender extension: one zip with the add-on, the core and ONNX Runtime as wheels.

    python build_addon.py                                   for this platform
    python build_addon.py --platform windows-x64            for another one
    python build_addon.py --python 3.11                     for one Python version of Blender only

Wheels come from the package index at the versions of constraints.txt. The zip is made and validated by Blender's
own extension tool, which is found in a `bpy` wheel of this Python or in a `blender` on PATH.
"""

import argparse
import importlib.util
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ADDON = ROOT / "blender_addon"

# Blender's name of a platform -> the tags of wheels that run there.
PLATFORMS = {
    "linux-x64": ["manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"],
    "windows-x64": ["win_amd64"],
    "macos-arm64": ["macosx_14_0_arm64", "macosx_13_0_arm64", "macosx_12_0_arm64", "macosx_11_0_arm64"],
}
PYTHONS = ("3.11", "3.13")  # Blender 4.2 to 5.0, and from 5.1
MANUAL = ("addon", "backend", "scripting", "training", "tutorial")  # pages of docs/
# What the worker imports beside NumPy, which Blender has. ONNX Runtime's other requirements serve its tools only.
BUNDLED = ("onnxruntime", "safetensors")


def main() -> None:
    """Parse the command line and build."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--platform", choices=[*PLATFORMS, "all"], default=_this_platform(), help="default: %(default)s"
    )
    parser.add_argument("--python", action="append", metavar="X.Y", help=f"default: {' and '.join(PYTHONS)}")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", metavar="FOLDER", help="default: dist")
    arguments = parser.parse_args()
    pythons = tuple(arguments.python or PYTHONS)
    if arguments.platform not in (*PLATFORMS, "all"):
        known = ", ".join(PLATFORMS)
        raise SystemExit(f"build_addon: no zip can be built for {arguments.platform}; choose --platform from {known}")
    for name in PLATFORMS if arguments.platform == "all" else [arguments.platform]:
        path = build(name, pythons, arguments.output)
        print(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB)")


def build(platform_name: str, pythons: tuple[str, ...], output: Path) -> Path:
    """Build and validate the zip for one platform.

    Args:
        platform_name: a key of PLATFORMS.
        pythons: Python versions whose wheels go in, "3.11".
        output: folder for the zip; made if missing.
    """
    output.mkdir(parents=True, exist_ok=True)
    path = output / f"texnet-{_version()}-{platform_name}.zip"
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder) / "texnet"
        shutil.copytree(ADDON, stage, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "LICENSE", stage)
        _copy_manual(stage / "manual")
        wheels = stage / "wheels"
        _build_core(wheels)
        for python in pythons:
            _download(wheels, platform_name, python)
        _let_oldest_python_win(wheels, pythons)
        _complete_manifest(stage, platform_name, sorted(wheels.iterdir()))
        _blender("build", "--source-dir", str(stage), "--output-filepath", str(path))
    _blender("validate", str(path))
    return path


def _copy_manual(folder: Path) -> None:
    """The pages about Blender, as plain text, which every browser and every editor shows."""
    folder.mkdir()
    for page in MANUAL:
        shutil.copy(ROOT / "docs" / f"{page}.md", folder / f"{page}.txt")


def _build_core(wheels: Path) -> None:
    """The core's wheel, from a copy of the source so that no build folders are left in the checkout."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "texnet"
        source.mkdir()
        for name in ("texnet_core", "train_cli"):
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, source)
        _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels), str(source))


def _download(wheels: Path, platform_name: str, python: str) -> None:
    tags = [word for tag in PLATFORMS[platform_name] for word in ("--platform", tag)]
    pinned = [f"{name}=={_pinned(name)}" for name in BUNDLED]
    options = ["--quiet", "--no-deps", "--only-binary=:all:", "--python-version", python, *tags, "--dest", str(wheels)]
    _run(sys.executable, "-m", "pip", "download", *options, *pinned)


def _let_oldest_python_win(wheels: Path, pythons: tuple[str, ...]) -> None:
    """Rename wheels so that one zip serves Blenders that choose wheels by Python version and those that do not.

    Blender 4.2 takes, of several wheels of a package and version, the one whose file name sorts last. A build tag
    (a digit after the version, as the wheel format allows) makes the others sort before the oldest Python's, which
    is the Python of all these Blenders. Later ones look at the Python tag first.
    """
    oldest = min(pythons, key=_as_numbers)
    for python in set(pythons) - {oldest}:
        tag = f"-cp{python.replace('.', '')}-"
        for wheel in wheels.glob(f"*{tag}cp*"):
            wheel.rename(wheel.with_name(wheel.name.replace(tag, f"-0{tag}", 1)))


def _as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _complete_manifest(stage: Path, platform_name: str, wheels: list[Path]) -> None:
    manifest = stage / "blender_manifest.toml"
    lines = [f'platforms = ["{platform_name}"]', "wheels = ["]
    lines += [f'    "./wheels/{wheel.name}",' for wheel in wheels] + ["]"]
    marker = "# build_addon.py writes `platforms` and `wheels` below."
    text = manifest.read_text()
    if marker not in text:
        raise SystemExit(f"build_addon: {manifest} has no line {marker!r}; restore it")
    manifest.write_text(text.replace(marker, "\n".join(lines)))


def _version() -> str:
    """The project's version, which the manifest must share."""
    versions = {
        name: re.search(r'^version = "(.+)"$', (ROOT / name).read_text(), re.MULTILINE)
        for name in ("pyproject.toml", "blender_addon/blender_manifest.toml")
    }
    found = {name: match.group(1) if match else None for name, match in versions.items()}
    if len(set(found.values())) != 1 or None in found.values():
        raise SystemExit(f"build_addon: the versions {found} differ; make them equal")
    return str(found["pyproject.toml"])


def _pinned(name: str) -> str:
    match = re.search(rf"^{name}==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    if match is None:
        raise SystemExit(f"build_addon: constraints.txt has no version of {name}; add one")
    return match.group(1)


def _blender(*arguments: str) -> None:
    """Run Blender's extension tool, from the bpy wheel (no Blender needed) or from a Blender."""
    spec = importlib.util.find_spec("bpy")
    scripts = list(Path(spec.origin).parent.glob("**/bl_pkg/cli/blender_ext.py")) if spec and spec.origin else []
    if scripts:
        _run(sys.executable, str(scripts[0]), *arguments)
    elif blender := shutil.which("blender"):
        _run(blender, "--command", "extension", *arguments)
    else:
        raise SystemExit(
            "build_addon: neither bpy nor blender is installed; run: pip install -c constraints.txt '.[blender]'"
        )


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"build_addon: {' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def _this_platform() -> str:
    system = {"Linux": "linux", "Windows": "windows", "Darwin": "macos"}.get(platform.system(), platform.system())
    machine = {"x86_64": "x64", "AMD64": "x64", "arm64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{system}-{machine}"


if __name__ == "__main__":
    main()
