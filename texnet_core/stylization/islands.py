"""What is hidden gets the colors of what is visible nearby, so that none of its own bleed into the result.

A hidden texel becomes the mean of the visible ones in the smallest cell around it that has any; cells are squares of
2, 4, 8, ... texels on one absolute grid. So islands of an atlas grow into their gutters, and blocks know nothing of it.

Source: the pull and push of Gortler et al. 1996, "The Lumigraph", section 3.4. Differs: the push repeats the coarser
cell and does not interpolate, so that a band of rows needs no other.
"""

import numpy as np

from texnet_core.mapset import FloatArray, Mask
from texnet_core.stylization.stores import Store, as_stored, as_values, bands_of

_FINE = 4  # levels that are made band by band; coarser ones are held


def fill_hidden(colors: Store, alpha: Store, depth: int) -> None:
    """Overwrite the colors of texels with an alpha of 0.

    Args:
        colors: (h, w, 3).
        alpha: (h, w, 1), which is not 0 everywhere.
        depth: bits to which the new colors are rounded, 8 or 16; 0 for none.
    """
    bands = list(bands_of(colors.shape, 1 << _FINE))
    parts = [_pulled(*_band(colors, alpha, top, rows))[-1] for top, rows in bands]
    levels = [(np.concatenate([sums for sums, _ in parts]), np.concatenate([counts for _, counts in parts]))]
    while max(levels[-1][1].shape) > 1:
        levels.append((_quartered(levels[-1][0]), _quartered(levels[-1][1])))
    above = None
    for sums, counts in reversed(levels):
        above = _pushed(sums, counts, above)
    assert above is not None
    for top, rows in bands:
        _fill_band(colors, alpha, depth, top, above[top >> _FINE :][: -(-rows >> _FINE)], rows)


def _fill_band(colors: Store, alpha: Store, depth: int, top: int, above: FloatArray, rows: int) -> None:
    values, seen = _band(colors, alpha, top, rows)
    if seen.all():
        return
    for sums, counts in reversed(_pulled(values, seen)[:-1]):
        above = _pushed(sums, counts, above)
    result = np.where(seen, values, _spread(above, *seen.shape[:2]))
    if depth:
        most = np.float32(2**depth - 1)
        result = np.rint(result * most) / most
    colors.write(top, as_stored(result, colors.kind))


def _band(colors: Store, alpha: Store, top: int, rows: int) -> tuple[FloatArray, Mask]:
    """Colors and which are seen, (rows, width, 3) and (rows, width, 1)."""
    window = (top, 0, rows, colors.shape[1])
    seen: Mask = alpha.window(*window) > 0
    values: FloatArray = np.where(seen, as_values(colors.window(*window)), np.float32(0))
    return values, seen


def _pulled(values: FloatArray, seen: Mask) -> list[tuple[FloatArray, FloatArray]]:
    """Sums and counts of what is seen in the cells of levels 1 to `_FINE`."""
    sums, counts = values, seen.astype(np.float32)
    result = []
    for _ in range(_FINE):
        sums, counts = _quartered(sums), _quartered(counts)
        result.append((sums, counts))
    return result


def _quartered(values: FloatArray) -> FloatArray:
    """Sums of two by two; at an odd edge, of what there is."""
    height, width = values.shape[:2]
    values = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)))
    left, right = values[:, ::2], values[:, 1::2]
    return np.add(left[::2] + left[1::2], right[::2] + right[1::2], dtype=np.float32)


def _pushed(sums: FloatArray, counts: FloatArray, above: FloatArray | None) -> FloatArray:
    """Colors of the cells of a level: their own where something of them is seen, else those of the cell above."""
    own = sums / np.maximum(counts, 1)
    return own if above is None else np.where(counts > 0, own, _spread(above, *counts.shape[:2]))


def _spread(values: FloatArray, height: int, width: int) -> FloatArray:
    return values.repeat(2, axis=0)[:height].repeat(2, axis=1)[:, :width]
