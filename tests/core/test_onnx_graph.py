import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from tests.conftest import random_artefact
from texnet_core.architecture import halos, noise_windows
from texnet_core.engines.onnx_graph import OUTPUT, build_model, noise_input
from texnet_core.engines.torch_engine import TorchEngine
from texnet_core.noise import NoisePlane


@pytest.mark.parametrize("levels", [1, 2, 6])
def test_onnx_accepts_the_model_and_infers_its_shapes(levels):
    model = onnx.load_from_string(build_model(random_artefact(levels)))
    onnx.checker.check_model(model, full_check=True)


def test_onnxs_own_evaluator_makes_the_same_picture():
    """ONNX's reference implementation in plain NumPy, which shares nothing with ONNX Runtime."""
    artefact = random_artefact(3)
    plane = NoisePlane(1, 3, 32, 32)
    windows = noise_windows(halos(artefact.settings), 0, 0, 16, 16)
    noise = {noise_input(window[0]): plane.window(*window)[None] for window in windows}
    (maps,) = ReferenceEvaluator(onnx.load_from_string(build_model(artefact))).run([OUTPUT], noise)
    expected = TorchEngine(artefact, "cpu").block(plane, 0, 0, 16, 16)
    np.testing.assert_allclose(maps[0].transpose(1, 2, 0), expected, atol=1e-5)
