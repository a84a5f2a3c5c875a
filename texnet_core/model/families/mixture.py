"""The mixture: a pyramid that is one texture here and another one there, as a mask says.

Nothing is learned: both are textures of one network (`conditional`), and features are mixed, not pictures. Where the
mask shows m, a convolution is (1 - m) times that of the first texture and m times that of the second, which is what the
network would be for codes mixed so. What is measured, the norms and the colors, is known for some shares, the knots,
and lies on straight lines between them:

    convolution = (1 - m) s(m) (first kernels * x) + m s(m) (second kernels * x) + t(m)
    norm        = s(m) min(x, bound(m)) + t(m)
    output      = sum of the output convolutions of all knots, each times what the mask has of it

These maps are affine in max(0, m - knot) of all knots but the last, and so one convolution each, of one texel.

Source: Li et al. 2017, "Diversified Texture Synthesis with Feed-forward Networks", which interpolates between textures
by their selection units. Differs: shares that vary over the plane.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import FloatArray
from texnet_core.model import nodes
from texnet_core.model.families import pyramid
from texnet_core.model.families.family import Family, PlaneFacts
from texnet_core.model.graph import Graph
from texnet_core.model.mask_plane import MaskPlane
from texnet_core.model.noise import NoisePlane
from texnet_core.model.parameters import Shapes, as_kept
from texnet_core.settings import MAX_SIZE, Checked, setting

MOST_MASK_SIDE = 2048  # texels that are kept


@dataclass(frozen=True)
class MixtureSettings(Checked):
    """The shape of both pyramids, and the mask. All of it follows from the network and from the mask.

    Attributes:
        levels: of both pyramids.
        channels: features that each level of them adds.
        noise_channels: at each level.
        leak: slope of the LeakyReLU.
        knots: shares at equal distances, from 0 to 1, for which norms and colors are known.
        mask_height: of the mask as it is kept.
        mask_width: likewise.
        texels_down: over which the mask is stretched where the plane has no end.
        texels_across: likewise.
    """

    levels: int = setting(6, "", low=1, high=8)
    channels: int = setting(8, "", low=1, high=64)
    noise_channels: int = setting(3, "", low=1, high=16)
    leak: float = setting(0.01, "", low=0.0, high=1.0)
    knots: int = setting(5, "", low=2, high=33)
    mask_height: int = setting(256, "", low=1, high=MOST_MASK_SIDE)
    mask_width: int = setting(256, "", low=1, high=MOST_MASK_SIDE)
    texels_down: int = setting(256, "", low=1, high=MAX_SIZE)
    texels_across: int = setting(256, "", low=1, high=MAX_SIZE)

    @property
    def input_channels(self) -> int:
        """Channels that each level takes in: noise, mask."""
        return self.noise_channels + 1

    @property
    def places(self) -> tuple[float, ...]:
        """Of the knots."""
        return tuple(float(place) for place in np.linspace(0, 1, self.knots))


def graph(settings: MixtureSettings, channels: int) -> Graph:
    """The mixture: a pyramid whose convolutions, clamps and norms are replaced, each under its name."""
    plain = pyramid.graph(settings, channels)
    behind = {
        norm.inputs[0]: norm.name
        for norm in plain.of(nodes.Norm)
        if isinstance(plain[norm.inputs[0]], nodes.Convolution)
    }
    instead = {norm: conv for conv, norm in behind.items()}
    knots = settings.knots

    def change(node: nodes.Node) -> Iterator[nodes.Node]:
        if node.name in instead:
            return
        node = replace(node, inputs=tuple(instead.get(name, name) for name in node.inputs))
        if isinstance(node, nodes.Input):
            yield from _knots(node, knots)
        elif isinstance(node, nodes.Convolution):
            count = 2 if node.name in behind else knots
            parts = [replace(node, name=f"{node.name}.part{number}") for number in range(count)]
            yield from parts
            yield from _sum(node, parts, knots, shifted=node.name in behind)
        elif isinstance(node, nodes.Clamp):
            yield from _excess(node, knots)
        elif isinstance(node, nodes.Norm):
            read = plain[node.inputs[0]]  # a clamp's value is the excess here, which goes with what it is the excess of
            clamped = [plain[name] for name in read.inputs if isinstance(read, nodes.Clamp)]
            values = [replace(value, name=instead.get(value.name, value.name)) for value in (*clamped, read)]
            yield from _sum(node, values, knots, shifted=True)
        else:
            yield node

    return plain.replaced(lambda node: tuple(change(node)))


def over_knots(values: npt.NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    """The convolution that makes a map of the knots: weight (channels, knots - 1, 1, 1) and bias (channels,).

    Args:
        values: (knots, channels), which the map has at the knots.
    """
    slopes = np.diff(values, axis=0) * (len(values) - 1)
    turns = np.diff(slopes, axis=0, prepend=0)
    return np.ascontiguousarray(turns.T[:, :, None, None], np.float32), values[0].astype(np.float32)


def knot_weights(settings: MixtureSettings) -> tuple[FloatArray, FloatArray]:
    """The convolution that makes max(0, m - knot) of what a level reads, before the max: weight and bias."""
    weight = np.zeros((settings.knots - 1, settings.input_channels, 1, 1), np.float32)
    weight[:, -1] = 1
    return weight, -np.array(settings.places[:-1], np.float32)


def _knots(read: nodes.Input, knots: int) -> Iterator[nodes.Node]:
    """What a level reads, and max(0, m - knot)."""
    name = _name_of_knots(read.level)
    yield read
    yield nodes.Convolution(f"{name}.distance", (read.name,), knots - 1, read.level, read.channels, 1)
    yield nodes.LeakyReLU(name, (f"{name}.distance",), knots - 1, read.level, 0.0)


def _sum(node: nodes.Node, values: Sequence[nodes.Node], knots: int, *, shifted: bool) -> Iterator[nodes.Node]:
    """The sum of values, each times its map, and of a map alone; it has the name of the node."""
    terms: list[nodes.Node] = []
    for number, value in enumerate(values):
        share = _map(node, f"{node.name}.map{number}", knots)
        names = value.name, share.name
        terms.append(nodes.Multiply(f"{node.name}.product{number}", names, node.channels, node.level))
        yield from (share, terms[-1])
    if shifted:
        terms.append(_map(node, f"{node.name}.shift", knots))
        yield terms[-1]
    total, *others = (term.name for term in terms)
    for number, other in enumerate(others, 1):
        name = node.name if number == len(others) else f"{node.name}.sum{number}"
        yield nodes.Add(name, (total, other), node.channels, node.level)
        total = name


def _excess(clamp: nodes.Clamp, knots: int) -> Iterator[nodes.Node]:
    """How far a value lies above its bound, which the norm that follows takes from it."""
    below = _map(clamp, f"{clamp.bound}.below", knots)
    above = nodes.Add(f"{clamp.bound}.above", (*clamp.inputs, below.name), clamp.channels, clamp.level)
    yield from (below, above, nodes.LeakyReLU(clamp.name, (above.name,), clamp.channels, clamp.level, 0.0))


def _map(node: nodes.Node, name: str, knots: int) -> nodes.Convolution:
    """What a node is multiplied by, or what is added to it, as far as the mask decides."""
    return nodes.Convolution(name, (_name_of_knots(node.level),), node.channels, node.level, knots - 1, 1)


def _name_of_knots(level: int) -> str:
    return f"level{level}.knots"


def stored(settings: MixtureSettings) -> Shapes:
    """The mask."""
    return {"mask": (settings.mask_height, settings.mask_width)}


def input_plane(settings: MixtureSettings, facts: PlaneFacts) -> MaskPlane:
    """Noise of all levels, and the mask."""
    noise = NoisePlane(facts.seed, settings.noise_channels, facts.height, facts.width, facts.phase)
    return MaskPlane(noise, as_kept(facts.parameters, "mask"), (settings.texels_down, settings.texels_across))


MIXTURE = Family("mixture", MixtureSettings, graph, input_plane, stored=stored)
