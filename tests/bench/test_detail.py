"""The comparison at the photograph's own resolution: what is around its methods, and pixel optimization in octaves."""

import json

import numpy as np
import pytest

from tests.bench import coarse_to_fine, detail
from tests.conftest import picture, random_artifact, write_random_vgg19
from texnet_core import write_artifact
from texnet_core.evaluation.seam import seam_error
from texnet_core.pictures.color import quantize
from texnet_core.pictures.writing import write_image


@pytest.fixture
def compared(tmp_path, monkeypatch, capsys):
    """Runs the comparison of one picture by the methods asked for; returns what it prints and says."""
    write_image(tmp_path / "wall.png", quantize(picture(600, 520), 8))
    monkeypatch.setattr(detail, "EXEMPLARS", {"wall": "wall.png"})
    monkeypatch.setattr(detail, "TextureMetric", lambda weights: None)
    monkeypatch.setattr(detail, "load_vgg19", lambda: None)
    monkeypatch.setattr(detail, "METHODS", {"gray": lambda name, exemplar, seed: np.full_like(exemplar, 0.5)})
    figures = dict.fromkeys([*detail.FIGURES, "mesh_of_the_photograph"], 0.5)
    monkeypatch.setattr(detail, "_figures", lambda metric, both: figures | {"mesh": float(both.sample.mean())})

    def run(*words, methods=None):
        monkeypatch.setattr(detail, "METHODS", detail.METHODS | (methods or {}))
        words = ["--data", str(tmp_path), "--cache", str(tmp_path / "cache"), *words]
        monkeypatch.setattr("sys.argv", ["detail", *words])
        detail.main()
        return capsys.readouterr()

    return run


def test_only_what_the_cache_lacks_is_drawn_and_the_exemplar_is_square(compared):
    drawn = []

    def draw(name, exemplar, seed):
        drawn.append((name, exemplar.shape, seed))
        return np.full_like(exemplar, 0.25)

    for _ in range(2):
        found = compared("--methods", "draw", methods={"draw": draw}).out
        assert "| draw | 1 | 0.50 | 0.50 | 0.50 | 0.50 | 0.50 | 0.25 (0.50) | 0.50 | 0.50 |" in found
    assert drawn == [("wall", (520, 520, 3), 0)]


def test_what_was_measured_before_there_was_a_figure_is_measured_again(compared, tmp_path):
    compared()
    file = tmp_path / "cache" / "gray" / "wall.json"
    figures = json.loads(file.read_text())
    del figures["grain"]
    file.write_text(json.dumps(figures))
    compared()
    assert "grain" in json.loads(file.read_text())


def test_generators_are_seen_at_the_texels_of_the_photograph(compared, tmp_path):
    write_artifact(tmp_path / "wall.texnet", random_artifact())
    compared("--also", f"ours={tmp_path}", "--sheet", str(tmp_path / "sheet.png"))
    assert detail._read(tmp_path / "cache" / "ours" / "wall.png").shape == (520, 520, 3)
    assert (tmp_path / "sheet.png").exists()


def test_a_method_that_cannot_run_is_left_out(compared, tmp_path):
    said = compared("--also", f"ours={tmp_path}")
    assert "ours, wall: left out" in said.err and "ours" not in said.out and "gray" in said.out


@pytest.mark.parametrize(
    "words",
    [
        ["--methods", "foo"],
        ["--exemplars", "foo"],
        ["--data", "nowhere"],
        ["--also", "ours"],
        ["--also", "=."],
        ["--also", "gray=."],
        ["--also", "ours=nowhere"],
        ["--cache", "wall.png/x"],
    ],
)
def test_wrong_words_are_one_clear_line(compared, tmp_path, monkeypatch, capsys, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        compared(*words)
    assert ended.value.code == 2
    assert len([line for line in capsys.readouterr().err.splitlines() if "error:" in line]) == 1


def test_pixel_optimization_in_octaves_tiles_and_hangs_on_its_seed(tmp_path, monkeypatch):
    monkeypatch.setenv("TEXNET_VGG19", str(write_random_vgg19(tmp_path / "vgg19.safetensors")))
    monkeypatch.setattr(coarse_to_fine, "LAYERS", ("relu1_1", "relu2_1"))  # deep ones ask for larger pictures
    exemplar = picture(128, 140)
    first, again, other = (coarse_to_fine.optimize_coarse_to_fine(exemplar, 128, seed, (20, 10)) for seed in (0, 0, 1))
    assert first.shape == (128, 128, 3) and np.array_equal(first, again) and not np.array_equal(first, other)
    errors = seam_error(first)
    assert max(abs(errors.x.z), abs(errors.y.z)) < 3
