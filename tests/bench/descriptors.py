"""The light descriptor beside VGG-19: `python -m tests.bench.descriptors correlation|seconds|trainings ...`.

    python -m tests.bench.descriptors correlation --pictures FOLDER
    python -m tests.bench.descriptors seconds
    python -m tests.bench.descriptors trainings --cache FOLDER --steps 400 wall.jpg moss.jpg

A measurement, not a test: pytest does not collect it. Needs the weights of VGG-19.

correlation: whether both put pairs of textures into the same order, by Spearman's rank correlation of their sliced
Wasserstein distances. Half the pairs are of two pictures, half of two places of one.

seconds: what a step of training costs, descriptors in turn on the same exemplar. Seconds are those of all cores
together, which a busy machine changes less than the clock; on a GPU they say nothing.

trainings: generators trained through each descriptor with equal settings and seeds, judged through VGG-19, whichever
they were trained through. Generators, unfinished ones too, and figures are kept in the cache, so that a run that was
stopped goes on; a cache holds one setting of the trainings.
"""

import argparse
import itertools
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.bench.figures import Picture, center_square
from tests.conftest import texture
from texnet_core import read_artifact
from texnet_core.atomic import replacing
from texnet_core.descriptor.layers import DEFAULT_LAYERS, PATCHES
from texnet_core.descriptor.light import Light
from texnet_core.descriptor.network import Network
from texnet_core.descriptor.vgg19 import Vgg19
from texnet_core.descriptor.weights import load_vgg19
from texnet_core.errors import TexnetError
from texnet_core.evaluation.texture_metric import TextureMetric, mean_distance
from texnet_core.losses.order import quantiles
from texnet_core.model.artifact import checkpoint_path
from texnet_core.model.training_form import Generator
from texnet_core.pictures.reading import read_exemplar
from texnet_core.settings import DescriptorSettings, TrainSettings
from texnet_core.training import TrainRequest, train
from texnet_core.training.optimizer import Optimizer
from texnet_core.training.plan import make_plan

SIDE = 256
Pair = tuple[int, int]
DESCRIPTORS = ("vgg19", "light", "patches")
LAYERS = tuple(layer for layer in DEFAULT_LAYERS if layer != PATCHES)  # neighborhoods are the same in both

_DIRECTIONS, _QUANTILES = 128, 256
_PLACES = 3  # of a picture that are compared with one another
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
_DISTANCES = ("gram", "wasserstein", "held out")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    part = parts.add_parser("correlation")
    part.add_argument("--pictures", type=Path, required=True, help="folder of surfaces, at any depth")
    part.add_argument("--pairs", type=int, default=200)
    part.add_argument("--seed", type=int, default=0)
    part = parts.add_parser("seconds")
    part.add_argument("--rounds", type=int, default=7)
    part.add_argument("--size", type=int, default=SIDE)
    part = parts.add_parser("trainings")
    part.add_argument("exemplars", type=Path, nargs="+", metavar="EXEMPLAR")
    part.add_argument("--cache", type=Path, required=True, help="folder of generators and figures")
    part.add_argument("--descriptors", default="vgg19,light", help=f"of {','.join(DESCRIPTORS)}, by commas")
    part.add_argument("--steps", type=int, default=TrainSettings.steps)
    part.add_argument("--size", type=int, default=SIDE)
    part.add_argument("--seeds", type=int, default=2, help="textures of each generator that are judged")
    part.add_argument("--table", action="store_true", help="train nothing; print what the cache has")
    given = parser.parse_args()
    try:
        print({"correlation": correlation, "seconds": seconds, "trainings": trainings}[given.part](given))  # noqa: T201
    except TexnetError as error:
        sys.exit(str(error))


def correlation(given: argparse.Namespace) -> str:
    """A table of rank correlations: of the mean distance over the layers, and of each layer."""
    rng = np.random.default_rng(given.seed)
    crops, of_two, of_one = _pairs(given.pictures, given.pairs, rng)
    kinds = {"two pictures": of_two, "two places of one": of_one, "all": of_two + of_one}
    networks: dict[str, Network] = {"vgg19": Vgg19(load_vgg19(), LAYERS), "light": Light(layers=LAYERS)}
    found = {name: [_signature(network, crop) for crop in crops] for name, network in networks.items()}
    lines = _head(["pairs", "count", "mean over layers", *LAYERS])
    for kind, pairs in kinds.items():
        ours, theirs = (
            np.array([[found[name][a].distance(found[name][b], layer) for layer in LAYERS] for a, b in pairs])
            for name in ("light", "vgg19")
        )
        row = [spearman(ours.mean(1), theirs.mean(1))]
        row += [spearman(ours[:, column], theirs[:, column]) for column in range(len(LAYERS))]
        lines.append(_line([kind, len(ours), *(f"{value:.3f}" for value in row)]))
    return "\n".join(lines)


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """The correlation of the ranks of two lists of numbers that are all different."""
    return float(np.corrcoef(first.argsort().argsort(), second.argsort().argsort())[0, 1])


def _pairs(folder: Path, count: int, rng: np.random.Generator) -> tuple[list[Picture], list[Pair], list[Pair]]:
    """Crops of pictures, three of each, and pairs of their numbers: of two pictures, and of one."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in _SUFFIXES)
    if len(files) < 2:
        sys.exit(f"{folder} has {len(files)} pictures; name a folder with 2 or more")
    places = list(itertools.combinations(range(_PLACES), 2))
    chosen = [files[index] for index in rng.permutation(len(files))[: max(2, -(-count // 2 // len(places)))]]
    crops = [crop for file in chosen for crop in _crops(file, rng)]
    of_one = [(_PLACES * number + a, _PLACES * number + b) for number in range(len(chosen)) for a, b in places]
    every = [pair for pair in itertools.combinations(range(len(crops)), 2) if pair not in set(of_one)]
    of_two = [every[index] for index in rng.permutation(len(every))[: count // 2]]
    return crops, of_two, of_one[: count // 2]


def _crops(file: Path, rng: np.random.Generator) -> list[Picture]:
    image = read_exemplar(file).image
    if min(image.shape[:2]) < SIDE:
        sys.exit(f"{file} has fewer than {SIDE} texels a side; leave it out")
    corners = [[int(rng.integers(length - SIDE + 1)) for length in image.shape[:2]] for _ in range(_PLACES)]
    return [image[top : top + SIDE, left : left + SIDE] for top, left in corners]


@dataclass(frozen=True)
class Signature:
    """What a network sees of a picture: layer -> quantile functions along fixed directions, and the variance."""

    quantiles: dict[str, Tensor]
    variances: dict[str, float]

    def distance(self, other: "Signature", layer: str) -> float:
        """Sliced 2-Wasserstein distance, in standard deviations of both."""
        square = (self.quantiles[layer] - other.quantiles[layer]).square().mean()
        return float((square / ((self.variances[layer] + other.variances[layer]) / 2 + 1e-12)).sqrt())


@torch.no_grad()
def _signature(network: Network, image: Picture) -> Signature:
    maps = network(torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None])
    rng, found, variances = torch.Generator().manual_seed(0), {}, {}
    for layer in LAYERS:
        values = maps[layer][0].flatten(1)
        directions = F.normalize(torch.randn(_DIRECTIONS, len(values), generator=rng), dim=1)
        found[layer] = quantiles((directions @ values).sort(dim=1).values, _QUANTILES)
        variances[layer] = float(values.var(dim=1).mean())
    return Signature(found, variances)


def seconds(given: argparse.Namespace) -> str:
    """A table of seconds a step, medians over the rounds, at the full size of samples and at half of it."""
    image = np.random.default_rng(0).random((given.size, given.size, 3), dtype=np.float32)
    runs = {name: _Stepping(name, image, given.size) for name in DESCRIPTORS}
    lines = _head(["samples", *DESCRIPTORS, *(f"{name} / vgg19" for name in DESCRIPTORS[1:])])
    for side in (given.size, given.size // 2):
        taken: dict[str, list[float]] = {name: [] for name in DESCRIPTORS}
        for _ in range(1 + given.rounds):  # the first warms up
            for name, run in runs.items():
                began = time.process_time()
                run.step(side)
                taken[name].append(time.process_time() - began)
        middle = {name: median(values[1:]) for name, values in taken.items()}
        row = [*(f"{value:.3f}" for value in middle.values())]
        row += [f"{middle[name] / middle['vgg19']:.2f}" for name in DESCRIPTORS[1:]]
        lines.append(_line([f"{side}x{side}", *row]))
    return "\n".join(lines)


class _Stepping:
    """Steps of a training, as `training.loop` takes them."""

    def __init__(self, descriptor: str, exemplar: Picture, size: int) -> None:
        torch.manual_seed(0)
        settings = TrainSettings(size=size, exemplar_size=size, pattern="off", precision="f32")
        request = TrainRequest(descriptor=DescriptorSettings(descriptor=descriptor), train=settings)
        plan = make_plan(exemplar, request, online=False, announce=lambda text: None)
        self._samples, self._objective = plan.samples(), plan.objective("f32", {})
        self._generator = Generator(plan.design.graph).train()
        self._optimizer = Optimizer(self._generator)

    def step(self, side: int) -> None:
        image = self._samples.draw(self._generator, [0], side, "f32")
        losses = self._objective(image, [0], 0, finishing=False)
        self._generator.zero_grad()
        losses.total.backward()
        self._optimizer.step(0.001)


def trainings(given: argparse.Namespace) -> str:
    """A table of distances of each exemplar and descriptor over those of vgg19, and their means."""
    names = [name for name in given.descriptors.split(",") if name]
    if unknown := [name for name in names if name not in DESCRIPTORS]:
        sys.exit(f"found no descriptor {', '.join(unknown)}; expected some of {', '.join(DESCRIPTORS)}")
    if not given.table:
        for exemplar in given.exemplars:
            for name in names:
                _train_and_judge(exemplar, name, given)
    return _table(given, names)


def _train_and_judge(exemplar: Path, descriptor: str, given: argparse.Namespace) -> None:
    """What the cache lacks."""
    figures = _figures(given.cache, descriptor, exemplar)
    if figures.exists():
        return
    file = figures.with_suffix(".texnet")
    file.parent.mkdir(parents=True, exist_ok=True)
    image = read_exemplar(exemplar).image
    if checkpoint_path(file).exists() or not file.exists():
        settings = TrainSettings(size=given.size, exemplar_size=given.size, steps=given.steps)
        request = TrainRequest(descriptor=DescriptorSettings(descriptor=descriptor), train=settings)
        train(image, file, request, resume=True, online=False)
    artifact = read_artifact(file)
    metric = TextureMetric(load_vgg19())
    goal = metric.features(center_square(image, artifact.texels_per_exemplar), periodic=False)
    made = [texture(artifact, given.size, given.size, seed) for seed in range(given.seeds)]
    distance = mean_distance(
        [metric.texture_distance(metric.features(picture, periodic=True), goal) for picture in made]
    )
    layers = (distance.gram, distance.wasserstein, distance.held_out)
    facts = dict(zip(_DISTANCES, (fmean(values.values()) for values in layers), strict=True))
    facts |= {"seconds": artifact.quality["seconds"], "steps": artifact.training["steps_taken"]}
    with replacing(figures) as temporary:
        temporary.write_text(json.dumps(facts))
    print(f"{descriptor}, {exemplar.stem}: {facts}", file=sys.stderr, flush=True)  # noqa: T201


def _figures(cache: Path, descriptor: str, exemplar: Path) -> Path:
    return cache / descriptor / f"{exemplar.stem}.json"


def _table(given: argparse.Namespace, names: list[str]) -> str:
    """Only exemplars that vgg19 has been judged on have a row; `held out` of vgg19 stands beside the ratios."""
    others = [name for name in names if name != "vgg19"]
    columns = [f"{name}: {figure}" for name in others for figure in _DISTANCES]
    lines = _head(["exemplar", "vgg19: held out", *columns, *(f"{name}: s" for name in names)])
    rows = []
    for exemplar in given.exemplars:
        facts = {name: _read(_figures(given.cache, name, exemplar)) for name in names}
        base = facts.get("vgg19")
        if base is None or any(value is None for value in facts.values()):
            continue
        ratios = [facts[name][figure] / base[figure] for name in others for figure in _DISTANCES]
        rows.append([base["held out"], *ratios, *(facts[name]["seconds"] for name in names)])
        lines.append(_line([exemplar.stem, *(f"{value:.3g}" for value in rows[-1])]))
    if rows:
        lines.append(_line(["mean", *(f"{fmean(column):.3g}" for column in zip(*rows, strict=True))]))
    return "\n".join([*lines, "", "Distances over those of the generator that was trained through vgg19."])


def _read(file: Path) -> dict[str, float] | None:
    return json.loads(file.read_text()) if file.exists() else None


def _head(cells: list[str]) -> list[str]:
    return [_line(cells), _line(["---"] * len(cells))]


def _line(cells: list) -> str:
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
