"""Before its first step a run gets the colors of its exemplar, in closed form.

The affine map that gives samples the mean and the covariance of the exemplar's colors is folded into the output
convolution. So no step is spent on what nine numbers say. The map is exact, where that of
`pictures.color_statistics` lifts all covariances so that it can be undone.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from texnet_core.model.training_form import Generator
from texnet_core.training.samples import Samples, Stream

_DRAWS = 4
_COLORLESS = 1e-6  # share of the colors' largest variance below which a direction of theirs has none
_ADDED = 0.1  # share of the output's kernels by which these are changed at random, where they make no colors
_LEAST_VARIANCE = 1e-8  # a fortieth of a level of 255; so that samples of one color have a map too


@torch.no_grad()
def match_first_colors(
    generator: Generator, samples: Samples, colors: Tensor, *, batch: int, size: int, is_gray: bool
) -> None:
    """Give a generator's samples the mean and the covariance of some colors.

    Args:
        generator: as a run begins with it, with norms that measure the batch.
        samples: of the run.
        colors: (1, channels, ..., ...) in [0, 1], the texels that count.
        batch: samples a step.
        size: side of the samples.
        is_gray: whether the generator makes no colors; then lightness alone is matched.
    """
    is_gray = is_gray and colors.shape[1] == 3  # among other maps, gray is one direction of many
    wanted = Colors.of([colors], is_gray=is_gray)
    made = _made(generator, samples, batch, size, is_gray=is_gray)
    if not is_gray and made.lack_directions:
        _add_colors(generator)  # a generator of a gray surface: no map of one gray makes colors
        made = _made(generator, samples, batch, size, is_gray=is_gray)
    matrix, offset = color_map(made, wanted)
    generator.recolor(matrix.to(colors), offset.to(colors))


@dataclass(frozen=True)
class Colors:
    """Mean and covariance of colors, in double on the CPU.

    Attributes:
        mean: (channels,).
        variances: (channels,) along the axes, the least first.
        axes: (channels, channels), in columns.
    """

    mean: Tensor
    variances: Tensor
    axes: Tensor

    @classmethod
    def of(cls, pictures: Iterable[Tensor], *, is_gray: bool = False) -> "Colors":
        """Of pictures (N, channels, H, W); of what has no colors, the mean of the channels stands for all three."""
        texels = torch.cat([picture.double().transpose(0, 1).flatten(1).cpu() for picture in pictures], dim=1)
        if is_gray:
            texels = texels.mean(0, keepdim=True).expand_as(texels)
        variances, axes = torch.linalg.eigh(torch.cov(texels, correction=0).reshape(len(texels), -1))
        return cls(texels.mean(1), variances.clamp_min(0), axes)

    @property
    def lack_directions(self) -> bool:
        """Whether they lie in a plane or on a line, nearly."""
        return bool(self.variances[0] <= _COLORLESS * self.variances[-1])

    @property
    def root(self) -> Tensor:
        """The square root of their covariance."""
        return self.axes @ torch.diag(self.variances.sqrt()) @ self.axes.T

    @property
    def inverse_root(self) -> Tensor:
        """Its inverse, in which directions without variance are not blown up."""
        least = max(_COLORLESS * float(self.variances[-1]), _LEAST_VARIANCE)
        return self.axes @ torch.diag(self.variances.clamp_min(least).rsqrt()) @ self.axes.T


def color_map(made: Colors, wanted: Colors) -> tuple[Tensor, Tensor]:
    """A matrix (channels, channels) and an offset (channels,) that give colors another mean and covariance.

    Directions in which they have no variance get none.
    """
    matrix = wanted.root @ made.inverse_root
    return matrix, wanted.mean - matrix @ made.mean


def _made(generator: Generator, samples: Samples, batch: int, size: int, *, is_gray: bool) -> Colors:
    """What samples have, drawn as those of a step are: norms measure each batch."""
    generator.train()
    seeds = (samples.seeds(Stream.COLORS, draw, count=batch) for draw in range(_DRAWS))
    return Colors.of((samples.draw(generator, part, size, "f32") for part in seeds), is_gray=is_gray)


def _add_colors(generator: Generator) -> None:
    """Let each channel of the output see what lies below it in its own way too, if only a little."""
    kernels = generator.convolution_of(generator.graph.output.name).weight
    kernels.add_(torch.randn(kernels.shape).to(kernels) * (_ADDED * kernels.square().mean().sqrt()))
