"""The pyramid: noise of all scales, from coarse to fine, each joined to what the coarser ones made.

    x = noise branch of the coarsest level
    for each finer level:  x = join(concat(upsample(norm(clamp(x))), norm(noise branch of the level)))
    maps = output(x)

Level 0 is the finest; level `levels - 1` the coarsest. Parameters are called as files have them.

Source: Texture Networks (Ulyanov et al. 2016), section 4.2 and its published code (LeakyReLU, biases).
Differs: the batch norm of the coarser features comes before the nearest upsampling instead of after it, which is the
same function at a quarter of the work; activation clamps, one bound a channel. Without them a rare coincidence of noise
in the coarsest cells grows from level to level, to 30 standard deviations, and leaves a blister in the picture, like
nothing that training has seen.

Levels of detail may follow, finer still. Each is added to a pyramid that is trained already, and learns what the
exemplar has at twice the resolution:

    x = join(concat(blur(upsample(seen(maps))), norm(noise branch of the level)))
    finer maps = output(concat(x, blur(upsample(maps))))
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, Self

from texnet_core.errors import Range, RequestError
from texnet_core.model.families.family import Family, PlaneFacts
from texnet_core.model.graph import Graph, GraphBuilder
from texnet_core.model.noise import NoisePlane
from texnet_core.settings import Checked, setting

MOST_DETAIL = 4  # levels
PICTURE = "picture"  # what a level of detail reads, where it stands alone

_NUMBER_OF_LEVEL = re.compile(r"(?<=^level)\d+|(?<=^noise)\d+")

_generator = partial(setting, group="generator")


@dataclass(frozen=True)
class PyramidSettings(Checked):
    """The shape of the pyramid. Everything that decides which parameters exist.

    Source: Texture Networks (Ulyanov et al. 2016), section 4.2 and its published code.
    """

    levels: int = _generator(
        6, "how many scales the generator works at; one more doubles the largest shapes that it can vary", low=1, high=8
    )
    channels: int = _generator(
        8, "feature channels that each level adds; more can hold more of a surface and take longer", low=1, high=64
    )
    noise_channels: int = _generator(3, "noise channels at each level", low=1, high=16)
    detail_levels: int = setting(0, "", low=0, high=MOST_DETAIL)  # beyond the levels; the exemplar decides
    detail_channels: int = _generator(32, "feature channels of each level of detail", low=1, high=64)
    waves: int = setting(0, "", low=0, high=2)  # of a pattern that repeats; the exemplar decides, so there is no option
    repeat_channels: int = setting(0, "", low=0, high=4)  # of noise with one value a repeat; where there are two waves
    leak: float = _generator(
        0.01, "slope of the LeakyReLU: how much of a negative activation passes on", low=0.0, high=1.0
    )

    @property
    def input_channels(self) -> int:
        """Channels that each level takes in: noise, the phase of each wave as a sine and a cosine, noise of repeats."""
        return self.noise_channels + 2 * self.waves + self.repeat_channels

    @property
    def cell_texels(self) -> int:
        """Side of the coarsest noise cell, in texels of the output."""
        return 1 << (self.levels + self.detail_levels - 1)

    def check(self) -> Self:
        super().check()
        if self.repeat_channels and self.waves != 2:
            raise RequestError(
                f"noise of repeats goes with two waves, and there are {self.waves}",
                expected=Range(2, 2),
                remedy="set repeat_channels to 0",
            )
        return self


# Named sizes: the paper's; a wider one; a still wider one with a level more.
GENERATOR_SIZES = {
    "small": PyramidSettings(),
    "base": PyramidSettings(channels=10),
    "large": PyramidSettings(levels=7, channels=12),
}
DEFAULT_GENERATOR_SIZE = "small"


def generator_settings(size: str = DEFAULT_GENERATOR_SIZE, **changes: Any) -> PyramidSettings:
    """The settings of a generator size, with changes.

    Args:
        size: a key of `GENERATOR_SIZES`.
        changes: fields that differ from it.

    Raises:
        RequestError: no such size, or a change out of range.
    """
    if size not in GENERATOR_SIZES:
        known = list(GENERATOR_SIZES)
        raise RequestError(f"generator size {size!r} is unknown", expected=known, remedy="choose one of these")
    return replace(GENERATOR_SIZES[size], **changes).check()


class Shape(Protocol):
    """What the graph of a pyramid asks of its settings."""

    @property
    def levels(self) -> int: ...

    @property
    def channels(self) -> int: ...

    @property
    def input_channels(self) -> int: ...

    @property
    def leak(self) -> float: ...


def graph(settings: Shape, channels: int) -> Graph:
    """The pyramid without detail, as it is trained.

    Args:
        settings: levels, features and inputs of each.
        channels: of all maps together.
    """
    return _written(settings, channels, [])


def detailed_graph(settings: PyramidSettings, channels: int) -> Graph:
    """The pyramid with its levels of detail."""
    return _written(settings, channels, [settings.detail_channels] * settings.detail_levels)


def detail_graph(settings: PyramidSettings, channels: int) -> Graph:
    """The finest level of detail alone, which reads the coarser picture as the input `picture`, of level 1."""
    builder = GraphBuilder()
    _detail(builder, settings, builder.input(PICTURE, channels, 1), 0, settings.detail_channels, channels)
    return builder.graph()


def _written(settings: Shape, channels: int, detail: Sequence[int]) -> Graph:
    """The pyramid with levels of detail of so many features, the coarsest of them first."""
    builder = GraphBuilder()
    coarsest = settings.levels + len(detail) - 1
    features = _noise_branch(builder, settings, coarsest)
    for level in range(coarsest - 1, len(detail) - 1, -1):
        branch = _noise_branch(builder, settings, level)
        coarser = builder.norm(builder.clamp(features, f"level{level + 1}.ceiling"))
        joined = builder.concat((builder.upsample(coarser), builder.norm(branch)), f"level{level}.concat")
        width = settings.channels * (coarsest - level + 1)
        features = _block(builder, joined, f"level{level}.join", width, settings.leak)
    picture = builder.convolution(features, _output(len(detail)), channels, 1)
    for level, width in zip(range(len(detail) - 1, -1, -1), detail, strict=True):
        picture = _detail(builder, settings, picture, level, width, channels)
    return builder.graph()


def _detail(builder: GraphBuilder, settings: Shape, picture: str, level: int, width: int, channels: int) -> str:
    """A level of detail: what it makes of the coarser picture and of noise, seen beside that picture."""
    seen = _convolved(builder, picture, f"level{level}.seen", (3, 3), width, settings.leak)
    branch = _noise_branch(builder, settings, level)
    joined = builder.concat((_enlarged(builder, seen), builder.norm(branch)), f"level{level}.concat")
    features = _block(builder, joined, f"level{level}.join", width, settings.leak)
    beside = builder.concat((features, _enlarged(builder, picture)), f"level{level}.beside")
    return builder.convolution(beside, _output(level), channels, 3)


def _enlarged(builder: GraphBuilder, value: str) -> str:
    """Linear x2. Behind nearest x2 alone, a level passes squares of four texels off for detail: a mesh over all."""
    return builder.blur(builder.upsample(value))


def _output(level: int) -> str:
    """The convolution that makes the picture of a level."""
    return f"level{level}.output" if level else "output"


def name_under_detail(name: str) -> str:
    """What a node or a parameter of a pyramid is called in the one that has a level of detail more."""
    if name.split(".")[0] == _output(0):
        return f"level1.{name}"
    return _NUMBER_OF_LEVEL.sub(lambda found: str(int(found[0]) + 1), name)


def input_plane(settings: PyramidSettings, facts: PlaneFacts) -> NoisePlane:
    """Noise of all levels; for a pattern also its waves, and noise with one value a repeat."""
    more = facts.phase, facts.waves, settings.repeat_channels
    return NoisePlane(facts.seed, settings.noise_channels, facts.height, facts.width, *more)


def _noise_branch(builder: GraphBuilder, settings: Shape, level: int) -> str:
    noise = builder.input(f"noise{level}", settings.input_channels, level)
    return _block(builder, noise, f"level{level}.noise", settings.channels, settings.leak)


def _block(builder: GraphBuilder, value: str, prefix: str, channels: int, leak: float) -> str:
    """Three convolutions, 3-3-1, each with a batch norm and a LeakyReLU."""
    return _convolved(builder, value, prefix, (3, 3, 1), channels, leak)


def _convolved(
    builder: GraphBuilder, value: str, prefix: str, kernels: Sequence[int], channels: int, leak: float
) -> str:
    for number, kernel in enumerate(kernels):
        convolved = builder.convolution(value, f"{prefix}.{number}", channels, kernel)
        value = builder.leaky_relu(builder.norm(convolved), leak)
    return value


PYRAMID = Family("pyramid", PyramidSettings, detailed_graph, input_plane, waves=lambda settings: settings.waves)
