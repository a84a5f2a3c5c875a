"""A network that adapts becomes a generator of one exemplar: all that is global is measured once, and frozen.

What is global in a Pseudo Optimizer are the differences of Gram matrices, which are then 1x1 convolutions, and the
norms, which are then folded into the convolutions before them. Both are measured on one period of noise. What is left
is a graph of convolutions like that of any generator. It takes onnxruntime and no torch.

Source: Shi & Qiao 2020. Differs: there, both are those of each picture that is made, so that a block of it depends on
all of it.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from texnet_core.engines.onnx_graph import OUTPUT, GraphWriter
from texnet_core.engines.whole_graph import WholeGraphWriter
from texnet_core.errors import ImageError
from texnet_core.instant.measuring import run_once, visible_shares
from texnet_core.instant.preparing import Announce, scaled
from texnet_core.mapset import HALF, FloatArray, Mask
from texnet_core.model import nodes
from texnet_core.model.artifact import Artifact, Provenance
from texnet_core.model.families.pseudo_optimizer import (
    PSEUDO_OPTIMIZER,
    START,
    PseudoOptimizerSettings,
    adapted_graph,
    change_name,
    description_graph,
)
from texnet_core.model.graph import Graph
from texnet_core.model.look import guess_look
from texnet_core.pictures.color import is_gray
from texnet_core.pictures.masks import too_few
from texnet_core.pictures.reading import texels_digest
from texnet_core.progress import ignore_note

TORUS = 256  # texels a side of the period that is measured
_FEWEST_POSITIONS = 4  # of a layer, that an exemplar must show

Matrices = npt.NDArray[np.float32]  # (matrices, channels, channels): plain, and shifted down and to the right


@dataclass(frozen=True)
class Measured:
    """What is global of a texture.

    Attributes:
        values: name -> array, as `WholeGraphWriter` returns them.
        maps: (side, side, channels) the period on which it was measured, not clipped.
    """

    values: dict[str, FloatArray]
    maps: FloatArray


def adapt_pseudo_optimizer(
    network: Artifact,
    exemplar: FloatArray,
    mask: Mask | None = None,
    *,
    torus: int = TORUS,
    announce: Announce = ignore_note,
) -> Artifact:
    """A generator of an exemplar, made by a network that adapts.

    Args:
        network: of the family `adaptive_pseudo_optimizer`.
        exemplar: (height, width, 3) sRGB in [0, 1]. Hidden texels have colors of visible ones.
        mask: (height, width), True where a texel takes part; None: all do.
        torus: texels a side of the period of noise on which norms and Gram matrices are measured, a multiple of the
            coarsest cell.
        announce: called with a sentence where the network was trained otherwise than it is run.

    Raises:
        ImageError: the exemplar is too small for what the network looks at, or too little of it is visible.
        EngineError: onnxruntime failed.
    """
    assert isinstance(network.settings, PseudoOptimizerSettings)
    if network.settings.padding == "zero":
        announce("this network has learned with zeros around its pictures, and is now run without edges")
    side = min(*exemplar.shape[:2], network.texels_per_exemplar)
    image, mask = scaled(exemplar, mask, side)
    network = _without_colors(network) if is_gray(image) else network
    measured = measure(network, exemplar_matrices(network, image, mask), torus)
    return replace(
        network,
        family=PSEUDO_OPTIMIZER.name,
        texels_per_exemplar=side,
        look=guess_look(image, mask),
        provenance=Provenance(exemplar_sha256=texels_digest(image, mask)),
        training={"network": network.provenance.exemplar, "torus": torus},
        quality={},
        preview_png=b"",
        parameters=frozen(network, measured),
    )


def _without_colors(network: Artifact) -> Artifact:
    """The network with the same in all channels: of the noise that it begins with, and of what each stage changes."""
    assert isinstance(network.settings, PseudoOptimizerSettings)
    changed = dict(network.parameters)
    for kind in ("weight", "bias"):
        changed[f"{START}.{kind}"] = np.repeat(changed[f"{START}.{kind}"][:1], network.design.channels, axis=0)
        for stage in range(1, 1 + len(network.settings.stages)):
            name = f"{change_name(stage)}.{kind}"
            changed[name] = np.repeat(changed[name].mean(0, keepdims=True), network.design.channels, axis=0)
    return replace(network, parameters=changed)


def exemplar_matrices(network: Artifact, image: FloatArray, mask: Mask | None) -> dict[str, Matrices]:
    """Layer -> Gram matrices of an exemplar, whose borders are left out.

    Raises:
        ImageError: too few of its positions can be seen.
    """
    settings = network.settings
    assert isinstance(settings, PseudoOptimizerSettings)
    graph, layers = description_graph(settings)
    shift = next(network.graph.of(nodes.GramGradient)).shift
    visible = visible_shares(graph, np.ones(image.shape[:2], bool) if mask is None else mask)
    for layer, name in layers.items():
        if (left := int((visible[name] >= HALF).sum()) if visible[name].size else 0) < _FEWEST_POSITIONS:
            if mask is not None:
                raise too_few(f"{left} places for {layer}", f"at least {_FEWEST_POSITIONS}")
            raise ImageError(
                f"the exemplar is too small for the network, with {image.shape[1]}x{image.shape[0]} texels",
                expected=f"{_FEWEST_POSITIONS} places of {layer}",
                remedy=f"take one of {network.texels_per_exemplar} texels a side or more",
            )
    writer = GraphWriter(graph, network.parameters)
    writer.write()
    for name in layers.values():
        if name != graph.output.name:
            writer.also_return(name)
    names = [OUTPUT if name == graph.output.name else name for name in layers.values()]
    found = run_once(writer, names, {"image": np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32)})
    return {
        layer: _matrices(features[0], visible[name] >= HALF, shift)
        for (layer, name), features in zip(layers.items(), found, strict=True)
    }


def measure(network: Artifact, targets: dict[str, Matrices], torus: int = TORUS) -> Measured:
    """Run a network over one period of noise, and see what is global of that."""
    writer = WholeGraphWriter(network.graph, network.parameters, torus, targets)
    writer.write()
    names = [f"{node.name}.{kind}" for node in network.graph.of(nodes.InstanceNorm) for kind in ("mean", "variance")]
    names += [f"{node.name}.difference" for node in network.graph.of(nodes.GramGradient)]
    noise = network.input_plane(0, torus, torus).window(0, 0, 0, torus, torus)
    maps, *values = run_once(writer, [OUTPUT, *names], {"noise": noise[None]})
    return Measured(dict(zip(names, values, strict=True)), maps[0].transpose(1, 2, 0))


def frozen(network: Artifact, measured: Measured) -> dict[str, FloatArray]:
    """The parameters of the graph that `adapted_graph` writes, float32."""
    assert isinstance(network.settings, PseudoOptimizerSettings)
    graph, values = network.graph, measured.values
    found = {name: network.parameters[name].copy() for name in network.graph.parameter_shapes}
    for conv in graph.of(nodes.Convolution):
        if not conv.biased:
            found[f"{conv.name}.bias"] = np.zeros(conv.channels, np.float32)
    for gradient in graph.of(nodes.GramGradient):
        kernel = _kernel(gradient, values[f"{gradient.name}.difference"])
        if gradient.averaged:
            kernel /= (len(measured.maps) >> gradient.level) ** 2
        found[f"{gradient.name}.weight"] = kernel / (size := float(np.abs(kernel).max()) or 1.0)
        found[f"{gradient.name}.bias"] = np.zeros(gradient.channels, np.float32)
        _rescale(graph, gradient, size, found)
    for norm in graph.of(nodes.InstanceNorm):
        mean, variance = (values[f"{norm.name}.{kind}"].ravel() for kind in ("mean", "variance"))
        scale = found[f"{norm.name}.scale"] / np.sqrt(variance + np.float32(norm.epsilon))
        _fold(graph, norm, scale, found[f"{norm.name}.shift"] - mean * scale, found)
    shapes = adapted_graph(network.settings, network.design.channels).parameter_shapes
    return {name: np.ascontiguousarray(found[name], np.float32) for name in shapes}


def _rescale(graph: Graph, gradient: nodes.GramGradient, size: float, found: dict[str, FloatArray]) -> None:
    """Give the convolution behind a gradient the size that was taken out of it, which float16 could not hold."""
    (reader,) = graph.consumers(gradient.name)
    first = 0
    if isinstance(reader, nodes.Concat):
        for name in reader.inputs[: reader.inputs.index(gradient.name)]:
            first += graph[name].channels
        (reader,) = graph.consumers(reader.name)
    found[f"{reader.name}.weight"][:, first : first + gradient.channels] *= np.float32(size)


def _fold(
    graph: Graph, norm: nodes.InstanceNorm, scale: FloatArray, shift: FloatArray, found: dict[str, FloatArray]
) -> None:
    """Fold a norm into the one or two convolutions whose sum it reads."""
    read = graph[norm.inputs[0]]
    convs = [graph[name] for name in read.inputs] if isinstance(read, nodes.Add) else [read]
    for number, conv in enumerate(convs):
        found[f"{conv.name}.weight"] *= scale[:, None, None, None]
        found[f"{conv.name}.bias"] = found[f"{conv.name}.bias"] * scale + (shift if number == 0 else 0)


def _kernel(gradient: nodes.GramGradient, difference: Matrices) -> FloatArray:
    """(channels, channels, kernel, kernel) that makes the gradient of features."""
    shift, channels = gradient.shift, gradient.channels
    kernel = np.zeros((channels, channels, 1 + 2 * shift, 1 + 2 * shift), np.float32)
    kernel[:, :, shift, shift] = 4 * difference[0]
    for axis, matrix in enumerate(difference[1:]):
        ahead, behind = ((2 * shift, shift), (0, shift)) if axis == 0 else ((shift, 2 * shift), (shift, 0))
        kernel[:, :, *ahead] += 2 * matrix
        kernel[:, :, *behind] += 2 * matrix.T
    return kernel


def _matrices(features: FloatArray, visible: Mask, shift: int) -> Matrices:
    """(matrices, channels, channels) of features (channels, h, w) that do not repeat, where they are visible."""
    found = [_gram(features, features, visible)]
    for axis in (1, 2) if shift else ():
        length = features.shape[axis] - (step := min(shift, features.shape[axis] - 1))
        first, second = (features.take(range(start, start + length), axis) for start in (0, step))
        both = [visible.take(range(start, start + length), axis - 1) for start in (0, step)]
        found.append(_gram(first, second, both[0] & both[1]))
    return np.stack(found)


def _gram(first: FloatArray, second: FloatArray, visible: Mask) -> FloatArray:
    here, there = first[:, visible], second[:, visible]
    product: FloatArray = here @ there.T / np.float32(max(1, here.shape[1]))
    return product
