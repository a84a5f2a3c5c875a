"""Pictures of a training under way, as icons of the panel: its current sample and the curve of its loss."""

from typing import Any

import bpy.utils.previews
import numpy as np
import numpy.typing as npt

_PLOT = (160, 320)  # rows, columns
CURVE, _GROUND = (0.96, 0.62, 0.20), (0.11, 0.11, 0.11)

Pixels = npt.NDArray[np.float32]

_icons: Any = None
_shown: set[str] = set()


def plot(losses: list[float]) -> Pixels:
    """The curve of a loss on a logarithmic scale, (160, 320, 3) in [0, 1], first row on top."""
    rows, columns = _PLOT
    picture = np.empty((rows, columns, 3), np.float32)
    picture[:] = _GROUND
    values = np.log(np.maximum(np.asarray(losses, np.float64), 1e-12))
    values = np.interp(np.linspace(0, len(values) - 1, columns), np.arange(len(values)), values)
    span = float(np.ptp(values)) or 1.0
    heights = np.round((rows - 9) * (values.max() - values) / span).astype(int) + 4
    for column in range(columns):
        top, bottom = sorted((heights[max(0, column - 1)], heights[column]))
        picture[top - 1 : bottom + 2, column] = CURVE
    return picture


def show(name: str, picture: Pixels) -> None:
    """Let the icon "plot" or "sample" show a picture, (h, w, 3) in [0, 1], first row on top."""
    if _icons is None:
        return
    icon = _icons[name] if name in _icons else _icons.new(name)
    height, width = picture.shape[:2]
    rgba = np.ones((height, width, 4), np.float32)
    rgba[..., :3] = picture[::-1]
    icon.image_size = (width, height)
    icon.image_pixels_float.foreach_set(rgba.ravel())
    _shown.add(name)


def clear() -> None:
    """Forget the pictures: they are of an earlier run."""
    _shown.clear()


def icon_of(name: str) -> int:
    """Number of the icon, 0 before there is something to show."""
    return int(_icons[name].icon_id) if name in _shown else 0


def register() -> None:
    global _icons
    _icons = bpy.utils.previews.new()


def unregister() -> None:
    global _icons
    clear()
    bpy.utils.previews.remove(_icons)
    _icons = None
