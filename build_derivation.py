"""Teaches anew the readings that tell maps from colors: `python build_derivation.py MATERIALS`.

MATERIALS is a folder of materials under CC0, a folder each, as `texnet train` reads them. Beside them it learns from
drawings whose relief is known (`build_reliefs.py`). The light descriptor stays as it is: what it says of some places of
each picture is noted once, with how it changes there, and only the readings learn, which takes a minute.
docs/notes/2026-11-derived-maps.md tells what came of it.
"""

import argparse
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from build_surfaces import Surface, drawings, sample, surfaces_in
from texnet_core.atomic import replacing
from texnet_core.derivation.network import FILE, HIDDEN, OFFSETS, READ, SLOPE, own_shapes, read_readings
from texnet_core.descriptor.light import Light
from texnet_core.errors import RequestError, TexnetError

CREDIT = "Learned from materials by ambientCG and Poly Haven, CC0, and from drawings of TexNet's own"
# What two readers bring to height, roughness and occlusion: one of materials and drawings, one of drawings alone.
SHARES = ((0.5, 0.25, 0.5), (0.3, 0.0, 0.0))
_EDGE = 16  # of it where no places are noted
_PLACES = 1500  # noted of each sample
_AT_ONCE, _SAMPLES = 250, 16  # places and samples of a step
_REACH = (0.04, 0.003)  # keeps what is nearly flat from counting without limit
_WIDTHS = (3, *READ.values())


@dataclass
class Notes:
    """What is noted of samples, N of them.

    Attributes:
        seen: (N, 3, places, channels): features, and their slopes to the right and downwards.
        slopes: (N, places, 2) of the height likewise.
        maps: (N, places, 3): height, roughness, occlusion.
        known: (N, 3), 1 where these are.
        names: whose samples they are.
    """

    seen: Tensor
    slopes: Tensor
    maps: Tensor
    known: Tensor
    names: list[str]

    def only(self, kept: Sequence[int]) -> "Notes":
        parts = (part[list(kept)] for part in (self.seen, self.slopes, self.maps, self.known))
        return Notes(*parts, [self.names[number] for number in kept])


class Reader(nn.Module):
    """Two layers of 1x1 behind a linear reading of all features, and how what they make changes with these."""

    def __init__(self, width: int = HIDDEN // len(SHARES)) -> None:
        super().__init__()
        self.reading, self.hidden = nn.Linear(sum(_WIDTHS), width), nn.Linear(width, width)
        self.maps = nn.Linear(width, len(OFFSETS))
        with torch.no_grad():
            self.maps.weight.mul_(0.3)
            self.maps.bias.zero_()

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (N, places, 3), and the slopes of the height (N, places, 2)."""
        value, change = seen[:, 0], seen[:, 1:]
        for layer in (self.reading, self.hidden):
            value, change = layer(value), change @ layer.weight.T
            bend = torch.where(value > 0, 1.0, SLOPE)
            value, change = value * bend, change * bend[:, None]
        offsets = torch.tensor(OFFSETS)
        return self.maps(value) + offsets, (change @ self.maps.weight[0]).transpose(1, 2)


@torch.no_grad()
def note(light: Light, rng: np.random.Generator, colors: Tensor, slopes: Tensor, maps: Tensor) -> tuple[Tensor, ...]:
    """What the descriptor says at some places of a sample, with its slopes; and what is true there."""
    features = light(colors[None], extend=lambda x: F.pad(x, (1, 1, 1, 1), mode="replicate"))
    fields = [colors[None], *(features[layer][:, :count] for layer, count in READ.items())]
    side = colors.shape[1]
    rows, columns = (torch.from_numpy(rng.integers(_EDGE, side - _EDGE, _PLACES)) for _ in range(2))
    steps = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))
    places = [torch.stack((columns + right, rows + below), 1) for below, right in steps]
    grid = ((torch.stack(places)[None] + 0.5) / side * 2 - 1).float()
    here, right, left, below, above = torch.cat(
        [F.grid_sample(field, grid, padding_mode="border", align_corners=False)[0] for field in fields]
    ).unbind(1)
    seen = torch.stack((here.T, (right - left).T / 2, (below - above).T / 2))
    return seen.half(), slopes[:, rows, columns].T, maps[:, rows, columns].T


def notes_of(surfaces: Iterable[Surface], samples: int, seed: int) -> Notes:
    """Notes of so many samples of each surface."""
    light, taken, names, known = Light(layers=tuple(READ)).eval(), [], [], []
    for place, surface in enumerate(surfaces):
        for number in range(samples):
            rng = np.random.default_rng([seed, number, place])
            taken.append(note(light, rng, *sample(rng, surface)))
            names.append(surface.name)
            known.append(surface.known)
    seen, slopes, maps = (torch.stack(part) for part in zip(*taken, strict=True))
    return Notes(seen.float(), slopes, maps, torch.tensor(known).float(), names)


def normals_of(slopes: Tensor) -> Tensor:
    vectors = torch.stack((-slopes[..., 0], slopes[..., 1], torch.ones_like(slopes[..., 0])), -1)
    return vectors / vectors.norm(dim=-1, keepdim=True)


def correlation(first: Tensor, second: Tensor) -> Tensor:
    first, second = (part - part.mean(1, keepdim=True) for part in (first, second))
    return (first * second).mean(1) / (first.square().mean(1) * second.square().mean(1) + 1e-9).sqrt()


def loss_of(made: Tensor, slopes: Tensor, true: Notes) -> Tensor:
    """Normals as a share of what flat ones miss, by distance and by its square; maps by distance and correlation."""
    wanted = normals_of(true.slopes)
    missed = (normals_of(slopes) - wanted).square().sum(-1)
    flat = (wanted - torch.tensor([0.0, 0.0, 1.0])).square().sum(-1)
    total = 0.5 * (missed + 1e-5).sqrt().mean(1) / (flat.sqrt().mean(1) + _REACH[0])
    total = total + 0.5 * missed.mean(1) / (flat.mean(1) + _REACH[1])
    for channel, (distance, shape) in enumerate(((0.0, 0.35), (2.0, 0.3), (2.0, 0.2))):
        here, there = made[..., channel], true.maps[..., channel]
        differs = there.std(1) > (0.02 if distance else 0.01)
        part = distance * (here - there).abs().mean(1) + shape * differs * (1 - correlation(here, there))
        total = total + true.known[:, channel] * part
    return total.mean()


def learn(drawn: Notes, measured: Notes, arguments: argparse.Namespace) -> tuple[Reader, Tensor, Tensor]:
    """Both readers as one, with the mean and the deviation of each feature that it wants taken out first."""
    every = torch.cat([part.seen[:, 0, ::7].reshape(-1, sum(_WIDTHS)) for part in (drawn, measured)])
    mean, deviation = every.mean(0), every.std(0) + 1e-4
    readers = [_learned(drawn, measured, share, mean, deviation, arguments) for share in (arguments.measured, 0.0)]
    return merged(readers), mean, deviation


@torch.no_grad()
def merged(readers: Sequence[Reader]) -> Reader:
    """Readers side by side, each with its shares of the maps."""
    whole = Reader(HIDDEN)
    whole.reading.weight.copy_(torch.cat([reader.reading.weight for reader in readers]))
    whole.hidden.weight.copy_(torch.block_diag(*(reader.hidden.weight for reader in readers)))
    shares = torch.tensor(SHARES)
    parts = [share[:, None] * reader.maps.weight for share, reader in zip(shares, readers, strict=True)]
    whole.maps.weight.copy_(torch.cat(parts, 1))
    whole.reading.bias.copy_(torch.cat([reader.reading.bias for reader in readers]))
    whole.hidden.bias.copy_(torch.cat([reader.hidden.bias for reader in readers]))
    whole.maps.bias.copy_(torch.stack([share * r.maps.bias for share, r in zip(shares, readers, strict=True)]).sum(0))
    return whole


def _learned(
    drawn: Notes, measured: Notes, share: float, mean: Tensor, deviation: Tensor, arguments: argparse.Namespace
) -> Reader:
    """A reader that has learned; `share` of each step are materials."""
    torch.manual_seed(arguments.seed)
    rng = np.random.default_rng(arguments.seed)
    reader = Reader()
    averaged = [value.detach().clone() for value in reader.parameters()]
    optimizer = torch.optim.AdamW(reader.parameters(), weight_decay=arguments.decay, betas=(0.9, 0.98))
    for step in range(arguments.steps):
        fall = 0.5 + 0.5 * math.cos(math.pi * step / arguments.steps)
        optimizer.param_groups[0]["lr"] = 4e-3 * min(1, (step + 1) / 30) * (0.02 + 0.98 * fall)
        batch = _batch(rng, [(drawn, 1 - share), (measured, share)])
        seen = batch.seen.clone()
        seen[:, 0] -= mean
        seen = seen / deviation * (1 + arguments.noise * torch.randn(len(seen), 1, 1, len(mean)))
        seen[:, 0] += arguments.noise * torch.randn(len(seen), 1, len(mean))  # strange light shifts all of a sample
        loss = loss_of(*reader(seen), batch)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimizer.step()
        with torch.no_grad():
            for kept, value in zip(averaged, reader.parameters(), strict=True):
                kept.lerp_(value, 1 - min(0.98, step / (step + 10)))
    with torch.no_grad():
        for kept, value in zip(averaged, reader.parameters(), strict=True):
            value.copy_(kept)
    return reader


def _batch(rng: np.random.Generator, parts: Sequence[tuple[Notes, float]]) -> Notes:
    """Some places of some samples, as many of each part as its share says."""
    taken = []
    for notes, share in parts:
        if not round(_SAMPLES * share):
            continue
        kept = rng.choice(len(notes.names), round(_SAMPLES * share), replace=len(notes.names) < _SAMPLES)
        first = int(rng.integers(0, _PLACES - _AT_ONCE))
        some, places = notes.only(kept), slice(first, first + _AT_ONCE)
        taken.append((some.seen[:, :, places], some.slopes[:, places], some.maps[:, places], some.known))
    return Notes(*(torch.cat(part) for part in zip(*taken, strict=True)), [])


def parameters_of(reader: Reader, mean: Tensor, deviation: Tensor) -> dict[str, np.ndarray]:
    """The parameters of the graph, which reads features as they are."""
    weight = reader.reading.weight / deviation
    found = {"reading.colors.bias": reader.reading.bias - weight @ mean}
    for name, part in zip(("colors", *READ), weight.split(_WIDTHS, 1), strict=True):
        found |= {f"reading.{name}.weight": part[:, :, None, None]}
        found.setdefault(f"reading.{name}.bias", torch.zeros(HIDDEN))
    for name, layer in (("hidden", reader.hidden), ("maps", reader.maps)):
        found |= {f"{name}.weight": layer.weight[:, :, None, None], f"{name}.bias": layer.bias}
    return {name: found[name].detach().numpy().astype(np.float32) for name in own_shapes()}


def write(file: Path, parameters: dict[str, np.ndarray]) -> None:
    with replacing(file) as temporary:
        save_file(
            {name: np.ascontiguousarray(values) for name, values in parameters.items()}, temporary, {"credit": CREDIT}
        )
    read_readings(file)


@torch.no_grad()
def told(reader: Reader, mean: Tensor, deviation: Tensor, true: Notes) -> str:
    """How good it is on samples that it may never have seen, in a line."""
    seen = true.seen.clone()
    seen[:, 0] -= mean
    made, slopes = reader(seen / deviation)
    wanted = normals_of(true.slopes)
    up = torch.tensor([0.0, 0.0, 1.0])
    angles = [
        torch.rad2deg(torch.acos((part * wanted).sum(-1).clamp(-1, 1))).mean() for part in (normals_of(slopes), up)
    ]
    texts = [f"normals {angles[0]:.2f} degrees off, flat ones {angles[1]:.2f}"]
    for channel, name in enumerate(("height", "roughness", "ao")):
        known = true.known[:, channel] > 0
        alike = correlation(made[known][..., channel], true.maps[known][..., channel])
        texts.append(f"{name} correlates {alike.mean():.2f}" if len(alike) else f"no {name}")
    return "; ".join(texts)


def main() -> None:
    """Parse the command line and learn."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("folder", type=Path, metavar="MATERIALS", help="materials under CC0, a folder each")
    parser.add_argument("--output", "-o", type=Path, default=FILE, metavar="FILE", help="default: what ships")
    parser.add_argument("--steps", type=int, default=300, help="default: %(default)s")
    parser.add_argument("--samples", type=int, default=1, help="of each material; default: %(default)s")
    parser.add_argument("--drawings", type=int, default=96, help="default: %(default)s")
    parser.add_argument(
        "--measured", type=float, default=0.6, help="share of materials in a step; default: %(default)s"
    )
    parser.add_argument("--noise", type=float, default=0.15, help="on features; default: %(default)s")
    parser.add_argument("--decay", type=float, default=0.02, help="of weights; default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument(
        "--folds",
        type=Path,
        metavar="LIST",
        help="text file, the names of some materials a line: each line is judged on by readings that never saw it",
    )
    arguments = parser.parse_args()
    try:
        _run(arguments)
    except TexnetError as error:
        raise SystemExit(f"build_derivation: {error}") from None


def _run(arguments: argparse.Namespace) -> None:
    drawn = notes_of(drawings(arguments.drawings), 1, arguments.seed)
    measured = notes_of(surfaces_in(arguments.folder), arguments.samples, arguments.seed)
    for line in arguments.folds.read_text().splitlines() if arguments.folds else ():
        held = [number for number, name in enumerate(measured.names) if name in line.split()]
        others = [number for number in range(len(measured.names)) if number not in held]
        if not held or not others:
            raise RequestError(
                f"no material is called {line!r}", expected="names of folders", remedy="correct the list"
            )
        print(told(*learn(drawn, measured.only(others), arguments), measured.only(held)), line)
    write(arguments.output, parameters_of(*learn(drawn, measured, arguments)))


if __name__ == "__main__":
    main()
