"""What predicts the code of a texture from statistics of an exemplar: three linear layers with layer norms. No torch.

x = (statistics - mean) / deviation, held within 5
twice:  x = SiLU(layer norm(linear(x)))
code = layer norm(linear(x))
"""

import numpy as np

from texnet_core.mapset import FloatArray
from texnet_core.model.parameters import Parameters

LAYERS = 3
FARTHEST = 5.0  # deviations from the mean
EPSILON = 1e-5  # of the layer norms


def predicted_code(parameters: Parameters, statistics: FloatArray) -> FloatArray:
    """The code of a texture.

    Args:
        parameters: of the network, as `conditional.predictor_shapes` names them.
        statistics: see `exemplar_statistics.statistics_of`.
    """
    value = (statistics - parameters["predictor.mean"]) / parameters["predictor.deviation"]
    value = value.clip(-FARTHEST, FARTHEST)
    for number in range(LAYERS):
        weight, bias, scale, shift = (
            parameters[f"predictor.{number}.{kind}"] for kind in ("weight", "bias", "norm.weight", "norm.bias")
        )
        value = weight @ value + bias
        value = (value - value.mean()) / np.sqrt(value.var() + EPSILON) * scale + shift
        if number < LAYERS - 1:
            value = value / (1 + np.exp(-value))
    code: FloatArray = value.astype(np.float32)
    return code
