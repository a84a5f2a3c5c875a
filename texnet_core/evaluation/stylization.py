"""What can be seen of pictures in a style without a network: flicker, seams, and contents of less contrast."""

from collections.abc import Callable

import numpy as np

from texnet_core.evaluation.seam import AxisSeam, seam_error
from texnet_core.mapset import FloatArray
from texnet_core.settings import Tiling
from texnet_core.stylization.flicker import Flicker, Sampled
from texnet_core.stylization.request import StylizeRequest

_NOISE = 2 / 255  # standard deviation
_CONTRAST = 0.5
_FEWEST_TEXELS = 4
_SEED = 20160310


def flicker(
    content: FloatArray, painted: FloatArray, request: StylizeRequest, paint: Callable[[FloatArray], FloatArray]
) -> float:
    """How much a painting changes where its content gets a little noise, in levels of 255, beyond the noise itself.

    Args:
        content: (H, W, 3) in [0, 1].
        painted: (H, W, 3), what becomes of it.
        request: settled, of the painting.
        paint: what paints another content in the same way.

    Source: the measure of `stylization.flicker`, between the content and the same with Gaussian noise of 2 levels.
    """
    noise = np.random.default_rng(_SEED).normal(0, _NOISE, content.shape).astype(np.float32)
    noisy = np.clip(content + noise, 0, 1)
    seen = Flicker()
    for frame, made in ((content, painted), (noisy, paint(noisy))):
        seen.take(Sampled.of(frame, made, None, request))
    return seen.levels or 0.0


def less_contrast(content: FloatArray) -> FloatArray:
    """The content at half its contrast."""
    mean = content.mean((0, 1), dtype=np.float64).astype(np.float32)
    faint: FloatArray = mean + np.float32(_CONTRAST) * (content - mean)
    return faint


def seams(image: FloatArray, wrap: Tiling, cell: int) -> dict[str, AxisSeam]:
    """Axis -> the seam of a picture along which it tiles, where it has lines to compare; see `evaluation.seam`.

    Args:
        image: (H, W, 3) in [0, 1].
        wrap: axes along which it does.
        cell: of the generator, in texels; where sides are whole cells, lines that lie whole cells apart are compared.
    """
    if wrap == "none" or min(image.shape[:2]) < _FEWEST_TEXELS:
        return {}
    whole = all(side % cell == 0 and side > 3 * cell for side in image.shape[:2])
    both = seam_error(image, cell if whole else 1)
    return {axis: getattr(both, axis) for axis in wrap}
