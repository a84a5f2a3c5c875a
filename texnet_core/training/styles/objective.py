"""What a style's run minimizes: distance from the style, from what the picture shows, and from its texels.

How these weigh follows from the strength of each sample.

Source: Texture Networks (Ulyanov et al. 2016), equation 7. Differs: strength as an input (Kitov et al. 2019, arXiv
1904.08643, where it scales the loss of the style); features of the content are compared channel by channel as multiples
of their own spread, so that colors and contrast belong to the style alone.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from texnet_core.descriptor.octaves import Octaves
from texnet_core.losses import Sample, TextureLoss, range_penalty
from texnet_core.losses.content import CONTENT_LAYER, content_distance, plain_content_loss
from texnet_core.settings import LossSettings
from texnet_core.style_settings import StyleSettings
from texnet_core.training.objective import Losses
from texnet_core.training.styles.samples import Condition, StyleSamples

_CONTENT = "content_weight"  # key of the balance

_GROWTH = 0.3  # decades by which the content weighs more at strength 0 than at 1
_PACE = 0.04  # of the content's weight: how fast it follows
_LEAST_WEIGHT, _MOST_WEIGHT = 0.05, 2.0
_LEAST_STYLE = 0.1  # weight of the style at strength 0
_SPREAD = 0.2  # of texels, in which the distance from the picture is counted


class StyleObjective:
    """The loss of painted pictures.

    Args:
        descriptor: what looks at them; it sees `CONTENT_LAYER` too.
        style: what it sees of the style.
        samples: which say what was painted, and how.
        losses: which losses compare with the style.
        settings: weights of what is kept of the pictures.
        balance: holds the weight of the content, which follows from its distance at full strength: a style of fine
            grain hides what a picture shows, and one of broad strokes does not.
    """

    def __init__(
        self,
        descriptor: Octaves,
        style: Sample,
        samples: StyleSamples,
        losses: LossSettings,
        settings: StyleSettings,
        balance: dict[str, float],
    ) -> None:
        self._descriptor, self._samples, self._settings = descriptor, samples, settings
        self._balance = balance
        balance.setdefault(_CONTENT, settings.content_weight)
        self._range_weight = losses.range_weight
        self._style = TextureLoss(_without_content(style), losses)
        self._content = content_distance if settings.content_loss == "standardized" else plain_content_loss
        self._seen: dict[tuple[int, int], Tensor] = {}

    def __call__(
        self, image: Tensor, seeds: Sequence[int], loss_seed: int, *, finishing: bool, whole: bool = False
    ) -> Losses:
        """The loss of a batch; see `training.objective.Objective`."""
        conditions = self._samples.conditions(seeds)
        pictures = self._samples.pictures(conditions, image.shape[-1])
        features = self._descriptor(image, periodic=True)
        total = self._range_weight * range_penalty(Sample(image, features), loss_seed)
        style = torch.zeros((), device=image.device)
        for number, condition in enumerate(conditions):
            one = slice(number, number + 1)
            sample = Sample(image[one], {layer: maps[one] for layer, maps in features.items()})
            style_weight, content_weight, identity_weight = self._weights(condition.strength)
            painted = style_weight * self._style(_without_content(sample), loss_seed, finishing=finishing)
            distance = self._content(sample.features[CONTENT_LAYER], self._features_of(condition, pictures[one]))
            if condition.strength == 1 and not finishing and distance.requires_grad:
                self._steer(float(distance.detach()))
            kept = content_weight * distance
            same = identity_weight * _texel_distance(sample.image, pictures[one])
            style = style + painted / len(conditions)
            total = total + (painted + kept + same) / len(conditions)
        return Losses(style, total)

    @torch.no_grad()
    def content_distance(self, image: Tensor, condition: Condition) -> float:
        """How far a painted picture, (1, 3, size, size), is from what it shows; see `losses.content`."""
        maps = self._descriptor(image.clamp(0, 1), periodic=True)[CONTENT_LAYER]
        picture = self._samples.pictures([condition], image.shape[-1])
        return float(content_distance(maps, self._features_of(condition, picture)))

    def _weights(self, strength: float) -> tuple[float, float, float]:
        """Of the style, of what the picture shows, and of its texels."""
        settings = self._settings
        return (
            _LEAST_STYLE + (1 - _LEAST_STYLE) * strength**0.25,
            self._balance[_CONTENT] * 10 ** (_GROWTH * (1 - strength)),
            settings.identity_weight * (1 - strength) ** 4,
        )

    def _steer(self, distance: float) -> None:
        """Let the content weigh more where too much of it is lost, and less where too little is."""
        if self._settings.content_goal:
            weight = self._balance[_CONTENT] * math.exp(_PACE * (distance - self._settings.content_goal))
            self._balance[_CONTENT] = min(max(weight, _LEAST_WEIGHT), _MOST_WEIGHT)

    @torch.no_grad()
    def _features_of(self, condition: Condition, picture: Tensor) -> Tensor:
        """What the descriptor sees of a picture of the pool, which is kept."""
        key = (condition.picture, picture.shape[-1])
        if key not in self._seen:
            self._seen[key] = self._descriptor(picture, periodic=True)[CONTENT_LAYER].half()
        return self._seen[key].float()


def _texel_distance(image: Tensor, picture: Tensor) -> Tensor:
    return ((image - picture).square().mean() / _SPREAD**2 + 1e-6).sqrt()


def _without_content(sample: Sample) -> Sample:
    features = {layer: maps for layer, maps in sample.features.items() if layer != CONTENT_LAYER}
    visible = sample.visible and {layer: sample.visible[layer] for layer in features}
    return Sample(sample.image, features, sample.periodic, sample.seeds, visible)
