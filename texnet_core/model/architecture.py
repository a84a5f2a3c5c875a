"""The pyramid on paper: which convolutions exist, what shape they have, how much halo a block needs.

The training form (`generator`), all engines and the artifact's checks all read it from here, so they
cannot disagree. Level 0 is the finest; level `levels - 1` the coarsest. No torch in this room.

The inference form is plain: convolutions with bias (batch norms folded in), LeakyReLU, nearest x2, concat.

    x = noise branch of the coarsest level
    for each finer level:  x = join(concat(crop(upsample(min(x, ceiling))), noise branch of the level))
    maps = output(x)

Source: Texture Networks (Ulyanov et al. 2016), section 4.2. Differs: the ceilings, one a channel. Without them a rare
coincidence of noise in the coarsest cells grows from level to level, to 30 standard deviations, and leaves a blister in
the picture, like nothing that training has seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from texnet_core.settings import GeneratorSettings

NO_CEILING = 65504.0  # the largest number in float16


@dataclass(frozen=True)
class Conv:
    """One convolution of the inference form: `name.weight` is (out, in, kernel, kernel), `name.bias` (out,)."""

    name: str
    in_channels: int
    out_channels: int
    kernel: int
    activated: bool = True


def noise_branch(settings: GeneratorSettings, level: int) -> tuple[Conv, Conv, Conv]:
    """The 3-3-1 block that a level's noise goes through."""
    return _block(f"level{level}.noise", settings.input_channels, settings.channels)


def join(settings: GeneratorSettings, level: int) -> tuple[Conv, Conv, Conv]:
    """The 3-3-1 block after a level's concat; every level but the coarsest has one."""
    channels = level_channels(settings, level)
    return _block(f"level{level}.join", channels, channels)


def output(settings: GeneratorSettings) -> Conv:
    """The bare 1x1 convolution that makes the maps."""
    return Conv("output", level_channels(settings, 0), settings.out_channels, 1, activated=False)


def level_channels(settings: GeneratorSettings, level: int) -> int:
    """Channels that leave a level: each level adds `settings.channels`, from coarse to fine."""
    return settings.channels * (settings.levels - level)


def convolutions(settings: GeneratorSettings) -> Iterator[Conv]:
    """All convolutions, from the coarsest level to the output."""
    for level in range(settings.levels - 1, -1, -1):
        yield from convolutions_of_level(settings, level)


def convolutions_of_level(settings: GeneratorSettings, level: int) -> Iterator[Conv]:
    """The convolutions that run at one level's resolution, in order."""
    yield from noise_branch(settings, level)
    if level < settings.levels - 1:
        yield from join(settings, level)
    if level == 0:
        yield output(settings)


def ceiling(level: int) -> str:
    """The name of the largest values, (channels,), with which a level's features go on to the next finer one."""
    return f"level{level}.ceiling"


def ceiling_shapes(settings: GeneratorSettings) -> dict[str, tuple[int]]:
    """Name -> shape of the ceilings; the finest level has none."""
    return {ceiling(level): (level_channels(settings, level),) for level in range(settings.levels - 1, 0, -1)}


def parameter_shapes(settings: GeneratorSettings) -> dict[str, tuple[int, ...]]:
    """Name -> shape of every tensor of the inference form."""
    shapes: dict[str, tuple[int, ...]] = {}
    for conv in convolutions(settings):
        shapes[f"{conv.name}.weight"] = (conv.out_channels, conv.in_channels, conv.kernel, conv.kernel)
        shapes[f"{conv.name}.bias"] = (conv.out_channels,)
    return shapes | ceiling_shapes(settings)


def flops_per_texel(settings: GeneratorSettings) -> float:
    """Floating-point operations for one texel of the output: two for a multiply and add, convolutions only.

    The plain form is counted, without halos; what an engine saves by rearranging it shows as speed.
    """
    return sum(
        2.0 * conv.in_channels * conv.out_channels * conv.kernel**2 / 4.0**level
        for level in range(settings.levels)
        for conv in convolutions_of_level(settings, level)
    )


def values_per_texel(settings: GeneratorSettings) -> float:
    """Numbers that convolutions read and write for one texel of the output, parameters and halos left out."""
    return sum(
        (conv.in_channels + conv.out_channels) / 4.0**level
        for level in range(settings.levels)
        for conv in convolutions_of_level(settings, level)
    )


@dataclass(frozen=True)
class LevelHalo:
    """Margins of one level, in its own cells, around a block whose corners lie on coarsest cells.

    Attributes:
        noise: cells of noise needed beyond the block on every side.
        crop: cells cut from every side of the upsampled coarser features before the concat.
    """

    noise: int
    crop: int


def halos(settings: GeneratorSettings) -> tuple[LevelHalo, ...]:
    """The halo of each level, finest first.

    A 3-3-1 block eats 2 cells a side. Upsampling doubles a margin, so the coarser level gives half of
    what the finer needs, rounded up, and the surplus is cropped. The margins settle at 2 (output) and 6 (noise).
    """
    result = []
    margin = 0  # beyond the block, at this level's output
    for level in range(settings.levels):
        if level == settings.levels - 1:
            result.append(LevelHalo(noise=margin + 2, crop=0))
            break
        needed = margin + 2  # at the concat
        margin = (needed + 1) // 2
        result.append(LevelHalo(noise=needed + 2, crop=2 * margin - needed))
    return tuple(result)


def noise_windows(
    halos: tuple[LevelHalo, ...], top: int, left: int, height: int, width: int
) -> list[tuple[int, int, int, int, int]]:
    """What to ask `NoisePlane.window` for, per level, to make a block: (level, top, left, height, width).

    Args:
        halos: of the generator.
        top: first row of the block in texels; like the other three a multiple of the coarsest cell.
        left: first column.
        height: rows.
        width: columns.
    """
    windows = []
    for level, halo in enumerate(halos):
        cell, margin = 2**level, halo.noise
        corner = (top // cell - margin, left // cell - margin)
        windows.append((level, *corner, height // cell + 2 * margin, width // cell + 2 * margin))
    return windows


def _block(prefix: str, in_channels: int, channels: int) -> tuple[Conv, Conv, Conv]:
    return (
        Conv(f"{prefix}.0", in_channels, channels, 3),
        Conv(f"{prefix}.1", channels, channels, 3),
        Conv(f"{prefix}.2", channels, channels, 1),
    )
