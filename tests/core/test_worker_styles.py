"""Jobs of the worker that paint pictures in a style, and the one that learns a style."""

import json

import numpy as np
import pytest

from tests.conftest import picture, random_style
from tests.core.workers import pixels
from texnet_core import read_artifact, read_header, write_artifact
from texnet_core.pictures.color import quantize
from texnet_core.pictures.color_statistics import ColorStatistics
from texnet_core.pictures.encoders import encode_png
from texnet_core.stylization import StylizeRequest, stylize


@pytest.fixture(scope="module")
def style(tmp_path_factory):
    path = tmp_path_factory.mktemp("style") / "strokes.texnet"
    write_artifact(path, random_style())
    return path


@pytest.fixture
def array(tmp_path):
    """Keeps a picture as Blender hands it over."""

    def keep(name, values):
        np.save(tmp_path / name, values)
        return str(tmp_path / name)

    return keep


def levels(height=80, width=120, seed=1, depth=8):
    return quantize(picture(height, width, seed), depth)


def job(style, folder, *contents, number=1, **changes):
    pictures = [{"content": content, "name": f"made {place}"} for place, content in enumerate(contents)]
    request = {"id": number, "job": "stylize", "source": str(style), "folder": str(folder), "pictures": pictures}
    return request | {"engine": "onnx"} | changes


def preview_of(request, content, **changes):
    kept = {name: value for name, value in request.items() if name != "pictures"}
    return kept | {"job": "preview_style", "content": content} | changes


@pytest.mark.parametrize("depth", [8, 16])
def test_it_paints_what_the_core_paints(inside, style, array, tmp_path, depth):
    values = levels(depth=depth)
    result = inside.ask(job(style, tmp_path, array("a.npy", values), seed=3, wrap="x", strength=0.7))
    (made,) = result["pictures"]
    request = StylizeRequest(seed=3, wrap="x", strength=0.7, engine="onnx")
    expected = stylize(read_artifact(style), values, request)
    found, bits = pixels(made["file"])
    assert bits == depth and np.array_equal(found, quantize(expected.image, depth))
    again = StylizeRequest.from_record(made["request"])
    assert (again.width, again.height, again.wrap, again.depth) == (120, 80, "x", depth)
    assert again.colors == expected.request.colors


def test_what_is_transparent_stays_so_and_its_colors_have_no_say(inside, style, array, tmp_path):
    alpha = np.zeros((80, 120, 1), np.uint8)
    alpha[20:60, 30:90] = 255
    files = []
    for number, hidden in enumerate((0, 255)):
        values = np.concatenate((np.where(alpha > 0, levels(), np.uint8(hidden)), alpha), axis=2)
        result = inside.ask(job(style, tmp_path / "", array(f"{number}.npy", values), number=number + 1))
        files.append(pixels(result["pictures"][0]["file"])[0])
    assert np.array_equal(files[0], files[1])
    assert np.array_equal(files[0][..., 3:], alpha)


def test_one_look_is_that_of_all_pictures_together(inside, style, array, tmp_path):
    bright, dark = levels(seed=1) // 2 + 127, levels(60, 40, seed=2) // 3
    contents = array("a.npy", bright), array("b.npy", dark)
    apart = inside.ask(job(style, tmp_path, *contents))
    together = inside.ask(job(style, tmp_path, *contents, number=2, one_look=True))
    assert apart["pictures"][0]["request"]["colors"] != apart["pictures"][1]["request"]["colors"]
    found = [made["request"]["colors"] for made in together["pictures"]]
    all_of_it = np.concatenate([values.reshape(-1, 3) for values in (bright, dark)]) / np.float32(255)
    expected = ColorStatistics.of([all_of_it])
    assert found[0] == found[1]
    np.testing.assert_allclose(found[0]["mean"], expected.mean, atol=1e-5)
    np.testing.assert_allclose(found[0]["covariance"], expected.covariance, atol=1e-5)


def test_a_strength_map_of_black_leaves_the_picture_and_one_of_another_size_is_refused(inside, style, array, tmp_path):
    values = levels()
    request = job(style, tmp_path, array("a.npy", values))
    request["pictures"][0]["strength_map"] = array("mask.npy", np.zeros((80, 120, 1), np.uint8))
    assert np.array_equal(pixels(inside.ask(request)["pictures"][0]["file"])[0], values)
    request["pictures"][0]["strength_map"] = array("mask.npy", np.zeros((40, 60, 1), np.uint8))
    message = inside.ask(request | {"id": 2})
    assert message["event"] == "error" and "60x40" in message["message"] and "\n" not in message["message"]


def test_a_preview_is_the_middle_of_the_picture_or_all_of_it(inside, style, array, tmp_path):
    content = array("a.npy", levels())
    request = job(style, tmp_path, content)
    whole = pixels(inside.ask(request)["pictures"][0]["file"])[0]
    middle = inside.ask(preview_of(request, content, id=2, size=64))
    assert np.array_equal(np.load(middle["file"]), whole[8:72, 28:92])
    small = inside.ask(preview_of(request, content, id=3, size=60, whole=True))
    means = whole.astype(float).reshape(40, 2, 60, 2, 3).mean(axis=(1, 3))
    assert np.abs(np.load(small["file"]) - means).max() <= 1
    given = inside.ask(preview_of(request, content, id=4, size=64, **{"colors": middle["request"]["colors"]}))
    assert np.array_equal(np.load(given["file"]), whole[8:72, 28:92])


def test_a_preview_is_made_while_pictures_are_painted(inside, style, array, tmp_path):
    large = job(style, tmp_path, array("large.npy", levels(1500, 1500)))
    inside.say(large, preview_of(large, array("small.npy", levels()), id=2))
    order = []
    while len(order) < 2:
        message = inside.hear()
        order += [message["id"]] if message["event"] == "result" else []
    assert order == [2, 1]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"pictures": []}, "'pictures'"),
        ({"pictures": "a"}, "'pictures'"),
        ({"pictures": [{"name": "a"}]}, "'content' is missing"),
        ({"pictures": [{"content": "/nowhere.npy", "name": "a/b"}]}, "'name'"),
        ({"pictures": [{"content": "/nowhere.npy", "name": name} for name in ("a", "A")]}, "'pictures'"),
        ({"pictures": [{"content": "/nowhere.npy", "name": "a"}]}, "/nowhere.npy cannot be read"),
        ({"strength": 2}, "strength"),
        ({"wrap": "z"}, "wrap"),
        ({"colors": {"mean": [1]}}, "color statistics"),
        ({"folder": "/nowhere"}, "'folder'"),
        ({"source": 3}, "'source'"),
    ],
)
def test_what_makes_no_sense_is_one_clear_line(inside, style, array, tmp_path, changes, expected):
    message = inside.ask(job(style, tmp_path, array("a.npy", levels())) | changes)
    assert message["event"] == "error" and expected in message["message"] and "details" not in message
    assert "\n" not in message["message"] and not list(tmp_path.glob("*.png"))


def test_arrays_that_are_no_pictures_are_refused(inside, style, array, tmp_path):
    for number, values in enumerate((np.zeros((4, 4)), np.zeros((4, 4, 3)), np.zeros((4, 4, 2), np.uint8))):
        message = inside.ask(job(style, tmp_path, array("a.npy", values), number=number + 1))
        assert message["event"] == "error" and "a.npy holds" in message["message"], message
    message = inside.ask(job(style, tmp_path, array("a.npy", np.zeros((4, 4, 4), np.uint8)), number=9))
    assert message["event"] == "error" and "transparent everywhere" in message["message"]


def test_a_texture_is_no_style_and_says_so(inside, artifact_file, style, array, tmp_path):
    message = inside.ask(job(artifact_file, tmp_path, array("a.npy", levels())))
    assert message["event"] == "error" and "no style" in message["message"] and "details" not in message
    assert [inside.ask({"id": number, "job": "describe", "source": str(source)})["style"]
            for number, source in ((2, artifact_file), (3, style))] == [False, True]  # fmt: skip


def test_it_learns_a_style_and_says_how_it_goes(inside, random_vgg19_file, tmp_path):
    (tmp_path / "painting.png").write_bytes(encode_png(levels(192, 192)))
    (tmp_path / "photographs").mkdir()
    (tmp_path / "photographs" / "one.png").write_bytes(encode_png(levels(200, 200, seed=5)))
    request = {
        "id": 1, "job": "train_style", "exemplar": str(tmp_path / "painting.png"), "name": "Painting",
        "output": str(tmp_path / "painting.texnet"), "folder": str(tmp_path), "resume": False, "online": False,
        "content": str(tmp_path / "photographs"), "pool": 2, "vgg19": str(random_vgg19_file), "steps": 10,
        "size": 64, "batch": 2, "exemplar_size": 192, "levels": 3, "directions": 8, "positions": 64, "device": "cpu",
    }  # fmt: skip
    inside.say(request)
    heard = []
    while (message := inside.hear())["event"] == "progress":
        heard.append(message)
    assert message["event"] == "result", json.dumps(message)
    assert message["steps"] == 10 and any(report["stage"] == "training" for report in heard)
    header = read_header(tmp_path / "painting.texnet")
    assert header.paints and header.provenance.exemplar == "Painting"
    again = inside.ask(request | {"id": 2, "content": str(tmp_path / "nowhere"), "output": str(tmp_path / "b.texnet")})
    assert again["event"] == "error" and "details" not in again and not (tmp_path / "b.texnet").exists()
