"""A style against pixel optimization, on the same pictures: `python -m tests.bench.styles STYLE.texnet --cache FOLDER`.

A measurement, not a test: pytest does not collect it. Each picture is painted by the style at full strength, and by
`optimize_painting` with several weights of the content. What is optimized is kept in the cache, so that a run that was
stopped goes on. The style distance of the optimization at the content distance of the style is interpolated between
its weights; the ratio of both style distances says how much a network of this size loses. Needs the weights of VGG-19.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.conftest import SHARED_DATA
from texnet_core import open_engine, read_artifact
from texnet_core.descriptor.weights import load_vgg19
from texnet_core.evaluation.style_metric import StyleMetric
from texnet_core.mapset import FloatArray
from texnet_core.optimization import optimize_painting
from texnet_core.pictures.color import quantize
from texnet_core.pictures.masks import resized
from texnet_core.pictures.reading import read_exemplar
from texnet_core.pictures.writing import write_image
from texnet_core.settings import DescriptorSettings, OptimizeSettings
from texnet_core.style_settings import PaintingSettings
from texnet_core.stylization import StylizeRequest, stylize
from texnet_core.synthesis import resampling

Point = tuple[float, float]  # content distance, style distance


def main() -> None:
    given = _parsed()
    artifact = read_artifact(given.style)
    side = artifact.texels_per_exemplar
    exemplar, _ = resized(read_exemplar(given.exemplar).image, None, side)
    metric, engine = StyleMetric(load_vgg19()), open_engine(artifact)
    wanted = metric.see(exemplar)
    print("picture              ours: content  style    s | optimized: style at that content    s | ratio")  # noqa: T201
    for file in sorted(given.contents.glob("*.jpg")):
        content = _content(file, given.size)
        seen = metric.see(content)

        def point(image: FloatArray, seen=seen) -> Point:
            found = metric.see(image)
            return metric.content_distance(found, seen), metric.style_distance(found, wanted)

        started = time.perf_counter()
        painted = stylize(artifact, content, StylizeRequest(wrap="none", strength=given.strength), engine=engine).image
        ours, seconds = point(painted), time.perf_counter() - started
        facts = [_optimized(file.stem, content, exemplar, side, weight, given) for weight in given.weights]
        theirs = sorted(point(image) for image, _ in facts)
        reached = _style_at(ours[0], theirs)
        told = "  -  " if reached is None else f"{reached:5.3f}"
        ratio = "  -  " if reached is None else f"{ours[1] / reached:5.2f}"
        minutes = np.mean([time for _, time in facts])
        print(  # noqa: T201
            f"{file.stem:20} {ours[0]:13.3f} {ours[1]:6.3f} {seconds:4.1f} | {told:>28} {minutes:7.0f} | {ratio}  "
            + " ".join(f"({content:.2f}, {style:.2f})" for content, style in theirs),
            flush=True,
        )


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("style", type=Path)
    parser.add_argument("--exemplar", type=Path, required=True, help="the picture that it was trained from")
    parser.add_argument("--cache", type=Path, required=True, help="folder of what is optimized, kept between runs")
    parser.add_argument("--contents", type=Path, default=SHARED_DATA / "content", help="folder of .jpg files")
    parser.add_argument("--size", type=int, default=256, help="long side of the pictures")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--weights", type=float, nargs="+", default=[0.05, 0.2, 0.8], help="of the content")
    return parser.parse_args()


def _content(file: Path, size: int) -> FloatArray:
    """In multiples of 16 texels, so that nothing is scaled again."""
    image = read_exemplar(file).image
    scale = size / max(image.shape[:2])
    height, width = (16 * round(length * scale / 16) for length in image.shape[:2])
    return resampling.resized(image, width, height, "none")


def _optimized(
    name: str, content: FloatArray, style: FloatArray, side: int, weight: float, given: argparse.Namespace
) -> tuple[FloatArray, float]:
    """The picture and the seconds that it took; from the cache where it is there."""
    folder = given.cache / f"{given.exemplar.stem}_{side}_{given.steps}"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}_{given.size}_{weight:g}.png"
    record = file.with_suffix(".json")
    if not record.exists():
        height, width = content.shape[:2]
        settings = OptimizeSettings(width=width, height=height, steps=given.steps)
        painting = replace(PaintingSettings(), style_size=side, content_weight=weight, wrap="none")
        started = time.perf_counter()
        made = optimize_painting(content, style, settings, painting, DescriptorSettings())
        write_image(file, quantize(made.image, 8))
        record.write_text(json.dumps({"seconds": time.perf_counter() - started, "loss": made.loss}))
    return read_exemplar(file).image, json.loads(record.read_text())["seconds"]


def _style_at(content: float, points: list[Point]) -> float | None:
    """The style distance at a content distance, linear between points; None beyond them."""
    places, values = zip(*points, strict=True)
    if not places[0] <= content <= places[-1]:
        return None
    return float(np.interp(content, places, values))


if __name__ == "__main__":
    main()
