"""How much the frames of a sequence flicker: what changes in them though nothing changes in what they show.

Between two neighboring frames, those texels are looked at whose content changes by at most 8 levels of 255 in every
channel. There the content stands still, but for grain and compression. Each counts with what the result changes more
than the content does; changes are means over the channels. The mean over these texels, in levels of 255, is the flicker
between the two; that of a sequence is the mean over its neighbors.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import FloatArray, Mask
from texnet_core.stylization.request import StylizeRequest

_Places = npt.NDArray[np.int64]

_STILL = 8.5 / 255  # at most 8 levels, however they were rounded
_MOST_TEXELS = 2**20  # of a frame; of larger ones, each n-th in both directions


@dataclass(frozen=True)
class Sampled:
    """Texels of one frame, of its content and of what became of it, at the same places.

    Attributes:
        content: (h, w, 3) in [0, 1].
        made: (h, w, 3) in [0, 1].
        shown: (h, w), True where the frame can be seen.
    """

    content: FloatArray
    made: FloatArray
    shown: Mask

    @classmethod
    def of(cls, content: FloatArray, made: FloatArray, alpha: FloatArray | None, request: StylizeRequest) -> "Sampled":
        """Of the window that a settled request describes.

        Args:
            content: (height, width, 3), all of the picture.
            made: (h, w, 3), the window.
            alpha: (h, w) of the window, or None.
            request: with the size of the result.
        """
        height, width = made.shape[:2]
        step = max(1, round((height * width / _MOST_TEXELS) ** 0.5 + 0.499))
        x, y = (0, 0) if request.region is None else request.region[:2]
        rows, columns = np.arange(0, height, step), np.arange(0, width, step)
        from_row = _places(rows + y, request.height or height, content.shape[0])
        from_column = _places(columns + x, request.width or width, content.shape[1])
        kept = made[::step, ::step]
        shown = np.ones(kept.shape[:2], bool) if alpha is None else alpha[::step, ::step] >= 0.5
        return cls(content[from_row[:, None], from_column], kept.copy(), shown)


class Flicker:
    """The flicker of frames that come in order, of which two are held at a time."""

    def __init__(self) -> None:
        self._last: Sampled | None = None
        self._steps: list[float] = []

    def take(self, frame: Sampled) -> None:
        """The next frame. Frames of another size than the one before are not compared with it."""
        last, self._last = self._last, frame
        if last is not None and last.made.shape == frame.made.shape:
            self._steps += _between(last, frame)

    @property
    def levels(self) -> float | None:
        """Levels of 255; None where no two neighbors have anything that stands still."""
        return float(np.mean(self._steps)) if self._steps else None


def _between(first: Sampled, second: Sampled) -> list[float]:
    changed = np.abs(second.content - first.content)
    still = (changed.max(axis=2) <= _STILL) & first.shown & second.shown
    if not still.any():
        return []
    more = np.abs(second.made - first.made)[still].mean(axis=1) - changed[still].mean(axis=1)
    return [float(np.maximum(more, 0).mean(dtype=np.float64)) * 255]


def _places(texels: _Places, size: int, content: int) -> _Places:
    """Where texels of a result of some size lie in the content; beyond the edge, at the edge."""
    return np.clip((2 * texels + 1) * content // (2 * size), 0, content - 1)
