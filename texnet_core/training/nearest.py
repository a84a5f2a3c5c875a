"""Which trained generator makes what is nearest to an exemplar, colors aside.

Both are compared by the means and the deviations of the light descriptor's channels. A run gives its start the colors
of the exemplar in closed form, so the samples that are compared have them already.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from texnet_core.descriptor.light import Light
from texnet_core.mapset import ALBEDO
from texnet_core.model.artifact import Artifact
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.textures import synthesize
from texnet_core.training.first_colors import Colors, color_map

# What lies deeper sees too few places of such samples for its statistics to mean anything.
_LAYERS = ("relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_2", "relu4_1")
_SAMPLE_SIDE = 128  # texels; grain and the division of scales show in these already
_MOST_TEXELS = 256  # of the exemplar, along each side
_LEAST_VARIANCE = 1e-9  # of a layer that sees nothing vary


@torch.no_grad()
def nearest_source(candidates: Mapping[str, Artifact], colors: Tensor, image: Tensor) -> str:
    """The name of the generator whose samples are nearest.

    Args:
        candidates: name -> generator of textures; one or more.
        colors: texels of the exemplar that take part, (1, 3, ..., ...) sRGB in [0, 1].
        image: the exemplar, (1, 3, H, W); where it hides something, with colors of what it shows.
    """
    light, wanted = Light(layers=_LAYERS), Colors.of([colors])
    exemplar = _statistics(light, _mirrored(middle(image.cpu(), _MOST_TEXELS)))
    samples = {name: _recolored(_sample(artifact), wanted) for name, artifact in candidates.items()}
    distances = {name: _distance(_statistics(light, sample), exemplar) for name, sample in samples.items()}
    return min(distances, key=lambda name: distances[name])


def _sample(artifact: Artifact) -> Tensor:
    """A tile of it, (1, 3, side, side)."""
    request = TextureRequest(width=_SAMPLE_SIDE, height=_SAMPLE_SIDE, engine="torch", device="cpu", precision="f32")
    return torch.from_numpy(synthesize(artifact, request)[ALBEDO.name]).permute(2, 0, 1)[None]


def _recolored(sample: Tensor, wanted: Colors) -> Tensor:
    matrix, offset = color_map(Colors.of([sample]), wanted)
    return torch.einsum("oc,nchw->nohw", matrix.float(), sample) + offset.float()[:, None, None]


def middle(image: Tensor, most: int) -> Tensor:
    """At most so many texels of (1, 3, H, W) along each side, from its middle."""
    height, width = (min(length, most) for length in image.shape[2:])
    top, left = (image.shape[2] - height) // 2, (image.shape[3] - width) // 2
    return image[..., top : top + height, left : left + width]


def _mirrored(image: Tensor) -> Tensor:
    """With its mirror images, a picture that tiles, so that small ones have no borders that the descriptor misses."""
    wide = torch.cat([image, image.flip(3)], dim=3)
    return torch.cat([wide, wide.flip(2)], dim=2)


def _statistics(light: Light, image: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Means and deviations of the channels of each layer, (channels,) each."""
    return [(found.mean((0, 2, 3)), found.std((0, 2, 3))) for found in light(image, periodic=True).values()]


def _distance(sample: list[tuple[Tensor, Tensor]], exemplar: list[tuple[Tensor, Tensor]]) -> float:
    """The sum over the layers of the squared difference, each in units of the exemplar's variance, as losses are."""
    total = 0.0
    for (mean, deviation), (wanted_mean, wanted_deviation) in zip(sample, exemplar, strict=True):
        difference = (mean - wanted_mean).square().sum() + (deviation - wanted_deviation).square().sum()
        total += float(difference / wanted_deviation.square().sum().clamp_min(_LEAST_VARIANCE))
    return total
