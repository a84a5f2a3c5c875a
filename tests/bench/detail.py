"""Methods beside the photograph at its own resolution: `python -m tests.bench.detail --cache FOLDER`.

A measurement, not a test: pytest does not collect it. Twelve public pictures of surfaces, 1024 texels each, at every
octave of which a method is held against the photograph; see `texnet_core.evaluation.detail`. Shares are those of the
distance between places of the photograph.

Generators come from folders with one NAME.texnet an exemplar: `--also LABEL=FOLDER`. Every picture is kept as
CACHE/METHOD/EXEMPLAR.png with its figures beside it, so that a run that was stopped goes on, and methods may run apart.
Needs VGG-19's weights and, for G'MIC, the extra [bench]. Gatys et al. need a GPU: a core takes hours a picture.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from statistics import fmean

import numpy as np
from PIL import Image

from tests.bench.figures import center_square
from tests.bench.sheet import draw_sheet
from tests.conftest import SHARED_DATA
from texnet_core import Artifact, TextureRequest, read_artifact, synthesize
from texnet_core.atomic import replacing
from texnet_core.descriptor.weights import load_vgg19
from texnet_core.errors import TexnetError
from texnet_core.evaluation.crops import middle
from texnet_core.evaluation.detail import MOST_SIDE, OCTAVES, Detail, measure_detail
from texnet_core.evaluation.memorization import memorization
from texnet_core.evaluation.texture_metric import TextureMetric
from texnet_core.instant.open import open_source
from texnet_core.mapset import FloatArray, shown_colors
from texnet_core.pictures.color import quantize
from texnet_core.pictures.reading import read_exemplar
from texnet_core.pictures.writing import write_image

EXEMPLARS = {
    "stones": "exemplars/rocky_trail.jpg",
    "gravel": "surfaces1024/gravel_020.jpg",
    "bark": "surfaces1024/bark_009.jpg",
    "wood": "exemplars/wood_table_worn.jpg",
    "moss": "materials/coast_sand_rocks_02/albedo.jpg",
    "soil": "surfaces1024/ground_047.jpg",
    "fabric": "exemplars/wool_blue.jpg",
    "metal": "surfaces1024/metal_022.jpg",
    "plaster": "surfaces1024/painted_plaster_010.jpg",
    "bricks": "surfaces1024/bricks_059.jpg",
    "tiles": "exemplars/tiles037_red.jpg",
    "leaves": "surfaces1024/forest_leaves_03.jpg",
}
FIGURES = {
    **{name: f"held-out layers at 1/{factor} of the resolution, share" for name, factor in OCTAVES.items()},
    "spectrum": "contrast by size and direction, share",
    "grain": "smooth places and coarse ones, share",
    "mesh": "unevenness of the finest frequencies, dB; beside it the photograph's",
    "memorisation": "share of windows that are copies of one region",
}
_WORST = "worst"  # the largest share of a row, that of the mesh too: one fault is enough for the eye
_SHOWN = 512  # texels of the sheet's pictures
_SLOW = "gatys"

Draw = Callable[[str, FloatArray, int], FloatArray]  # name, exemplar, seed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="folder of pictures and figures, kept between runs")
    parser.add_argument("--data", type=Path, default=SHARED_DATA, help="folder with the exemplars")
    parser.add_argument("--exemplars", default="", help="names by commas; all by default")
    parser.add_argument("--methods", default="", help=f"of {','.join(METHODS)} and --also; all but {_SLOW} by default")
    parser.add_argument("--also", action="append", default=[], metavar="LABEL=FOLDER", help="generators, a method more")
    parser.add_argument("--sheet", type=Path, help="picture of all exemplars and methods, 512 texels of each at 1:1")
    given = parser.parse_args()
    methods = METHODS | dict(_labeled(each, parser) for each in given.also)
    chosen = _chosen(given.methods, [name for name in methods if name != _SLOW], methods, parser)
    names = _chosen(given.exemplars, list(EXEMPLARS), EXEMPLARS, parser)
    try:
        _compare(given, {name: methods[name] for name in chosen}, names)
    except (TexnetError, OSError) as error:
        parser.error(str(error))


def _compare(given: argparse.Namespace, methods: dict[str, Draw], names: list[str]) -> None:
    exemplars = {name: _square(read_exemplar(given.data / EXEMPLARS[name]).image) for name in names}
    for name, exemplar in exemplars.items():
        for method, draw in methods.items():
            _make(given.cache / method / f"{name}.png", draw, exemplar)
    _measure(given.cache, list(methods), exemplars)
    print(_table(given.cache, list(methods), names))  # noqa: T201
    if given.sheet:
        rows = {name: [exemplar, *_made(given.cache, list(methods), name)] for name, exemplar in exemplars.items()}
        cut = {name: [None if each is None else middle(each, _SHOWN) for each in row] for name, row in rows.items()}
        write_image(given.sheet, draw_sheet(cut, ["photograph", *methods]))


def _labeled(text: str, parser: argparse.ArgumentParser) -> tuple[str, Draw]:
    label, _, folder = text.partition("=")
    if not label or label in METHODS or not Path(folder or "/nowhere").is_dir():
        parser.error(f"--also {text} is no LABEL=FOLDER with a new label and a folder that is there")
    return label, _generators_of(Path(folder))


def _chosen(text: str, default: list[str], known: Collection[str], parser: argparse.ArgumentParser) -> list[str]:
    names = [name for name in text.split(",") if name] or default
    if unknown := [name for name in names if name not in known]:
        parser.error(f"there is no {', '.join(unknown)}; expected some of {', '.join(known)}")
    return names


def _square(image: FloatArray) -> FloatArray:
    return center_square(image, min(*image.shape[:2], MOST_SIDE))


def _make(file: Path, draw: Draw, exemplar: FloatArray) -> None:
    if file.exists():
        return
    began = time.process_time()
    try:
        picture = draw(file.stem, exemplar, 0)
    except (FileNotFoundError, ImportError, TexnetError) as error:
        print(f"{file.parent.name}, {file.stem}: left out ({error})", file=sys.stderr, flush=True)  # noqa: T201
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    write_image(file, quantize(picture, 8))
    spent = time.process_time() - began
    print(f"{file.parent.name}, {file.stem}: {spent:.0f} s of all cores", file=sys.stderr, flush=True)  # noqa: T201


def _measure(cache: Path, methods: list[str], exemplars: dict[str, FloatArray]) -> None:
    """Whatever lacks some figure, or has older ones than its picture."""
    metric = None
    for name, exemplar in exemplars.items():
        for method in methods:
            picture, figures = (cache / method / f"{name}{suffix}" for suffix in (".png", ".json"))
            if not picture.exists() or _is_measured(picture, figures):
                continue
            metric = metric or TextureMetric(load_vgg19())
            found = _figures(metric, Detail(exemplar, _read(picture)))
            with replacing(figures) as temporary:
                temporary.write_text(json.dumps(found, indent=1))


def _is_measured(picture: Path, figures: Path) -> bool:
    if not figures.exists() or figures.stat().st_mtime < picture.stat().st_mtime:
        return False
    return FIGURES.keys() <= json.loads(figures.read_text()).keys()


def _figures(metric: TextureMetric, detail: Detail) -> dict[str, float]:
    found = dict(measure_detail(metric, detail, lambda: None))
    octaves = {name: figure for name, figure in found.items() if name in OCTAVES}
    shares = octaves | {name: found[f"detail_{name}"] for name in ("spectrum", "grain")}
    mesh = found["detail_mesh"]
    return {name: figure.value / figure.reference if figure.reference else 0.0 for name, figure in shares.items()} | {
        "mesh": mesh.value,
        "mesh_of_the_photograph": mesh.reference or 0.0,
        "memorisation": memorization(detail.sample, detail.exemplar) or 0.0,
    }


def _table(cache: Path, methods: list[str], names: list[str]) -> str:
    head = ["method", "exemplars", *FIGURES, _WORST]
    lines = [_line(head), _line(["---"] * len(head))]
    for method in methods:
        rows = [found for name in names if (found := _known(cache, method, name))]
        if rows:
            lines.append(_line([method, len(rows), *_cells(rows)]))
    lines += ["", _line(["exemplar", *head[:1], *head[2:]]), _line(["---"] * len(head))]
    for name in names:
        lines += [_line([name, each, *_cells([row])]) for each in methods if (row := _known(cache, each, name))]
    meanings = FIGURES | {_WORST: "the largest of all shares of a picture, that of the mesh too"}
    return "\n".join([*lines, "", *(f"- {figure}: {meaning}" for figure, meaning in meanings.items())])


def _cells(rows: list[dict[str, float]]) -> list[str]:
    cells = [f"{fmean(row[figure] for row in rows):.2f}" for figure in FIGURES]
    at = list(FIGURES).index("mesh")
    cells[at] += f" ({fmean(row['mesh_of_the_photograph'] for row in rows):.2f})"
    return [*cells, f"{fmean(_worst(row) for row in rows):.2f}"]


def _worst(row: dict[str, float]) -> float:
    reference = row["mesh_of_the_photograph"]
    mesh = row["mesh"] / reference if reference else 0.0
    return max(mesh, *(row[figure] for figure in FIGURES if figure not in ("mesh", "memorisation")))


def _line(cells: list) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _known(cache: Path, method: str, name: str) -> dict[str, float]:
    file = cache / method / f"{name}.json"
    return json.loads(file.read_text()) if file.exists() else {}


def _made(cache: Path, methods: list[str], name: str) -> list[FloatArray | None]:
    files = [cache / method / f"{name}.png" for method in methods]
    return [_read(file) if file.exists() else None for file in files]


def _read(file: Path) -> FloatArray:
    return np.asarray(Image.open(file), np.float32) / 255


def _generators_of(folder: Path) -> Draw:
    return lambda name, exemplar, seed: _texture(read_artifact(folder / f"{name}.texnet"), exemplar, seed)


def _texture(artifact: Artifact, exemplar: FloatArray, seed: int) -> FloatArray:
    """As many texels of it as the exemplar has, of the same texels a meter."""
    side = len(exemplar)
    request = TextureRequest(width=side, height=side, seed=seed, scale=side / artifact.texels_per_exemplar)
    return shown_colors(synthesize(artifact, request), artifact.maps)


def _gatys(name: str, exemplar: FloatArray, seed: int) -> FloatArray:
    from tests.bench.coarse_to_fine import optimize_coarse_to_fine

    return optimize_coarse_to_fine(exemplar, len(exemplar), seed)


def _patches(name: str, exemplar: FloatArray, seed: int) -> FloatArray:
    from tests.bench.patch_optimization import optimize_patches

    return optimize_patches(exemplar, len(exemplar), seed)


def _gmic(name: str, exemplar: FloatArray, seed: int) -> FloatArray:
    from tests.bench.gmic_peer import inpaint

    return inpaint(exemplar, len(exemplar), seed)


METHODS: dict[str, Draw] = {
    _SLOW: _gatys,
    "patches": _patches,
    "gmic-inpaint": _gmic,
    "collage": lambda name, exemplar, seed: _texture(open_source("collage", exemplar), exemplar, seed),
    "instant": lambda name, exemplar, seed: _texture(open_source("instant", exemplar), exemplar, seed),
}


if __name__ == "__main__":
    main()
