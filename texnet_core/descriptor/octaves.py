"""A network on a picture and on smaller copies of it, so that every loss compares several scales.

Source: Snelgrove 2017, "High-Resolution Multi-Scale Neural Texture Synthesis".
Differs: area averages instead of a Gaussian pyramid; layers of few texels are left out.
"""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from texnet_core.descriptor.layers import DEFAULT_LAYERS, FeatureMaps, octave_layer
from texnet_core.descriptor.network import Network

# A layer of a smaller copy has at least 8x8 texels: from fewer no distribution can be told.
_FEWEST_TEXELS = 8


class Octaves(nn.Module):
    """The default layers of a picture, and what they see of it at 1/2, 1/4, ... of its size.

    Args:
        network: makes one that returns given layers.
        octaves: how many sizes of the picture are compared, the picture's own included.
        side: the shortest side of all pictures to come. It decides once which layers each octave has.
        more: layers of the picture itself beside the default ones.
    """

    def __init__(
        self,
        network: Callable[[tuple[str, ...]], Network],
        octaves: int,
        side: int,
        more: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        first = network(DEFAULT_LAYERS + more)
        layers = [_layers(first, side >> octave) for octave in range(1, octaves)]
        self.networks = nn.ModuleList([first, *(network(names) for names in layers if names)])

    def forward(self, image: Tensor, *, periodic: bool = False) -> FeatureMaps:
        """Feature maps of all octaves.

        Args:
            image: (N, 3, H, W) sRGB in [0, 1], at least `side` texels a side.
            periodic: as for `Network`; H and W are then multiples of 2^(octaves - 1).

        Returns:
            Layer -> (N, C, h, w), float32; "relu3_1/2" is relu3_1 of the picture at half its size.
        """
        features: FeatureMaps = {}
        for octave, network in enumerate(self.networks):
            factor = 2**octave
            smaller = F.avg_pool2d(image, factor) if octave else image
            maps = network(smaller, periodic=periodic)
            features |= {octave_layer(layer, factor): value for layer, value in maps.items()}
        return features

    def visible(self, shares: Tensor) -> dict[str, Tensor]:
        """Which positions of each layer show what is visible of a picture; see `Structure.visible_positions`.

        Layers of smaller copies that have fewer than 8x8 of them are left out.
        """
        found: dict[str, Tensor] = {}
        for octave, network in enumerate(self.networks):
            factor = 2**octave
            smaller = F.avg_pool2d(shares[None, None], factor)[0, 0]
            assert isinstance(network, Network)
            maps = network.visible_positions(smaller)
            fewest = _FEWEST_TEXELS**2 if octave else 1
            found |= {octave_layer(layer, factor): value for layer, value in maps.items() if int(value.sum()) >= fewest}
        return found


def _layers(network: Network, side: int) -> tuple[str, ...]:
    smallest = network.structure.smallest_side
    return tuple(layer for layer in DEFAULT_LAYERS if smallest(network.padding, (layer,), _FEWEST_TEXELS) <= side)
