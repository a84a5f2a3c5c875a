"""A code becomes a pyramid: kernels are mixed, norms are measured on one period of noise and folded, colors are given.

It takes onnxruntime and no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from texnet_core.engines.onnx_graph import OUTPUT
from texnet_core.engines.whole_graph import WholeGraphWriter, inputs_of_period
from texnet_core.errors import ArtifactError
from texnet_core.instant.exemplar_statistics import PrincipalColors, statistics_of
from texnet_core.instant.measuring import run_once
from texnet_core.instant.predictor import predicted_code
from texnet_core.instant.preparing import scaled
from texnet_core.mapset import FloatArray, Mask
from texnet_core.model import nodes
from texnet_core.model.artifact import Artifact, Provenance, rounded
from texnet_core.model.families import PYRAMID
from texnet_core.model.families.conditional import ConditionalSettings, measured_graph
from texnet_core.model.folding import Affine, folded, largest_ordinary
from texnet_core.model.graph import NO_CLAMP
from texnet_core.model.look import guess_look
from texnet_core.pictures.color_statistics import power
from texnet_core.pictures.reading import texels_digest

TORUS = 256  # texels a side of the period that is measured
LEAST_DEVIATION = 1e-3  # of what the network makes along an axis of the colors
_LEAST_SHARE = 1e-4  # of the largest variance of colors, that a direction is taken to have
_LEAST_VARIANCE = 1e-8  # a fortieth of a level of 255


def adapt_conditional(network: Artifact, exemplar: FloatArray, mask: Mask | None = None) -> Artifact:
    """The pyramid that a network predicts for an exemplar.

    Args:
        network: of the family `conditional`.
        exemplar: (height, width, 3) sRGB in [0, 1]. Hidden texels have colors of visible ones.
        mask: (height, width), True where a texel takes part; None: all do.

    Raises:
        ImageError: too little of it is visible.
        EngineError: onnxruntime failed.
    """
    side = min(*exemplar.shape[:2], network.texels_per_exemplar)
    return predicted_generator(network, *scaled(exemplar, mask, side))


def predicted_generator(network: Artifact, image: FloatArray, mask: Mask | None = None) -> Artifact:
    """The same of an exemplar as it is, at whatever size: its texels become those of the textures."""
    code = predicted_code(network.parameters, statistics_of(image, mask))
    return replace(
        generator_at(network, code, PrincipalColors.of(image, mask)),
        texels_per_exemplar=min(image.shape[:2]),
        look=guess_look(image, mask),
        provenance=Provenance(exemplar_sha256=texels_digest(image, mask)),
    )


def generator_at(network: Artifact, code: FloatArray, colors: PrincipalColors) -> Artifact:
    """The pyramid of a code.

    Args:
        network: of the family `conditional` or `textures`.
        code: (numbers of a code,).
        colors: that its textures are to have.

    Raises:
        ArtifactError: what the network makes is not finite.
        EngineError: onnxruntime failed.
    """
    plain, found = pyramid_of(network), measured(network, code, colors)
    parameters = {**folded(plain.graph, found.convolutions, found.norms), **found.bounds}
    return replace(plain, parameters=rounded(parameters))


@dataclass(frozen=True)
class Measured:
    """A pyramid whose norms are known and not folded.

    Attributes:
        convolutions: name -> weight (out, in, kernel, kernel) and bias (out,).
        norms: name -> scale and shift, (channels,) each.
        bounds: name of a clamp's bound -> (channels,).
    """

    convolutions: Mapping[str, tuple[FloatArray, FloatArray]]
    norms: Mapping[str, Affine]
    bounds: Mapping[str, FloatArray]


def pyramid_of(network: Artifact) -> Artifact:
    """The pyramid that a network makes, without parameters."""
    assert isinstance(network.settings, ConditionalSettings)
    return replace(
        network,
        family=PYRAMID.name,
        settings=network.settings.pyramid,
        parameters={},
        textures=(),
        training={"network": network.provenance.exemplar, "torus": TORUS},
        quality={},
        preview_png=b"",
    )


def at_code(network: Artifact, code: FloatArray) -> dict[str, FloatArray]:
    """The parameters of `measured_graph` for a code."""
    found: dict[str, FloatArray] = {}
    for conv in network.graph.of(nodes.MixedConvolution):
        bank, weight, bias = (network.parameters[f"{conv.name}.{kind}"] for kind in _SHARED)
        found[f"{conv.name}.weight"] = np.tensordot(weight @ code + bias, bank, 1).astype(np.float32)
    for norm in network.graph.of(nodes.CodedNorm):
        both = network.parameters[f"{norm.name}.weight"] @ code + network.parameters[f"{norm.name}.bias"]
        found[f"{norm.name}.scale"], found[f"{norm.name}.shift"] = np.split(both.astype(np.float32), 2)
    return found


_SHARED = ("bank", "shares.weight", "shares.bias")


def measured(network: Artifact, code: FloatArray, colors: PrincipalColors) -> Measured:
    """What a network makes of a code, measured on one period of noise; for arguments and errors see `generator_at`."""
    assert isinstance(network.settings, ConditionalSettings)
    graph = measured_graph(network.settings, network.design.channels)
    plain, parameters = pyramid_of(network), at_code(network, code)
    clamps = list(plain.graph.of(nodes.Clamp))
    writer = WholeGraphWriter(graph, parameters, TORUS, {})
    writer.write()
    for clamp in clamps:
        writer.also_return(clamp.inputs[0])
    norms = [norm.name for norm in graph.of(nodes.InstanceNorm)]
    wanted = [f"{name}.{kind}" for name in norms for kind in ("mean", "variance")] + [c.inputs[0] for c in clamps]
    maps, *values = run_once(writer, [OUTPUT, *wanted], inputs_of_period(plain, plain.input_plane(0, TORUS, TORUS)))
    found = dict(zip(wanted, values, strict=True))
    convolutions = {conv.name: _plain(parameters[f"{conv.name}.weight"]) for conv in graph.of(nodes.Convolution)}
    output = plain.graph.output.name
    convolutions[output] = _colored(convolutions[output][0], maps[0], colors)
    affine = {
        norm.name: _affine(norm, parameters, found[f"{norm.name}.mean"], found[f"{norm.name}.variance"])
        for norm in graph.of(nodes.InstanceNorm)
    }
    bounds = {clamp.bound: largest_ordinary(found[clamp.inputs[0]][0]).clip(None, NO_CLAMP) for clamp in clamps}
    return Measured(convolutions, affine, bounds)


def _plain(weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    return weight, np.zeros(len(weight), np.float32)


def _affine(
    norm: nodes.InstanceNorm, parameters: Mapping[str, FloatArray], mean: FloatArray, variance: FloatArray
) -> Affine:
    """A norm whose statistics are known."""
    scale = parameters[f"{norm.name}.scale"].astype(np.float64) / np.sqrt(variance.ravel() + norm.epsilon)
    return scale, parameters[f"{norm.name}.shift"] - mean.ravel() * scale


def _colored(weight: FloatArray, made: FloatArray, colors: PrincipalColors) -> tuple[FloatArray, FloatArray]:
    """The output's convolution, so that what it makes has the mean and the covariance of the colors.

    What the network makes is taken to the axes of the colors, each in its deviations, as it has learned. Where it goes
    together a little on two axes, the last step is the least change of colors that mends this.
    """
    flat = made.reshape(len(made), -1).astype(np.float64)
    if not np.isfinite(flat).all():
        raise ArtifactError(
            "the network makes values that are not finite",
            expected="a network that was trained",
            remedy="get an undamaged copy of the file",
        )
    matrix = colors.axes / (flat.std(1, ddof=1) + LEAST_DEVIATION)
    wanted = colors.axes.astype(np.float64) @ colors.axes.T
    given = matrix @ np.cov(flat) @ matrix.T
    least = max(_LEAST_SHARE * np.linalg.eigvalsh(given)[-1], _LEAST_VARIANCE)
    matrix = power(wanted, 0.5, 0.0) @ power(given, -0.5, least) @ matrix
    turned = np.einsum("oc,cikl->oikl", matrix, weight)
    return turned.astype(np.float32), (colors.mean - matrix @ flat.mean(1)).astype(np.float32)
