"""Guards of the architecture at run time; import-linter guards the source."""

import subprocess
import sys

import pytest

ENGINES = {"torch", "onnxruntime", "openvino"}
HEAVY = ENGINES | {"bpy", "torchvision", "PIL", "safetensors", "tifffile", "OpenEXR", "platformdirs"}
HEAVY |= {"dask", "distributed", "zarr"}


def test_the_tests_have_every_engine():
    """Properties of engines are shown for those that are installed."""
    from tests.conftest import ENGINES as installed

    assert set(installed) == {"onnx", "openvino", "torch"}


def modules_after(statement):
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("statement", ["import texnet_core", "import train_cli.main", "import texnet_core.worker"])
def test_nothing_heavy_is_imported_before_it_is_used(statement):
    assert not HEAVY & modules_after(statement)


def test_synthesis_with_onnx_never_imports_torch(artifact_file):
    request = "t.TextureRequest(width=64, height=64, engine='onnx')"
    statement = f"import texnet_core as t; t.synthesize(t.read_artifact({str(artifact_file)!r}), {request})"
    modules = modules_after(statement)
    assert "onnxruntime" in modules and not {"torch", "openvino", "PIL"} & modules


def test_vgg19_never_imports_torchvision():
    assert "torchvision" not in modules_after("import texnet_core.training, texnet_core.descriptor.vgg19")


def test_what_teaches_the_light_descriptor_is_used_by_its_build_script_alone():
    modules = modules_after("import texnet_core.training, texnet_core.optimization, texnet_core.worker.train")
    assert not {"texnet_core.descriptor.distillation", "texnet_core.descriptor.lessons"} & modules


@pytest.mark.parametrize(("engine", "package"), [("onnx", "onnxruntime"), ("openvino", "openvino"), ("torch", "torch")])
def test_a_missing_or_broken_engine_is_explained(artifact, monkeypatch, engine, package):
    """None in sys.modules makes an import fail as a missing package does."""
    from texnet_core import open_engine
    from texnet_core.errors import EngineError

    monkeypatch.setitem(sys.modules, package, None)
    for module in ("onnx_engine", "openvino_engine", "torch_engine"):
        monkeypatch.delitem(sys.modules, f"texnet_core.engines.{module}", raising=False)
    with pytest.raises(EngineError, match=f"the {engine} engine needs {package}, which is not installed"):
        open_engine(artifact, engine)
