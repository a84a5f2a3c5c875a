"""What a generator reads: a plane of which any window can be had, be it noise, a picture, or both."""

from typing import TYPE_CHECKING, Protocol

from texnet_core.mapset import FloatArray

if TYPE_CHECKING:
    import torch


class InputPlane(Protocol):
    """Channels of all levels of a graph's inputs, at any place.

    Equal windows have equal bits, whatever was asked for before and on whichever device. Several threads may ask.
    """

    @property
    def height(self) -> int | None:
        """Texels of level 0 after which all of it repeats downwards, or None where it does not."""
        ...

    @property
    def width(self) -> int | None:
        """Texels of level 0 after which all of it repeats to the right, or None where it does not."""
        ...

    def window(self, level: int, top: int, left: int, height: int, width: int) -> FloatArray:
        """A window of one level, (channels, height, width) in [0, 1].

        Args:
            level: 0 is the finest; a cell of level l spans 2^l texels.
            top: first row in cells of this level, any integer.
            left: first column in cells of this level, any integer.
            height: rows.
            width: columns.
        """
        ...

    def window_torch(
        self, level: int, top: int, left: int, height: int, width: int, device: "torch.device | str" = "cpu"
    ) -> "torch.Tensor":
        """The same window, bit for bit, as a torch tensor on `device`."""
        ...


class CoarserPlane:
    """A plane without its finest level: level 0 of it is level 1 of another, and half its texels are a texel.

    Args:
        finer: the other plane; it repeats after even numbers of texels, if at all.
    """

    def __init__(self, finer: InputPlane) -> None:
        self._finer = finer

    @property
    def height(self) -> int | None:
        """Texels after which all of it repeats downwards, or None."""
        return None if self._finer.height is None else self._finer.height // 2

    @property
    def width(self) -> int | None:
        """Texels after which all of it repeats to the right, or None."""
        return None if self._finer.width is None else self._finer.width // 2

    def window(self, level: int, top: int, left: int, height: int, width: int) -> FloatArray:
        """See `InputPlane`."""
        return self._finer.window(level + 1, top, left, height, width)

    def window_torch(
        self, level: int, top: int, left: int, height: int, width: int, device: "torch.device | str" = "cpu"
    ) -> "torch.Tensor":
        """See `InputPlane`."""
        return self._finer.window_torch(level + 1, top, left, height, width, device)
