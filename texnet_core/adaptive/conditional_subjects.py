"""The textures that a conditional pyramid learns: endless variations of pictures, or some pictures by name."""

from collections.abc import Sequence
from typing import Any

from texnet_core.adaptive.conditional_exemplars import Exemplar, Variations
from texnet_core.adaptive.pictures import Pictures

FIRST = 128  # variations that a run begins with, and by which is seen how what is told of them spreads
KEPT = 1000  # of the last ones, from which steps draw: about a gigabyte
_STEPS_FOR_ANOTHER = 4  # each costs as much as a texture's part of a step
_JUDGED = 16  # textures at most


class VariedTextures:
    """Variations of pictures, of which none has a name.

    Args:
        pictures: all of them.
        variations: that are learned.
        judged: by which the run is judged.
        held_out: how many of these show pictures that the run does not learn.
    """

    samples = 1

    def __init__(self, pictures: Pictures, variations: Variations, judged: Sequence[Exemplar], held_out: int) -> None:
        self._pictures, self._variations, self._judged, self._held_out = pictures, variations, judged, held_out

    def drawn(self, place: int, seed: int, step: int, fraction: float) -> Exemplar:
        newest = FIRST + step // _STEPS_FOR_ANOTHER
        oldest = max(0, newest - KEPT)
        return self._variations[oldest + seed % (newest - oldest)]

    def judged(self) -> list[Exemplar]:
        return list(self._judged)

    def record(self) -> dict[str, Any]:
        return {"pictures": len(self._pictures.images), "held_out": self._held_out}

    def sha256(self) -> str:
        return self._pictures.sha256()


class NamedTextures:
    """Some pictures, each of which has a code.

    Args:
        pictures: in the order of their names.
        exemplars: of them, in the same order.
        incremental: share of the run over which they come in one after the other.
        samples: of a texture, at least, that are compared at once.
    """

    def __init__(self, pictures: Pictures, exemplars: Sequence[Exemplar], incremental: float, samples: int) -> None:
        self.samples = samples
        self._pictures, self._exemplars, self._incremental = pictures, exemplars, incremental

    def drawn(self, place: int, seed: int, step: int, fraction: float) -> Exemplar:
        return self._exemplars[place % self.present(fraction)]

    def present(self, fraction: float) -> int:
        """How many of the textures take part when that share of the budget is spent.

        Source: Li et al. 2017, "Diversified Texture Synthesis with Feed-forward Networks", section 3.4: a new texture
        comes in every so many steps, and those that are present take turns.
        """
        count = len(self._exemplars)
        return count if fraction >= self._incremental else 1 + int(fraction / self._incremental * (count - 1))

    def judged(self) -> list[Exemplar]:
        count, some = len(self._exemplars), min(len(self._exemplars), _JUDGED)
        return [self._exemplars[number * count // some] for number in range(some)]

    def record(self) -> dict[str, Any]:
        return {"pictures": len(self._exemplars)}

    def sha256(self) -> str:
        return self._pictures.sha256()
