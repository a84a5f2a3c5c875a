"""The peers side by side on the same exemplars: `python -m tests.bench.quality --cache FOLDER`.

A measurement, not a test: pytest does not collect it. Methods run one exemplar after the other; every picture is kept
in the cache as CACHE/METHOD/EXEMPLAR_SEED.png with a .json of its time beside it, so that a run that was stopped goes
on, and methods may run apart. A cache holds one setting of each method: what is in it is not made again with another.
Figures are taken from these pictures, seams as of methods that know no cells. Needs the weights of VGG-19 and, for
G'MIC, the extra [bench]. AdaIN and WCT need decoders (`tests.bench.autoencoders`), MultiTexture a network that knows
the exemplars (`tests.bench.multitexture`).

Pictures are held against the exemplar at the scale that they are drawn at: 256 texels a side, but for our patterns on a
grid, which are fitted to a tile in whole repeats.
"""

import argparse
import functools
import json
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tests.bench.dcgan import BATCH, WIDTH
from tests.bench.figures import DISTANCES, FIGURES, Picture, Yardstick, center_square, floor, real
from tests.bench.methods import METHODS, SIDE, generators_of
from tests.bench.sheet import draw_sheet
from tests.conftest import SHARED_DATA
from texnet_core.atomic import replacing
from texnet_core.descriptor.weights import load_vgg19
from texnet_core.errors import TexnetError
from texnet_core.evaluation.texture_metric import TextureMetric
from texnet_core.pictures.color import quantize
from texnet_core.pictures.reading import read_exemplar
from texnet_core.pictures.writing import write_image

REAL = "real"  # stands in the table like a method
_PLACES = ("*.jpg", "exemplars/*.jpg", "surfaces/*.jpg", "materials/*/albedo.jpg")  # of exemplars, in --data
_FACTS = ("parameters", "s a picture", "s before")  # of a method; its figures are of its pictures


def main() -> None:
    given = _parsed()
    exemplars = _exemplars(given)
    for label, where in given.also:
        METHODS[label] = generators_of(where)
    methods = _chosen(given.methods, METHODS, "method")
    if not given.table:
        for work in (_make, _measure):
            for name, path in exemplars.items():
                work(name, read_exemplar(path).image, methods, given)
    print(_table(given.cache, methods, list(exemplars)))  # noqa: T201
    if given.sheet:
        seen = {name: center_square(read_exemplar(path).image, SIDE) for name, path in exemplars.items()}
        write_image(given.sheet, draw_sheet(_sheet_rows(given.cache, seen, methods), ["exemplar", *methods]))


def _sheet_rows(cache: Path, exemplars: dict[str, Picture], methods: list[str]) -> dict[str, list[Picture | None]]:
    """Of each exemplar itself, and a picture a method where the cache has one."""
    rows: dict[str, list[Picture | None]] = {}
    for name, exemplar in exemplars.items():
        made = [_pictures(cache, method, name) for method in methods]
        rows[name] = [exemplar, *(pictures[0] if pictures else None for pictures in made)]
    return rows


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="folder of pictures and figures, kept between runs")
    parser.add_argument("--data", type=Path, default=SHARED_DATA, help=f"folder with {', '.join(_PLACES)}")
    parser.add_argument("--exemplars", default="", help="names by commas; all by default")
    parser.add_argument("--methods", default="", help=f"of {','.join(METHODS)} and --also; all by default")
    parser.add_argument("--seeds", type=int, default=2, help="pictures a method and exemplar; diversity needs 2")
    parser.add_argument("--ours", type=Path, help="folder with one NAME.texnet for every exemplar; else the presets")
    parser.add_argument(
        "--also",
        type=_labeled,
        action="append",
        default=[],
        metavar="LABEL=WHERE",
        help="a method more: a folder like that of --ours, or a source that takes an exemplar; may be repeated",
    )
    parser.add_argument("--autoencoders", type=Path, help="what tests.bench.autoencoders has learned")
    parser.add_argument("--multitexture", type=Path, help="what tests.bench.multitexture has learned")
    parser.add_argument("--portilla-steps", type=int, default=500)
    parser.add_argument("--dcgan-steps", type=int, default=3000)
    parser.add_argument("--dcgan-width", type=int, default=WIDTH, help="less than 64 is a reduced network")
    parser.add_argument("--dcgan-batch", type=int, default=BATCH, help="fewer than 64 is a reduced recipe")
    parser.add_argument("--gatys-steps", type=int, default=500)
    parser.add_argument("--paper-steps", type=int, default=1500, help="fewer than 1500 is a reduced recipe")
    parser.add_argument("--paper-batch", type=int, default=16, help="fewer than 16 is a reduced recipe")
    parser.add_argument("--measure-again", action="store_true", help="take all figures anew, of old pictures too")
    parser.add_argument("--sheet", type=Path, help="picture of all exemplars and of one sample a method, at 1:1")
    parser.add_argument("--table", action="store_true", help="make nothing; print what the cache has")
    return parser.parse_args()


def _labeled(text: str) -> tuple[str, str]:
    label, _, where = text.partition("=")
    if not (label and where):
        raise argparse.ArgumentTypeError(f"{text} is no LABEL=WHERE")
    return label, where


def _exemplars(given: argparse.Namespace) -> dict[str, Path]:
    """Name -> file, in the order of names."""
    files = [path for place in _PLACES for path in given.data.glob(place)]
    found = {path.parent.name if path.stem == "albedo" else path.stem: path for path in files}
    return {name: found[name] for name in _chosen(given.exemplars, dict(sorted(found.items())), "exemplar")}


def _chosen(names: str, known: dict, what: str) -> list[str]:
    chosen = names.split(",") if names else list(known)
    if unknown := [name for name in chosen if name not in known]:
        sys.exit(f"found no {what} {', '.join(unknown)}; expected some of {', '.join(known)}")
    return chosen


def _make(name: str, exemplar: Picture, methods: list[str], given: argparse.Namespace) -> None:
    """Draw what the cache lacks."""
    for method in methods:
        seeds = [seed for seed in range(given.seeds) if not _record(given.cache, method, name, seed).exists()]
        try:
            if seeds:
                _draw(method, name, center_square(exemplar, SIDE), seeds, given)
        except (FileNotFoundError, ImportError, TexnetError) as error:
            print(f"{method}, {name}: left out ({error})", file=sys.stderr, flush=True)  # noqa: T201


def _draw(method: str, name: str, exemplar: Picture, seeds: list[int], given: argparse.Namespace) -> None:
    prepared, preparing = _timed(lambda: METHODS[method](name, exemplar, given))
    for seed in seeds:
        picture, drawing = _timed(lambda seed=seed: prepared.draw(seed))
        record = _record(given.cache, method, name, seed)
        record.parent.mkdir(parents=True, exist_ok=True)
        write_image(record.with_suffix(".png"), quantize(picture, 8))
        facts = {"seconds": drawing, "preparing_seconds": preparing, "note": prepared.note}
        facts |= {"exemplar_side": prepared.exemplar_side, "parameters": prepared.parameters, "tiles": prepared.tiles}
        _write_json(record, facts | {"threads": torch.get_num_threads(), "cores": os.cpu_count()})
        print(f"{method}, {name}, seed {seed}: {drawing['wall']:.1f} s", file=sys.stderr, flush=True)  # noqa: T201


def _timed(work):
    """What `work` returns, and its time: by the clock, and of all cores together, which a busy machine changes less."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def _measure(name: str, exemplar: Picture, methods: list[str], given: argparse.Namespace) -> None:
    """Measure what has new pictures, or everything where that is asked for."""
    stale = [method for method in methods if given.measure_again or _is_stale(given.cache, method, name)]
    if not any(_records(given.cache, method, name) for method in stale):
        return
    metric = TextureMetric(load_vgg19())
    itself = _exemplar_itself(given.cache, name, metric, exemplar, again=given.measure_again)
    yardstick = functools.cache(lambda side: Yardstick(metric, exemplar, itself, side))
    for method in stale:
        if made := _pictures(given.cache, method, name):
            side = _drawn_at(given.cache, method, name)
            _write_json(_figures(given.cache, method, name), yardstick(side).measure(made))


def _is_stale(cache: Path, method: str, name: str) -> bool:
    figures = _figures(cache, method, name)
    made_at = [record.stat().st_mtime for record in _records(cache, method, name)]
    return bool(made_at) and (not _holds(figures, FIGURES) or figures.stat().st_mtime < max(made_at))


def _exemplar_itself(
    cache: Path, name: str, metric: TextureMetric, exemplar: Picture, *, again: bool
) -> dict[str, float]:
    """The floor; measured once, and with it, as if it were a method, what a real picture has."""
    file = cache / "floors" / f"{name}.json"
    if again or not _holds(file, DISTANCES):
        for folder in (file.parent, cache / REAL):
            folder.mkdir(parents=True, exist_ok=True)
        measured = floor(metric, exemplar)
        shares = {figure: value / measured[figure] for figure, value in real(metric, exemplar).items()}
        _write_json(_figures(cache, REAL, name), dict.fromkeys(FIGURES) | shares)
        _write_json(file, measured)
    return json.loads(file.read_text())


def _holds(file: Path, figures: dict[str, str]) -> bool:
    """Whether a file of the cache has all of these; one of an older form may not."""
    return file.exists() and figures.keys() <= json.loads(file.read_text()).keys()


def _drawn_at(cache: Path, method: str, name: str) -> int:
    """The exemplar's side at the scale of a method's pictures, which all have the same; records of old do not say."""
    first, *_ = _records(cache, method, name)
    return json.loads(first.read_text()).get("exemplar_side", SIDE)


def _pictures(cache: Path, method: str, name: str) -> list[Picture]:
    files = (record.with_suffix(".png") for record in _records(cache, method, name))
    return [np.asarray(Image.open(file), np.float32) / 255 for file in files]


def _table(cache: Path, methods: list[str], names: list[str]) -> str:
    """Means over the exemplars that a method has been measured on, and then every exemplar."""
    head = ["method", "exemplars", *FIGURES, *_FACTS, "note"]
    lines = ["## Means", "", *_head(head)]
    for method in (REAL, *methods):
        rows = [row for name in names if (row := _row(cache, method, name))]
        if rows:
            notes = "; ".join(sorted({row["note"] for row in rows} - {""}))
            lines.append(_line([method, len(rows), *_means(rows), notes]))
    lines += ["", "## Each exemplar", "", *_head(["exemplar", *head[:1], *head[2:-1]])]
    for name in names:
        for method in (REAL, *methods):
            if row := _row(cache, method, name):
                lines.append(_line([name, method, *_means([row])]))
    legend = [f"- {REAL}: no method; halves of the exemplar beside its other quadrants, which a half has not seen"]
    legend += [f"- {figure}: {meaning}" for figure, meaning in FIGURES.items()]
    legend.append("- parameters: of all exemplars that a method knows; n/a: it keeps pictures, or nothing")
    legend.append("- seconds: of all cores together, which say more than the clock on a busy machine; before: training")
    return "\n".join([*lines, "", *legend])


def _row(cache: Path, method: str, name: str) -> dict | None:
    file = _figures(cache, method, name)
    if not file.exists():
        return None
    row = dict.fromkeys(FIGURES) | json.loads(file.read_text()) | dict.fromkeys(_FACTS) | {"note": ""}
    if records := [json.loads(record.read_text()) for record in _records(cache, method, name)]:
        first = records[0]
        row["s a picture"] = statistics.fmean(record["seconds"]["cpu"] for record in records)
        row["s before"], row["parameters"] = first["preparing_seconds"]["cpu"], first.get("parameters")
        row["note"] = first["note"] if first.get("tiles", True) else "; ".join(filter(None, (first["note"], "no tile")))
    return row


def _means(rows: list[dict]) -> list[str]:
    """Every figure over the rows that have it."""
    means = []
    for figure in (*FIGURES, *_FACTS):
        values = [row[figure] for row in rows if row[figure] is not None]
        digits = 0 if figure == "parameters" else 2
        means.append(f"{statistics.fmean(values):.{digits}f}" if values else "n/a")
    return means


def _head(names: list[str]) -> list[str]:
    return [_line(names), _line(["---"] * len(names))]


def _line(cells: list) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _record(cache: Path, method: str, name: str, seed: int) -> Path:
    return cache / method / f"{name}_{seed}.json"


def _records(cache: Path, method: str, name: str) -> list[Path]:
    return sorted(file for file in (cache / method).glob(f"{name}_*.json") if file.stem[len(name) + 1 :].isdigit())


def _figures(cache: Path, method: str, name: str) -> Path:
    return cache / method / f"{name}.figures.json"


def _write_json(file: Path, facts: dict) -> None:
    with replacing(file) as temporary:
        temporary.write_text(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main()
