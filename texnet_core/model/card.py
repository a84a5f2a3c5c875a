"""What may be stated of a generator afterwards: facts of its card that decide no parameter."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from texnet_core.model.artifact import read_artifact, write_artifact
from texnet_core.model.look import Look
from texnet_core.model.real_size import check_size_m


def state(path: Path, *, size_m: float | None = None, look: Mapping[str, float] | None = None) -> None:
    """Write facts into a generator's card; nothing is trained. What is not told stays.

    Args:
        path: its file.
        size_m: meters that the short side of its exemplar shows.
        look: fields of `Look`.

    Raises:
        RequestError: meters that make no sense, or a value of the look out of its range.
        ArtifactError: the file is no generator.
        OutputError: it cannot be written.
    """
    artifact = read_artifact(path)
    if size_m is not None:
        check_size_m(size_m, "the size of a picture")
        artifact = replace(artifact, size_m=size_m)
    if look:
        artifact = replace(artifact, look=(artifact.look or Look()).changed(look))
    write_artifact(path, artifact)
