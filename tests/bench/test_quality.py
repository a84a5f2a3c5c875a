"""What the comparison does around its methods; the figures have tests of their own."""

import itertools
import json
from argparse import Namespace

import numpy as np
import pytest

from tests.bench import methods, patch_optimization, quality
from tests.bench.figures import FIGURES, Yardstick
from tests.bench.methods import METHODS, SIDE, Prepared
from tests.bench.paper import PublishedNetwork
from tests.conftest import picture
from texnet_core import list_presets, read_artifact
from texnet_core.descriptor.weights import load_vgg19
from texnet_core.evaluation.repetition import repetition
from texnet_core.evaluation.texture_metric import LAYERS, TextureDistance


@pytest.fixture
def drawn(monkeypatch):
    """The seeds that a method called "gray" was asked for."""
    seeds = []

    def draw(seed):
        seeds.append(seed)
        return np.full((SIDE, SIDE, 3), 0.5, np.float32)

    monkeypatch.setitem(quality.METHODS, "gray", lambda name, exemplar, given: Prepared(draw, "nothing learned"))
    return seeds


def test_only_what_the_cache_lacks_is_drawn(drawn, tmp_path):
    exemplar = picture(300, 280)
    quality._make("wall", exemplar, ["gray"], Namespace(cache=tmp_path, seeds=2))
    quality._make("wall", exemplar, ["gray"], Namespace(cache=tmp_path, seeds=3))
    assert drawn == [0, 1, 2]
    (first, *rest) = quality._pictures(tmp_path, "gray", "wall")
    assert first.shape == (SIDE, SIDE, 3) and len(rest) == 2


def test_a_method_that_cannot_run_is_left_out(tmp_path, capsys):
    quality._make("wall", picture(300, 300), ["ours"], Namespace(cache=tmp_path, seeds=1, ours=None))
    assert "left out" in capsys.readouterr().err and not any(tmp_path.iterdir())


def test_ours_are_the_presets_of_that_exemplar_at_that_scale():
    asked = Namespace(ours=None)
    assert methods._preset_of("rocky_trail") == list_presets()["gravel"]  # and not stony ground, which is finer
    assert methods._preset_of("rock020") == list_presets()["dark-rock"]
    drawn = METHODS["ours"]("rock020", None, asked).draw(1)
    assert drawn.shape == (SIDE, SIDE, 3)
    fitted = METHODS["ours"]("tiles037_red", None, asked).exemplar_side
    assert fitted == read_artifact(list_presets()["red-tiles"]).texels_per_exemplar != SIDE


def test_pictures_are_held_against_the_exemplar_at_the_scale_that_they_are_drawn_at(monkeypatch, tmp_path):
    monkeypatch.setattr(quality, "TextureMetric", lambda weights: None)
    monkeypatch.setattr(quality, "load_vgg19", lambda: None)
    monkeypatch.setattr(quality, "_exemplar_itself", lambda *_, again: {})
    held_against = {}

    def yardstick(metric, exemplar, floor, side):
        def measure(pictures):
            held_against[round(float(pictures[0].mean()), 1)] = side
            return dict.fromkeys(FIGURES)

        return Namespace(measure=measure)

    monkeypatch.setattr(quality, "Yardstick", yardstick)
    for method, value, side in (("at the exemplar's", 0.2, SIDE), ("fitted", 0.4, 224)):
        prepared = Prepared(lambda seed, value=value: np.full((SIDE, SIDE, 3), value, np.float32), exemplar_side=side)
        monkeypatch.setitem(quality.METHODS, method, lambda name, exemplar, given, prepared=prepared: prepared)
    given = Namespace(cache=tmp_path, seeds=1, measure_again=False)
    for work in (quality._make, quality._measure):
        work("wall", picture(300, 300), ["at the exemplar's", "fitted"], given)
    assert held_against == {0.2: SIDE, 0.4: 224}


def test_a_yardstick_has_the_exemplar_at_the_side_that_is_asked_for():
    metric = Namespace(features=lambda picture, *, periodic: picture)
    assert Yardstick(metric, picture(512, 600), {}, 224).exemplar.shape == (224, 224, 3)


def test_a_yardstick_measures_in_units_of_the_floor_and_takes_means():
    class Levels:
        """A texture metric whose distances are differences of means."""

        def features(self, picture, mask=None, *, periodic):
            return picture

        def texture_distance(self, first, second):
            distance = abs(float(first.mean() - second.mean()))
            return TextureDistance(*(dict.fromkeys(LAYERS, factor * distance) for factor in (1, 2, 3)))

    exemplar = np.random.default_rng(0).random((SIDE, SIDE, 3), dtype=np.float32)
    yardstick = Yardstick(Levels(), exemplar, {"gram": 0.1, "wasserstein": 0.1, "held out": 0.6})
    copy, brighter = yardstick.exemplar, yardstick.exemplar + 0.2
    same = yardstick.measure([copy])
    assert same["gram"] == same["wasserstein"] == same["held out"] == 0
    assert same["memorisation"] == 1 and same["diversity"] is None
    assert same["repetition"] == pytest.approx(repetition(copy, copy))
    seamed = copy.copy()
    seamed[:, 0] = 1
    assert yardstick.measure([seamed])["seam"] > 4 > same["seam"]
    moved = yardstick.measure([brighter])
    assert [moved[name] for name in ("gram", "wasserstein", "held out")] == pytest.approx([2, 4, 1], rel=1e-3)


def test_the_published_recipe_learns_and_draws_tiles(random_vgg19_file):
    weights = load_vgg19(str(random_vgg19_file))
    network = PublishedNetwork(picture(176, 176), weights, side=192, steps=2, batch=2)
    first, again, other = (network.sample(seed) for seed in (0, 0, 1))
    assert first.shape == (192, 192, 3) and 0 <= first.min() and first.max() <= 1
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    untrained = PublishedNetwork(picture(176, 176), weights, side=192, steps=0, batch=2).sample(0)
    assert not np.array_equal(first, untrained)


@pytest.mark.parametrize("method", ["gmic-inpaint", "gmic-texturize"])
def test_gmic_draws_pictures_of_the_exemplars_colors(method):
    pytest.importorskip("gmic", reason="the extra [bench] is not installed")
    exemplar = np.full((SIDE, SIDE, 3), [0.8, 0.5, 0.1], np.float32) + 0.1 * picture(SIDE, SIDE)
    made = METHODS[method]("wall", exemplar, Namespace()).draw(0)
    assert made.shape == (SIDE, SIDE, 3) and 0 <= made.min() and made.max() <= 1
    np.testing.assert_allclose(made.mean((0, 1)), exemplar.mean((0, 1)), atol=0.02)


def test_the_table_has_means_over_exemplars_and_says_what_is_missing(drawn, tmp_path):
    for name, gram in (("wall", 1.0), ("moss", 4.0)):
        quality._make(name, picture(300, 300), ["gray"], Namespace(cache=tmp_path, seeds=1))
        figures = dict.fromkeys(FIGURES) | {"gram": gram}
        quality._figures(tmp_path, "gray", name).write_text(json.dumps(figures))
    table = quality._table(tmp_path, ["gray", "gatys"], ["wall", "moss", "rock"])
    means, single = (line for line in table.splitlines() if line.startswith(("| gray", "| wall")))
    assert means.split(" | ")[1:4] == ["2", "2.50", "n/a"] and "nothing learned" in means
    assert single.split(" | ")[1:4] == ["gray", "1.00", "n/a"]
    assert "gatys" not in table and "rock" not in table


def test_a_cache_of_fewer_figures_is_shown_and_measured_again(drawn, tmp_path):
    quality._make("wall", picture(300, 300), ["gray"], Namespace(cache=tmp_path, seeds=1))
    figures = quality._figures(tmp_path, "gray", "wall")
    figures.write_text(json.dumps(dict.fromkeys(FIGURES)))
    assert not quality._is_stale(tmp_path, "gray", "wall")
    figures.write_text('{"gram": 0.5}')
    assert quality._is_stale(tmp_path, "gray", "wall")
    assert "| gray | 1 | 0.50 | n/a" in quality._table(tmp_path, ["gray"], ["wall"])


def test_optimized_patches_tile_and_have_the_exemplars_colors(monkeypatch):
    monkeypatch.setattr(patch_optimization, "_STEPS", 40)
    exemplar = np.repeat(picture(48, 48)[..., :1], 3, axis=2) * np.array([1, 0.5, 0.2], np.float32)
    made = patch_optimization.optimize_patches(exemplar, 32, seed=1)
    assert np.array_equal(made, patch_optimization.optimize_patches(exemplar, 32, seed=1))
    assert made.shape == (32, 32, 3) and 0 <= made.min() and made.max() <= 1
    np.testing.assert_allclose(made.mean((0, 1)), exemplar.mean((0, 1)), atol=0.06)
    for axis in (0, 1):
        *inside, wrap = np.abs(np.roll(made, -1, axis) - made).mean(axis=(1 - axis, 2))
        assert wrap < max(inside)


def test_a_real_picture_is_measured_once_and_stands_in_the_table(drawn, tmp_path):
    class Brightness:
        """A texture metric whose distance is the difference of the mean brightness."""

        def features(self, picture, mask=None, *, periodic):
            return float(picture.mean())

        def texture_distance(self, first, second):
            distance = abs(first - second)
            return TextureDistance(*(dict.fromkeys(LAYERS, factor * distance) for factor in (1, 2, 3)))

    quarters = np.array([[0.1, 0.3], [0.5, 0.9]], np.float32)
    exemplar = np.kron(quarters, np.ones((SIDE, SIDE), np.float32))[..., None].repeat(3, axis=2)
    floor = quality._exemplar_itself(tmp_path, "wall", Brightness(), exemplar, again=False)
    between = np.mean([abs(a - b) for a, b in itertools.combinations(quarters.ravel(), 2)])
    assert floor == pytest.approx({"gram": between, "wasserstein": 2 * between, "held out": 3 * between})
    halves = [(quarters[0], quarters[1]), (quarters[1], quarters[0])]
    halves += [(quarters[:, 0], quarters[:, 1]), (quarters[:, 1], quarters[:, 0])]
    real = np.mean([abs(half.mean() - other) for half, others in halves for other in others])
    share = f"{real / between:.2f}"
    means = next(
        line for line in quality._table(tmp_path, ["gray"], ["wall"]).splitlines() if line.startswith("| real")
    )
    assert means.split(" | ")[1:6] == ["1", share, share, share, "n/a"]
