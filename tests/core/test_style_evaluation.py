"""How styles are measured: what is known of the figures, what is missing and why, and the reports."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.conftest import picture, random_artifact, random_style
from texnet_core.descriptor.weights import load_vgg19
from texnet_core.errors import Cancelled, RequestError
from texnet_core.evaluation import stylization
from texnet_core.evaluation.evaluate_style import STRENGTHS, evaluate_style
from texnet_core.evaluation.style_metric import LEAST_SIDE, StyleMetric
from texnet_core.evaluation.style_report import draw_sheet, record, remarks, rows, write_style_report
from texnet_core.model.artifact import Provenance
from texnet_core.settings import DescriptorSettings
from texnet_core.style_settings import StyleEvaluationSettings
from texnet_core.stylization import Content, StylizeRequest

SMALL = StyleEvaluationSettings(size=128)


def noise(height, width, seed=0):
    """A picture with detail at every size."""
    rng = np.random.default_rng(seed)
    shape = np.repeat(np.repeat(rng.random((height // 8 + 1, width // 8 + 1, 3)), 8, 0), 8, 1)[:height, :width]
    return np.float32(0.7 * shape + 0.3 * rng.random((height, width, 3)))


@pytest.fixture(scope="module")
def style():
    return replace(random_style(levels=3), texels_per_exemplar=128)


@pytest.fixture(scope="module")
def metric(random_vgg19_file):
    return StyleMetric(load_vgg19(str(random_vgg19_file)))


def test_a_picture_is_at_no_distance_from_itself(metric):
    seen = metric.see(noise(128, 144))
    assert metric.style_distance(seen, seen) == 0 and metric.content_distance(seen, seen) < 1e-6


def test_content_is_where_things_are_and_style_is_what_they_are_made_of(metric):
    """A shifted picture has the style and not the content; one in other colors and contrast has the content."""
    picture_ = noise(160, 160)
    shifted = np.ascontiguousarray(np.roll(picture_, (37, 53), (0, 1)))
    other = np.float32(0.2 + 0.6 * picture_)
    seen, of_shifted, of_other = (metric.see(each, wrap="xy") for each in (picture_, shifted, other))
    assert metric.style_distance(of_shifted, seen) < 0.2 * metric.style_distance(of_other, seen)
    assert metric.content_distance(of_other, seen) < 0.2 < 0.8 < metric.content_distance(of_shifted, seen)


def test_unrelated_pictures_are_about_one_apart_whatever_their_sizes(metric):
    contents = [metric.see(noise(*shape, seed)) for seed, shape in enumerate(((128, 144), (144, 128), (128, 128)))]
    assert 0.7 < metric.unrelated(contents) < 1.3
    assert metric.unrelated(contents[:1]) is None


def test_the_floor_is_that_of_the_halves(metric):
    half = noise(LEAST_SIDE, LEAST_SIDE)
    assert metric.floor(np.concatenate((half, half), axis=1)) == 0
    assert metric.floor(noise(LEAST_SIDE, 2 * LEAST_SIDE)) > 0
    assert metric.floor(half) is None  # whose halves are too small


def test_flicker_is_what_changes_beyond_the_noise():
    content = noise(64, 64)
    request = StylizeRequest(width=64, height=64)
    same, doubled, still = (
        stylization.flicker(content, paint(content), request, paint)
        for paint in (lambda x: x, lambda x: 3 * x, lambda x: np.full_like(x, 0.5))
    )
    assert same == 0 and still == 0 and 2 < doubled < 5  # the noise has 1.6 levels in the mean


def test_half_the_contrast_keeps_the_mean():
    content = noise(32, 32)
    faint = stylization.less_contrast(content)
    assert np.allclose(faint.mean((0, 1)), content.mean((0, 1)), atol=1e-4)
    assert np.allclose(faint.std((0, 1)), content.std((0, 1)) / 2, atol=1e-4)


def test_seams_are_those_of_the_axes_that_wrap():
    image = noise(64, 64)
    assert stylization.seams(image, "none", 8) == {}
    assert stylization.seams(image, "y", 8).keys() == {"y"}
    both = stylization.seams(image, "xy", 8)
    assert both.keys() == {"x", "y"} and both["x"].lines == 7
    assert stylization.seams(noise(3, 64), "x", 8) == {}  # which has no lines to compare along y
    assert stylization.seams(noise(60, 64), "x", 8)["x"].lines == 63


def test_without_weights_and_style_the_rest_is_measured(style):
    done = evaluate_style(style, {"a": Content(picture(96, 128))}, None, SMALL)
    (painted,) = done.contents
    assert painted.content.shape == (96, 128, 3) and len(painted.pictures) == len(STRENGTHS)
    assert np.array_equal(painted.pictures[0], painted.content)  # nothing is painted at strength 0
    assert painted.flicker >= 0 and painted.style == painted.kept == () and painted.color is None
    assert done.missing.keys() == {"style distance", "content distance", "color"}
    assert rows(done) == [] and any("no weights of VGG-19" in line for line in remarks(done))


@pytest.fixture(scope="module")
def measured(style, random_vgg19_file):
    contents = {"a.png": Content(picture(160, 320)), "b.png": Content(noise(160, 128, 1))}
    return evaluate_style(
        style,
        contents,
        noise(140, 300, 2),
        StyleEvaluationSettings(size=160, wrap="none"),
        DescriptorSettings(vgg19=str(random_vgg19_file)),
    )


def test_with_both_all_is_measured(measured):
    first, second = measured.contents
    assert first.content.shape == (80, 160, 3) and second.content.shape == (160, 128, 3)
    assert second.kept[0] < 1e-6 < second.kept[-1] and len(second.style) == len(STRENGTHS)
    assert second.color > 0 and second.contrast is not None and measured.missing == {}
    assert measured.mean("style") == second.style  # the other is too small for VGG-19
    assert first.style == () and any(
        f"a.png is too small for VGG-19, which needs {LEAST_SIDE}" in n for n in measured.notes
    )
    assert measured.floor is not None and measured.style.shape[0] == 128


def test_what_is_told_has_all_figures(measured):
    facts = json.loads(json.dumps(record(measured)))
    assert [each["name"] for each in facts["contents"]] == ["a.png", "b.png"]
    assert len(facts["contents"][1]["style_distance"]) == len(facts["strengths"]) == len(STRENGTHS)
    assert {len(row) for row in rows(measured)} == {1 + len(STRENGTHS)}


def test_the_sheet_shows_every_picture_at_its_size(measured):
    sheet = np.asarray(draw_sheet(measured, "x" * 500)) / np.float32(255)
    content = measured.contents[1].content
    height, width = content.shape[:2]
    places = [
        (y, x)
        for y in range(sheet.shape[0] - height + 1)
        for x in range(0, 40)
        if np.abs(sheet[y, x : x + width] - content[0]).max() < 1 / 255
    ]
    assert len(places) == 1
    y, x = places[0]
    assert np.abs(sheet[y : y + height, x : x + width] - content).max() < 1 / 255


def test_a_report_is_a_sheet_and_a_page_that_escapes(measured, style, tmp_path):
    named = replace(style, provenance=Provenance(exemplar="<script>", license="none"))
    files = write_style_report(measured, named, "<b>", tmp_path / "new")
    assert sorted(file.name for file in files) == ["report.html", "report.png"]
    page = files[1].read_text()
    assert "<script>" not in page and "&lt;b&gt;" in page and page.count("<img") == 1 + 2 * (1 + len(STRENGTHS))
    with Image.open(files[0]) as sheet:
        assert sheet.width > 6 * 160


def test_a_tiling_content_has_seams(style):
    tile = np.tile(noise(64, 64), (2, 2, 1))
    done = evaluate_style(style, {"tile": Content(tile)}, None, replace(SMALL, wrap="xy"))
    assert done.contents[0].seams.keys() == {"x", "y"}
    assert any("seam x" in line and "seam y" in line for line in remarks(done))


def test_what_cannot_be_measured_is_refused(style):
    with pytest.raises(RequestError, match="no style"):
        evaluate_style(random_artifact(), {"a": Content(picture())})
    with pytest.raises(RequestError, match="no pictures"):
        evaluate_style(style, {})


def test_cancelling_stops_at_once(style):
    reports = []

    def stop(progress):
        reports.append(progress)
        if len(reports) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        evaluate_style(style, {"a": Content(picture())}, None, SMALL, progress=stop)
    assert [report.done for report in reports] == [0, 1, 2] and reports[0].total == 7
