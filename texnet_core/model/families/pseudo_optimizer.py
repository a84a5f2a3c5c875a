"""The Pseudo Optimizer: a network that does in a few stages what optimizing the pixels of a picture does in hundreds.

    x = 2 noise - 1
    for each stage:  features = descriptor(sigmoid(x)),  gradient of the Gram loss at each level of the features,
                     x = x + change(gradients, coarse to fine)
    maps = sigmoid(x)

There are two families. One adapts: it holds a network that has learned from many pictures, with gradients that ask
for the Gram matrices of an exemplar and with norms over a whole picture. The other is what comes of that for one
exemplar, once all that is global is measured: a graph of convolutions like any other.

Source: Shi & Qiao 2020, "Fast Texture Synthesis via Pseudo Optimizer", and its published code (swift-n-brutal/syntex):
x is a logit, noise is uniform in [-1, 1], convolutions have no bias but the last of a stage, norms are over each
picture, LeakyReLU 0.2. Differs: the gradient is the paper's equation 6, of each layer alone, where the code lets deeper
layers pull at finer ones too. In the exact form the gradient is not divided by the number of positions, so that it
does not depend on the size of the picture, every convolution wraps, and norms are measured once and then fixed.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Self

from texnet_core.errors import RequestError
from texnet_core.model.families.described import DESCRIPTORS, LEVELS, PREFIX, describe
from texnet_core.model.families.family import Family, PlaneFacts
from texnet_core.model.graph import Graph, GraphBuilder
from texnet_core.model.nodes import Convolution, GramGradient, InstanceNorm, Node
from texnet_core.model.noise import NoisePlane
from texnet_core.settings import Checked, setting

NOISE_CHANNELS = 3
START = "start"  # the convolution that makes x of the noise; like the descriptor's, its parameters are not learned
PAPER_WIDTHS = "64,64,128,256,512"

_LEAK = 0.2
_EPSILON = {"published": 1e-3, "exact": 1e-5}
_SHIFT = 2  # cells, of shifted Gram matrices
_WIDEST = 1024

_generator = partial(setting, group="generator")


@dataclass(frozen=True)
class PseudoOptimizerSettings(Checked):
    """The shape of a Pseudo Optimizer. Everything that decides which parameters exist, and what it does with them."""

    network: Literal["propo", "adapo"] = _generator(
        "propo", "propo has a stage for each level, with an objective of its own; adapo has one stage with all levels"
    )
    levels: int = _generator(LEVELS, "scales of the descriptor that take part, from the finest on", low=1, high=LEVELS)
    widths: str = _generator(
        "16,16,32,64,128", f"feature channels of the levels, finest first; the paper's are {PAPER_WIDTHS}"
    )
    residual_blocks: int = _generator(2, "residual blocks of each level", low=0, high=8)
    described_by: Literal["light", "vgg19"] = _generator(
        "light", "descriptor inside the network; vgg19 is the paper's", option="network-descriptor"
    )
    norms: Literal["published", "exact"] = _generator(
        "exact", "published divides gradients by the size of the picture, as the paper does; exact does not"
    )
    padding: Literal["wrap", "zero"] = _generator(
        "wrap", "what convolutions see past the edge in training; zero is the paper's and leaves frames"
    )
    objective: Literal["gram", "shifted", "multiscale"] = _generator(
        "gram", "what gradients and losses are of: Gram matrices, shifted ones too, or also those of half the size"
    )

    @property
    def channels(self) -> tuple[int, ...]:
        """Feature channels of each level, finest first."""
        return tuple(int(width) for width in self.widths.split(","))

    @property
    def stages(self) -> tuple[int, ...]:
        """How many levels each stage has."""
        return (self.levels,) if self.network == "adapo" else tuple(range(1, self.levels + 1))

    def check(self) -> Self:
        super().check()
        words = self.widths.split(",")
        good = all(word.isascii() and word.isdigit() and 1 <= int(word) <= _WIDEST for word in words if len(word) < 6)
        if not good or any(len(word) > 5 for word in words) or len(words) < self.levels or len(words) > LEVELS:
            raise RequestError(
                f"widths {self.widths!r} are no widths of {self.levels} levels",
                expected=f"numbers from 1 to {_WIDEST} with commas, one for each level",
                remedy=f"write them as in {PAPER_WIDTHS}",
            )
        return self


def adaptive_graph(settings: PseudoOptimizerSettings, channels: int) -> Graph:
    """The network before it is adapted, with norms and gradients that ask for all of a picture.

    Args:
        settings: its shape.
        channels: of all maps together; 3 for colors.
    """
    builder = GraphBuilder()
    state = builder.convolution(builder.input("noise", NOISE_CHANNELS, 0), START, channels, 1)
    for number, levels in enumerate(settings.stages, 1):
        state = _stage(builder, settings, number, levels, state, channels)
    builder.sigmoid(state, image_name(len(settings.stages)))
    return builder.graph()


def adapted_graph(settings: PseudoOptimizerSettings, channels: int) -> Graph:
    """The network of one exemplar: norms are folded, and gradients are convolutions with measured matrices."""
    graph = adaptive_graph(settings, channels)
    read = {node.name: node.inputs[0] for node in graph.of(InstanceNorm)}

    def change(node: Node) -> tuple[Node, ...]:
        node = replace(node, inputs=tuple(read.get(name, name) for name in node.inputs))
        if isinstance(node, InstanceNorm):
            return ()
        if isinstance(node, GramGradient):
            kernel = 1 + 2 * node.shift
            return (Convolution(node.name, node.inputs, node.channels, node.level, node.channels, kernel),)
        return (replace(node, biased=True) if isinstance(node, Convolution) else node,)

    return graph.replaced(change)


def description_graph(settings: PseudoOptimizerSettings) -> tuple[Graph, dict[str, str]]:
    """What is compared of a picture, the input "image": the graph, and layer -> value, as gradients name the layers."""
    builder = GraphBuilder()
    features = _features(builder, settings, builder.input("image", 3, 0), "compared", settings.levels)
    return builder.graph(), features


def image_name(stage: int) -> str:
    """What the picture behind a stage is called; 0 is the noise."""
    return f"image{stage}"


def change_name(stage: int) -> str:
    """What the convolution is called that makes the change of a stage."""
    return f"stage{stage}.change"


def is_learned(name: str) -> bool:
    """Whether a parameter of that name is learned: the descriptor's are given, and so is how noise begins."""
    return not name.startswith((PREFIX, f"{START}."))


def layers_of(settings: PseudoOptimizerSettings, levels: int) -> list[tuple[str, int]]:
    """Name and level of what is compared in a stage of so many levels."""
    layers = [(f"layer{level}", level) for level in range(levels)]
    halves = range(levels - 1) if settings.objective == "multiscale" else ()
    return layers + [(f"half{level}", level + 1) for level in halves]


def _features(
    builder: GraphBuilder, settings: PseudoOptimizerSettings, image: str, prefix: str, levels: int
) -> dict[str, str]:
    """Layer -> value, of all that is compared in a picture.

    Source of the smaller copy: Snelgrove 2017, "High-Resolution Multi-Scale Neural Texture Synthesis". Differs: one
    copy, made by means of four.
    """
    taps = describe(builder, DESCRIPTORS[settings.described_by], image, prefix, levels)
    if settings.objective == "multiscale" and levels > 1:
        half = builder.pool(image, f"{prefix}.half", "average")
        taps += describe(builder, DESCRIPTORS[settings.described_by], half, f"{prefix}.half", levels - 1)
    return {layer: tap for (layer, _), tap in zip(layers_of(settings, levels), taps, strict=True)}


def _stage(
    builder: GraphBuilder,
    settings: PseudoOptimizerSettings,
    number: int,
    levels: int,
    state: str,
    channels: int,
) -> str:
    """The state after a stage."""
    stage = f"stage{number}"
    image = builder.sigmoid(state, image_name(number - 1))
    features = _features(builder, settings, image, f"{stage}.descriptor", levels)
    shift, averaged = _SHIFT * (settings.objective == "shifted"), settings.norms == "published"
    gradients: list[list[str]] = [[] for _ in range(levels)]
    for layer, level in layers_of(settings, levels):
        name = f"{stage}.gradient.{layer}"
        gradients[level].append(builder.gram_gradient(features[layer], name, layer, number, shift, averaged=averaged))
    deeper = None
    for level in reversed(range(levels)):
        found = gradients[level]
        gradient = found[0] if len(found) == 1 else builder.concat(tuple(found), f"{stage}.level{level}.gradients")
        deeper = _level(builder, settings, f"{stage}.level{level}", settings.channels[level], gradient, deeper)
    assert deeper is not None
    change = builder.convolution(builder.leaky_relu(deeper, _LEAK), change_name(number), channels, 3)
    return builder.add(state, change, f"state{number}")


def _level(
    builder: GraphBuilder,
    settings: PseudoOptimizerSettings,
    prefix: str,
    width: int,
    gradient: str,
    deeper: str | None,
) -> str:
    """What a level makes of the gradient at it and of what the deeper ones made."""

    def convolved(value: str, name: str) -> str:
        return builder.convolution(value, f"{prefix}.{name}", width, 3, biased=False)

    def normed(value: str) -> str:
        return builder.instance_norm(value, _EPSILON[settings.norms])

    def activated(value: str) -> str:
        return builder.leaky_relu(value, _LEAK)

    value = convolved(activated(normed(convolved(gradient, "first"))), "second")
    if deeper is not None:
        grown = convolved(builder.upsample(activated(deeper)), "deeper")
        value = builder.add(value, grown, f"{prefix}.joined")
    value = normed(value)
    for block in range(settings.residual_blocks):
        inner = activated(normed(convolved(activated(value), f"block{block}.first")))
        value = builder.add(value, normed(convolved(inner, f"block{block}.second")), f"{prefix}.block{block}")
    return value


def noise_plane(settings: PseudoOptimizerSettings, facts: PlaneFacts) -> NoisePlane:
    """Noise at the scale of the texels."""
    return NoisePlane(facts.seed, NOISE_CHANNELS, facts.height, facts.width, facts.phase)


PSEUDO_OPTIMIZER = Family("pseudo_optimizer", PseudoOptimizerSettings, adapted_graph, noise_plane)
ADAPTIVE_PSEUDO_OPTIMIZER = Family(
    "adaptive_pseudo_optimizer", PseudoOptimizerSettings, adaptive_graph, noise_plane, adapts=True
)
