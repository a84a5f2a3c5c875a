"""The network that tells height, roughness and occlusion: the light descriptor, and a reading of its layers.

Each layer goes through a linear reading of its own at its own scale. The readings are added from the coarsest to the
finest, and two more layers of 1x1 make the maps of their sum: a fine line means one thing in a wall of bricks and
another in sand. Only what comes after the descriptor is learned here, by `build_derivation.py`. No torch here.

Source: readings of all layers at each texel after Hariharan et al. 2015, "Hypercolumns for Object Segmentation and
Fine-grained Localization" (arXiv 1411.5752). Differs: the descriptor is small and stays as it ships.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from texnet_core.derivation.surroundings import window
from texnet_core.descriptor.light_file import ALL_LAYERS, BLOCKS, COMPONENTS, light_parameters
from texnet_core.descriptor.shipped import read_shipped
from texnet_core.engines import available_cores
from texnet_core.errors import EngineError
from texnet_core.mapset import FloatArray
from texnet_core.model.families.described import PREFIX, describe
from texnet_core.model.graph import Graph, GraphBuilder, inference_form

FILE = Path(__file__).with_name("readings.safetensors")

# Layer -> how many of its components are read, the leading ones.
READ = dict(zip(COMPONENTS, (6, 12, 20, 20, 32, 32, 48, 48), strict=True))
HIDDEN = 96  # channels of the sum of the readings, and of the layer behind it
SLOPE = 0.1  # of what is negative in both
OUTPUTS = 3  # height in texels, roughness, ambient occlusion
OFFSETS = (0.0, 0.6, 0.88)  # what is added to them: means of measured maps

_IMAGE = "image"
_BLOCK = 384  # texels a side that are read at once


def reading_graph() -> Graph:
    """The network over "image", sRGB in [0, 1]."""
    builder = GraphBuilder()
    image = builder.input(_IMAGE, 3, 0)
    layers = describe(builder, replace(ALL_LAYERS, heads=tuple(READ.values())), image, "picture", len(READ))
    scales = [scale for scale, (_, names) in enumerate(BLOCKS) for name in names if name]
    total, level = "", max(scales)
    for layer, name, scale in reversed(list(zip(layers, READ, scales, strict=True))):
        if scale < level:
            total, level = builder.blur(builder.upsample(total)), scale
        part = builder.convolution(layer, f"reading.{name}", HIDDEN, 1)
        total = builder.add(total, part, f"sum.{name}") if total else part
    total = builder.add(total, builder.convolution(image, "reading.colors", HIDDEN, 1), "sum.colors")
    hidden = builder.convolution(builder.leaky_relu(total, SLOPE), "hidden", HIDDEN, 1)
    builder.convolution(builder.leaky_relu(hidden, SLOPE), "maps", OUTPUTS, 1)
    return builder.graph()


def own_shapes() -> dict[str, tuple[int, ...]]:
    """Name -> shape of the parameters that are learned here."""
    shapes = reading_graph().parameter_shapes
    return {name: shape for name, shape in shapes.items() if not name.startswith(PREFIX)}


def read_readings(file: Path = FILE) -> dict[str, FloatArray]:
    """Read and check what was learned, float32.

    Raises:
        WeightsError: the file is missing, damaged, or of another network.
    """
    return read_shipped(file, own_shapes(), "which tells maps from colors")


def read_from_colors(image: FloatArray, wraps: bool) -> FloatArray:
    """What the network says of a picture, the same for any number of threads.

    Args:
        image: (height, width, 3) sRGB in [0, 1]. Where it wraps, its sides are multiples of 16.
        wraps: whether it goes on at the other side; else its mirror image goes on.

    Returns:
        (height, width, `OUTPUTS`): height in texels, and roughness and ambient occlusion, not clipped.

    Raises:
        EngineError: onnxruntime failed.
    """
    graph, session = _opened()
    height, width = image.shape[:2]
    result = np.empty((height, width, OUTPUTS), np.float32)
    cell = graph.cell_texels
    for top in range(0, height, _BLOCK):
        for left in range(0, width, _BLOCK):
            rows, columns = min(_BLOCK, height - top), min(_BLOCK, width - left)
            (seen,) = graph.windows(top, left, -(-rows // cell) * cell, -(-columns // cell) * cell)
            part = window(image, seen.top, seen.left, seen.height, seen.width, wraps)
            made = _run(session, np.ascontiguousarray(part.transpose(2, 0, 1)[None]))
            result[top : top + rows, left : left + columns] = made[0, :, :rows, :columns].transpose(1, 2, 0)
    return result + np.array(OFFSETS, np.float32)


@cache
def _opened() -> tuple[Graph, Any]:
    """The graph, and its session; both stay for the next picture."""
    from texnet_core.engines.onnx_engine import opened_for_one_run
    from texnet_core.engines.onnx_graph import build_model

    graph = inference_form(reading_graph())
    parameters = _descriptor() | read_readings()
    return graph, opened_for_one_run(build_model(graph, parameters), available_cores())


def _descriptor() -> dict[str, FloatArray]:
    """The light descriptor's own parameters, of heads those of the components that are read."""
    parameters = light_parameters(READ)
    for number, count in enumerate(READ.values()):
        for kind in ("weight", "bias"):
            name = f"{PREFIX}head{number}.{kind}"
            parameters[name] = np.ascontiguousarray(parameters[name][:count])
    return parameters


def _run(session: Any, image: FloatArray) -> FloatArray:
    from texnet_core.engines.onnx_graph import OUTPUT

    try:
        made: FloatArray = session.run([OUTPUT], {_IMAGE: image})[0]
    except Exception as error:  # its errors share no base class of their own
        raise EngineError(
            f"ONNX Runtime failed ({error})", expected="maps", remedy="free some memory and try again"
        ) from error
    return made
