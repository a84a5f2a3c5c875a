"""What lies round a picture: itself again where it wraps, else its mirror image. And pictures in another size."""

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import FloatArray

_REACH = 4  # texels beyond an edge that resizing looks at, in those of the coarser picture


def window(image: FloatArray, top: int, left: int, height: int, width: int, wraps: bool) -> FloatArray:
    """A window of the plane that goes on from a picture, (height, width, channels); its corner may be any integer."""
    rows, columns = (
        _places(start, count, side, wraps)
        for start, count, side in ((top, height, image.shape[0]), (left, width, image.shape[1]))
    )
    found: FloatArray = image[rows[:, None], columns[None, :]]
    return found


def resized(image: FloatArray, height: int, width: int, wraps: bool) -> FloatArray:
    """A picture in another size, (height, width, channels); it wraps as before.

    Smaller is a mean over what a texel covers, larger a cubic between texels.
    """
    from PIL import Image

    if image.shape[:2] == (height, width):
        return image
    old_height, old_width = image.shape[:2]
    smaller = height < old_height
    method = Image.Resampling.HAMMING if smaller else Image.Resampling.BICUBIC
    down, across = (
        _REACH * max(1, -(-old // new)) if wraps else 0 for old, new in ((old_height, height), (old_width, width))
    )
    result = np.empty((height, width, image.shape[2]), np.float32)
    box = (across, down, across + old_width, down + old_height)
    for channel in range(image.shape[2]):
        plane = window(
            image[..., channel : channel + 1], -down, -across, old_height + 2 * down, old_width + 2 * across, wraps
        )[..., 0]
        result[..., channel] = Image.fromarray(np.ascontiguousarray(plane)).resize((width, height), method, box=box)
    return result


def _places(start: int, count: int, side: int, wraps: bool) -> npt.NDArray[np.intp]:
    places = np.arange(start, start + count)
    if wraps:
        return places % side
    places %= 2 * side
    return np.minimum(places, 2 * side - 1 - places)
