"""All that decides which parameters a generator has and what it reads; training begins with it, files state it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from texnet_core.model.families import FAMILIES, PYRAMID, Family, PlaneFacts
from texnet_core.model.graph import Graph
from texnet_core.model.inputs import InputPlane
from texnet_core.model.parameters import Parameters, Shapes
from texnet_core.patterns.waves import Wave
from texnet_core.settings import Checked

NO_PARAMETERS: Parameters = {}


@dataclass(frozen=True)
class Design:
    """A generator without its parameters.

    Attributes:
        settings: of its family.
        channels: of all maps together.
        waves: of the pattern that the exemplar repeats, as (cycles per texel down, across) each.
        family: a key of `families.FAMILIES`.
    """

    settings: Checked
    channels: int
    waves: tuple[Wave, ...] = ()
    family: str = PYRAMID.name

    @property
    def graph(self) -> Graph:
        """As it is trained."""
        return _graph(FAMILIES[self.family], self.settings, self.channels)

    @property
    def parameter_shapes(self) -> Shapes:
        """Name -> shape of all parameters of the inference form."""
        return self.graph.parameter_shapes | dict(FAMILIES[self.family].stored(self.settings))

    def input_plane(
        self,
        seed: int,
        height: int | None = None,
        width: int | None = None,
        phase: float = 0.0,
        parameters: Parameters = NO_PARAMETERS,
    ) -> InputPlane:
        """What the inputs of a texture are windows of.

        Args:
            seed: 0 to 2^32 - 1.
            height: period in texels, a multiple of the coarsest cell, or None for an axis without end.
            width: likewise.
            phase: position on the loop, in turns.
            parameters: for families whose inputs are made of them.
        """
        facts = PlaneFacts(seed, height, width, phase, self.waves, parameters)
        return FAMILIES[self.family].input_plane(self.settings, facts)


@lru_cache(maxsize=64)
def _graph(family: Family[Any], settings: Checked, channels: int) -> Graph:
    return family.graph(settings, channels)
