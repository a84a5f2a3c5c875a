"""VGG-19 on a picture and on smaller copies of it, so that every loss compares several scales.

Source: Snelgrove 2017, "High-Resolution Multi-Scale Neural Texture Synthesis".
Differs: area averages instead of a Gaussian pyramid; taps of few texels are left out.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from texnet_core.descriptor.layers import octave_tap
from texnet_core.descriptor.vgg19 import DEFAULT_TAPS, Vgg19, smallest_side
from texnet_core.descriptor.weights import Vgg19Weights
from texnet_core.settings import DescriptorSettings, Padding

# A layer of a smaller copy has at least 8x8 texels: from fewer no distribution can be told.
_FEWEST_TEXELS = 8


class Octaves(nn.Module):
    """The default taps of a picture, and what they see of it at 1/2, 1/4, ... of its size.

    Args:
        weights: of VGG-19.
        settings: number of octaves, pooling and padding.
        side: the shortest side of all pictures to come. It decides once which taps each octave has.
        precision: of the convolutions.
    """

    def __init__(
        self, weights: Vgg19Weights, settings: DescriptorSettings, side: int, precision: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        taps = [DEFAULT_TAPS] + [_taps(settings.padding, side >> octave) for octave in range(1, settings.octaves)]
        self.networks = nn.ModuleList(
            Vgg19(weights, names, settings.pooling, settings.padding, precision) for names in taps if names
        )

    def forward(self, image: Tensor, *, periodic: bool = False) -> dict[str, Tensor]:
        """Feature maps of all octaves.

        Args:
            image: (N, 3, H, W) sRGB in [0, 1], at least `side` texels a side.
            periodic: as for `Vgg19`; H and W are then multiples of 2^(octaves - 1).

        Returns:
            Tap -> (N, C, h, w), float32; "relu3_1/2" is relu3_1 of the picture at half its size.
        """
        features: dict[str, Tensor] = {}
        for octave, network in enumerate(self.networks):
            factor = 2**octave
            smaller = F.avg_pool2d(image, factor) if octave else image
            maps = network(smaller, periodic=periodic)
            features |= {octave_tap(tap, factor): value for tap, value in maps.items()}
        return features


def _taps(padding: Padding, side: int) -> tuple[str, ...]:
    return tuple(tap for tap in DEFAULT_TAPS if smallest_side(padding, (tap,), _FEWEST_TEXELS) <= side)
