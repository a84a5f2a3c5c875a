"""VGG-19 as a judge: how far a picture's statistics lie from the exemplar's.

The judge differs from the network that training looks through: max pooling as VGG-19 was trained, not average
pooling; float32; fixed directions and all positions for the sliced Wasserstein distance.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from texnet_core.descriptor.vgg19 import Vgg19
from texnet_core.descriptor.weights import Vgg19Weights
from texnet_core.losses.gram import gram_matrix

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
_DIVERSITY_LAYER = "relu4_2"
_DIRECTIONS = 128
_QUANTILES = 4096
_SEED = 20160311

Picture = npt.NDArray[np.float32]
Features = dict[str, Tensor]


class Judge:
    """Measures distances between pictures.

    Args:
        weights: of VGG-19.
        device: where to compute.
    """

    def __init__(self, weights: Vgg19Weights, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self._vgg19 = Vgg19(weights, taps=(*LAYERS, _DIVERSITY_LAYER), pooling="max").to(self.device)

    @torch.no_grad()
    def features(self, picture: Picture, *, periodic: bool) -> Features:
        """Layer -> (1, C, h, w).

        Args:
            picture: (H, W, 3) in [0, 1], at least 172 texels a side.
            periodic: the picture tiles, so what lies across its seam is judged too.
        """
        image = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].to(self.device)
        features: Features = self._vgg19(image, periodic=periodic)
        return features

    @torch.no_grad()
    def gram_distances(self, sample: Features, exemplar: Features) -> dict[str, float]:
        """Layer -> ||G - G0|| / ||G0|| in the Frobenius norm, G the Gram matrix averaged over texels.

        Source: the texture loss of Gatys et al. 2015, made relative.
        """
        distances = {}
        for layer in LAYERS:
            wanted = gram_matrix(exemplar[layer])
            distances[layer] = float((gram_matrix(sample[layer]) - wanted).norm() / wanted.norm())
        return distances

    @torch.no_grad()
    def wasserstein_distances(self, sample: Features, exemplar: Features) -> dict[str, float]:
        """Layer -> sliced 2-Wasserstein distance over 128 fixed directions, in standard deviations of the exemplar.

        Source: Heitz et al. 2021, "A Sliced Wasserstein Loss for Neural Texture Synthesis".
        """
        rng = torch.Generator().manual_seed(_SEED)
        distances = {}
        for layer in LAYERS:
            channels = exemplar[layer].shape[1]
            directions = F.normalize(torch.randn(_DIRECTIONS, channels, generator=rng), dim=1).to(self.device)
            found, wanted = (_quantiles(directions @ maps[layer][0].flatten(1)) for maps in (sample, exemplar))
            variance = exemplar[layer][0].flatten(1).var(dim=1).mean() + 1e-12
            distances[layer] = float(((found - wanted).square().mean() / variance).sqrt())
        return distances

    @torch.no_grad()
    def difference(self, first: Features, second: Features) -> float:
        """Mean absolute difference of relu4_2, texel by texel: what Li et al. call diversity.

        Source: Li et al. 2017, "Diversified Texture Synthesis with Feed-forward Networks".
        """
        return float((first[_DIVERSITY_LAYER] - second[_DIVERSITY_LAYER]).abs().mean())


def _quantiles(projections: Tensor) -> Tensor:
    """(directions, texels) -> (directions, 4096): the quantile function of each row, linearly interpolated."""
    ordered = projections.sort(dim=1).values
    return F.interpolate(ordered[None], size=_QUANTILES, mode="linear", align_corners=True)[0]


def mean(distances: dict[str, float]) -> float:
    """The mean over layers, which is the figure for the whole."""
    return sum(distances.values()) / len(distances)
