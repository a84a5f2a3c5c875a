"""What makes a family of generators: settings, a graph, and the inputs of a texture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from texnet_core.mapset import FloatArray
from texnet_core.model.graph import Graph
from texnet_core.model.inputs import InputPlane
from texnet_core.model.parameters import Parameters, Shapes
from texnet_core.patterns.waves import Wave
from texnet_core.settings import Checked

S = TypeVar("S", bound=Checked)

Constants = Mapping[str, FloatArray]  # name of a graph's constant -> (channels,)


def no_constants(artifact: Any, plane: InputPlane) -> Constants:
    """For families whose textures have no constants of their own."""
    return {}


def no_waves(settings: Any) -> int:
    """For families that know nothing of patterns."""
    return 0


def no_textures(settings: Any) -> int:
    """For families whose files hold one texture."""
    return 0


def no_stored(settings: Any) -> Shapes:
    """For families all of whose parameters are those of the graph."""
    return {}


@dataclass(frozen=True)
class PlaneFacts:
    """Which texture an input plane is of.

    Attributes:
        seed: 0 to 2^32 - 1.
        height: period in texels, a multiple of the coarsest cell, or None for an axis without end.
        width: likewise.
        phase: position on the loop, in turns.
        waves: of the pattern that repeats, as (cycles per texel down, across) each.
        parameters: of the generator, for families whose inputs are made of them.
    """

    seed: int
    height: int | None = None
    width: int | None = None
    phase: float = 0.0
    waves: tuple[Wave, ...] = ()
    parameters: Parameters = field(default_factory=dict)


@dataclass(frozen=True)
class Family(Generic[S]):
    """A kind of generator.

    Attributes:
        name: as the header of a file states it.
        settings: the dataclass of its settings.
        graph: (settings, channels of all maps) -> the graph as it is trained.
        input_plane: (settings, facts) -> what the inputs of a texture are windows of.
        stored: settings -> parameters that the inputs are made of, beside those of the graph: name -> shape.
        waves: settings -> how many waves of a pattern the inputs show, 0 to 2.
        textures: settings -> how many textures, with names, a file holds; 0 where it is one without a name.
        reads_content: whether it paints a picture anew, which its inputs show beside the noise.
        moves: whether its textures change with the phase of a loop.
        copies: whether its textures are pieces of the exemplar, which its files therefore hold.
        adapts: whether it makes nothing by itself, but a generator of an exemplar: `instant.adapting.adapt`.
        prepare: (artifact, plane) -> the constants of a texture, computed once before its first block.
    """

    name: str
    settings: type[S]
    graph: Callable[[S, int], Graph]
    input_plane: Callable[[S, PlaneFacts], InputPlane]
    stored: Callable[[S], Shapes] = no_stored
    waves: Callable[[S], int] = no_waves
    textures: Callable[[S], int] = no_textures
    reads_content: bool = False
    moves: bool = True
    copies: bool = False
    adapts: bool = False
    prepare: Callable[[Any, InputPlane], Constants] = no_constants
