"""What a conditional pyramid learns from: exemplars, and what the descriptor has seen of them."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from texnet_core.adaptive.pictures import Bytes, Pictures
from texnet_core.descriptor.light import Light
from texnet_core.instant.exemplar_statistics import PrincipalColors, statistics_of
from texnet_core.losses.order import spread_texels
from texnet_core.mapset import FloatArray
from texnet_core.model.noise import derive_seed
from texnet_core.pictures.color import quantize

_LEAST_SPREAD = 0.03  # of all colors together; of what is nearly of one color every fault is large
_TRIES = 8  # crops, until one has more

# of variations
_WHOLE_SHARE = 0.4  # of those that show all of the short side
_STRETCHED_SHARE = 0.4
_LEAST_CUT, _LEAST_STRETCH = 0.5, 0.6
_RECOLORED_SHARE = 0.5
_LARGEST_CONTRAST = 1.6  # and as much less
_COLOR_SPREAD = 0.06


@dataclass(frozen=True)
class Exemplar:
    """A texture that is learned.

    Attributes:
        image: (height, width, 3) sRGB in 255 levels.
        axes: (3, 3), and
        mean: (3,), see `PrincipalColors`.
        features: layer -> (1, C, positions, 1) float16, some of what the descriptor sees.
        told: what a predictor is told of it, (numbers,); empty where none is.
        number: of the texture, where each has a code.
    """

    image: Bytes
    axes: Tensor
    mean: Tensor
    features: Mapping[str, Tensor]
    told: Tensor
    number: int = 0


class Looking:
    """Looks at exemplars.

    Args:
        descriptor: through which.
        device: where it is.
        positions: of each layer, at most, that are kept of what it sees.
        told: whether a predictor is to be told of them.
    """

    def __init__(self, descriptor: Light, device: torch.device, positions: int, *, told: bool) -> None:
        self._descriptor, self._device, self._positions, self._told = descriptor, device, positions, told

    @torch.no_grad()
    def at(self, image: FloatArray, seed: int = 0, number: int = 0) -> Exemplar:
        """What is to be known of an exemplar.

        Args:
            image: (height, width, 3) sRGB in [0, 1].
            seed: decides which positions are kept.
            number: of the texture.
        """
        colors = PrincipalColors.of(image)
        tensor = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].contiguous()
        features = self._descriptor(tensor.to(self._device))
        rng = torch.Generator().manual_seed(seed)
        return Exemplar(
            quantize(image, 8),
            torch.from_numpy(colors.axes).to(self._device),
            torch.from_numpy(colors.mean).to(self._device),
            {layer: self._some(maps, rng).half() for layer, maps in features.items()},
            torch.from_numpy(statistics_of(image)).to(self._device) if self._told else torch.empty(0),
            number,
        )

    def _some(self, maps: Tensor, rng: torch.Generator) -> Tensor:
        flat = maps.flatten(2)
        if flat.shape[2] > self._positions:
            flat = flat[:, :, spread_texels(flat.shape[2], self._positions, rng).to(flat.device)]
        return flat[..., None]


class Variations:
    """Endless exemplars: crops of pictures at many scales, turned over, stretched, half of them with other colors.

    Each has a number, and is the same whenever it is asked for. What was asked for last is kept.

    Args:
        pictures: that are cut.
        side: of the exemplars.
        seed: of all of them.
        look: (image, seed) -> exemplar.
        kept: exemplars, at most.
    """

    def __init__(
        self, pictures: Pictures, side: int, seed: int, look: Callable[[FloatArray, int], Exemplar], kept: int
    ) -> None:
        self._images, self._side, self._seed, self._look, self._most = pictures.images, side, seed, look, kept
        self._kept: OrderedDict[int, Exemplar] = OrderedDict()

    def __getitem__(self, number: int) -> Exemplar:
        if number not in self._kept:
            self._kept[number] = self._look(self.picture(number), derive_seed(self._seed, number))
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(number)
        return self._kept[number]

    def picture(self, number: int) -> FloatArray:
        """One of them, (side, side, 3) sRGB in [0, 1]."""
        image = np.zeros(0, np.float32)
        for attempt in range(_TRIES):
            rng = np.random.default_rng(derive_seed(self._seed, number, attempt))
            image = varied(self._images[rng.integers(len(self._images))], self._side, rng)
            if np.sqrt(image.var((0, 1)).sum()) > _LEAST_SPREAD:
                break
        return image


def varied(image: Bytes, side: int, rng: np.random.Generator) -> FloatArray:
    """A variation of a picture, (side, side, 3) in [0, 1]."""
    whole = min(image.shape[:2])
    share = 1.0 if rng.random() < _WHOLE_SHARE else rng.uniform(_LEAST_CUT, 1)
    stretch = rng.uniform(_LEAST_STRETCH, 1, 2) if rng.random() < _STRETCHED_SHARE else np.ones(2)
    height, width = (max(1, int(whole * share * each)) for each in stretch)
    top, left = (int(rng.integers(have - take + 1)) for have, take in zip(image.shape, (height, width), strict=False))
    cut = image[top : top + height, left : left + width]
    cut = cut.transpose(1, 0, 2) if rng.random() < 0.5 else cut
    cut = cut[:: rng.choice((-1, 1)), :: rng.choice((-1, 1))]
    made = resized_square(cut, side)
    return _recolored(made, rng) if rng.random() < _RECOLORED_SHARE else made


def middle_square(image: Bytes, side: int) -> FloatArray:
    """The square in the middle of a picture, (side, side, 3) in [0, 1]."""
    whole = min(image.shape[:2])
    top, left = ((length - whole) // 2 for length in image.shape[:2])
    return resized_square(image[top : top + whole, left : left + whole], side)


def resized_square(image: Bytes, side: int) -> FloatArray:
    """All of a picture as a square, (side, side, 3) in [0, 1]."""
    values = torch.from_numpy(np.ascontiguousarray(image, np.float32)).permute(2, 0, 1)[None] / 255
    made = F.interpolate(values, size=(side, side), mode="bicubic", antialias=True, align_corners=False)
    return made[0].clamp(0, 1).permute(1, 2, 0).contiguous().numpy()


def _recolored(image: FloatArray, rng: np.random.Generator) -> FloatArray:
    """With another contrast, other colors and often other channels."""
    mean = image.mean((0, 1))
    contrast = _LARGEST_CONTRAST ** rng.uniform(-1, 1)
    channels = rng.permutation(3) if rng.random() < 0.5 else np.arange(3)
    changed = (mean + (image - mean) * contrast)[..., channels] + rng.normal(0, _COLOR_SPREAD, 3)
    return np.ascontiguousarray(changed.clip(0, 1), np.float32)
