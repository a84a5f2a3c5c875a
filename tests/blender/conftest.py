"""A Blender that has the built zip installed, in processes of its own."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Another Python with another bpy wheel and nothing else needed: tests one version of Blender after the other.
BPY_PYTHON = os.environ.get("TEXNET_BPY_PYTHON", sys.executable)

BLENDERS_OWN_PACKAGES = (
    "bpy",
    "numpy",
    "numpy.libs",
    "requests",
    "urllib3",
    "idna",
    "certifi",
    "charset_normalizer",
    "zstandard",
)

PRELUDE = """
    import json, os, sys, bpy
    values = json.loads(sys.argv[1])
    def answer(value):
        print("ANSWER", json.dumps(value), flush=True)
    def module(name):
        return sys.modules[f"bl_ext.user_default.texnet.{name}"]
    def textures():
        return sorted(image.name for image in bpy.data.images if "texnet" in image)
    def error_of(operator, **options):
        try:
            operator(**options)
        except RuntimeError as error:
            return str(error).strip()
    try:
        # the bpy module starts with factory settings, in which no extension is enabled
        bpy.ops.preferences.addon_enable(module="bl_ext.user_default.texnet")
    except RuntimeError:
        assert "zip" in values, "the extension is not installed"
    """

# bpy 4.2 crashes while it ends once any operator written in Python is registered, so its processes end by themselves.
EPILOGUE = """
    sys.stdout.flush()
    os._exit(0)
    """


def _facts() -> dict:
    """Version of Python and place of bpy, {} where there is none."""
    code = "import json, sys, importlib.util as u; s = u.find_spec('bpy')\n"
    code += "print(json.dumps({'python': '%d.%d' % sys.version_info[:2], 'bpy': s and s.origin}))"
    done = subprocess.run([BPY_PYTHON, "-c", code], capture_output=True, text=True)
    facts = json.loads(done.stdout) if done.returncode == 0 else {}
    return facts if facts.get("bpy") else {}


def pytest_collection_modifyitems(items):
    if not _facts():
        for item in items:
            if Path(item.path).parent == Path(__file__).parent:
                item.add_marker(pytest.mark.skip(reason=f"needs a bpy wheel, which {BPY_PYTHON} has not"))


@pytest.fixture(scope="session")
def extension_zip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, str(ROOT / "build_addon.py"), "--python", _facts()["python"], "--output", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.zip")
    return path


@pytest.fixture(scope="session")
def blender(extension_zip, tmp_path_factory):
    """Runs a script in a Blender that has the extension installed; what it passes to `answer` comes back."""
    home = tmp_path_factory.mktemp("blender")
    packages = tmp_path_factory.mktemp("packages")
    installed = Path(_facts()["bpy"]).parents[1]
    for name in BLENDERS_OWN_PACKAGES:
        if (installed / name).exists():
            (packages / name).symlink_to(installed / name)
    environment = os.environ | {"BLENDER_USER_RESOURCES": str(home), "PYTHONPATH": str(packages)}

    def run(script, environment_too=None, **values):
        code = textwrap.dedent(PRELUDE) + textwrap.dedent(script) + textwrap.dedent(EPILOGUE)
        # -S: the packages of this environment stay out of reach, so that what is imported came with the zip
        command = [BPY_PYTHON, "-S", "-c", code, json.dumps(values)]
        everything = environment | (environment_too or {})
        done = subprocess.run(command, capture_output=True, text=True, env=everything, cwd=home, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(line[7:]) for line in done.stdout.splitlines() if line.startswith("ANSWER ")]

    run.home = home
    (result,) = run(
        """
        answer(list(bpy.ops.extensions.package_install_files(
            filepath=values["zip"], repo="user_default", enable_on_install=False)))
        """,
        zip=str(extension_zip),
    )
    assert result == ["FINISHED"]
    return run
