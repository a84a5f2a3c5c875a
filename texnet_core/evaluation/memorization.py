"""Memorization: how much of a picture is cut from the exemplar.

For many small patches of the picture the nearest patch of the exemplar is sought. In a copied region all patches
find theirs at one and the same displacement; where something new was made, displacements scatter.
"""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from texnet_core.errors import Range, RequestError
from texnet_core.evaluation.crops import ALL, Masks
from texnet_core.mapset import FloatArray, Mask

A = TypeVar("A", bound=np.generic)

_PATCH = 7  # texels
_WINDOW = 8  # texels that the corners of a window's patches span
_STRIDE = 2  # between the patches of a window
_WINDOWS_A_SIDE = 20
_COPIED = 0.5
_COMPONENTS = 24
_FEWEST_PATCHES = 64  # of the exemplar; among fewer, nearest says nothing
_PATCHES_AT_ONCE = 2**15
_SCORES_AT_ONCE = 2**23


def memorization(image: FloatArray, exemplar: FloatArray, masks: Masks = ALL) -> float | None:
    """Share of the picture's windows that are near copies of one region of the exemplar.

    Up to 20x20 windows are spread evenly over the picture. Each is described by 16 patches of 7x7 texels, two texels
    apart, which span 13x13. It is a copy if at least half of them have their nearest patch of the exemplar at one and
    the same displacement. Copies that were turned or scaled are not seen.

    Args:
        image: (H, W, 3) in [0, 1], at least 14 texels a side.
        exemplar: (h, w, 3), likewise, of the same texels a meter.
        masks: which texels of each take part. Patches count of which all do, and windows of whose patches all count.

    Returns:
        0 to 1; None where masks leave no window or no patch.

    Raises:
        RequestError: a picture that is smaller than a window.

    Source: the coherence of nearest-neighbor fields, Barnes et al. 2009, "PatchMatch".
    Differs: nearest in the exemplar's first 24 principal components instead of all 147 numbers; exhaustive search.
    """
    for each in (image, exemplar):
        if min(each.shape[:2]) < _WINDOW + _PATCH - 1:
            height, width = each.shape[:2]
            raise RequestError(
                f"an image of {width}x{height} is too small to look for copies in",
                expected=Range(_WINDOW + _PATCH - 1, None),
                remedy="take a larger one",
            )
    shares = copied_shares(image, exemplar, masks)
    return float((shares >= _COPIED).mean()) if len(shares) else None


def copied_shares(image: FloatArray, exemplar: FloatArray, masks: Masks = ALL) -> npt.NDArray[np.float64]:
    """For each window, the largest share of its patches that have one displacement; (windows,), each in (0, 1]."""
    wanted = _patches(exemplar)
    rows, columns = _positions(image)
    if masks[0] is not None:
        whole = _whole(masks[0])[rows, columns].all(axis=1)
        rows, columns = rows[whole], columns[whole]
    flat = wanted.reshape(-1, wanted.shape[-1])
    known = None if masks[1] is None else np.flatnonzero(_whole(masks[1]))
    if not len(rows) or (known is not None and len(known) < _FEWEST_PATCHES):
        return np.empty(0)
    sought = _patches(image)[rows, columns]
    found = _nearest(sought, flat) if known is None else known[_nearest(sought, flat[known])]
    width = wanted.shape[1]
    down, right = found // width - rows, found % width - columns
    displacements = down * (2 * max(width, image.shape[1])) + right
    return np.array([np.unique(window, return_counts=True)[1].max() / window.size for window in displacements])


def _patches(image: npt.NDArray[A]) -> npt.NDArray[A]:
    """All patches of a picture: (H - 6, W - 6, 147), or 49 where it has one channel."""
    height, width = (side - _PATCH + 1 for side in image.shape[:2])
    steps = range(_PATCH)
    return np.concatenate([image[y : y + height, x : x + width] for y in steps for x in steps], axis=2)


def _whole(mask: Mask) -> Mask:
    """Which patches consist of texels that take part: (H - 6, W - 6)."""
    whole: Mask = _patches(mask[..., None]).all(axis=2)
    return whole


def _positions(image: FloatArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows and columns of the patches to look at, each (windows, patches a window)."""
    inside = np.arange(0, _WINDOW, _STRIDE)
    starts = []
    for side in image.shape[:2]:
        last = side - _PATCH + 1 - _WINDOW
        count = min(_WINDOWS_A_SIDE, last // _WINDOW + 1)
        starts.append(np.linspace(0, last, count).round().astype(int))
    rows, columns, down, right = np.ix_(*starts, inside, inside)
    both = np.broadcast_arrays(rows + down, columns + right)
    flat = tuple(part.reshape(-1, inside.size**2) for part in both)
    return flat[0], flat[1]


def _covariance(patches: FloatArray, middle: FloatArray) -> npt.NDArray[np.float64]:
    """With double precision, but for some of them at a time: of a large exemplar there are millions."""
    total = np.zeros((patches.shape[1], patches.shape[1]))
    for start in range(0, len(patches), _PATCHES_AT_ONCE):
        part = patches[start : start + _PATCHES_AT_ONCE].astype(np.float64) - middle
        total += part.T @ part
    covariance: npt.NDArray[np.float64] = total / (len(patches) - 1)
    return covariance


def _nearest(sought: FloatArray, among: FloatArray) -> npt.NDArray[np.int64]:
    """Index of the patch nearest to each sought one. Nearest is where q.e - |e|^2 / 2 is largest."""
    middle = among.mean(axis=0)
    _, axes = np.linalg.eigh(_covariance(among, middle))
    basis = axes[:, -_COMPONENTS:].astype(np.float32)
    keys = (among - middle) @ basis
    keys = np.concatenate([keys, -np.square(keys).sum(axis=1, keepdims=True) / 2], axis=1)
    queries = (sought.reshape(-1, sought.shape[-1]) - middle) @ basis
    queries = np.concatenate([queries, np.ones((len(queries), 1), np.float32)], axis=1)
    at_once = max(1, _SCORES_AT_ONCE // len(keys))
    parts = [(queries[start : start + at_once] @ keys.T).argmax(axis=1) for start in range(0, len(queries), at_once)]
    found: npt.NDArray[np.int64] = np.concatenate(parts)
    return found.reshape(sought.shape[:-1])
