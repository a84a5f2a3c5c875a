"""A picture that is to be painted anew: its texels, wherever they are kept, and what is measured of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from texnet_core.errors import ImageError
from texnet_core.mapset import FloatArray
from texnet_core.pictures.color_statistics import ColorStatistics, ColorSums
from texnet_core.stylization.stores import Store, as_values, bands_of
from texnet_core.synthesis.plane import in_order


@dataclass(frozen=True)
class Picture:
    """Texels of a picture.

    Attributes:
        colors: (h, w, 3) sRGB. Where alpha is 0 they are those of visible texels nearby.
        alpha: (h, w, 1), or None where all is opaque.
        depth: bits a channel, 8 or 16; 0 for floats.
        notes: what the user should know of how it was read, a clause each.
    """

    colors: Store
    alpha: Store | None = None
    depth: int = 8
    notes: list[str] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.colors.shape[:2]

    def visible(self) -> Iterator[FloatArray]:
        """All texels that are not fully transparent, (texels, 3) or (rows, width, 3) each, from top to bottom."""
        return (self._visible(top, rows) for top, rows in bands_of(self.colors.shape))

    def colors_measured(self, workers: int = 1) -> ColorStatistics:
        """Of its visible texels, by several threads; their number has no say.

        Raises:
            RequestError: there are none.
        """
        tasks = (partial(self._sums, top, rows) for top, rows in bands_of(self.colors.shape))
        return ColorStatistics.of_sums(in_order(tasks, workers))

    def _sums(self, top: int, rows: int) -> ColorSums:
        return ColorSums.of(self._visible(top, rows))

    def _visible(self, top: int, rows: int) -> FloatArray:
        window = (top, 0, rows, self.colors.shape[1])
        values = as_values(self.colors.window(*window))
        return values if self.alpha is None else values[self.alpha.window(*window)[..., 0] > 0]


def check_visible(alpha: Store) -> None:
    """Raise ImageError for a picture that is transparent everywhere."""
    _, width, _ = alpha.shape
    if not any(alpha.window(top, 0, rows, width).any() for top, rows in bands_of(alpha.shape)):
        raise ImageError(
            "the picture is transparent everywhere",
            expected="a picture that can be seen",
            remedy="export it without an alpha channel",
        )
