"""From a picture to a collage: an artifact that holds the picture and makes textures of its pieces.

Source: Heitz and Neyret 2018 (see `model/families/collage.py`). Differs: equal values have one Gaussian value, that of
their middle rank, so that flat parts of a picture stay flat.
"""

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.instant.preparing import Announce, scaled, thinned
from texnet_core.instant.suitability import ghost_note
from texnet_core.mapset import ALBEDO, HALF, FloatArray, Mask
from texnet_core.model.artifact import Artifact, Provenance
from texnet_core.model.families.collage import AXES, COLLAGE, CollageSettings
from texnet_core.model.look import guess_look
from texnet_core.model.parameters import StoredParameters
from texnet_core.model.pieces import REACH
from texnet_core.pictures.color import is_gray
from texnet_core.pictures.color_statistics import ColorSums
from texnet_core.pictures.reading import texels_digest

MOST_TEXELS = 2**24  # of the picture: what phones take, and a file of 96 MB
_CELLS = 4  # of the short side that a piece's radius is: smaller pieces cut what is large
_BINS = 2**14  # values that are told apart on an axis
_PART = 2**18  # texels at a time
_LOOK_SIDE = 1024  # texels
_FLAT = 1e-5  # of an axis along which a picture has one color
_NORMAL = NormalDist()

_Doubles = npt.NDArray[np.float64]


def make_collage(image: FloatArray, mask: Mask | None, announce: Announce) -> Artifact:
    """A collage of a picture, ready to run.

    Args:
        image: (height, width, 3) sRGB in [0, 1], 32 texels a side or more. Hidden texels have colors of visible ones.
        mask: (height, width), True where a texel may be shown; None: all may.
        announce: called with a sentence where the picture does not suit, and where it is scaled down.
    """
    if note := ghost_note(image, mask):
        announce(note)
    image, mask = _held(image, mask, announce)
    digest = texels_digest(image, mask)
    height, width = image.shape[:2]
    image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2) if is_gray(thinned(image, None)[0]) else image
    settings = CollageSettings(height, width, cell=min(height, width) // _CELLS).check()
    mean, axes = _axes(image, mask)
    picture = np.empty((AXES, height, width), np.float16)
    table = np.empty((AXES, settings.entries), np.float16)
    weight, bias = np.zeros((3, AXES)), mean
    along = _along(image, mean, axes)
    for number, axis in enumerate(axes.T):
        low, span, picture[number], table[number] = _gaussian(along[number], mask, settings.entries)
        weight[:, number] = axis * span
        bias = bias + axis * low
    parameters = {
        "picture": picture,
        "table": table,
        "visible": _visible_shares((height, width), mask, settings.shares),
        "output.weight": weight[..., None, None].astype(np.float16),
        "output.bias": bias.astype(np.float16),
    }
    return Artifact(
        settings=settings,
        maps=(ALBEDO,),
        family=COLLAGE.name,
        texels_per_exemplar=min(height, width),
        look=guess_look(*_middle(image, mask)),
        provenance=Provenance(exemplar_sha256=digest),
        parameters=StoredParameters(parameters),
    )


def _held(image: FloatArray, mask: Mask | None, announce: Announce) -> tuple[FloatArray, Mask | None]:
    """The picture at the largest size that a collage holds, if it is larger."""
    short, long = sorted(image.shape[:2])
    if short * long <= MOST_TEXELS:
        return image, mask
    image, mask = scaled(image, mask, math.isqrt(MOST_TEXELS * short // long))
    height, width = image.shape[:2]
    announce(f"the exemplar is scaled to {width}x{height} texels, for a collage holds {MOST_TEXELS / 1e6:.1f} million")
    return image, mask


def _axes(image: FloatArray, mask: Mask | None) -> tuple[_Doubles, _Doubles]:
    """The mean color, and in columns the axes on which colors are not correlated."""
    count, total, products = 0, np.zeros(3), np.zeros((3, 3))
    texels = image.reshape(-1, 3) if mask is None else image[mask]
    for start in range(0, len(texels), _PART):
        sums = ColorSums.of(texels[start : start + _PART])
        count, total, products = count + sums.count, total + sums.total, products + sums.products
    mean = total / count
    _, axes = np.linalg.eigh(products / count - np.outer(mean, mean))
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(AXES)])  # which libraries choose as they like
    return mean + 0.5, axes * signs


def _along(image: FloatArray, mean: _Doubles, axes: _Doubles) -> FloatArray:
    """Where each texel lies along each axis, (axes, height, width)."""
    values = np.empty((AXES, *image.shape[:2]), np.float32)
    for row, texels in enumerate(image):
        values[:, row] = axes.T.astype(np.float32) @ (texels - mean.astype(np.float32)).T
    return values


def _middle(image: FloatArray, mask: Mask | None) -> tuple[FloatArray, Mask | None]:
    """As much of the middle as a look is guessed from; all where the mask hides much of that."""
    rows, columns = (slice(max(0, side - _LOOK_SIDE) // 2, (side + _LOOK_SIDE) // 2) for side in image.shape[:2])
    if mask is None:
        return image[rows, columns], None
    part = mask[rows, columns]
    return (image[rows, columns], part) if part.mean() >= HALF else (image, mask)


def _gaussian(
    values: FloatArray, mask: Mask | None, entries: int
) -> tuple[float, float, npt.NDArray[np.float16], npt.NDArray[np.float16]]:
    """Values made Gaussian.

    Returns:
        The least value and the span of all; the Gaussian values; and the table from these back to shares of the span.
    """
    low, high = float(values.min()), float(values.max())
    if high - low < _FLAT:
        return (low + high) / 2, 0.0, np.zeros(values.shape, np.float16), np.zeros(entries, np.float16)
    bins = ((values - low) * ((_BINS - 1) / (high - low)) + 0.5).astype(np.uint16)
    counts = np.bincount(bins[mask] if mask is not None else bins.ravel(), minlength=_BINS)
    ranks = counts.cumsum()
    ranked = np.flatnonzero(np.bincount(bins.ravel(), minlength=_BINS))
    least = 0.5 / ranks[-1]
    middles = np.clip((ranks - counts / 2)[ranked] / ranks[-1], least, 1 - least)
    normal: npt.NDArray[Any] = np.zeros(_BINS, np.float16)
    normal[ranked] = [_NORMAL.inv_cdf(middle) for middle in middles]
    places = (np.arange(entries) + 0.5) * (2 * REACH / entries) - REACH
    wanted = np.array([_NORMAL.cdf(place) for place in places]) * ranks[-1]
    table = np.searchsorted(ranks, wanted, side="left") / (_BINS - 1)
    return low, high - low, normal[bins], table.astype(np.float16)


def _visible_shares(shape: tuple[int, int], mask: Mask | None, parts: int) -> npt.NDArray[np.float16]:
    """The visible share of each part of a picture."""
    shares = np.ones((parts, parts), np.float16)
    if mask is None:
        return shares
    rows, columns = ((np.arange(parts + 1) * side) // parts for side in shape)
    for row in range(parts):
        for column in range(parts):
            part = mask[rows[row] : rows[row + 1] or 1, columns[column] : columns[column + 1]]
            shares[row, column] = part.mean() if part.size else 1.0
    return shares
