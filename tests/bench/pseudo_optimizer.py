"""The figures and the table of Shi & Qiao (2020) on networks and pictures of one's own.

    python -m tests.bench.pseudo_optimizer NETWORK... --seen PICTURE... --unseen PICTURE... -o DIR

The first network is that of figures 5 to 8; all are in figure 9 and table 2, such as AdaPO beside ProPO, or networks
with other objectives. Whatever is made is kept in DIR, so that a bench that was stopped goes on where it was.

    figure5.json, .svg   loss against seconds: the optimization of Gatys et al. and the network
    figure6.png          noise, what each stage makes of it, exemplar, optimization
    figure7.png          three seeds and the exemplar
    figure8.png          pictures that the network has not seen: result and exemplar
    figure9.png          each network, and the exemplar
    table2.md            texture loss of seen and unseen pictures, diversity, seconds
    norms.md, norms.png  the same parameters with frozen norms, with norms of each picture, and with zeros past edges
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.pseudo_optimizer_measures import Judge, Picture, gatys, read_exemplar_at, stages, textures
from texnet_core import Artifact, read_artifact
from texnet_core.atomic import replacing
from texnet_core.pictures.color import quantize
from texnet_core.pictures.writing import write_image

EXEMPLAR_SIDE = 256
_GAP = 4  # texels between pictures of a sheet
_WIDTH, _HEIGHT, _MARGIN = 640, 360, 48  # of a drawn curve


class Bench:
    """Measures what was asked for, and keeps it."""

    def __init__(self, given: Namespace) -> None:
        self.given, self.folder = given, given.output
        (self.folder / "kept").mkdir(parents=True, exist_ok=True)
        self.judge = cache(lambda path: Judge(given.vgg19, self.exemplar(path)))
        self.exemplar = cache(lambda path: read_exemplar_at(path, EXEMPLAR_SIDE))
        self.network = cache(read_artifact)

    @cached_property
    def main(self) -> Path:
        return self.given.networks[0]

    @property
    def pictures(self) -> list[Path]:
        return [*self.given.seen, *self.given.unseen]

    def run(self) -> None:
        for part in self.given.only or ("figure6", "figure7", "figure8", "figure9", "norms", "table2", "figure5"):
            print(part, flush=True)  # noqa: T201 - a script
            getattr(self, part)()

    def figure5(self) -> None:
        """On the first picture alone, for it takes minutes."""
        path = self.pictures[0]
        made, adapting, making = self.made(self.main, path)
        _, curve = self.optimized(path)
        point = {"seconds": making, "seconds_with_adapting": adapting + making, "loss": self.judge(path).loss(made[0])}
        found = {"picture": path.name, "gatys": curve, "network": point}
        (self.folder / "figure5.json").write_text(json.dumps(found), encoding="utf-8")
        (self.folder / "figure5.svg").write_text(_drawn(curve, point), encoding="utf-8")

    def figure6(self) -> None:
        rows = []
        for path in self.given.seen[: self.given.rows]:
            of_stages = self.pictures_kept("stages", path, lambda path=path: self._stages(path))
            optimized = [self.optimized(path)[0]] if self.given.gatys_steps else []
            rows.append([*of_stages, self.exemplar(path), *optimized])
        self.sheet("figure6", rows)

    def figure7(self) -> None:
        rows = [
            [*self.made(self.main, path)[0][:3], self.exemplar(path)] for path in self.given.seen[: self.given.rows]
        ]
        self.sheet("figure7", rows)

    def figure8(self) -> None:
        self.sheet("figure8", [[self.made(self.main, path)[0][0], self.exemplar(path)] for path in self.given.unseen])

    def figure9(self) -> None:
        rows = []
        for path in self.pictures[: self.given.rows]:
            rows.append([*(self.made(network, path)[0][0] for network in self.given.networks), self.exemplar(path)])
        self.sheet("figure9", rows)

    def norms(self) -> None:
        """Frozen, of each picture, and that with zeros past the edges: one network, one noise."""
        rows, lines = [], ["| picture | frozen | of each picture | of each picture, zeros |", "|---|---|---|---|"]
        for path in self.pictures[: self.given.rows]:
            frozen = self.made(self.main, path)[0][0]
            others = self.pictures_kept("norms", path, lambda path=path: self._norms(path))
            rows.append([frozen, *others, self.exemplar(path)])
            lines.append(
                f"| {path.stem} | " + " | ".join(f"{self.judge(path).loss(p):.3f}" for p in rows[-1][:3]) + " |"
            )
        self.sheet("norms", rows)
        (self.folder / "norms.md").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def table2(self) -> None:
        lines = [
            "| method | loss, seen | loss, unseen | diversity | adapting s | texture s |",
            "|---|---|---|---|---|---|",
        ]
        for network in self.given.networks:
            facts = {path: self.facts(network, path) for path in self.pictures}
            means = [_mean([facts[path]["loss"] for path in paths]) for paths in (self.given.seen, self.given.unseen)]
            rest = [_mean([fact[key] for fact in facts.values()]) for key in ("diversity", "adapting_s", "making_s")]
            lines.append(f"| {network.stem} | " + " | ".join(f"{value:.3f}" for value in (*means, *rest)) + " |")
        if self.given.gatys_steps:
            path = self.pictures[0]
            optimized, curve = self.optimized(path)
            loss = self.judge(path).loss(optimized)
            lines.append(f"| Gatys et al., {path.stem} alone | {loss:.3f} | | | | {curve[-1][0]:.1f} |")
        (self.folder / "table2.md").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def facts(self, network: Path, path: Path) -> dict[str, float]:
        def measure() -> dict[str, float]:
            made, adapting, making = self.made(network, path)
            judge = self.judge(path)
            loss = float(np.mean([judge.loss(picture) for picture in made]))
            return {"loss": loss, "diversity": judge.diversity(made), "adapting_s": adapting, "making_s": making}

        return self.kept(f"facts-{network.stem}-{path.stem}", measure)

    def made(self, network: Path, path: Path) -> tuple[list[Picture], float, float]:
        name = f"made-{network.stem}"
        times = f"{name}-{path.stem}-seconds"

        def make() -> list[Picture]:
            made, *seconds = textures(self._opened(network), self.exemplar(path), self.given.size, self.given.seeds)
            self._write(times, seconds)
            return made

        pictures = self.pictures_kept(name, path, make)
        adapting, making = self._read(times)
        return pictures, adapting, making

    def optimized(self, path: Path) -> tuple[Picture, list[list[float]]]:
        course = f"gatys-{path.stem}-curve"

        def make() -> list[Picture]:
            picture, curve = gatys(self.exemplar(path), self.given.vgg19, self.given.gatys_steps)
            self._write(course, curve)
            return [picture]

        (picture,) = self.pictures_kept("gatys", path, make)
        return picture, self._read(course)

    def _stages(self, path: Path) -> list[Picture]:
        return stages(self._opened(self.main), self.exemplar(path), self.given.size)

    def _norms(self, path: Path) -> list[Picture]:
        network, exemplar = self._opened(self.main), self.exemplar(path)
        return [stages(network, exemplar, self.given.size, padding=padding)[-1] for padding in ("wrap", "zero")]

    def _opened(self, network: Path) -> Artifact:
        return self.network(network)

    def kept(self, name: str, make: Callable[[], Any]) -> Any:
        if not self._kept_as(name).exists():
            self._write(name, make())
        return self._read(name)

    def _kept_as(self, name: str) -> Path:
        return self.folder / "kept" / f"{name}.json"

    def _read(self, name: str) -> Any:
        return json.loads(self._kept_as(name).read_text(encoding="utf-8"))

    def _write(self, name: str, facts: Any) -> None:
        with replacing(self._kept_as(name)) as temporary:
            temporary.write_text(json.dumps(facts), encoding="utf-8")

    def pictures_kept(self, name: str, path: Path, make: Callable[[], list[Picture]]) -> list[Picture]:
        file = self.folder / "kept" / f"{name}-{path.stem}.npz"
        if not file.exists():
            made = make()
            for number, picture in enumerate(made):
                write_image(file.with_name(f"{file.stem}-{number}.png"), quantize(picture, 8))
            with replacing(file) as temporary, temporary.open("wb") as opened:
                np.savez_compressed(opened, *made)
            print(f"  {name} {path.stem}", flush=True)  # noqa: T201 - a script
            return made
        with np.load(file) as stored:
            return [stored[key] for key in stored.files]

    def sheet(self, name: str, rows: list[list[Picture]]) -> None:
        """Pictures side by side, at 1:1."""
        if not rows:
            return
        side, columns = self.given.size, max(map(len, rows))
        sheet = np.ones((len(rows) * (side + _GAP) - _GAP, columns * (side + _GAP) - _GAP, 3), np.float32)
        for down, row in enumerate(rows):
            for across, picture in enumerate(row):
                part = picture[:side, :side]
                top, left = down * (side + _GAP), across * (side + _GAP)
                sheet[top : top + part.shape[0], left : left + part.shape[1]] = part
        write_image(self.folder / f"{name}.png", quantize(sheet, 8))


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _drawn(curve: list[list[float]], point: dict[str, float]) -> str:
    """Loss against seconds, both logarithmic, as SVG: the optimization as a line, the network as a dot."""
    seconds, losses = (np.log10(np.maximum(column, 1e-4)) for column in np.array(curve).T)
    x, y = np.log10(max(point["seconds"], 1e-4)), np.log10(point["loss"])
    low, high = min(seconds.min(), x), max(seconds.max(), x)
    bottom, top = min(losses.min(), y), max(losses.max(), y)

    def place(across: float, up: float) -> str:
        share_x, share_y = (across - low) / (high - low or 1), (up - bottom) / (top - bottom or 1)
        right, height = _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN
        return f"{_MARGIN + share_x * right:.1f},{_HEIGHT - _MARGIN - share_y * height:.1f}"

    line = " ".join(place(across, up) for across, up in zip(seconds, losses, strict=True))
    left, up = place(x, y).split(",")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif">'
        f'<polyline points="{line}" fill="none" stroke="#36c"/><circle cx="{left}" cy="{up}" r="5" fill="#c33"/>'
        f'<text x="{_MARGIN}" y="24">texture loss against seconds, both logarithmic: line Gatys et al., dot the network'
        f'</text><text x="{_MARGIN}" y="{_HEIGHT - 12}">{10**low:.2g} s</text>'
        f'<text x="{_WIDTH - 2 * _MARGIN}" y="{_HEIGHT - 12}">{10**high:.3g} s</text>'
        f'<text x="4" y="{_HEIGHT - _MARGIN}">{10**bottom:.2g}</text>'
        f'<text x="4" y="{_MARGIN}">{10**top:.2g}</text></svg>'
    )


def parsed(words: list[str] | None = None) -> Namespace:
    """What was asked for."""
    parser = ArgumentParser(prog="python -m tests.bench.pseudo_optimizer", description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="+", type=Path, help="files of `texnet adaptive train`")
    parser.add_argument("--seen", nargs="*", type=Path, default=[], help="pictures that were learned from")
    parser.add_argument("--unseen", nargs="*", type=Path, default=[], help="pictures that were not")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for all results")
    parser.add_argument("--vgg19", default="", help="VGG-19's weights, which measure; else as elsewhere")
    parser.add_argument("--size", type=int, default=256, help="side of the textures")
    parser.add_argument("--seeds", type=int, default=5, help="textures of each picture")
    parser.add_argument("--rows", type=int, default=6, help="pictures in each sheet at most")
    parser.add_argument("--gatys-steps", type=int, default=300, help="steps of the optimization; 0 leaves it out")
    parser.add_argument("--only", nargs="*", default=[], help="figure5 ... figure9, norms, table2")
    given = parser.parse_args(words)
    if not given.seen + given.unseen:
        parser.error("name pictures with --seen or --unseen")
    return given


if __name__ == "__main__":
    Bench(parsed()).run()
