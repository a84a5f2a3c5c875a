"""Two textures of a network, or two mixes, over one plane, as a mask says: an artifact of the family `mixture`."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.instant.conditional import Measured, measured, pyramid_of
from texnet_core.instant.exemplar_statistics import PrincipalColors
from texnet_core.mapset import FloatArray
from texnet_core.model import nodes
from texnet_core.model.artifact import Artifact
from texnet_core.model.families import MIXTURE
from texnet_core.model.families.conditional import ConditionalSettings
from texnet_core.model.families.mixture import (
    MOST_MASK_SIDE,
    MixtureSettings,
    knot_weights,
    over_knots,
)
from texnet_core.model.families.pyramid import graph as pyramid_graph
from texnet_core.model.graph import Graph
from texnet_core.model.mask_plane import Line
from texnet_core.settings import MAX_SIZE


@dataclass(frozen=True)
class Mix:
    """A texture as a network knows it.

    Attributes:
        code: (numbers of a code,).
        colors: that it has.
    """

    code: FloatArray
    colors: PrincipalColors

    def towards(self, other: "Mix", share: float) -> "Mix":
        """A mix of two: so much of the other, and the rest of this one."""

        def mixed(here: FloatArray, there: FloatArray) -> FloatArray:
            return ((1 - share) * here + share * there).astype(np.float32)

        colors = PrincipalColors(mixed(self.colors.mean, other.colors.mean), mixed(self.colors.axes, other.colors.axes))
        return Mix(mixed(self.code, other.code), colors)


def mixture_of(network: Artifact, first: Mix, second: Mix, mask: FloatArray) -> Artifact:
    """The generator of a plane that shows one texture and the other.

    Args:
        network: of the family `textures`.
        first: which black of the mask shows.
        second: which white shows.
        mask: (height, width) in [0, 1].

    Raises:
        EngineError: onnxruntime failed.
    """
    assert isinstance(network.settings, ConditionalSettings)
    like, kept = network.settings, _kept(mask)
    settings = MixtureSettings(
        levels=like.levels,
        channels=like.channels,
        noise_channels=like.noise_channels,
        leak=like.leak,
        mask_height=kept.shape[0],
        mask_width=kept.shape[1],
        texels_down=min(MAX_SIZE, mask.shape[0]),
        texels_across=min(MAX_SIZE, mask.shape[1]),
    )
    known = [measured(network, mix.code, mix.colors) for mix in (first.towards(second, m) for m in settings.places)]
    plain = replace(pyramid_of(network), family=MIXTURE.name, settings=settings)
    return replace(plain, parameters=_parameters(settings, network.design.channels, known) | {"mask": kept})


def _parameters(settings: MixtureSettings, channels: int, known: list[Measured]) -> dict[str, FloatArray]:
    """All but the mask, of what is known at the knots."""
    plain = pyramid_graph(settings, channels)
    convolutions = {f"level{level}.knots.distance": knot_weights(settings) for level in range(settings.levels)}
    convolutions |= {name: over_knots(values) for name, values in _maps(settings, plain, known)}
    for conv in plain.of(nodes.Convolution):
        parts = known if conv is plain.output else (known[0], known[-1])
        for number, at in enumerate(parts):
            weight, bias = at.convolutions[conv.name]
            convolutions[f"{conv.name}.part{number}"] = _blind(weight, conv.in_channels), bias
    return {
        f"{name}.{kind}": array
        for name, both in convolutions.items()
        for kind, array in zip(("weight", "bias"), both, strict=True)
    }


def _maps(settings: MixtureSettings, plain: Graph, known: list[Measured]) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """What each map has at the knots, (knots, channels)."""
    shares = np.array(settings.places)[:, None]
    for clamp in plain.of(nodes.Clamp):
        yield f"{clamp.bound}.below", -np.stack([at.bounds[clamp.bound] for at in known])
    for norm in plain.of(nodes.Norm):
        scales, shifts = (np.stack([at.norms[norm.name][part] for at in known]) for part in (0, 1))
        read = plain[norm.inputs[0]]
        if isinstance(read, nodes.Convolution):
            name, maps = read.name, [(1 - shares) * scales, shares * scales]
        else:
            name, maps = norm.name, [scales, -scales] if isinstance(read, nodes.Clamp) else [scales]
        for number, values in enumerate(maps):
            yield f"{name}.map{number}", values
        yield f"{name}.shift", shifts
    for number, only in enumerate(np.eye(len(known))):
        yield f"{plain.output.name}.map{number}", np.repeat(only[:, None], plain.output.channels, 1)


def _blind(weight: FloatArray, channels: int) -> FloatArray:
    """A convolution that does not see what it reads besides noise."""
    return np.pad(weight, ((0, 0), (0, channels - weight.shape[1]), (0, 0), (0, 0)))


def _kept(mask: FloatArray) -> FloatArray:
    """A mask as files hold it: of float16, and at most so large."""
    kept = mask.astype(np.float64)
    for _ in range(2):
        if len(kept) > MOST_MASK_SIDE:
            edges = np.linspace(0, len(kept), MOST_MASK_SIDE + 1) - 0.5
            kept = Line.of(kept).means(edges[:-1], edges[1:])
        kept = kept.T
    return kept.clip(0, 1).astype(np.float16).astype(np.float32)
