"""From a picture to its first texture: `python -m tests.bench.instant EXEMPLAR...`.

A measurement, not a test: pytest does not collect it. Seconds are medians over rounds, in a process that has its
libraries loaded, as Blender's worker has. What is read is not counted; everything behind that is.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.figures import Picture
from texnet_core import Artifact, TextureRequest, open_source, synthesize
from texnet_core.pictures.reading import read_exemplar

_SOURCES = ("instant", "collage")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exemplars", type=Path, nargs="+")
    parser.add_argument("--sources", nargs="+", default=list(_SOURCES), help="names, or files of networks that adapt")
    parser.add_argument("--size", type=int, default=256, help="of the texture")
    parser.add_argument("--engine", default="auto", help="that makes it")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    print("| exemplar | source | s to a generator | s to its first texture | s to both |")  # noqa: T201
    print("| --- | --- | --- | --- | --- |")  # noqa: T201
    for path in given.exemplars:
        image = read_exemplar(path).image
        for source in given.sources:
            rounds = [_seconds(source, image, given) for _ in range(1 + given.rounds)][1:]  # the first warms up
            parts = [median(each) for each in (*zip(*rounds, strict=True), [sum(one) for one in rounds])]
            cells = " | ".join(f"{seconds:.2f}" for seconds in parts)
            print(f"| {path.stem} {image.shape[1]}x{image.shape[0]} | {source} | {cells} |", flush=True)  # noqa: T201


def _seconds(source: str, image: Picture, given: argparse.Namespace) -> tuple[float, float]:
    request = TextureRequest(width=given.size, height=given.size, engine=given.engine)
    generator, opening = _timed(lambda: open_source(source, image))
    return opening, _timed(lambda: _made(generator, request))[1]


def _made(generator: Artifact, request: TextureRequest) -> Any:
    return synthesize(generator, request)


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    found = work()
    return found, time.perf_counter() - started


if __name__ == "__main__":
    main()
