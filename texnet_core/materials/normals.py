"""Normal maps: whether a picture is one, which way green points, and how high the relief is that fits them.

Normals are vectors of a surface seen from above: x to the right, y up, z towards the eye, each stored as (v + 1) / 2.
So is the convention of OpenGL; in that of DirectX, y points down. A height map tells which one it is, because its
gradient has to fit the slopes of the normals.
"""

from dataclasses import dataclass

import numpy as np

from texnet_core.errors import ImageError
from texnet_core.mapset import FloatArray, Mask

_UPWARD_SHARE = 0.97  # of texels whose normals point away from the surface; in all of 45 materials it was 0.998
_MOST_TILT = 0.6  # of the mean normal, as a slope; in 45 materials it was at most 0.27
_LENGTHS = (0.4, 1.25)  # of the mean; normals that were blurred are shorter
_FLAT_Z = 0.05  # least z: what is steeper says little
_CONSTANT = 2 / 255
_STEEP = 0.25  # x or y beyond which z cannot be 1, whatever rounding did
_SIGNED = -0.1  # values below it are vectors themselves
_AGREES = 0.2  # correlation; in 34 materials it was 0.26 to 1
_SMOOTHINGS = 2


@dataclass(frozen=True)
class Agreement:
    """How a height map fits the slopes of normals.

    Attributes:
        across: correlation of both along rows, -1 to 1; 0 where one is constant.
        down: likewise, along columns.
        relief: from height 0 to 1 as a share of the short side, by least squares; 0 where none fits.
    """

    across: float
    down: float
    relief: float


def as_normals(values: FloatArray, label: str) -> tuple[FloatArray, Mask | None, list[str]]:
    """Normals of unit length from the values of a file.

    Args:
        values: (height, width, 3) as stored. They are changed in place.
        label: of the file, for messages.

    Returns:
        (height, width, 3) in [0, 1], which texels hold numbers (None for all), and notes.

    Raises:
        ImageError: these are no normals of a surface seen from above, or no numbers.
    """
    notes: list[str] = []
    seen = _with_numbers_alone(values, label)
    if float(values.min()) < _SIGNED:  # floats may hold the vectors themselves
        values = (values + 1) / 2
    if _lacks_blue(values):
        notes.append(f"{label} has two channels; the third follows from unit length")
        _complete(values)
    vectors = 2 * values - 1
    lengths = np.sqrt(np.einsum("hwc,hwc->hw", vectors, vectors))
    mean = vectors.mean(axis=(0, 1), dtype=np.float64)
    upward = float((vectors[..., 2] > 0).mean())
    tilt = float(np.hypot(mean[0], mean[1]))
    if upward < _UPWARD_SHARE or tilt > _MOST_TILT * mean[2] or not _LENGTHS[0] <= float(lengths.mean()) <= _LENGTHS[1]:
        raise ImageError(
            f"{label} is no normal map: its colors are no directions around the bluish one of a flat surface",
            expected="normals in tangent space",
            remedy="name the normal map, or leave normal out of --maps",
        )
    if float(lengths.mean()) < 1 - 2 * _FLAT_Z:
        notes.append(f"the normals of {label} are {lengths.mean():.2f} long and are brought to unit length")
    vectors /= np.maximum(lengths, 1e-6)[..., None]
    return (vectors + 1) / 2, seen, notes


def _with_numbers_alone(values: FloatArray, label: str) -> Mask | None:
    """Put the mean where there is no number. Returns which texels had numbers, or None where all did."""
    seen = np.isfinite(values).all(axis=2)
    if seen.all():
        return None
    if not seen.any():
        raise ImageError(f"{label} holds no number", expected="a map", remedy="export it again")
    values[~seen] = values[seen].mean(axis=0)
    return np.asarray(seen)


def flipped_green(normals: FloatArray) -> FloatArray:
    """Normals of the other convention."""
    return np.concatenate((normals[..., :1], 1 - normals[..., 1:2], normals[..., 2:]), axis=2)


def agreement(height: FloatArray, normals: FloatArray, mask: Mask | None) -> Agreement:
    """Compare the gradient of a height map with the slopes of normals in OpenGL's convention.

    Both are smoothed by the same kernel first, of a standard deviation of one texel: gradients of 8 bits are steps.

    Args:
        height: (height, width, 1) in [0, 1].
        normals: (height, width, 3) in [0, 1], of unit length.
        mask: (height, width), True where a texel takes part; None where all do.
    """
    side = min(height.shape[:2])
    vectors = 2 * normals - 1
    z = np.maximum(vectors[..., 2], _FLAT_Z)
    surface = _smoothed(height[..., 0])
    inner = (slice(1, -1), slice(1, -1))
    pairs = (
        ((surface[1:-1, 2:] - surface[1:-1, :-2]) * (side / 2), _smoothed(-vectors[..., 0] / z)[inner]),
        ((surface[2:, 1:-1] - surface[:-2, 1:-1]) * (side / 2), _smoothed(vectors[..., 1] / z)[inner]),
    )
    if mask is not None:
        pairs = tuple((rise[mask[inner]], slope[mask[inner]]) for rise, slope in pairs)  # type: ignore[assignment]
    products = [float(np.vdot(rise, slope)) for rise, slope in pairs]
    squares = [(float(np.vdot(rise, rise)), float(np.vdot(slope, slope))) for rise, slope in pairs]
    across, down = (
        product / np.sqrt(rises * slopes) if rises * slopes > 1e-12 else 0.0
        for product, (rises, slopes) in zip(products, squares, strict=True)
    )
    rises = squares[0][0] + squares[1][0]
    return Agreement(across, down, max(0.0, sum(products) / rises) if rises > 1e-12 else 0.0)


def agreeing(
    height: FloatArray, normals: FloatArray, mask: Mask | None, *, is_named: bool
) -> tuple[FloatArray, FloatArray, float, list[str]]:
    """Height and normals that agree, as far as one of them only has to be turned round for that.

    Args:
        height: (height, width, 1) in [0, 1].
        normals: (height, width, 3) in [0, 1], of unit length, in OpenGL's convention as far as the name says it.
        mask: (height, width), True where a texel takes part; None where all do.
        is_named: whether the name says the convention: then green is left as it is.

    Returns:
        Height, normals, the relief, and notes.
    """
    found = agreement(height, normals, mask)
    notes = []
    if found.across < -_AGREES:  # x is the same in both conventions
        height = 1 - height
        found = Agreement(-found.across, -found.down, 0.0)
        notes.append("the height is low where the normals say high, as a depth is, and is turned round")
    if found.down < -_AGREES and is_named:
        notes.append("height and normals contradict each other; the normals are taken as their name says")
    elif found.down < -_AGREES:
        normals = flipped_green(normals)
        notes.append("by the height, green of the normals points down (DirectX), and is flipped")
    if notes:
        found = agreement(height, normals, mask)
    return height, normals, found.relief, notes


def _lacks_blue(values: FloatArray) -> bool:
    """Whether blue is 0 everywhere, or 1 although red and green say that the surface is not flat."""
    blue = values[..., 2]
    if float(np.ptp(blue)) > _CONSTANT or _CONSTANT < float(blue.mean()) < 1 - _CONSTANT:
        return False
    return float(blue.mean()) <= _CONSTANT or float(np.abs(2 * values[..., :2] - 1).max()) > _STEEP


def _complete(values: FloatArray) -> None:
    """Blue from red and green of unit vectors."""
    planar = 2 * values[..., :2] - 1
    values[..., 2] = (np.sqrt(np.maximum(0, 1 - np.einsum("hwc,hwc->hw", planar, planar))) + 1) / 2


def _smoothed(values: FloatArray) -> FloatArray:
    for _ in range(_SMOOTHINGS):
        for axis in (0, 1):
            values = _with_neighbors(values, axis)
    return values


def _with_neighbors(values: FloatArray, axis: int) -> FloatArray:
    """Binomial weights 1, 2, 1 along an axis; beyond an edge lies what is at it."""
    padded = np.pad(values, [(1, 1) if each == axis else (0, 0) for each in (0, 1)], mode="edge")
    before, here, after = (
        padded[tuple(slice(start, start + values.shape[axis]) if each == axis else slice(None) for each in (0, 1))]
        for start in (0, 1, 2)
    )
    return np.asarray((before + 2 * here + after) / np.float32(4))
