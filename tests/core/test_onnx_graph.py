"""The ONNX models, held against ONNX's own checker and reference evaluator."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from tests.conftest import ENGINES, random_artifact
from texnet_core.engines import NO_CONSTANTS, inputs_of_block
from texnet_core.engines.bf16 import with_bf16
from texnet_core.engines.fusion import fused
from texnet_core.engines.onnx_graph import OUTPUT, build_model, build_product
from texnet_core.engines.torch_engine import TorchEngine
from texnet_core.model.artifact import without_clamps
from texnet_core.model.graph import inference_form
from texnet_core.model.nodes import Convolution, UpsamplingConvolution


def plain_form(artifact):
    return inference_form(artifact.graph), artifact.parameters


def fused_form(artifact):
    return fused(*plain_form(artifact))


def evaluated(artifact, form):
    """A block by ONNX's reference implementation in plain NumPy, which shares nothing with ONNX Runtime."""
    given = inputs_of_block(inference_form(artifact.graph), artifact.design.input_plane(1, 32, 32), BLOCK, NO_CONSTANTS)
    (maps,) = ReferenceEvaluator(onnx.load_from_string(build_model(*form(artifact)))).run([OUTPUT], given)
    return maps[0].transpose(1, 2, 0)


BLOCK = (0, 0, 16, 16)


@pytest.mark.parametrize("form", [plain_form, fused_form])
@pytest.mark.parametrize("levels", [1, 2, 6])
def test_onnx_accepts_the_model_and_infers_its_shapes(levels, form):
    model = onnx.load_from_string(build_model(*form(random_artifact(levels))))
    onnx.checker.check_model(model, full_check=True)


def test_onnxs_own_evaluator_makes_the_same_image():
    artifact = random_artifact(3)
    expected = TorchEngine(artifact, "cpu", "f32", 1).block(artifact.design.input_plane(1, 32, 32), *BLOCK)
    np.testing.assert_allclose(evaluated(artifact, plain_form), expected, atol=1e-5)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_the_fused_model_is_the_same_function(levels):
    artifact = random_artifact(levels)
    np.testing.assert_allclose(evaluated(artifact, fused_form), evaluated(artifact, plain_form), atol=1e-5)


@pytest.mark.parametrize("detail_levels", [0, 1, 2])
def test_bfloat16_enters_where_it_is_asked_for_and_nowhere_else(detail_levels):
    """Each convolution reads and multiplies in one format; ONNX's inference of types finds any that mixes them."""
    artifact = random_artifact(4, detail_levels=detail_levels)
    graph, parameters = fused(with_bf16(inference_form(artifact.graph)), artifact.parameters)
    asked = {node.name for kind in (Convolution, UpsamplingConvolution) for node in graph.of(kind) if node.bf16}
    model = onnx.shape_inference.infer_shapes(onnx.load_from_string(build_model(graph, parameters)), strict_mode=True)
    formats = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    low = {name for name, kind in formats.items() if kind == onnx.TensorProto.BFLOAT16}
    assert {name.removesuffix(".weight.bf16") for name in low if name.endswith(".weight.bf16")} == asked and asked
    assert low == {name for name in formats if name.endswith(".bf16")}
    (output,) = model.graph.output
    assert output.type.tensor_type.elem_type == onnx.TensorProto.FLOAT


@pytest.mark.skipif("openvino" not in ENGINES, reason="needs openvino")
@pytest.mark.parametrize("detail_levels", [0, 1, 2])
def test_openvino_reads_bfloat16_on_every_processor(detail_levels):
    """With two levels of detail the same small filter works in both formats."""
    import openvino

    artifact = random_artifact(4, detail_levels=detail_levels)
    graph, parameters = fused(with_bf16(inference_form(artifact.graph)), artifact.parameters)
    model = openvino.Core().read_model(build_model(graph, parameters))
    assert model.output(OUTPUT).get_element_type() == openvino.Type.f32


def test_bfloat16_constants_are_rounded_to_nearest():
    import torch

    artifact = random_artifact(2)
    graph = with_bf16(inference_form(artifact.graph))
    model = onnx.load_from_string(build_model(graph, artifact.parameters))
    name = next(conv.name for conv in graph.of(Convolution) if conv.bf16) + ".weight"
    (weight,) = (tensor for tensor in model.graph.initializer if tensor.name == f"{name}.bf16")
    bits = np.frombuffer(weight.raw_data, np.uint16).astype(np.uint32) << 16
    expected = torch.from_numpy(artifact.parameters[name]).bfloat16().float().numpy()
    np.testing.assert_array_equal(bits.view(np.float32), expected.ravel())


def test_the_yardstick_multiplies_matrices():
    a, b = np.random.default_rng(0).random((2, 8, 8), np.float32)
    (c,) = ReferenceEvaluator(onnx.load_from_string(build_product(b))).run(None, {"a": a})
    np.testing.assert_allclose(c, a @ b, rtol=1e-5)


@pytest.mark.parametrize("form", [plain_form, fused_form])
def test_the_models_know_the_activation_clamps(form):
    artifact = random_artifact(3)
    lifted = replace(artifact, parameters=artifact.parameters | without_clamps(artifact.graph))
    assert np.abs(evaluated(artifact, form) - evaluated(lifted, form)).max() > 0.01
