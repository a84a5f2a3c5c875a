"""The descriptor that needs no weights: the image itself, sharpened, on a Gaussian pyramid whose patches are compared.

Source: Houdard et al. 2021, "Wasserstein Generative Models for Patch-based Texture Synthesis": patches of one side
on every level of a pyramid. Differs: the image is sharpened first, and the finest levels have smaller patches. Both
keep fine grain, which the mean of overlapping patches would blur.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from texnet_core.circular import wrap
from texnet_core.descriptor.layers import FeatureMaps
from texnet_core.mapset import HALF

_FINE_SIDES = (4, 5)  # of the patches on the finest levels, in texels of the level
_SIDE = 6  # on all others
FINEST = "level0"
FEWEST = 16  # patches of a level; fewer are no distribution
_COARSEST_TEXELS = 16
_SHARPENING = 2.0
_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


class PatchPyramid(nn.Module):
    """Levels of a Gaussian pyramid as feature maps, for a loss that compares their patches.

    Args:
        size: side of the samples in texels; it decides the number of levels.
        exemplar_side: short side of the exemplar in texels; levels at which it is too small for patches are left out.

    Attributes:
        sides: layer -> side of its patches in texels of its level.
    """

    def __init__(self, size: int, exemplar_side: int) -> None:
        super().__init__()
        levels = levels_for(size)
        while levels > 1 and _side_of_level(exemplar_side, levels - 1) < _SIDE:
            levels -= 1
        sides = (*_FINE_SIDES, *[_SIDE] * levels)[:levels]
        self.sides = {f"level{level}": side for level, side in enumerate(sides)}
        self.register_buffer("binomial", torch.tensor(_BINOMIAL))

    def forward(self, image: Tensor, *, periodic: bool = False) -> FeatureMaps:
        """The levels, finest first.

        Args:
            image: (N, 3, H, W) sRGB in [0, 1].
            periodic: the image is one period of a texture; `size` divides H and W. Every texel then begins one of the
                patches, for each level is returned with what lies beyond its right and lower edge.

        Returns:
            Layer -> (N, 3, h, w), float32.
        """
        x = self._sharpened(image, periodic)
        features: FeatureMaps = {}
        for layer, side in self.sides.items():
            if features:
                x = self._blurred(x, periodic)[..., ::2, ::2]
            features[layer] = wrap(x, 0, side - 1) if periodic else x
        return features

    def visible(self, shares: Tensor) -> dict[str, Tensor]:
        """Which texels of each level show what is visible of a picture: layer -> (h, w) bool, of the maps' size.

        Those of which at least half is visible, weighed as the level averages. Levels on which fewer than `FEWEST`
        whole patches are visible are left out.

        Args:
            shares: (H, W) in [0, 1], how much of each texel is visible.
        """
        cells = shares[None, None, 2:-2, 2:-2]  # sharpening takes the borders
        found: dict[str, Tensor] = {}
        for layer, side in self.sides.items():
            if layer != FINEST:
                cells = self._blurred(cells, periodic=False)[..., ::2, ::2]
            visible = cells[0, 0] >= HALF
            if int(whole_patches(visible, side).sum()) >= FEWEST:
                found[layer] = visible
        return found

    def _sharpened(self, x: Tensor, periodic: bool) -> Tensor:
        inner = x if periodic else x[..., 2:-2, 2:-2]
        return inner + _SHARPENING * (inner - self._blurred(x, periodic))

    def _blurred(self, x: Tensor, periodic: bool) -> Tensor:
        """Binomial blur; without a period the 2 texels at each border are lost."""
        x = wrap(x, 2, 2) if periodic else x
        binomial = self.get_buffer("binomial").expand(x.shape[1], 1, 1, -1)
        return F.conv2d(F.conv2d(x, binomial, groups=x.shape[1]), binomial.mT, groups=x.shape[1])


def _side_of_level(exemplar_side: int, level: int) -> int:
    """Texels a side of the exemplar's map; sharpening and every blur take 2 at each border."""
    side = exemplar_side - 4
    for _ in range(level):
        side = (side - 4 + 1) // 2
    return side


def whole_patches(visible: Tensor, side: int) -> Tensor:
    """Where patches begin of which all is visible: (h, w) bool -> (h - side + 1, w - side + 1) bool."""
    return F.max_pool2d((~visible).float()[None, None], side, stride=1)[0, 0] == 0


def levels_for(size: int) -> int:
    """Levels of the pyramid: 4 at 128 texels and one more a doubling, as long as halves are whole."""
    return 1 if size % 2 or size < 2 * _COARSEST_TEXELS else 1 + levels_for(size // 2)
