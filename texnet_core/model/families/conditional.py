"""A pyramid whose kernels and norms belong to a code: one network, and a generator for each code.

    kernels of a convolution = a bank of kernels, mixed by shares; shares = affine map of the code
    scale and shift of a norm = affine map of the code

A code is learned for each texture, and the file has names for them (`TEXTURES`), or it is predicted from statistics of
an exemplar (`CONDITIONAL`). The network makes three numbers a texel, which are taken to the principal axes of the
texture's colors. Once the norms are measured on one period of noise, what is left is a pyramid like any other.

Sources: Li et al. 2017, "Diversified Texture Synthesis with Feed-forward Networks", for many textures in one network;
`nodes.MixedConvolution` and `nodes.CodedNorm` for what depends on the code. Differs: theirs selects a texture by a map
that joins the noise, and all kernels are the same for all of them.
"""

from dataclasses import dataclass, replace
from functools import partial

from texnet_core.model import nodes
from texnet_core.model.families import pyramid
from texnet_core.model.families.family import Family, PlaneFacts
from texnet_core.model.families.pyramid import PyramidSettings
from texnet_core.model.graph import Graph
from texnet_core.model.noise import NoisePlane
from texnet_core.model.parameters import Shapes
from texnet_core.settings import Checked, setting

STATISTICS = 2017  # numbers that are told of an exemplar; see `instant.exemplar_statistics`
MOST_TEXTURES = 256
COLORS = 3

_EPSILON = 1e-5
_generator = partial(setting, group="generator")


@dataclass(frozen=True)
class ConditionalSettings(Checked):
    """The shape of a conditional pyramid. The generators that it makes are pyramids of these levels and channels."""

    levels: int = _generator(6, "how many scales the generators work at", low=1, high=8)
    channels: int = _generator(8, "feature channels that each level of the generators adds", low=1, high=64)
    noise_channels: int = _generator(3, "noise channels at each level", low=1, high=16)
    leak: float = _generator(0.01, "slope of the LeakyReLU", low=0.0, high=1.0)
    kernels: int = _generator(10, "kernels in the bank of each convolution, which textures mix", low=1, high=64)
    code: int = _generator(96, "numbers that say which texture it is", low=1, high=1024)

    @property
    def pyramid(self) -> PyramidSettings:
        """The shape of the generators that it makes."""
        return PyramidSettings(self.levels, self.channels, self.noise_channels, leak=self.leak)


@dataclass(frozen=True)
class PredictingSettings(ConditionalSettings):
    """The same with what predicts a code."""

    hidden: int = _generator(256, "width of the layers that predict a code", low=1, high=4096)


@dataclass(frozen=True)
class TexturesSettings(ConditionalSettings):
    """The same with codes of textures."""

    textures: int = setting(1, "", low=1, high=MOST_TEXTURES)  # the pictures decide, so there is no option


def graph(settings: ConditionalSettings, channels: int) -> Graph:
    """The network before a code is known."""

    def change(node: nodes.Node) -> tuple[nodes.Node, ...]:
        like = node.name, node.inputs, node.channels, node.level
        if isinstance(node, nodes.Convolution):
            return (nodes.MixedConvolution(*like, node.in_channels, node.kernel, settings.kernels, settings.code),)
        return (nodes.CodedNorm(*like, _EPSILON, settings.code),) if isinstance(node, nodes.Norm) else (node,)

    return _without_clamps(pyramid.graph(settings.pyramid, channels)).replaced(change)


def measured_graph(settings: ConditionalSettings, channels: int) -> Graph:
    """The network of one code, whose norms are still to be measured."""

    def change(node: nodes.Node) -> tuple[nodes.Node, ...]:
        if isinstance(node, nodes.Convolution):
            return (replace(node, biased=False),)
        like = node.name, node.inputs, node.channels, node.level
        return (nodes.InstanceNorm(*like, _EPSILON),) if isinstance(node, nodes.Norm) else (node,)

    return _without_clamps(pyramid.graph(settings.pyramid, channels)).replaced(change)


def noise_plane(settings: ConditionalSettings, facts: PlaneFacts) -> NoisePlane:
    """Noise of all levels."""
    return pyramid.input_plane(settings.pyramid, facts)


def predictor_shapes(settings: PredictingSettings) -> Shapes:
    """The parameters of what predicts a code: see `instant.predictor`."""
    told, hidden, code = STATISTICS, settings.hidden, settings.code
    shapes: dict[str, tuple[int, ...]] = {"predictor.mean": (told,), "predictor.deviation": (told,)}
    for number, (read, made) in enumerate(((told, hidden), (hidden, hidden), (hidden, code))):
        shapes |= {f"predictor.{number}.weight": (made, read), f"predictor.{number}.bias": (made,)}
        shapes |= {f"predictor.{number}.norm.weight": (made,), f"predictor.{number}.norm.bias": (made,)}
    return shapes


def code_shapes(settings: TexturesSettings) -> Shapes:
    """Codes and colors of the textures, in the order of their names."""
    count = settings.textures
    return {"codes": (count, settings.code), "colors.axes": (count, COLORS, COLORS), "colors.mean": (count, COLORS)}


def _without_clamps(graph: Graph) -> Graph:
    """Clamps bound what a finished generator makes; before that there is nothing to bound."""
    read = {node.name: node.inputs[0] for node in graph.of(nodes.Clamp)}

    def change(node: nodes.Node) -> tuple[nodes.Node, ...]:
        inputs = tuple(read.get(name, name) for name in node.inputs)
        return () if isinstance(node, nodes.Clamp) else (replace(node, inputs=inputs),)

    return graph.replaced(change)


CONDITIONAL = Family("conditional", PredictingSettings, graph, noise_plane, stored=predictor_shapes, adapts=True)
TEXTURES = Family(
    "textures",
    TexturesSettings,
    graph,
    noise_plane,
    stored=code_shapes,
    textures=lambda settings: settings.textures,
)
