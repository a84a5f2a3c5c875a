"""How a stretch of a plane is cut where lines of a grid cross it."""

from dataclasses import dataclass

from texnet_core.synthesis.windows import Region


@dataclass(frozen=True)
class Cutting:
    """A stretch of an axis in parts, which end at the multiples of a step and at its own ends.

    Attributes:
        start: of the stretch, in texels.
        count: texels in it.
        step: of the grid.
        origin: where the grid begins.
    """

    start: int
    count: int
    step: int
    origin: int = 0

    @property
    def parts(self) -> int:
        """How many there are."""
        return (self.start + self.count - 1 - self.origin) // self.step - self._first + 1

    def part(self, number: int) -> tuple[int, int]:
        """(start, stop) of one of them."""
        line = self.origin + (self._first + number) * self.step
        return max(self.start, line), min(self.start + self.count, line + self.step)

    @property
    def lengths(self) -> tuple[int, ...]:
        """Texels in each."""
        return tuple(stop - start for start, stop in map(self.part, range(self.parts)))

    @property
    def _first(self) -> int:
        return (self.start - self.origin) // self.step


def cut(region: Region, width: int, height: int) -> tuple[Cutting, Cutting]:
    """The rows and the columns of a region, in parts of this size from its corner on."""
    left, top, across, down = region
    return Cutting(top, down, height, top), Cutting(left, across, width, left)


def window(rows: Cutting, columns: Cutting, number: int) -> Region:
    """One of the parts, which are counted row by row."""
    row, column = divmod(number, columns.parts)
    (top, bottom), (left, right) = rows.part(row), columns.part(column)
    return left, top, right - left, bottom - top


def windows(rows: Cutting, columns: Cutting) -> list[Region]:
    """All parts, row by row."""
    return [window(rows, columns, number) for number in range(rows.parts * columns.parts)]
