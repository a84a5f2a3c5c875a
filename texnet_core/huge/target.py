"""What a plane is written to, piece by piece, and what is said of it there."""

from pathlib import Path
from typing import Any, Protocol

from texnet_core.mapset import MapSpec
from texnet_core.synthesis.plane import Plane
from texnet_core.synthesis.windows import Region


class Target(Protocol):
    """A place for a plane, as plain facts that travel to whoever writes pieces of it.

    Attributes:
        output: what is put in its place at the end, a file or a folder.
        pieces: windows of the plane, which can be written in any order and at the same time.
    """

    @property
    def output(self) -> Path: ...

    @property
    def outputs(self) -> list[Path]:
        """All that gets a name at the end."""
        ...

    @property
    def pieces(self) -> list[Region]: ...

    def begin(self, folder: Path) -> None:
        """Put into a folder what all pieces share."""
        ...

    def write(self, folder: Path, plane: Plane, number: int) -> None:
        """Put a piece into the folder. Twice is as good as once."""
        ...

    def finish(self, folder: Path) -> None:
        """Move all from the folder to its place."""
        ...


def said_of_map(spec: MapSpec, texel_m: float) -> dict[str, Any]:
    """What stands beside a map's values, for programs that read them."""
    said: dict[str, Any] = {"map": spec.name, "color_space": spec.color_space, "role": spec.role}
    if spec.normal_convention:
        said["normal_convention"] = spec.normal_convention
    return said | ({"texel_size_m": texel_m} if texel_m else {})
