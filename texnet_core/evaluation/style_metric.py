"""VGG-19 as a metric of painted pictures: how far from the style they are, and how far from what they show.

Strength moves a picture from the one to the other, so that a distance from one says little without the other.
"""

import itertools
import statistics
from collections.abc import Sequence

import torch

from texnet_core.descriptor.vgg19 import VGG19
from texnet_core.descriptor.weights import Vgg19Weights
from texnet_core.evaluation.crops import Crop, halves
from texnet_core.evaluation.texture_metric import HELD_OUT_LAYERS, TextureFeatures, TextureMetric, shows_enough
from texnet_core.losses.content import content_distance
from texnet_core.mapset import FloatArray, Mask
from texnet_core.settings import Tiling

CONTENT_LAYER = "relu4_2"
STYLE_LAYERS = tuple(layer for layer in HELD_OUT_LAYERS if layer != CONTENT_LAYER)  # that no loss of a style looks at
LEAST_SIDE = VGG19.smallest_side("valid", HELD_OUT_LAYERS)


class StyleMetric:
    """Measures distances of painted pictures.

    Args:
        weights: of VGG-19.
        device: where to compute.
    """

    def __init__(self, weights: Vgg19Weights, device: torch.device | str = "cpu") -> None:
        self._metric = TextureMetric(weights, device, (STYLE_LAYERS, (CONTENT_LAYER,)))

    def see(self, image: FloatArray, mask: Mask | None = None, *, wrap: Tiling = "none") -> TextureFeatures:
        """See a picture, once for all distances.

        Args:
            image: (H, W, 3) in [0, 1], at least `LEAST_SIDE` texels a side.
            mask: (H, W), which texels of a style take part; None: all do.
            wrap: axes along which it tiles; where both, what lies across its seams is seen too.
        """
        return self._metric.features(image, mask, periodic=wrap == "xy")

    def style_distance(self, painted: TextureFeatures, style: TextureFeatures) -> float:
        """Sliced 2-Wasserstein distance of layers that no loss looks at, in standard deviations of the style.

        The mean over relu3_3, 3_4, 4_3 and 4_4. 0 is equal. Source: see `TextureMetric.wasserstein_distances`.
        """
        distances = self._metric.wasserstein_distances(painted, style, STYLE_LAYERS)
        return statistics.fmean(distances.values())

    def content_distance(self, painted: TextureFeatures, content: TextureFeatures) -> float:
        """How far what two pictures of one size show is apart; see `losses.content.content_distance`.

        0 where each channel of relu4_2 has the same course, about 1 where they have nothing to do with each other: it
        is 1 minus their correlation, over all channels.
        """
        maps = (seen.maps[CONTENT_LAYER] for seen in (painted, content))
        return float(content_distance(*maps))

    def unrelated(self, contents: Sequence[TextureFeatures]) -> float | None:
        """The content distance between pictures that show different things, mean over pairs of two or more."""
        distances = []
        for first, second in itertools.combinations([seen.maps[CONTENT_LAYER] for seen in contents], 2):
            height, width = (min(sides) for sides in zip(first.shape[2:], second.shape[2:], strict=True))
            both = (maps[..., :height, :width] for maps in (first, second))
            distances.append(float(content_distance(*both)))
        return statistics.fmean(distances) if distances else None

    def floor(self, style: FloatArray, mask: Mask | None = None) -> float | None:
        """How far the halves of a style's picture are from each other, which paintings need not fall below.

        Returns:
            None where the halves are too small, or hardly visible.
        """
        masks = (None, None) if mask is None else halves(mask)
        parts = [Crop(*part) for part in zip(halves(style), masks, strict=True)]
        if min(min(part.image.shape[:2]) for part in parts) < LEAST_SIDE or not all(
            shows_enough(part.mask) for part in parts
        ):
            return None
        seen = [self.see(*part) for part in parts]
        return statistics.fmean(self.style_distance(*pair) for pair in itertools.permutations(seen))
