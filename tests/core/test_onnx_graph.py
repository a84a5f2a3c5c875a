from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator
from texnet_core.model.architecture import ceiling_shapes, halos, noise_windows

from tests.conftest import random_artifact
from texnet_core.engines.fusion import bf16_convolutions
from texnet_core.engines.onnx_graph import OUTPUT, build_fused_model, build_model, build_product, noise_input
from texnet_core.engines.torch_engine import TorchEngine
from texnet_core.model.artifact import without_ceilings
from texnet_core.model.noise import NoisePlane


@pytest.mark.parametrize("levels", [1, 2, 6])
def test_onnx_accepts_the_model_and_infers_its_shapes(levels):
    model = onnx.load_from_string(build_model(random_artifact(levels)))
    onnx.checker.check_model(model, full_check=True)


def test_onnxs_own_evaluator_makes_the_same_picture():
    """ONNX's reference implementation in plain NumPy, which shares nothing with ONNX Runtime."""
    artifact = random_artifact(3)
    plane = NoisePlane(1, 3, 32, 32)
    windows = noise_windows(halos(artifact.settings), 0, 0, 16, 16)
    noise = {noise_input(window[0]): plane.window(*window)[None] for window in windows}
    (maps,) = ReferenceEvaluator(onnx.load_from_string(build_model(artifact))).run([OUTPUT], noise)
    expected = TorchEngine(artifact, "cpu", "f32", 1).block(plane, 0, 0, 16, 16)
    np.testing.assert_allclose(maps[0].transpose(1, 2, 0), expected, atol=1e-5)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_the_fused_model_is_the_same_function(levels):
    artifact = random_artifact(levels)
    plane = NoisePlane(1, 3, 32, 32)
    noise = {
        noise_input(window[0]): plane.window(*window)[None]
        for window in noise_windows(halos(artifact.settings), 0, 0, 16, 16)
    }
    plain, fused = (
        ReferenceEvaluator(onnx.load_from_string(build(artifact))).run([OUTPUT], noise)[0]
        for build in (build_model, build_fused_model)
    )
    np.testing.assert_allclose(fused, plain, atol=1e-5)


def test_bfloat16_enters_where_it_is_asked_for_and_nowhere_else():
    """Each convolution reads and multiplies in one format; ONNX's inference of types finds any that mixes them."""
    artifact = random_artifact(4)
    asked = bf16_convolutions(artifact.settings)
    model = onnx.shape_inference.infer_shapes(
        onnx.load_from_string(build_fused_model(artifact, asked)), strict_mode=True
    )
    ceilings = ceiling_shapes(artifact.settings)  # which are in the format of the features that they bound
    formats = {tensor.name: tensor.data_type for tensor in model.graph.initializer if tensor.name not in ceilings}
    low = {name.rpartition(".")[0] for name, kind in formats.items() if kind == onnx.TensorProto.BFLOAT16}
    assert low == asked
    (output,) = model.graph.output
    assert output.type.tensor_type.elem_type == onnx.TensorProto.FLOAT


def test_bfloat16_constants_are_rounded_to_nearest():
    import torch

    artifact = random_artifact(2)
    model = onnx.load_from_string(build_fused_model(artifact, frozenset({"output"})))
    (weight,) = (tensor for tensor in model.graph.initializer if tensor.name == "output.weight")
    bits = np.frombuffer(weight.raw_data, np.uint16).astype(np.uint32) << 16
    expected = torch.from_numpy(artifact.parameters["output.weight"]).bfloat16().float().numpy()
    np.testing.assert_array_equal(bits.view(np.float32), expected.ravel())


def test_the_yardstick_multiplies_matrices():
    a, b = np.random.default_rng(0).random((2, 8, 8), np.float32)
    (c,) = ReferenceEvaluator(onnx.load_from_string(build_product(b))).run(None, {"a": a})
    np.testing.assert_allclose(c, a @ b, rtol=1e-5)


@pytest.mark.parametrize("build", [build_model, build_fused_model])
def test_the_models_know_the_ceilings(build):
    artifact = random_artifact(3)
    lifted = replace(artifact, parameters=artifact.parameters | without_ceilings(artifact.settings))
    plane = NoisePlane(1, 3, 32, 32)
    windows = noise_windows(halos(artifact.settings), 0, 0, 16, 16)
    noise = {noise_input(window[0]): plane.window(*window)[None] for window in windows}
    below, free = (
        ReferenceEvaluator(onnx.load_from_string(build(generator))).run([OUTPUT], noise)[0]
        for generator in (artifact, lifted)
    )
    assert np.abs(below - free).max() > 0.01
