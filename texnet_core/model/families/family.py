"""What makes a family of generators: settings, a graph, and the inputs of a texture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from texnet_core.mapset import FloatArray
from texnet_core.model.graph import Graph
from texnet_core.model.inputs import InputPlane
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


@dataclass(frozen=True)
class Family(Generic[S]):
    """A kind of generator.

    Attributes:
        name: as the header of a file states it.
        settings: the dataclass of its settings.
        graph: (settings, channels of all maps) -> the graph as it is trained.
        input_plane: (settings, waves, seed, height, width, phase) -> what the inputs of a texture are windows of.
            Height and width are periods in texels, or None for axes without end; the phase is that of a loop, in turns.
        waves: settings -> how many waves of a pattern the inputs show, 0 to 2.
        reads_content: whether it paints a picture anew, which its inputs show beside the noise.
        prepare: (artifact, plane) -> the constants of a texture, computed once before its first block.
    """

    name: str
    settings: type[S]
    graph: Callable[[S, int], Graph]
    input_plane: Callable[[S, tuple[Wave, ...], int, int | None, int | None, float], InputPlane]
    waves: Callable[[S], int] = no_waves
    reads_content: bool = False
    prepare: Callable[[Any, InputPlane], Constants] = no_constants
