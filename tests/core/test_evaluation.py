"""A whole evaluation: what is measured, what is missing and why, and its reports."""

import json
import re
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest
from PIL import Image

from tests.conftest import picture
from texnet_core.descriptor.weights import load_vgg19
from texnet_core.errors import ArtifactError, Cancelled, ImageError, TexnetError, WeightsError
from texnet_core.evaluation import evaluate as module
from texnet_core.evaluation import page as page_module
from texnet_core.evaluation import sheet, texture_metric
from texnet_core.evaluation.crops import Crop
from texnet_core.evaluation.detail import Detail, measure_detail
from texnet_core.evaluation.evaluate import evaluate, open_metric
from texnet_core.evaluation.figures import DETAIL_FIGURES, FIGURES, KINDS, rows
from texnet_core.evaluation.losscurve import place, read_loss_curve
from texnet_core.evaluation.measures import outlier_figure
from texnet_core.evaluation.outliers import around, find_outlier
from texnet_core.evaluation.repetition import highest_peak, repetition
from texnet_core.evaluation.report import write_report
from texnet_core.evaluation.spectrum import blurred_share, grain_distance, mesh_strength
from texnet_core.model.artifact import Provenance
from texnet_core.pictures.reading import texels_digest
from texnet_core.settings import DescriptorSettings, EvaluationSettings

ALONE = {"seam_x", "seam_y", "repetition"}
WITH_EXEMPLAR = ALONE | {"colour", "spectrum", "oddest", "memorisation"}
TWO = EvaluationSettings(seeds=2)


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    """A large sample of less than usual, and an empty cache."""
    monkeypatch.setattr(module, "LARGE_SIDE", 128)
    import torch

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "cache"))


@pytest.fixture
def tiny(artifact):
    """The random generator as one that was trained at 64 texels."""
    return replace(artifact, texels_per_exemplar=64)


def test_without_an_exemplar_only_what_needs_none_is_measured(tiny):
    done = evaluate(tiny, settings=TWO)
    assert done.figures.keys() == ALONE and done.exemplar is None
    assert [sample.shape for sample in done.samples] == [(64, 64, 3)] * 2 and done.large.shape == (128, 128, 3)
    assert {done.missing[name] for name in FIGURES.keys() - ALONE} == {"no exemplar was given"}
    assert done.missing["loss_curve"] == "the run recorded none"


def test_with_an_exemplar_all_but_vgg19s_figures_are_measured(tiny):
    done = evaluate(tiny, picture(), TWO)
    assert done.figures.keys() == WITH_EXEMPLAR and done.exemplar.shape == (64, 64, 3)
    assert list(done.figures) == [name for name in FIGURES if name in done.figures]
    assert done.figures["colour"].reference is None  # 96 texels are too few for crops of 64
    large_enough = evaluate(tiny, picture(128, 128), TWO).figures
    assert large_enough["colour"].reference > 0 and large_enough["oddest"].reference > 0
    assert "172 texels" in done.missing["diversity"]


def test_outlier_distances_of_crops_is_taken_both_ways():
    plain, spotted = picture(64, 64), picture(64, 64, seed=1)
    spotted[20:50, 20:50] = 0
    there, back = (
        find_outlier(one, other, periodic=False).distance for one, other in ((plain, spotted), (spotted, plain))
    )
    outlier = find_outlier(spotted, plain, periodic=True)
    figure = outlier_figure(outlier, [Crop(plain), Crop(spotted)])
    assert figure.reference == pytest.approx((there + back) / 2) != pytest.approx(there)
    assert figure.value == outlier.distance and figure.parts["x"] == outlier.x and figure.parts["y"] == outlier.y


def test_another_picture_than_the_generators_own_is_told(tiny):
    own = picture(64, 64)
    made = replace(tiny, provenance=replace(tiny.provenance, exemplar_sha256=texels_digest(own)))
    assert evaluate(made, own, TWO).notes == [] and evaluate(tiny, own, TWO).notes == []
    (note,) = evaluate(made, picture(64, 64, seed=1), TWO).notes
    assert "another picture" in note


def test_without_weights_or_torch_there_is_a_reason_instead_of_a_metric(monkeypatch):
    assert "no weights" in open_metric(DescriptorSettings(), 256)
    for name in list(sys.modules):
        if name.startswith(("texnet_core.descriptor", "texnet_core.losses", "texnet_core.evaluation.texture_metric")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert "torch" in open_metric(DescriptorSettings(), 256)


def test_weights_that_were_named_must_be_there(artifact, tiny):
    with pytest.raises(WeightsError, match="none"):
        evaluate(artifact, picture(256, 256), TWO, DescriptorSettings(vgg19="none.pth"))
    with pytest.raises(WeightsError, match="none"):
        evaluate(tiny, picture(), TWO, DescriptorSettings(vgg19="none.pth"))
    with pytest.raises(WeightsError, match="none"):
        evaluate(artifact, None, TWO, DescriptorSettings(vgg19="none.pth"))


def test_with_weights_nothing_is_missing(artifact, random_vgg19_file, monkeypatch):
    monkeypatch.setattr("texnet_core.evaluation.texture_metric.DIRECTIONS", 4)
    training = {"loss_curve": "1:2 2:1", "gram_weight": 3.0, "tone_weight": 1.0}  # the latter of no tiles
    big = replace(artifact, texels_per_exemplar=176, training=training)
    reports = []
    named = DescriptorSettings(vgg19=str(random_vgg19_file))
    done = evaluate(big, picture(176, 176), TWO, named, progress=reports.append)
    assert done.figures.keys() == FIGURES.keys() and done.missing == {} and done.losses == {"gram_weight": 3.0}
    assert reports[0].done == 0 and reports[-1].done == reports[-1].total
    layers = done.figures["texture_gram"].parts
    assert len(layers) == 5 and done.figures["texture_gram"].value == pytest.approx(np.mean(list(layers.values())))
    json.dumps({name: asdict(figure) for name, figure in done.figures.items()}, allow_nan=False)


@pytest.fixture
def quick(monkeypatch):
    """Windows as small as VGG-19 can bear."""
    monkeypatch.setattr("texnet_core.evaluation.texture_metric.DIRECTIONS", 4)
    monkeypatch.setattr("texnet_core.evaluation.detail.WINDOW", 176)


@pytest.mark.usefixtures("quick")
def test_detail_is_measured_at_the_exemplars_own_texels(artifact, random_vgg19_file, tmp_path):
    big, named = replace(artifact, texels_per_exemplar=176), DescriptorSettings(vgg19=str(random_vgg19_file))
    done = evaluate(big, picture(352, 400), EvaluationSettings(seeds=2, detail=True), named)
    assert done.detail.exemplar.shape == done.detail.sample.shape == (352, 352, 3)
    assert done.figures.keys() == (FIGURES | DETAIL_FIGURES).keys() - {"detail_4"}
    assert "no window of " in done.missing["detail_4"]
    named_so = ("detail_1", "detail_2", "detail_spectrum", "detail_mesh", "detail_grain", "detail_blurred")
    assert all(done.figures[name].reference > 0 for name in named_so)
    assert [title for title, _, _ in rows(done.figures)][-len(named_so) :] == [KINDS[name].title for name in named_so]
    assert [file.name for file in write_report(done, big, "x", tmp_path)][-1] == "detail.png"


@pytest.mark.usefixtures("quick")
def test_the_exemplar_itself_is_as_detailed_as_its_own_places(random_vgg19_file):
    """And what is blurred is farther away at the finest octave than at the next one."""
    metric = texture_metric.TextureMetric(load_vgg19(str(random_vgg19_file)))
    sharp = np.random.default_rng(0).random((352, 352, 3), dtype=np.float32)
    soft = (sharp + np.roll(sharp, 1, 0) + np.roll(sharp, 1, 1) + np.roll(sharp, (1, 1), (0, 1))) / 4
    same, blurred = (dict(measure_detail(metric, Detail(sharp, found), lambda: None)) for found in (sharp, soft))
    assert (
        same["detail_1"].value < same["detail_1"].reference * 1.01
        and same["detail_spectrum"].value < same["detail_spectrum"].reference
    )
    assert blurred["detail_1"].value > 2 * blurred["detail_1"].reference
    assert blurred["detail_1"].value > blurred["detail_2"].value


def test_what_needs_no_network_is_measured_without_its_weights():
    sharp = np.random.default_rng(0).random((352, 352, 3), dtype=np.float32)
    found = dict(measure_detail(None, Detail(sharp, sharp), lambda: None))
    assert found.keys() == {"detail_spectrum", "detail_mesh", "detail_grain", "detail_blurred"}
    assert found.pop("detail_blurred").value == pytest.approx(0.01, abs=0.003)
    assert all(figure.value < figure.reference for figure in found.values())


def test_how_blurred_places_are_is_the_same_however_the_picture_lies():
    image = np.random.default_rng(0).random((352, 352, 3), dtype=np.float32)
    image[:176, :176] = 0.5
    turned = image[::-1, ::-1]
    found = [dict(measure_detail(None, Detail(each, each), lambda: None))["detail_blurred"] for each in (image, turned)]
    assert found[0].reference > 0.1 and found[1].reference == pytest.approx(found[0].reference, rel=0.05)


def test_grain_laid_over_all_is_seen_where_the_exemplar_has_smooth_places():
    """Though it has the same power as a whole."""
    rng = np.random.default_rng(0)
    one, other, third = (0.1 * rng.standard_normal((256, 256, 1)).repeat(3, 2).astype(np.float32) for _ in range(3))
    places = (np.indices((256, 256)) // 32).sum(0)[..., None] % 2
    exemplar, alike, uniform = (
        np.float32(0.5) + grain for grain in (one * places, other * (1 - places), third / 2**0.5)
    )
    assert grain_distance(alike, exemplar) < 0.5
    assert grain_distance(uniform, exemplar) > 5


def test_a_puddle_is_seen_as_large_as_it_is():
    rng = np.random.default_rng(0)
    exemplar, image = (np.float32(0.5) + 0.1 * rng.random((258, 258, 1), np.float32).repeat(3, 2) for _ in range(2))
    image[1:65, 1:129] = 0.55
    assert blurred_share(image, exemplar) == pytest.approx(1 / 8 + 0.01, abs=0.02)
    assert blurred_share(exemplar, exemplar) < 0.02


def test_a_hatch_is_seen_that_has_the_power_of_the_grain_that_it_replaces():
    """Means over broad bands do not see it."""
    rng = np.random.default_rng(0)
    exemplar, other = (0.5 + 0.1 * rng.standard_normal((256, 256, 1)).repeat(3, 2) for _ in range(2))
    rows = (-1.0) ** np.arange(256)[:, None, None]
    hatched = 0.5 + 0.9 * (other - 0.5) + 0.1 * 0.19**0.5 * rows
    assert hatched.std() == pytest.approx(other.std(), rel=0.02)
    grain, hatch = (mesh_strength(image.astype(np.float32), exemplar.astype(np.float32)) for image in (other, hatched))
    assert grain < 1 and hatch > 1.5 * grain


@pytest.mark.parametrize(
    "shown, says", [(None, "no exemplar"), (picture(300, 300), "no four windows"), ("masked", "hidden")]
)
def test_why_detail_is_not_measured(tiny, shown, says):
    mask = None
    if isinstance(shown, str):
        shown, mask = picture(600, 600), np.ones((600, 600), bool)
        mask[:9] = False
    done = evaluate(replace(tiny, texels_per_exemplar=128), shown, EvaluationSettings(seeds=2, detail=True), mask=mask)
    assert all(says in done.missing[name] for name in DETAIL_FIGURES) and done.detail is None


def test_a_callback_can_stop_it(tiny):
    def stop(progress):
        raise Cancelled

    with pytest.raises(Cancelled):
        evaluate(tiny, settings=TWO, progress=stop)


@pytest.mark.parametrize("texels", [-5, 0, 27, 10**15])
def test_a_senseless_training_size_is_refused_before_anything_is_made(artifact, texels):
    with pytest.raises(ArtifactError, match=f"{texels} texels"):
        evaluate(replace(artifact, texels_per_exemplar=texels))


def test_an_exemplar_smaller_than_the_training_size_is_refused(artifact):
    with pytest.raises(ImageError, match="at least 256"):
        evaluate(artifact, picture(96, 96))


def test_diversity_and_floor_on_known_cases(random_vgg19_file, monkeypatch):
    monkeypatch.setattr("texnet_core.evaluation.texture_metric.DIRECTIONS", 4)
    from texnet_core.descriptor.weights import load_vgg19
    from texnet_core.evaluation.texture_metric import crop_floor, diversity

    metric = texture_metric.TextureMetric(load_vgg19(str(random_vgg19_file)))
    noises = [np.random.default_rng(seed).random((176, 176, 3), dtype=np.float32) for seed in range(3)]
    exemplar, *samples = (metric.features(tile, periodic=False) for tile in noises)
    assert diversity(samples, exemplar).share == pytest.approx(1, abs=0.1)
    assert diversity([samples[0], samples[0]], exemplar).share == 0
    same = metric.texture_distance(exemplar, exemplar)
    assert {*same.gram.values(), *same.wasserstein.values(), *same.held_out.values()} == {0.0}
    floor = crop_floor(metric, [noises[0], np.roll(noises[0], 88, 0)])
    assert 0 < max(floor.gram.values()) < 0.1
    darker = [noises[0], 0.5 * noises[1]]
    there, back = (crop_floor(metric, crops) for crops in (darker, darker[::-1]))
    assert there.gram == pytest.approx(back.gram) and there.wasserstein == pytest.approx(back.wasserstein)


def test_the_held_out_layers_are_all_that_no_loss_looks_at():
    from texnet_core.descriptor.layers import DEFAULT_LAYERS
    from texnet_core.descriptor.weights import CONVOLUTIONS
    from texnet_core.evaluation.texture_metric import HELD_OUT_LAYERS, LAYERS
    from texnet_core.losses import diversity
    from texnet_core.optimization import pixels

    seen = {*DEFAULT_LAYERS, *pixels.LAYERS, diversity.LAYER, *LAYERS}
    assert {*HELD_OUT_LAYERS} == {conv.relu for conv in CONVOLUTIONS} - seen


def test_weights_that_only_the_surroundings_name_cost_their_own_figures_alone(tiny, monkeypatch, tmp_path):
    monkeypatch.setenv("TEXNET_VGG19", str(tmp_path / "none.pth"))
    done = evaluate(tiny, picture(64, 64), TWO)
    reason = done.missing["texture_gram"]
    assert done.figures.keys() == WITH_EXEMPLAR and "none.pth" in reason and "$TEXNET_VGG19" in reason
    assert str(tmp_path) not in reason  # a report is shown to others


def test_repetition_stands_beside_as_much_of_the_exemplar_as_a_sample_shows(artifact):
    """Lags count from an eighth of the side on, so a larger part would leave out what a sample counts."""
    side = 64
    seen = picture(2 * side, 2 * side)
    whole = evaluate(replace(artifact, texels_per_exemplar=2 * side, training={"size": side}), seen, TWO)
    cut = seen[side // 2 : side // 2 + side, side // 2 : side // 2 + side]
    assert whole.exemplar.shape == seen.shape
    assert whole.figures["repetition"].reference == pytest.approx(highest_peak(cut, periodic=False))
    assert repetition(cut, seen) == pytest.approx(repetition(cut, cut))


def test_warnings_of_the_run_are_told(tiny, tmp_path):
    troubled = replace(tiny, training={"troubles": "a loss of nan at step 9: starting again"})
    done = evaluate(troubled, settings=TWO)
    (note,) = done.notes
    assert "loss of nan at step 9" in note
    _, page = write_report(done, troubled, "wall", tmp_path)
    assert note in page.read_text()


def test_the_sheet_shows_as_much_of_the_exemplar_as_of_a_sample_and_says_what_is_missing(tiny, monkeypatch):
    done = evaluate(replace(tiny, training={"troubles": "a loss of nan"}), picture(200, 64), TWO)
    monkeypatch.setattr(sheet, "_AROUND", 48)
    (label, shown), (_, sample), _, (outlier_label, outlier) = sheet._first_row(done)
    assert np.array_equal(outlier, around(done.large, done.outlier, 48)) and outlier.shape == (48, 48, 3)
    assert label == "exemplar, its middle" and shown.shape == sample.shape == (64, 64, 3)
    assert f"at {done.outlier.x}, {done.outlier.y}" in outlier_label
    (label, shown), *_ = sheet._first_row(evaluate(tiny, picture(64, 64), TWO))
    assert label == "exemplar" and shown.shape == (64, 64, 3)
    written = []
    monkeypatch.setattr(sheet, "_write", lambda draw, x, y, text, *style, **more: written.append(text))
    sheet.draw_sheet(done, "wall")
    assert any("nan" in text for text in written) and any("172 texels" in text for text in written)
    assert all(len(text) <= 68 for text in written)


def test_a_callback_can_stop_it_between_two_pictures_that_vgg19_sees(artifact, random_vgg19_file, monkeypatch):
    monkeypatch.setattr("texnet_core.evaluation.texture_metric.DIRECTIONS", 4)
    seen, calls = [], []
    features = texture_metric.TextureMetric.features
    monkeypatch.setattr(
        texture_metric.TextureMetric, "features", lambda *a, **k: (seen.append(len(calls)), features(*a, **k))[1]
    )
    big, named = replace(artifact, texels_per_exemplar=176), DescriptorSettings(vgg19=str(random_vgg19_file))
    evaluate(big, picture(176, 176), TWO, named, progress=calls.append)
    assert len(set(seen)) == len(seen) == 3  # the exemplar and two samples, a call before each
    assert [part.done for part in calls] == sorted(part.done for part in calls)


def test_a_record_of_samples_larger_than_training_makes_is_not_believed(tiny):
    doctored = evaluate(replace(tiny, training={"size": 2048}), settings=TWO)
    assert doctored.samples[0].shape == evaluate(tiny, settings=TWO).samples[0].shape


def test_a_loss_curve_is_read_and_placed_by_its_logarithm():
    curve = read_loss_curve({"loss_curve": "0:1.0 50:0.1 100:1e-2"})
    assert curve == ((0, 1.0), (50, 0.1), (100, 0.01))
    np.testing.assert_allclose(place(curve, 200, 100), [(0, 0), (100, 50), (200, 100)])
    assert place(((0, 1.0), (1, 1.0)), 2, 2) == [(0, 0), (2, 0)]


@pytest.mark.parametrize(
    "text",
    ["", "1:2", "1:2 1:3", "2:2 1:3", "1:nan 2:1", "1:1e999 2:1", "1:1e308 2:-1e308", "1:2 <b>", "a:1 2:1", 7],
)
def test_a_curve_that_makes_no_sense_is_none(text):
    assert read_loss_curve({"loss_curve": text}) == ()


def test_an_endless_curve_is_none():
    assert read_loss_curve({"loss_curve": " ".join(f"{step}:1" for step in range(1, 502))}) == ()


def test_a_report_is_a_sheet_and_a_page_that_needs_nothing_else(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(page_module, "_AROUND", 48)
    done = evaluate(replace(tiny, training={"loss_curve": "1:2 2:1"}), picture(128, 128), TWO)
    sheet, page = write_report(done, tiny, "wall", tmp_path / "new" / "folder")
    with Image.open(sheet) as image:
        assert image.format == "PNG" and image.width > 1024
    text = page.read_text()
    assert text.count("<img ") == 6
    assert re.search(r'its outlier, at \d+, \d+" width="48" height="48"', text)
    assert "<svg" in text and "<script" not in text
    assert not re.findall(r"(?:src|href)=\"(?!data:image/png)", text) and "url(" not in text
    for title, value, reference in rows(done.figures):
        assert title in text and value in text and reference in text
    assert {path.name for path in sheet.parent.iterdir()} == {"report.png", "report.html"}


def test_texts_of_strangers_are_shown_and_not_obeyed(tiny, tmp_path):
    sly = Provenance(author='<img src="http://x"> & \x1b[31m', license="<script>alert(1)</script>")
    header = replace(tiny, provenance=sly)
    done = evaluate(header, settings=TWO)
    _, page = write_report(done, header, "</title><script>" + "x" * 500 + "\udcff模", tmp_path)
    text = page.read_text()
    assert "<script" not in text and "http://x" in text and 'src="http' not in text and "\x1b" not in text


def test_a_report_that_cannot_be_written_leaves_nothing(tiny, tmp_path):
    done = evaluate(tiny, settings=TWO)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder" / "report.html").mkdir(parents=True)
    for folder, says in (("file", "is not a folder"), ("file/below", "be written"), ("folder", "be written")):
        with pytest.raises(TexnetError, match=says):
            write_report(done, tiny, "wall", tmp_path / folder)
    assert (tmp_path / "file").read_text() == "mine"
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["report.html"]
