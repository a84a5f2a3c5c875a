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
"""

from texnet_core.model.families.family import Family
from texnet_core.model.graph import Graph, GraphBuilder
from texnet_core.model.noise import NoisePlane
from texnet_core.patterns.waves import Wave
from texnet_core.settings import GeneratorSettings


def graph(settings: GeneratorSettings, channels: int) -> Graph:
    """The pyramid as it is trained.

    Args:
        settings: levels, features and inputs of each.
        channels: of all maps together.
    """
    builder = GraphBuilder()
    features = _noise_branch(builder, settings, settings.levels - 1)
    for level in range(settings.levels - 2, -1, -1):
        branch = _noise_branch(builder, settings, level)
        coarser = builder.norm(builder.clamp(features, f"level{level + 1}.ceiling"))
        joined = builder.concat((builder.upsample(coarser), builder.norm(branch)), f"level{level}.concat")
        features = _block(builder, joined, f"level{level}.join", _channels(settings, level), settings.leak)
    builder.convolution(features, "output", channels, 1)
    return builder.graph()


def input_plane(
    settings: GeneratorSettings,
    waves: tuple[Wave, ...],
    seed: int,
    height: int | None,
    width: int | None,
    phase: float,
) -> NoisePlane:
    """Noise of all levels; for a pattern also its waves, and noise with one value a repeat."""
    return NoisePlane(seed, settings.noise_channels, height, width, phase, waves, settings.repeat_channels)


def _noise_branch(builder: GraphBuilder, settings: GeneratorSettings, level: int) -> str:
    noise = builder.input(f"noise{level}", settings.input_channels, level)
    return _block(builder, noise, f"level{level}.noise", settings.channels, settings.leak)


def _channels(settings: GeneratorSettings, level: int) -> int:
    """Channels that leave a level: each level adds `settings.channels`, from coarse to fine."""
    return settings.channels * (settings.levels - level)


def _block(builder: GraphBuilder, value: str, prefix: str, channels: int, leak: float) -> str:
    """Three convolutions, 3-3-1, each with a batch norm and a LeakyReLU."""
    for number, kernel in enumerate((3, 3, 1)):
        convolved = builder.convolution(value, f"{prefix}.{number}", channels, kernel)
        value = builder.leaky_relu(builder.norm(convolved), leak)
    return value


PYRAMID = Family("pyramid", GeneratorSettings, graph, input_plane, waves=lambda settings: settings.waves)
