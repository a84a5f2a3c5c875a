"""Ways to a whole material, side by side: `python -m tests.bench.materials FOLDER`.

A measurement, not a test: pytest does not collect it. FOLDER has the exemplars of the presets, under the names of the
list. For each preset that was learned from measured maps, samples of

- joint: one generator of all maps, the preset or PRESET.texnet of `--joint DIR`;
- alone: generators of one map each, where `--alone DIR` has them as PRESET-MAP.texnet, with the same seeds;
- derived: the colors of joint, and the other maps guessed of them, as `texnet material` does;
- look: the colors of joint, and the other maps from them by the look, as `texnet synth --material` does.

Together and correlations are shares of the distance between the exemplar's own quadrants; slopes are a correlation of
normals with the height; of each map, the distance of held-out layers. Needs the weights of VGG-19 (`$TEXNET_VGG19`).
"""

import argparse
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median

import numpy as np

from texnet_core import TextureRequest, list_presets, read_artifact, synthesize
from texnet_core.derivation import derive_maps
from texnet_core.evaluation.evaluate import open_metric
from texnet_core.evaluation.figures import map_figure
from texnet_core.evaluation.maps import Sets, measure_maps
from texnet_core.evaluation.texture_metric import TextureMetric, mean_distance
from texnet_core.mapset import ALBEDO, FloatArray, MapSet, MapSpec, split_channels
from texnet_core.materials import read_surface
from texnet_core.model.artifact import Artifact
from texnet_core.model.look_maps import look_maps, relief_of
from texnet_core.pictures.masks import resized_maps
from texnet_core.settings import DescriptorSettings

RECIPES = Path(__file__).parents[2] / "texnet_core" / "presets" / "recipes.toml"
COMPARED = ("normal", "roughness", "height")  # what every way can make
FIGURES = ("maps_together", "maps_correlation", "maps_slopes", *map(map_figure, (ALBEDO.name, *COMPARED)))
SHARES = ("maps_together", "maps_correlation")
Row = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exemplars", type=Path, help="folder with the pictures and maps that the presets learned from")
    parser.add_argument("--presets", default="", help="names, by commas; without it all with measured maps")
    parser.add_argument("--joint", type=Path, help="folder with generators of all maps, in place of the presets")
    parser.add_argument("--alone", type=Path, help="folder with generators of one map each")
    parser.add_argument("--seeds", type=int, default=3, help="samples of each")
    given = parser.parse_args()
    recipes = tomllib.loads(RECIPES.read_text(encoding="utf-8"))["recipes"]
    rows: dict[str, list[Row]] = {}
    _tell(f"| preset | way | {' | '.join(FIGURES)} |\n|{'---|' * (len(FIGURES) + 2)}")
    for name in given.presets.split(",") if given.presets else sorted(list_presets()):
        preset = read_artifact(list_presets()[name])
        if len(preset.maps) == 1:
            continue
        artifact = replace(read_artifact(given.joint / f"{name}.texnet"), look=preset.look) if given.joint else preset
        metric = open_metric(DescriptorSettings(), artifact.texels_per_exemplar)
        assert isinstance(metric, TextureMetric), metric
        sets = _sets(artifact, given.exemplars / recipes[name]["exemplar"], given.seeds)
        for way, compared in _ways(name, artifact, sets, given.alone):
            row = _measured(compared, metric)
            rows.setdefault(way, []).append(row)
            _tell(_line(name, way, row))
    for way, measured in rows.items():
        known = {name: [row[name] for row in measured if name in row] for name in FIGURES}
        _tell(_line("**median**", way, {name: median(values) for name, values in known.items() if values}))


def _sets(artifact: Artifact, exemplar: Path, seeds: int) -> Sets:
    """The exemplar and samples of a preset, but for maps that not every way makes."""
    picture, side = read_surface(exemplar), artifact.texels_per_exemplar
    stack, _ = resized_maps(picture.image, None, side, picture.maps)
    parts = split_channels(stack, picture.maps)
    made = [synthesize(artifact, TextureRequest(width=side, height=side, seed=seed)) for seed in range(seeds)]
    samples = [_stacked(maps, artifact.maps) for maps in made]
    return _cut(Sets(_stacked(parts, artifact.maps), samples, artifact.maps, artifact.relief), {ALBEDO.name, *COMPARED})


def _ways(name: str, artifact: Artifact, sets: Sets, alone: Path | None) -> Iterator[tuple[str, Sets]]:
    yield "joint", sets
    files = {spec.name: alone / f"{name}-{spec.name}.texnet" for spec in sets.maps} if alone else {}
    if known := {key: read_artifact(file) for key, file in files.items() if file.exists()}:
        yield "alone", _remade(sets, lambda albedo, seed: _made_alone(known, albedo, seed))
    yield "derived", _remade(sets, lambda albedo, seed: _derived(albedo))
    yield "look", _remade(sets, lambda albedo, seed: _by_look(artifact, albedo))


def _made_alone(known: Mapping[str, Artifact], albedo: FloatArray, seed: int) -> MapSet:
    height, width = albedo.shape[:2]
    request = TextureRequest(width=width, height=height, seed=seed)
    return {name: synthesize(artifact, request)[name] for name, artifact in known.items()}


def _derived(albedo: FloatArray) -> MapSet:
    found = derive_maps(albedo, wraps=True)
    return _beside(split_channels(found.image, found.maps))


def _by_look(artifact: Artifact, albedo: FloatArray) -> MapSet:
    assert artifact.look is not None
    relief = relief_of(replace(artifact, maps=(ALBEDO,))) * artifact.texels_per_exemplar
    return _beside(look_maps(np.pad(albedo, ((1, 1), (1, 1), (0, 0)), mode="wrap"), artifact.look, relief))


def _beside(maps: MapSet) -> MapSet:
    """All but the colors."""
    return {name: values for name, values in maps.items() if name != ALBEDO.name}


def _remade(sets: Sets, make: Callable[[FloatArray, int], MapSet]) -> Sets:
    """The same samples with other maps, as far as these are made."""
    samples = []
    for seed, sample in enumerate(sets.samples):
        own = split_channels(sample, sets.maps)
        made = make(np.ascontiguousarray(own[ALBEDO.name], np.float32), seed)
        samples.append(_stacked({**own, **made}, sets.maps))
    return replace(sets, samples=samples)


def _cut(sets: Sets, names: set[str]) -> Sets:
    kept = tuple(spec for spec in sets.maps if spec.name in names)
    exemplar, *samples = (_stacked(split_channels(stack, sets.maps), kept) for stack in (sets.exemplar, *sets.samples))
    return Sets(exemplar, samples, kept, sets.relief)


def _stacked(maps: MapSet, specs: tuple[MapSpec, ...]) -> FloatArray:
    return np.concatenate([maps[spec.name] for spec in specs], axis=2, dtype=np.float32)


def _measured(sets: Sets, metric: TextureMetric) -> Row:
    found = dict(measure_maps(sets, metric, lambda: None))
    shares = {
        name: figure.value / figure.reference for name, figure in found.items() if name in SHARES and figure.reference
    }
    colors = {map_figure(ALBEDO.name): _of_colors(sets, metric)}
    return {name: figure.value for name, figure in found.items()} | shares | colors


def _of_colors(sets: Sets, metric: TextureMetric) -> float:
    exemplar, *samples = (split_channels(stack, sets.maps)[ALBEDO.name] for stack in (sets.exemplar, *sets.samples))
    wanted = metric.features(np.ascontiguousarray(exemplar), periodic=False)
    found = [metric.features(np.ascontiguousarray(sample), periodic=True) for sample in samples]
    return fmean(mean_distance([metric.texture_distance(each, wanted) for each in found]).held_out.values())


def _line(name: str, way: str, row: Row) -> str:
    cells = (f"{row[key]:.2f}" if key in row else "" for key in FIGURES)
    return f"| {name} | {way} | {' | '.join(cells)} |"


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
