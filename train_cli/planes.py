"""Planes that `texnet synth` makes in pieces: into Zarr groups and tiles, in this process or by Dask workers."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import click

from texnet_core import Artifact, MapFiles, write_plane
from texnet_core.errors import RequestError
from texnet_core.huge.job import Workers
from texnet_core.huge.writing import THIS_PROCESS, TILE, takes_planes
from texnet_core.settings import MAX_SIZE, MIN_SIZE
from texnet_core.synthesis.series import MarkedRequest
from texnet_core.synthesis.textures import check_moves
from train_cli.display import Display, one_of
from train_cli.groups import option
from train_cli.options import SizeType
from train_cli.results import facts_of, tell_written
from train_cli.streams import is_output

C = TypeVar("C", bound=Callable[..., Any])

_PLANES = "NAME.zarr, or {x} and {y} in the name"


def plane_options(command: C) -> C:
    """The options --split and --dask."""
    side = f"width and height of tiles, where OUTPUT has {{x}} and {{y}}; {TILE} without it ({MIN_SIZE} to {MAX_SIZE})"
    who = "let Dask make .zarr or tiles: workers of a scheduler, such as tcp://HOST:8786, or without it all cores"
    command = option("--dask", group="machine", is_flag=False, flag_value="", metavar="[ADDRESS]", help=who)(command)
    return option("--split", group="output", type=SizeType(), help=side)(command)


@dataclass
class Planes:
    """What is asked of planes.

    Attributes:
        output: name of the group or of the tiles.
        side: of tiles.
        dask: address of a scheduler, "" for workers here, None for this process alone.
        made: what was written.
    """

    output: Path
    side: tuple[int, int]
    dask: str | None
    made: list[Path] = field(default_factory=list)

    def make(
        self,
        artifact: Artifact,
        pictures: Sequence[MarkedRequest],
        files: MapFiles,
        reads: Sequence[Path],
        display: Display,
    ) -> None:
        """Write all pictures of a series, one plane after the other; `reads` are files that stay as they are."""
        for picture in pictures:
            check_moves(artifact, picture.request)
        with self._workers(pictures[0].request.threads) as workers:
            for number, (request, marks) in enumerate(pictures):
                if self.dask and request.precision == "auto":  # other machines may not have what is best here
                    request = replace(request, precision="f32")
                progress = one_of(display, number, len(pictures))
                path = write_plane(
                    artifact,
                    request,
                    self.output,
                    files=files,
                    marks=marks,
                    side=self.side,
                    workers=workers,
                    reads=reads,
                    progress=progress,
                )
                self.made.append(path)

    def _workers(self, count: int) -> AbstractContextManager[Workers]:
        if self.dask is None:
            return nullcontext(THIS_PROCESS)
        from texnet_core.huge.cluster import dask_workers  # with what talks to others, which is slow to import

        return dask_workers(self.dask, count)

    def tell(
        self, pictures: Sequence[MarkedRequest], artifact: Artifact, seconds: float, notes: list[str] | None
    ) -> None:
        """What was made; as a JSON object with the notes, where these are given."""
        first = pictures[0].request
        width, height = first.window[2:]
        if notes is not None:
            facts, told = facts_of(first, artifact, seconds), {"notes": notes} if notes else {}
            click.echo(json.dumps({"outputs": [str(path) for path in self.made], **told, **facts}))
            return
        for path, (request, _) in zip(self.made, pictures, strict=True):
            tell_written(path, f"{width}x{height}, seed {request.seed}, {seconds:.1f} s")


def planes_of(output: Path, format: str | None, split: tuple[int, int] | None, dask: str | None) -> Planes | None:
    """What is asked of planes, or None where the output is a picture.

    Raises:
        RequestError: an option for planes with a picture, or the other way round.
    """
    if not is_output(output) and takes_planes(output):
        if format:
            raise RequestError(f"--format {format} does not fit {output.name}", expected="none", remedy="leave it out")
        is_tiled = output.suffix.lower() != ".zarr"
        if split and not is_tiled:
            raise RequestError("--split is for tiles", expected="tiles", remedy="leave it out")
        return Planes(output, split or (TILE, TILE), dask)
    for name, value in (("--split", split), ("--dask", dask)):
        if value is not None:
            raise RequestError(
                f"{name} is for planes in pieces, and {output.name} is one picture",
                expected=_PLANES,
                remedy=f"write to {_PLANES}",
            )
    return None
