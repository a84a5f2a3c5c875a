"""VGG-19 as a metric of textures: how far a picture's statistics lie from the exemplar's.

The metric differs from the network that training looks through: max pooling as VGG-19 was trained, not the
mean of averages and maxima; float32; fixed directions and all positions for the sliced Wasserstein distance. It looks
at the field's five layers, so that figures can be compared with those of others, and apart from them at those that no
loss looks at.
"""

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from texnet_core.descriptor.layers import FeatureMaps
from texnet_core.descriptor.structure import FEWEST_POSITIONS
from texnet_core.descriptor.vgg19 import VGG19, Vgg19
from texnet_core.descriptor.weights import Vgg19Weights
from texnet_core.evaluation.crops import Crop, mean_of_pairs
from texnet_core.losses.diversity import mean_difference
from texnet_core.losses.gram import gram_matrix
from texnet_core.losses.loss import Sample
from texnet_core.mapset import FloatArray, Mask

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
HELD_OUT_LAYERS = ("relu3_3", "relu3_4", "relu4_2", "relu4_3", "relu4_4")  # all that neither training nor optimize sees
_DIVERSITY_LAYER = "relu4_2"
DIRECTIONS = 128
_QUANTILES = 4096
_SEED = 20160311
_LEAST_DIFFERENCE = 1e-12


@dataclass(frozen=True)
class TextureFeatures:
    """What the metric sees of a picture.

    Attributes:
        maps: layer -> (1, C, h, w); of a picture with a mask the positions that count, (1, C, count, 1).
        quantiles: layer -> (128, 4096), the quantile function along each direction. Sorting takes most of
            the time, so it is done once a picture.
        has_holes: whether the picture has a mask.
    """

    maps: FeatureMaps
    quantiles: FeatureMaps
    has_holes: bool = False


@dataclass(frozen=True)
class TextureDistance:
    """How far one picture's features lie from another's, layer by layer.

    Attributes:
        gram: see `TextureMetric.gram_distances`.
        wasserstein: see `TextureMetric.wasserstein_distances`.
        held_out: the same of the layers that no loss looks at.
    """

    gram: dict[str, float]
    wasserstein: dict[str, float]
    held_out: dict[str, float]


@dataclass(frozen=True)
class Diversity:
    """Mean absolute differences of relu4_2, texel by texel: what Li et al. call diversity.

    Attributes:
        between_seeds: of pairs of samples.
        between_places: of pairs of places of the exemplar.
    """

    between_seeds: float
    between_places: float

    @property
    def share(self) -> float:
        """1 says that two seeds have no more in common than two places of the exemplar; 0 that all seeds are alike."""
        return self.between_seeds / max(self.between_places, _LEAST_DIFFERENCE)


class TextureMetric:
    """Measures distances between pictures.

    Args:
        weights: of VGG-19.
        device: where to compute.
        groups: the layers to look at; each group has directions of its own.
    """

    def __init__(
        self,
        weights: Vgg19Weights,
        device: torch.device | str = "cpu",
        groups: tuple[tuple[str, ...], ...] = (LAYERS, HELD_OUT_LAYERS),
    ) -> None:
        self.device, self._groups = torch.device(device), groups
        layers = tuple(itertools.chain.from_iterable(groups))
        self._vgg19 = Vgg19(weights, layers=layers, pooling="max").to(self.device)

    @torch.no_grad()
    def features(self, image: FloatArray, mask: Mask | None = None, *, periodic: bool) -> TextureFeatures:
        """See a picture.

        Args:
            image: (H, W, 3) in [0, 1], at least 172 texels a side.
            mask: (H, W), which texels of a crop take part; see `shows_enough`. None: all do.
            periodic: the picture tiles, so what lies across its seam is measured too.
        """
        pixels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].to(self.device)
        maps: FeatureMaps = self._vgg19(pixels, periodic=periodic)
        if mask is not None:
            seen = Sample(pixels, maps, visible=_visible(mask))
            maps = {layer: seen.counted(layer) for layer in maps}
        quantiles = {layer: found for group in self._groups for layer, found in self._quantiles(maps, group).items()}
        return TextureFeatures(maps, quantiles, mask is not None)

    def texture_distance(self, sample: TextureFeatures, exemplar: TextureFeatures) -> TextureDistance:
        """All distances of a sample from the exemplar."""
        return TextureDistance(
            gram=self.gram_distances(sample, exemplar),
            wasserstein=self.wasserstein_distances(sample, exemplar),
            held_out=self.wasserstein_distances(sample, exemplar, HELD_OUT_LAYERS),
        )

    @torch.no_grad()
    def gram_distances(self, sample: TextureFeatures, exemplar: TextureFeatures) -> dict[str, float]:
        """Layer -> ||G - G0|| / ||G0|| in the Frobenius norm, G the Gram matrix averaged over texels.

        Source: the texture loss of Gatys et al. 2015, made relative.
        """
        distances = {}
        for layer in LAYERS:
            wanted = gram_matrix(exemplar.maps[layer])
            distances[layer] = float((gram_matrix(sample.maps[layer]) - wanted).norm() / wanted.norm())
        return distances

    @torch.no_grad()
    def wasserstein_distances(
        self, sample: TextureFeatures, exemplar: TextureFeatures, layers: Sequence[str] = LAYERS
    ) -> dict[str, float]:
        """Layer -> sliced 2-Wasserstein distance over 128 fixed directions, in standard deviations of the exemplar.

        Source: Heitz et al. 2021, "A Sliced Wasserstein Loss for Neural Texture Synthesis".
        """
        distances = {}
        for layer in layers:
            variance = exemplar.maps[layer][0].flatten(1).var(dim=1).mean() + 1e-12
            square = (sample.quantiles[layer] - exemplar.quantiles[layer]).square().mean()
            distances[layer] = float((square / variance).sqrt())
        return distances

    def _quantiles(self, maps: FeatureMaps, layers: Sequence[str]) -> FeatureMaps:
        rng = torch.Generator().manual_seed(_SEED)
        found = {}
        for layer in layers:
            directions = F.normalize(torch.randn(DIRECTIONS, maps[layer].shape[1], generator=rng), dim=1)
            found[layer] = _quantile_functions(directions.to(self.device) @ maps[layer][0].flatten(1))
        return found


def shows_enough(mask: Mask | None) -> bool:
    """Whether each layer has positions enough that show what is visible of a picture."""
    return mask is None or all(int(visible.sum()) >= FEWEST_POSITIONS for visible in _visible(mask).values())


def _visible(mask: Mask) -> dict[str, Tensor]:
    return VGG19.visible_positions(torch.from_numpy(mask).float(), "valid", (*LAYERS, *HELD_OUT_LAYERS))


def crop_floor(metric: TextureMetric, crops: Sequence[FloatArray | Crop]) -> TextureDistance:
    """Mean distance between crops of one surface: what a perfect texture need not fall below.

    Each two are held against one another both ways, for distances are relative to the second.

    Args:
        metric: measures.
        crops: two or more, each (H, W, 3) in [0, 1] and at least 172 texels a side; `crops.quadrants` makes four.
    """
    parts = [crop if isinstance(crop, Crop) else Crop(crop) for crop in crops]
    features = [metric.features(*part, periodic=False) for part in parts]
    return mean_distance([metric.texture_distance(*pair) for pair in itertools.permutations(features, 2)])


def diversity(samples: Sequence[TextureFeatures], exemplar: TextureFeatures) -> Diversity:
    """How unlike each other samples are.

    Args:
        samples: features of two or more samples of one size.
        exemplar: features of the exemplar at the samples' scale. Its places are the quadrants of its feature maps,
            which unlike features of smaller crops have seen what lies around them; of one with a mask, all pairs of
            positions that count.

    Source: Li et al. 2017, "Diversified Texture Synthesis with Feed-forward Networks", section 3.2.
    Differs: relative to the exemplar.
    """
    places = exemplar.maps[_DIVERSITY_LAYER]
    return Diversity(
        between_seeds=mean_of_pairs([sample.maps[_DIVERSITY_LAYER] for sample in samples], _difference),
        between_places=mean_difference(places[0].flatten(1))
        if exemplar.has_holes
        else mean_of_pairs(_quadrants_of(places), _difference),
    )


def _quadrants_of(maps: Tensor) -> list[Tensor]:
    height, width = (side // 2 for side in maps.shape[2:])
    return [maps[:, :, y : y + height, x : x + width] for y in (0, height) for x in (0, width)]


def _difference(first: Tensor, second: Tensor) -> float:
    return float((first - second).abs().mean())


def mean_distance(distances: Sequence[TextureDistance]) -> TextureDistance:
    """The mean of several, layer by layer."""
    return TextureDistance(
        gram=_mean_of_layers([each.gram for each in distances]),
        wasserstein=_mean_of_layers([each.wasserstein for each in distances]),
        held_out=_mean_of_layers([each.held_out for each in distances]),
    )


def _mean_of_layers(distances: Sequence[dict[str, float]]) -> dict[str, float]:
    return {layer: statistics.fmean(each[layer] for each in distances) for layer in distances[0]}


def _quantile_functions(projections: Tensor) -> Tensor:
    """(directions, texels) -> (directions, 4096): the quantile function of each row, linearly interpolated."""
    ordered = projections.sort(dim=1).values
    return F.interpolate(ordered[None], size=_QUANTILES, mode="linear", align_corners=True)[0]
