"""What a start brings: `python -m tests.bench.starts EXEMPLAR... --folder FOLDER`.

A measurement, not a test: pytest does not collect it. Each exemplar is trained with each budget from each start, and
what comes out is judged. All of it is kept in the folder: generators, checkpoints, figures. What was stopped goes on,
and several processes with the same arguments share the work. `--table` only prints what is there. Needs the weights
of VGG-19 (`$TEXNET_VGG19`).

FOLDER/sheets shows each exemplar beside the start in its colors and what both runs made, at 1:1 and tiled.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import torch

from tests.bench.figures import DISTANCES, Picture, Yardstick, floor
from tests.bench.start_sheets import draw_sheet, exemplar_of_preset, in_colors_of, likeness
from tests.bench.start_tables import answers, table
from tests.conftest import SHARED_DATA
from texnet_core import TextureRequest, find_source, open_source, read_artifact, synthesize
from texnet_core.atomic import replacing
from texnet_core.descriptor.weights import load_vgg19
from texnet_core.evaluation.memorization import memorization
from texnet_core.evaluation.texture_metric import TextureMetric
from texnet_core.instant.open import is_maker
from texnet_core.mapset import ALBEDO
from texnet_core.model.artifact import Artifact, checkpoint_path
from texnet_core.pictures.reading import read_exemplar
from texnet_core.settings import DescriptorSettings, TrainSettings
from texnet_core.start_settings import COLD_START, StartSettings

WARM = "auto"


@dataclass(frozen=True)
class Job:
    """One generator to train and to judge."""

    exemplar: Path
    start: str
    steps: int
    folder: Path

    @property
    def output(self) -> Path:
        start = Path(self.start).stem
        return self.folder / f"{self.exemplar.stem}_{start}_{self.steps}.texnet"

    @property
    def figures(self) -> Path:
        return self.output.with_suffix(".json")


def main() -> None:
    given = _parsed()
    torch.set_num_threads(given.threads)
    jobs = [
        Job(exemplar, start, steps, given.folder)
        for exemplar in given.exemplars
        for steps in given.budgets
        for start in given.starts
    ]
    if not given.table:
        given.folder.mkdir(parents=True, exist_ok=True)
        for work, name in ((_train, "output"), (_judge, "figures")):
            for job in jobs:
                with _claimed(getattr(job, name)) as is_ours:
                    if is_ours and not getattr(job, name).exists():
                        work(job, given)
        _draw_sheets(given)
    rows = [json.loads(job.figures.read_text()) for job in jobs if job.figures.exists()]
    print(table(rows))  # noqa: T201
    print(answers(rows, COLD_START, WARM))  # noqa: T201


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exemplars", type=Path, nargs="+")
    parser.add_argument("--folder", type=Path, required=True, help="of generators and figures, kept between runs")
    parser.add_argument("--budgets", type=int, nargs="+", default=[100, 200, 400], help="in steps")
    parser.add_argument("--starts", nargs="+", default=[COLD_START, WARM], help="as texnet train --start has them")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0, help="of the runs")
    parser.add_argument("--descriptor", default="vgg19", help="what runs compare by; they are judged by VGG-19")
    parser.add_argument("--pictures", type=int, default=4, help="that each generator is judged by")
    parser.add_argument("--data", type=Path, default=SHARED_DATA, help="the folder of the presets' exemplars")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--table", action="store_true", help="make nothing; print what the folder has")
    given = parser.parse_args()
    if len({exemplar.stem for exemplar in given.exemplars}) < len(given.exemplars):
        parser.error("two exemplars have one name")
    return given


@contextmanager
def _claimed(file: Path) -> Iterator[bool]:
    """Whether this process alone has a file to make; whatever ends it gives the file up."""
    import fcntl

    with file.with_suffix(f"{file.suffix}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _train(job: Job, given: argparse.Namespace) -> None:
    from texnet_core.training import TrainRequest, train

    request = TrainRequest(
        descriptor=DescriptorSettings(descriptor=given.descriptor),
        train=TrainSettings(size=given.size, exemplar_size=given.size, steps=job.steps, seed=given.seed),
        begin=StartSettings(job.start),
    )
    wall, cpu = time.perf_counter(), time.process_time()
    resume = checkpoint_path(job.output).exists()
    train(read_exemplar(job.exemplar).image, job.output, request, resume=resume)
    _tell(f"{job.output.name}: {time.perf_counter() - wall:.0f} s, {time.process_time() - cpu:.0f} s of processors")


def _judge(job: Job, given: argparse.Namespace) -> None:
    if not job.output.exists():
        return  # another process trains it
    artifact, exemplar = read_artifact(job.output), read_exemplar(job.exemplar).image
    metric = TextureMetric(load_vgg19())
    yardstick = Yardstick(metric, exemplar, floor(metric, exemplar), artifact.texels_per_exemplar)
    pictures = [_texture(artifact, seed, given.size) for seed in range(given.pictures)]
    training, quality = artifact.training, artifact.quality
    row = {"exemplar": job.exemplar.stem, "start": job.start, "steps": job.steps}
    row |= {"source": training.get("start_source", ""), "validation loss": quality["validation_loss"]}
    row |= yardstick.measure(pictures) | _of_the_start(job, training, pictures, yardstick.exemplar, given)
    row |= {"seconds": quality["seconds"], "note": training.get("troubles", "")}
    with replacing(job.figures) as temporary:
        temporary.write_text(json.dumps(row, indent=1))
    _tell(f"{job.figures.name}: " + ", ".join(f"{name} {row[name]:.3f}" for name in DISTANCES))


def _of_the_start(
    job: Job, training: dict, pictures: list[Picture], exemplar: Picture, given: argparse.Namespace
) -> dict[str, float]:
    """What pictures have of their start: copies of its surface, and what lies in the same places with the same seed."""
    name = training.get("start_source")
    if not name:
        return {}
    start = _start_of(name if job.start == WARM else job.start, exemplar)
    own = [in_colors_of(_texture(start, seed, given.size), exemplar) for seed in range(given.pictures)]
    surface = exemplar_of_preset(name, start.texels_per_exemplar, given.data)
    copied = [own[0] if surface is None else in_colors_of(surface, exemplar)]
    return {
        "copies of the start": fmean(memorization(picture, copied[0]) for picture in pictures),
        "likeness to the start": fmean(likeness(one, other) for one, other in zip(pictures, own, strict=True)),
    }


def _draw_sheets(given: argparse.Namespace) -> None:
    folder = given.folder / "sheets"
    folder.mkdir(exist_ok=True)
    for exemplar in given.exemplars:
        for steps in given.budgets:
            cold, warm = (Job(exemplar, start, steps, given.folder).output for start in (COLD_START, given.starts[-1]))
            sheet = folder / f"{exemplar.stem}_{steps}.png"
            if cold.exists() and warm.exists() and not sheet.exists():
                shown = {"cold": read_artifact(cold), "warm": read_artifact(warm)}
                made = {label: _texture(artifact, 0, given.size) for label, artifact in shown.items()}
                name, image = shown["warm"].training.get("start_source"), read_exemplar(exemplar).image
                start = _texture(_start_of(name, image), 0, given.size) if name else None
                draw_sheet(sheet, image, name, start, made, given.size)


def _start_of(source: str, exemplar: Picture) -> Artifact:
    """The generator that a run of that exemplar began as, colors aside."""
    return open_source(source, exemplar) if is_maker(source) else read_artifact(find_source(source))


def _texture(artifact: Artifact, seed: int, side: int) -> Picture:
    return synthesize(artifact, TextureRequest(width=side, height=side, seed=seed))[ALBEDO.name]


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
