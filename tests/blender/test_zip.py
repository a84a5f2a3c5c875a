"""The zip: what is in it, and that nothing else is used."""

import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_zip_holds_the_add_on_and_its_wheels(extension_zip):
    names = zipfile.ZipFile(extension_zip).namelist()
    wheels = [name for name in names if name.endswith(".whl")]
    assert {Path(name).name.partition("-")[0] for name in wheels} == {"onnxruntime", "safetensors", "texnet"}
    assert "blender_manifest.toml" in names and "__init__.py" in names and "LICENSE" in names
    assert extension_zip.stat().st_size < 60e6


def test_the_core_brings_what_it_reads(extension_zip):
    """A backend may run the core from here and trains through the light descriptor, which instant looks through too."""
    with zipfile.ZipFile(extension_zip) as extension:
        (core,) = [name for name in extension.namelist() if Path(name).name.startswith("texnet-")]
        with extension.open(core) as wheel, zipfile.ZipFile(wheel) as opened:
            names = set(opened.namelist())
    needed = {"descriptor/light.safetensors", "presets/moss.texnet", "presets/networks/instant.texnet"}
    assert {f"texnet_core/{name}" for name in needed} <= names


def test_the_core_comes_from_the_zip(blender):
    (path,) = blender(
        """
        import importlib.util
        answer(importlib.util.find_spec("texnet_core").origin)
        """
    )
    assert "extensions" in path and str(ROOT) not in path


def test_nothing_is_imported_from_the_current_folder(blender, artifact_file, tmp_path):
    (tmp_path / "onnxruntime.py").write_text("raise SystemExit('a stranger was here')")
    (result,) = blender(
        """
        module("worker_client").stop_all()  # the next one starts here
        os.chdir(values["folder"])
        answer(list(bpy.ops.texnet.generate(source=values["source"], width=64, height=64)))
        """,
        source=str(artifact_file),
        folder=str(tmp_path),
    )
    assert result == ["FINISHED"]


def test_blenders_process_loads_no_engine(blender, artifact_file):
    (loaded,) = blender(
        """
        bpy.ops.texnet.generate(source=values["source"], width=64, height=64)
        module("preview_jobs").make(module("request").TextureRequest(values["source"]))
        answer([name for name in ("torch", "onnxruntime", "openvino") if name in sys.modules])
        """,
        source=str(artifact_file),
    )
    assert loaded == []
