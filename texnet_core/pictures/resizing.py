"""Pictures in another size."""

import numpy as np

from texnet_core.errors import ImageError
from texnet_core.mapset import HALF, FloatArray, Mask
from texnet_core.settings import MIN_EXEMPLAR_SIDE

LANCZOS_SUPPORT = 3  # texels of the smaller picture on each side that its filter sees


def resize_exemplar(image: FloatArray, size: int) -> FloatArray:
    """Scale so that the short side is `size`; of very long pictures, the middle 4:1 is kept.

    Args:
        image: (height, width, channels) in [0, 1].
        size: texels of the short side; at most the picture's own, since enlarging invents nothing.

    Returns:
        (h, w, channels) in [0, 1] with min(h, w) == size and max(h, w) <= 4 size.

    Raises:
        ImageError: the picture is smaller than `size`.
    """
    short = min(image.shape[:2])
    check_short_side(
        image, size, f", or an exemplar size of {short} where it can be chosen" if short >= MIN_EXEMPLAR_SIDE else ""
    )
    resized = filtered(image, _target(image.shape, size))
    return np.ascontiguousarray(resized[_kept(resized.shape, size)])


def reduce_tile(tile: FloatArray, factor: int) -> FloatArray:
    """A tile with fewer texels, made smaller by the filter that `resize_exemplar` uses, around its edges too.

    Args:
        tile: (height, width, channels) in [0, 1], both multiples of `factor`; what lies beyond an edge is at the other.
        factor: from 1 on.
    """
    margin = LANCZOS_SUPPORT
    around = np.pad(tile, [(margin * factor, margin * factor)] * 2 + [(0, 0)], mode="wrap")
    height, width = (length // factor for length in around.shape[:2])
    inside = slice(margin, height - margin), slice(margin, width - margin)
    return np.ascontiguousarray(filtered(around, (width, height))[inside])


def filtered(image: FloatArray, size: tuple[int, int]) -> FloatArray:
    """(height, width, channels) at another width and height, in [0, 1], by Lanczos' filter."""
    from PIL import Image

    bands = (Image.fromarray(np.ascontiguousarray(image[..., band])) for band in range(image.shape[2]))
    scaled = [np.asarray(band.resize(size, Image.Resampling.LANCZOS)) for band in bands]
    resized: FloatArray = np.clip(np.stack(scaled, axis=2), 0, 1)
    return resized


def check_short_side(image: FloatArray, least: int, otherwise: str = "") -> None:
    """Raise ImageError for an exemplar of fewer texels on the short side; `otherwise` goes on with the remedy."""
    height, width = image.shape[:2]
    if min(height, width) < least:
        raise ImageError(
            f"the exemplar is too small, with {width}x{height} pixels",
            expected=f"at least {least} on the short side",
            remedy=f"take a picture of at least {least} on the short side{otherwise}",
        )


def resize_mask(mask: Mask, size: int) -> Mask:
    """Scale a mask as `resize_exemplar` scales its picture: a texel takes part where half of what it covers does.

    Args:
        mask: (height, width).
        size: texels of the short side, at most the picture's own.
    """
    from PIL import Image

    shares = Image.fromarray(mask.astype(np.float32)).resize(_target(mask.shape, size), Image.Resampling.BOX)
    resized: Mask = np.asarray(shares) >= HALF
    return np.ascontiguousarray(resized[_kept(resized.shape, size)])


def _target(shape: tuple[int, ...], size: int) -> tuple[int, int]:
    """Width and height at which the short side is `size`."""
    scale = size / min(shape[:2])
    return round(shape[1] * scale), round(shape[0] * scale)


def _kept(shape: tuple[int, ...], size: int) -> tuple[slice, slice]:
    """The middle 4:1."""
    top, left = (max(0, side - 4 * size) // 2 for side in shape[:2])
    return slice(top, top + 4 * size), slice(left, left + 4 * size)
