"""Learns the light descriptor anew: `python build_descriptor.py FOLDER --vgg19 FILE --minutes 240`.

FOLDER holds pictures of surfaces, at any depth, whose license lets the weights be shipped: CC0. What is learned lies in
`texnet_core/descriptor/light.safetensors`, which ships. Until the run is complete a checkpoint lies beside it; Ctrl-C
or the end of the machine cost two minutes at most, and `--resume` goes on.

The method is that of docs/notes/2026-11-light-descriptor.md. Equal pictures, seeds and steps give the same weights, but
for the rounding of other machines, if the run was not stopped: one that goes on draws its tiles anew.
"""

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from texnet_core import list_presets, read_artifact
from texnet_core.atomic import replacing
from texnet_core.descriptor.distillation import LAYERS, Goal, Goals, Student, answers, distance, find_goals, missed
from texnet_core.descriptor.layers import FeatureMaps
from texnet_core.descriptor.lessons import Lessons, crop
from texnet_core.descriptor.light import load_light
from texnet_core.descriptor.light_file import FILE
from texnet_core.descriptor.vgg19 import Vgg19
from texnet_core.descriptor.weights import load_vgg19
from texnet_core.errors import RequestError, TexnetError
from texnet_core.mapset import channels_of, is_picture
from texnet_core.model.artifact import Artifact
from texnet_core.model.design import Design
from texnet_core.model.training_form import Generator, periodic_inputs
from texnet_core.pictures.reading import read_exemplar
from texnet_core.pictures.resizing import resize_exemplar
from texnet_core.training.optimizer import Optimizer

CREDIT = (
    "Learned from VGG-19 (Karen Simonyan and Andrew Zisserman, Visual Geometry Group, University of Oxford; CC BY 4.0) "
    "on pictures of surfaces that are in the public domain (CC0)."
)
LICENSE = "CC BY 4.0"

_PICTURE_SIDE = 512  # to which pictures are reduced
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")
_HELD_OUT_EVERY = 12  # pictures, where no list says which are held out
_GOAL_TILES, _GOAL_SIDE = 160, 128  # that principal components are taken of
_SAVE_EVERY_S, _TELL_EVERY_S = 120, 60
_PEAK_LR, _FINAL_LR_SHARE, _WARM_UP_STEPS, _CLIP = 2e-3, 0.01, 100, 3.0


@dataclass(frozen=True)
class Desk:
    """One of the two sizes of tiles in turn: large ones show what deep layers see, small ones are cheap.

    Attributes:
        side: of its tiles in texels.
        kept: how many tiles lie on it; each is looked at several times before it goes.
        first: how many it begins with.
        batch: tiles a step.
        fresh: new ones a step.
    """

    side: int
    kept: int
    first: int
    batch: int
    fresh: float


DESKS = (Desk(64, 5000, 300, 12, 2), Desk(128, 1200, 60, 3, 0.5))
_LARGE_EVERY = 4  # steps


class Pile:
    """Tiles with their answers, which cost more than a step."""

    def __init__(self, desk: Desk, lessons: Lessons, teacher: nn.Module, goals: Goals, begin: int) -> None:
        self._desk, self._lessons, self._teacher, self._goals = desk, lessons, teacher, goals
        self._number, self._due = begin, 0.0
        self._items: list[tuple[Tensor, FeatureMaps]] = []
        self._add(desk.first)

    def batch(self, rng: np.random.Generator) -> tuple[Tensor, FeatureMaps]:
        """Some of the tiles; now and then new ones come first."""
        self._due += self._desk.fresh
        self._add(int(self._due))
        self._due %= 1
        chosen = [self._items[index] for index in rng.integers(len(self._items), size=self._desk.batch)]
        tiles = torch.stack([tile for tile, _ in chosen]).float()
        return tiles, {layer: torch.stack([maps[layer] for _, maps in chosen]).float() for layer in LAYERS}

    def _add(self, count: int) -> None:
        for _ in range(count):
            tile = self._lessons.tile(self._number, self._desk.side)
            maps = answers(self._teacher, self._goals, tile)
            item = tile[0].half(), {layer: value[0].half() for layer, value in maps.items()}
            if len(self._items) < self._desk.kept:
                self._items.append(item)
            else:
                self._items[self._number % self._desk.kept] = item
            self._number += 1


class Distillation:
    """A run.

    Args:
        arguments: of the command line.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._checkpoint = arguments.output.with_suffix(".checkpoint")
        learned, held_out = pictures_in(arguments.folder, arguments.held_out)
        presets = [read_artifact(file) for file in list_presets().values()]
        generators = [trained_generator(preset) for preset in presets if is_picture(preset.maps)]
        print(f"{len(learned)} pictures and {len(generators)} presets to learn from, {len(held_out)} held out")
        weights = load_vgg19(arguments.vgg19, arguments.vgg19_input, announce=print)
        self._teacher = Vgg19(weights, LAYERS, "mixed")
        self._lessons = Lessons(learned, generators, arguments.seed)
        self._student = Student(arguments.seed)
        self._optimizer = Optimizer(self._student)
        self._step, self._seconds = 0, 0.0
        if arguments.resume:
            self._goals = self._read()
        else:
            tiles = (self._lessons.tile(number, _GOAL_SIDE) for number in range(_GOAL_TILES))
            self._goals = find_goals(self._teacher, tiles)
        print("variance held by the components: " + told({layer: goal.held for layer, goal in self._goals.items()}))
        self._questions = list(self._questions_on(held_out))

    def to_the_end(self) -> None:
        """Learn until the budget is spent."""
        begin = 10 * self._step  # new numbers, new tiles, in a run that goes on
        piles = [Pile(desk, self._lessons, self._teacher, self._goals, begin) for desk in DESKS]
        began, spent = time.monotonic(), self._seconds
        told_at = saved_at = began
        while (fraction := self._fraction()) < 1:
            is_large = self._step % _LARGE_EVERY == _LARGE_EVERY - 1
            rng = np.random.default_rng((self._arguments.seed, self._step))
            loss = self._learn(*piles[is_large].batch(rng), lr=learning_rate(self._step, fraction))
            self._step += 1
            now = time.monotonic()
            self._seconds = spent + now - began
            if now - told_at > _TELL_EVERY_S:
                told_at = now
                print(f"step {self._step}, {self._seconds / 60:.1f} min, loss {loss:.3f}, missed {self._missed()}")
            if now - saved_at > _SAVE_EVERY_S:
                saved_at = now
                self._write()
        self._write()
        self._checkpoint.unlink()
        print(f"wrote {self._arguments.output} after {self._step} steps; missed {self._missed()}")

    def _learn(self, tiles: Tensor, wanted: FeatureMaps, lr: float) -> float:
        loss = distance(self._student(tiles), wanted)
        self._student.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._student.parameters(), _CLIP)
        self._optimizer.step(lr)
        return loss.item()

    def _fraction(self) -> float:
        if self._arguments.steps:
            return self._step / self._arguments.steps
        return self._seconds / 60 / self._arguments.minutes

    def _questions_on(self, pictures: list[Tensor]) -> Iterator[tuple[Tensor, FeatureMaps]]:
        for desk in DESKS:
            rng = np.random.default_rng(self._arguments.seed)
            tiles = torch.cat([crop(rng, picture, desk.side) for picture in pictures])
            yield from ((part, answers(self._teacher, self._goals, part)) for part in tiles.split(8))

    def _missed(self) -> str:
        return told(missed(self._student, self._questions))

    def _write(self) -> None:
        """The checkpoint, and what has been learned so far."""
        content = {
            "seed": self._arguments.seed,
            "step": self._step,
            "seconds": self._seconds,
            "goals": {layer: asdict(goal) for layer, goal in self._goals.items()},
            "student": self._student.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }
        with replacing(self._checkpoint) as temporary:
            torch.save(content, temporary)
        tensors = {name: tensor.half().contiguous() for name, tensor in self._student.weights().parameters.items()}
        with replacing(self._arguments.output) as temporary:
            save_file(tensors, temporary, metadata={"credit": CREDIT, "license": LICENSE})
        load_light(self._arguments.output)

    def _read(self) -> dict[str, Goal]:
        """Take up the checkpoint; returns its goals."""
        if not self._checkpoint.exists():
            raise RequestError(f"there is no {self._checkpoint}", expected="a checkpoint", remedy="leave --resume out")
        content: dict[str, Any] = torch.load(self._checkpoint, weights_only=True)
        if content["seed"] != self._arguments.seed:
            found = f"the run began with the seed {content['seed']}"
            raise RequestError(found, expected="its seed", remedy=f"use --seed {content['seed']}")
        self._student.load_state_dict(content["student"])
        self._optimizer.load_state_dict(content["optimizer"])
        self._step, self._seconds = content["step"], content["seconds"]
        return {layer: Goal(**goal) for layer, goal in content["goals"].items()}


def main() -> None:
    """Parse the command line and learn."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="pictures of surfaces, at any depth, under CC0")
    parser.add_argument("--output", "-o", type=Path, default=FILE, metavar="FILE", help="default: what ships")
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument("--minutes", type=float, default=240.0, help="default: %(default)s")
    budget.add_argument("--steps", type=int, default=0, help="a number of steps instead")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn; default: %(default)s")
    parser.add_argument("--vgg19", default="", metavar="FILE", help="its weights; default: as in `texnet train`")
    parser.add_argument("--vgg19-input", default="", help="their input convention, where the file does not say it")
    parser.add_argument(
        "--held-out",
        type=Path,
        metavar="LIST",
        help="text file with a part of a path a line: such pictures are judged on and never learned from; "
        f"default: every {_HELD_OUT_EVERY}th picture",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint beside the output")
    try:
        Distillation(parser.parse_args()).to_the_end()
    except TexnetError as error:
        raise SystemExit(f"build_descriptor: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit("build_descriptor: stopped; the same command with --resume goes on") from None


def pictures_in(folder: Path, held_out: Path | None) -> tuple[list[Tensor], list[Tensor]]:
    """What is learned from and what is held out, (1, 3, H, W) bytes each, at most 512 texels on the short side."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in _SUFFIXES)
    if len(files) < 2:
        raise RequestError(f"{folder} has {len(files)} pictures", expected="2 or more", remedy="name another folder")
    parts = None if held_out is None else [line for line in held_out.read_text().split("\n") if line.strip()]
    learned, kept = [], []
    for number, file in enumerate(files):
        name = file.relative_to(folder).as_posix()
        is_held = number % _HELD_OUT_EVERY == 0 if parts is None else any(part.strip() in name for part in parts)
        (kept if is_held else learned).append(_read_picture(file))
    if not learned or not kept:
        raise RequestError(
            f"{len(learned)} pictures are left to learn from, {len(kept)} to judge on",
            expected="one or more of both",
            remedy="name others to hold out",
        )
    return learned, kept


def _read_picture(file: Path) -> Tensor:
    image = read_exemplar(file).image
    side = min(image.shape[:2])
    image = resize_exemplar(image, _PICTURE_SIDE) if side > _PICTURE_SIDE else image
    return torch.from_numpy((255 * image + 0.5).astype(np.uint8)).permute(2, 0, 1)[None]


def trained_generator(artifact: Artifact) -> tuple[Design, Generator]:
    """A preset in its training form, whose norms are those of each sample."""
    design = Design(artifact.settings, channels_of(artifact.maps), artifact.waves)
    generator = Generator(design.graph)
    parameters = {name: np.asarray(values, np.float32) for name, values in artifact.parameters.items()}
    generator.adopt(parameters, periodic_inputs(design, [1, 2], 256))
    return design, generator.train()


def learning_rate(step: int, fraction: float) -> float:
    """Warm-up, then a cosine down to 1% of the peak."""
    cosine = 0.5 + 0.5 * math.cos(math.pi * fraction)
    return _PEAK_LR * min(1.0, (step + 1) / _WARM_UP_STEPS) * (_FINAL_LR_SHARE + (1 - _FINAL_LR_SHARE) * cosine)


def told(shares: dict[str, float]) -> str:
    """Layer -> share, in a line."""
    return ", ".join(f"{layer} {share:.3f}" for layer, share in shares.items())


if __name__ == "__main__":
    main()
