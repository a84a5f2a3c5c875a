"""Properties of the worker's protocol: what the core makes, answered once each, whatever the caller sends."""

import os
import re
import signal
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import MATERIAL, picture, random_artifact
from tests.core.workers import SECONDS, Process, pixels
from texnet_core import (
    PyramidSettings,
    TextureRequest,
    list_presets,
    read_artifact,
    read_header,
    synthesize,
    write_artifact,
)
from texnet_core import worker as server_package
from texnet_core.mapset import ALBEDO, MapSpec
from texnet_core.model.families.pyramid import GENERATOR_SIZES
from texnet_core.model.look import Look
from texnet_core.pictures.color import quantize
from texnet_core.pictures.encoders import encode_png
from texnet_core.pictures.reading import read_exemplar
from texnet_core.rendering import lit_sphere
from texnet_core.settings import WORKER_PROTOCOL, DescriptorSettings, LossSettings, TrainSettings, as_record
from texnet_core.worker import server


@pytest.fixture
def worker():
    conversation = Process()
    yield conversation
    conversation.close()


@pytest.fixture(scope="module")
def two_maps(tmp_path_factory):
    """A generator whose first map is gray and called height."""
    path = tmp_path_factory.mktemp("two") / "two.texnet"
    write_artifact(path, random_artifact(maps=(MapSpec("height", 1, "data"), MapSpec("albedo"))))
    return path


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """A generator of four maps with eight channels."""
    path = tmp_path_factory.mktemp("material") / "material.texnet"
    write_artifact(path, random_artifact(maps=MATERIAL))
    return path


def job(source, folder, number=1, size=96, **changes):
    request = {"id": number, "job": "synthesize", "source": str(source), "folder": str(folder), "name": "wall"}
    return request | {"width": size, "height": size, "seed": 5, "engine": "onnx"} | changes


def preview_of(request, **changes):
    return {name: value for name, value in request.items() if name != "name"} | {"job": "preview"} | changes


def expected(source, size, depth=8, name="albedo", **options):
    request = TextureRequest(width=size[0], height=size[1], seed=5, engine="onnx", **options)
    return quantize(synthesize(read_artifact(source), request)[name], depth)


def test_the_documented_protocol_is_the_one_that_is_spoken():
    (documented,) = re.findall(r'"protocol": (\d+)', server_package.__doc__)
    assert int(documented) == WORKER_PROTOCOL


def test_it_says_who_it_is(worker):
    ready = worker.ready
    assert ready["event"] == "ready" and ready["protocol"] == WORKER_PROTOCOL and ready["pid"] == worker.process.pid
    assert ready["python"] == sys.version.split()[0] and ready["version"]
    assert worker.end() == 0


@pytest.mark.parametrize("options", [{}, {"depth": 16, "tile": "x", "scale": 1.5}])
def test_it_makes_the_texture_that_the_core_makes(inside, artifact_file, tmp_path, options):
    inside.say(job(artifact_file, tmp_path, width=128, **options))
    heard = []
    while (result := inside.hear())["event"] == "progress":
        heard.append((result["stage"], result["done"], result["total"]))
    assert heard[0] == ("rows", 0, 96) and heard[-1] == ("rows", 96, 96) and heard == sorted(heard)
    depth = options.pop("depth", 8)
    made = as_record(ALBEDO) | {"depth": depth}
    assert result["maps"] == [made | {"files": [str(tmp_path / "wall_albedo.png")]}]
    assert (result["engine"], result["device"], result["precision"]) == ("onnx", "cpu", "f32")
    values, bits = pixels(tmp_path / "wall_albedo.png")
    assert bits == depth and np.array_equal(values, expected(artifact_file, (128, 96), depth, **options))


def test_udim_tiles_are_pieces_of_one_texture_with_one_progress(inside, artifact_file, tmp_path):
    inside.say(job(artifact_file, tmp_path, udim=[2, 2]))
    heard = []
    while (result := inside.hear())["event"] == "progress":
        heard.append(result["done"])
        assert result["total"] == 4 * 96
    assert heard[-1] == 4 * 96 and heard == sorted(heard)
    files = result["maps"][0]["files"]
    assert [os.path.basename(file) for file in files] == [f"wall_albedo.{n}.png" for n in (1001, 1002, 1011, 1012)]
    parts = [pixels(file)[0] for file in files]
    whole = np.concatenate([np.concatenate(parts[2:], axis=1), np.concatenate(parts[:2], axis=1)])
    assert np.array_equal(whole, expected(artifact_file, (192, 192)))


def test_height_has_16_bits_whatever_the_others_have(inside, two_maps, tmp_path):
    for depth in (8, 16):
        maps = {item["name"]: item for item in inside.ask(job(two_maps, tmp_path, depth=depth))["maps"]}
        for name, bits in (("height", 16), ("albedo", depth)):
            assert maps[name]["files"] == [str(tmp_path / f"wall_{name}.png")] and maps[name]["depth"] == bits
            values, found = pixels(tmp_path / f"wall_{name}.png")
            assert found == bits and np.array_equal(values, expected(two_maps, (96, 96), bits, name))


@pytest.mark.parametrize(
    ("size", "options"), [((512, 320), {}), ((64, 50), {"tile": "x"}), ((300, 300), {"tile": "none", "scale": 1.7})]
)
def test_a_preview_is_the_corner_of_the_texture(inside, two_maps, tmp_path, size, options):
    request = preview_of(job(two_maps, tmp_path), width=size[0], height=size[1], **options)
    result = inside.ask(request)
    made = np.load(result["file"])
    assert made.dtype == np.uint8 and result["seconds"] >= 0
    assert np.array_equal(made, expected(two_maps, size, region=(0, 0, 256, 256), **options))
    assert np.load(inside.ask(request | {"size": 100})["file"]).tobytes() == made[:100, :100].tobytes()


def test_a_generator_without_colors_is_shown_in_gray(inside, tmp_path):
    write_artifact(tmp_path / "gray.texnet", random_artifact(maps=(MapSpec("height", 1, "data"),)))
    made = np.load(inside.ask(preview_of(job(tmp_path / "gray.texnet", tmp_path)))["file"])
    region = expected(tmp_path / "gray.texnet", (96, 96), name="height", region=(0, 0, 256, 256))
    assert np.array_equal(made, np.repeat(region, 3, axis=2))


def test_maps_that_are_not_asked_for_are_left_out(inside, material, tmp_path):
    result = inside.ask(job(material, tmp_path, maps="height,albedo"))
    assert [item["name"] for item in result["maps"]] == ["albedo", "height"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["wall_albedo.png", "wall_height.png"]
    assert "no map" in inside.ask(job(material, tmp_path, maps="ao"))["message"]


def test_previews_under_light_show_all_maps_and_what_a_look_derives(inside, material, artifact_file, tmp_path):
    shown = {}
    for name, source in (("maps", material), ("colors", artifact_file)):
        for shape in ("sphere", "plane"):
            made = np.load(inside.ask(preview_of(job(source, tmp_path), lit=shape, size=64))["file"])
            assert made.shape == (64, 64, 3) and made.dtype == np.uint8
            shown[name, shape] = made
    corners = shown["maps", "sphere"][0, 0], shown["maps", "sphere"][-1, -1]
    assert np.array_equal(*corners) and corners[0].max() < 80  # the sphere stands before what is dark
    assert shown["maps", "plane"].std() > 2 and not np.array_equal(shown["maps", "plane"], shown["colors", "plane"])
    assert "lit" in inside.ask(preview_of(job(material, tmp_path), lit="cube"))["message"]


def test_maps_of_a_look_are_made_and_lit_as_the_look_is(inside, tmp_path):
    source = tmp_path / "brass.texnet"
    write_artifact(source, replace(random_artifact(), look=Look(bump=0.8, metallic=1.0)))
    result = inside.ask(job(source, tmp_path, material=True))
    assert {item["name"]: item["derived"] for item in result["maps"]} == {
        "albedo": False,
        **dict.fromkeys(("normal", "roughness", "metallic", "height"), True),
    }
    for kind in ({"job": "preview", "lit": "sphere"}, {"job": "preview", "lit": "plane"}, {"job": "sphere"}):
        shown = [
            np.load(inside.ask(preview_of(job(source, tmp_path, material=material)) | kind | {"size": 64})["file"])
            for material in (True, False)
        ]
        assert np.abs(shown[0].astype(int) - shown[1]).max() <= 1


def test_a_material_of_eight_channels_is_made_shown_and_described(inside, material, tmp_path):
    result = inside.ask(job(material, tmp_path))
    for item, spec in zip(result["maps"], MATERIAL, strict=True):
        depth = 16 if spec.name == "height" else 8
        assert item == as_record(spec) | {"depth": depth, "files": [str(tmp_path / f"wall_{spec.name}.png")]}
        values, bits = pixels(item["files"][0])
        assert bits == depth and np.array_equal(values, expected(material, (96, 96), depth, spec.name))
    made = np.load(inside.ask(preview_of(job(material, tmp_path)))["file"])
    assert np.array_equal(made, expected(material, (96, 96), region=(0, 0, 256, 256)))
    described = inside.ask({"id": 1, "job": "describe", "source": str(material)})
    assert described["maps"] == [as_record(spec) for spec in MATERIAL]


def test_a_sphere_shows_all_maps_and_what_a_look_says(inside, material, tmp_path):
    """It is the lit sphere of the very texture; a color alone shines as its look says."""
    asked = job(material, tmp_path) | {"job": "sphere", "size": 32}
    made = np.load(inside.ask(asked)["file"])
    artifact = read_artifact(material)
    texture = synthesize(artifact, TextureRequest(width=96, height=96, seed=5, engine="onnx"))
    assert np.array_equal(made, quantize(lit_sphere(texture, artifact.maps, 32), 8))
    plain, glossy = tmp_path / "plain.texnet", tmp_path / "glossy.texnet"
    for file, roughness in ((plain, 1.0), (glossy, 0.1)):
        look = Look(bump=0.0, roughness_dark=roughness, roughness_bright=roughness)
        write_artifact(file, replace(random_artifact(), look=look))
    spheres = [np.load(inside.ask(job(file, tmp_path) | {"job": "sphere"})["file"]) for file in (plain, glossy)]
    assert spheres[0].shape == (256, 256, 3) and spheres[1].max() > spheres[0].max()


def test_all_that_a_request_can_say_is_understood(inside, artifact_file, tmp_path):
    asked = TextureRequest(
        str(artifact_file),
        width=64,
        height=48,
        seed=5,
        tile="x",
        scale=1.5,
        depth=16,
        phase=0.25,
        region=(7, -3, 40, 30),
        period=(96, 96),
        engine="onnx",
    )
    inside.ask(asked.record() | {"id": 1, "job": "synthesize", "folder": str(tmp_path), "name": "wall"})
    values, bits = pixels(tmp_path / "wall_albedo.png")
    assert bits == 16
    assert np.array_equal(values, quantize(synthesize(read_artifact(artifact_file), asked)["albedo"], 16))


@pytest.mark.parametrize("size", [(64, 64), (1024, 512), (300, 700)])
def test_a_preview_of_the_whole_is_the_texture_made_smaller(inside, two_maps, tmp_path, size):
    """Each of its texels is the mean of those that it stands for."""
    width, height = size
    request = job(two_maps, tmp_path, width=width, height=height)
    made = np.load(inside.ask(preview_of(request, whole=True))["file"]).astype(float)
    whole = np.load(inside.ask(preview_of(request, size=1024, id=2))["file"])[:height, :width].astype(float)
    assert made.shape == (round(height * min(1, 256 / max(size))), round(width * min(1, 256 / max(size))), 3)
    assert abs(made.mean() - whole.mean()) < 0.3
    if height % made.shape[0] == 0 and width % made.shape[1] == 0:
        rows, columns = height // made.shape[0], width // made.shape[1]
        boxes = whole.reshape(made.shape[0], rows, made.shape[1], columns, 3).mean((1, 3))
        assert abs(made - boxes).max() <= 0.51


def test_a_preview_overtakes_a_large_texture(worker, artifact_file, tmp_path):
    worker.say(job(artifact_file, tmp_path, 1, size=8192))
    assert worker.hear()["event"] == "progress"
    worker.say(preview_of(job(artifact_file, tmp_path, 2)))
    assert worker.answer()["id"] == 2
    worker.say({"cancel": 1})
    assert worker.answer() == {"id": 1, "event": "cancelled"}


@pytest.fixture
def held(monkeypatch):
    """Previews that wait for leave, as slow ones would."""
    begun, leave = threading.Semaphore(0), threading.Semaphore(0)

    def slow(job):
        begun.release()
        assert leave.acquire(timeout=SECONDS)
        job.check()
        return {}

    for kind in ("preview", "preview_style"):
        monkeypatch.setitem(server.JOBS, kind, slow)
    return begun, leave


def test_of_previews_that_wait_only_the_newest_is_made(held, inside):
    begun, leave = held
    inside.say({"id": 1, "job": "preview"})
    assert begun.acquire(timeout=SECONDS)
    inside.say(*({"id": number, "job": "preview"} for number in (2, 3, 4)), {"id": 5, "job": "none"})
    assert inside.answer()["id"] == 5  # all have been taken in
    leave.release(2)
    assert [(m["id"], m["event"]) for m in (inside.answer() for _ in range(4))] == [
        (1, "result"),
        (2, "cancelled"),
        (3, "cancelled"),
        (4, "result"),
    ]


def test_a_preview_of_another_kind_takes_no_place_of_one_that_waits(held, inside):
    """A panel asks for a texture and for a picture in a style, and shows both."""
    begun, leave = held
    inside.say({"id": 1, "job": "preview"})
    assert begun.acquire(timeout=SECONDS)
    waiting = [(2, "preview"), (3, "preview_style"), (4, "preview")]
    inside.say(*({"id": number, "job": kind} for number, kind in waiting), {"id": 5, "job": "none"})
    assert inside.answer()["id"] == 5
    leave.release(3)
    ended = {message["id"]: message["event"] for message in (inside.answer() for _ in range(4))}
    assert ended == {1: "result", 2: "cancelled", 3: "result", 4: "result"}


def test_previews_that_run_and_wait_can_be_cancelled(held, inside):
    begun, leave = held
    inside.say({"id": 1, "job": "preview"})
    assert begun.acquire(timeout=SECONDS)
    inside.say({"id": 2, "job": "preview"}, {"cancel": 1}, {"cancel": 2}, {"id": 5, "job": "none"})
    assert inside.answer() == {"id": 2, "event": "cancelled"}  # at once: it only waited
    assert inside.answer()["id"] == 5
    leave.release()
    assert inside.answer() == {"id": 1, "event": "cancelled"}


def test_jobs_queue_up_and_any_can_be_cancelled(worker, artifact_file, tmp_path):
    worker.say(*(job(artifact_file, tmp_path, number, size) for number, size in ((1, 8192), (2, 96), (3, 96))))
    assert worker.hear()["event"] == "progress"
    worker.say({"cancel": 2}, {"cancel": 77})
    assert worker.answer() == {"id": 2, "event": "cancelled"}  # at once, though the first runs on
    worker.say({"cancel": 1})
    assert worker.answer() == {"id": 1, "event": "cancelled"}
    result = worker.answer()
    assert (result["id"], result["event"]) == (3, "result")
    assert [file.name for file in tmp_path.iterdir()] == ["wall_albedo.png"]


def test_bad_requests_are_answered_in_one_line_and_survived(worker, artifact_file, tmp_path):
    good, training = job(artifact_file, tmp_path), train_job(tmp_path, "none")
    for request, says in (
        ("no json", "no request"),
        ("[1]", "no request"),
        ("[" * 200_000, "no request"),
        ({"cancel": [1]}, "no request"),
        ({"id": "one"}, "no request"),
        ({"id": True}, "no request"),
        (
            {"id": 1},
            "one of synthesize, preview, sphere, probe, stylize, preview_style, train, train_style, adapt, describe",
        ),
        ({"id": 1, "job": ["preview"]}, "one of synthesize"),
        ({"id": 1, "job": "dance"}, "'job' cannot be 'dance'"),
        ({k: v for k, v in good.items() if k != "source"}, "'source' is missing"),
        (good | {"width": "64"}, "width '64' is not a whole number"),
        (good | {"width": -1}, "16 to 65536"),
        (good | {"seed": 2**40}, "seed"),
        (good | {"scale": float("nan")}, "scale nan"),
        (good | {"tile": ["x"]}, "tile"),
        (good | {"depth": 12}, "one of 8, 16"),
        (good | {"depth": [8]}, "one of 8, 16"),
        (good | {"udim": [0, 1]}, "udim"),
        (good | {"udim": [2]}, "udim"),
        (good | {"udim": "2x1"}, "udim"),
        (good | {"udim": [True, 2]}, "udim"),
        (good | {"udim": [11, 1]}, "1 to 10"),
        (good | {"udim": [2, 1], "region": [0, 0, 64, 64]}, "cannot be combined"),
        (good | {"name": "../wall"}, "'name'"),
        (good | {"name": ""}, "'name'"),
        (good | {"name": "a\0b"}, "'name'"),
        (good | {"name": "n" * 300}, "too long"),
        (good | {"source": "nowhere.texnet"}, "no file"),
        (good | {"source": 3}, "give text"),
        (good | {"source": __file__}, "is not a TexNet generator"),
        (good | {"engine": "steam"}, "engine"),
        (good | {"device": "cuda"}, "not on cuda"),
        (good | {"folder": str(tmp_path / "missing")}, "missing"),
        (good | {"folder": "\ud800"}, "'folder'"),
        (preview_of(good, size=0), "16 to 1024"),
        (preview_of(good, folder=None), "'folder' cannot be None"),
        (preview_of(good, height=None), "height None"),
        ({"id": 1, "job": "describe", "source": __file__}, "is not a TexNet generator"),
        (training | {"output": "wall.png"}, ".texnet"),
        (training | {"output": str(tmp_path / "missing" / "wall.texnet")}, "cannot be written"),
        (training | {"output": "\0.texnet"}, "'output'"),
        (training | {"resume": 1}, "true or false"),
        (training | {"minutes": 1.0}, "steps and minutes cannot be combined"),
        (training | {"steps": 2.5}, "steps 2.5"),
        (training | {"flatten": "yes"}, "true or false"),
        (training | {"generator_size": "huge"}, "one of small, base, large"),
        (training | {"generator_size": ["small"]}, "'generator_size'"),
        (training | {"exemplar": str(tmp_path / "none.png")}, "no file"),
        (training | {"folder": str(tmp_path / "missing")}, "existing folder"),
    ):
        message = worker.ask(request)
        assert message["event"] == "error" and says in message["message"], (request, message)
        assert "details" not in message and "\n" not in message["message"]
    assert worker.ask(good)["event"] == "result"


@pytest.mark.parametrize("name", ["a wall.v2", "\u77f3\u3000\u58c1", "name\u00a0\u2028"])
def test_names_may_be_anybodys(inside, artifact_file, tmp_path, name):
    (tmp_path / name).mkdir()
    result = inside.ask(job(artifact_file, tmp_path / name, name=name))
    assert result["maps"][0]["files"] == [str(tmp_path / name / f"{name}_albedo.png")]
    assert os.path.isfile(result["maps"][0]["files"][0])


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder where not even root may write")
def test_a_folder_that_takes_no_files_is_explained(inside, artifact_file):
    for request in (job(artifact_file, "/proc"), preview_of(job(artifact_file, "/proc"))):
        message = inside.ask(request)
        assert "cannot be written" in message["message"] and "details" not in message


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_explained(inside, artifact_file, tmp_path):
    (tmp_path / "preview_1.npy").symlink_to("/dev/full")
    message = inside.ask(preview_of(job(artifact_file, tmp_path)))
    assert "preview_1.npy cannot be written" in message["message"] and "details" not in message


def test_what_nobody_foresaw_is_told_with_its_traceback(inside, monkeypatch, artifact_file, tmp_path):
    monkeypatch.setitem(server.JOBS, "probe", lambda job: {}["nothing"])
    message = inside.ask({"id": 1, "job": "probe"})
    assert message["event"] == "error" and "unforeseen KeyError" in message["message"]
    assert "Traceback" in message["details"] and "\n" not in message["message"]
    assert inside.ask(job(artifact_file, tmp_path))["event"] == "result"


def test_an_artifact_that_has_changed_is_read_again(inside, artifact_file, tmp_path):
    path = tmp_path / "wall.texnet"
    made = []
    for seed in (0, 1):
        write_artifact(path, random_artifact(seed=seed))
        made.append(np.load(inside.ask(preview_of(job(path, tmp_path)))["file"]))
        assert np.array_equal(made[-1], expected(path, (96, 96), region=(0, 0, 256, 256)))
    assert not np.array_equal(*made)


def test_what_libraries_print_garbles_no_answer(tmp_path):
    code = "import os, texnet_core.worker.server as s\n"
    code += "s.JOBS['probe'] = lambda job: print('hello', flush=True) or os.system('echo native') or {}\n"
    code += "from texnet_core.worker.__main__ import main; main()"
    with (tmp_path / "stderr").open("w") as stderr:
        worker = Process("-c", code, stderr=stderr)
    try:
        assert worker.ask({"id": 1, "job": "probe"}) == {"id": 1, "event": "result"}
        assert worker.end() == 0
    finally:
        worker.close()
    assert (tmp_path / "stderr").read_text().split() == ["hello", "native"]


def test_it_ends_when_its_input_ends_even_in_the_middle_of_a_job(worker, artifact_file, tmp_path):
    worker.say(job(artifact_file, tmp_path, 1, size=16384), job(artifact_file, tmp_path, 2))
    assert worker.hear()["event"] == "progress"
    worker.stdin.close()
    assert [worker.answer()["event"] for _ in range(2)] == ["cancelled", "cancelled"]
    assert worker.end() == 0 and not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such signals")
def test_sigterm_ends_it_tidily_and_sigint_not_at_all(worker, artifact_file, tmp_path):
    worker.process.send_signal(signal.SIGINT)
    worker.say(job(artifact_file, tmp_path, size=16384))
    assert worker.hear()["event"] == "progress"
    worker.process.send_signal(signal.SIGTERM)
    assert worker.answer() == {"id": 1, "event": "cancelled"}
    assert worker.process.wait() == 0 and not list(tmp_path.iterdir())


def test_probe_makes_a_texture_with_torch(inside):
    import torch

    result = inside.ask({"id": 1, "job": "probe"})
    assert (result["torch"], result["engine"], result["can_train"]) == (torch.__version__, "torch", True)
    assert result["device"].split(":")[0] in " ".join(result["devices"]) and "cpu" in result["devices"]
    assert result["device_name"] and result["python"] == sys.version.split()[0]


def without_torch(monkeypatch):
    """None in sys.modules makes an import fail as a missing package does; what has imported it is forgotten."""
    for module in [name for name in sys.modules if name.startswith("texnet_core.training")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "torch", None)


def test_probe_without_torch_takes_another_engine(inside, monkeypatch):
    without_torch(monkeypatch)
    result = inside.ask({"id": 1, "job": "probe"})
    assert result["torch"] is None and result["engine"] != "torch" and not result["can_train"]
    assert (result["device"], result["device_name"], result["devices"]) == ("cpu", "CPU", ["cpu"])


def test_describe_reads_the_header(inside):
    name, path = next(iter(list_presets().items()))
    header = read_header(path)
    for source in (name, str(path)):
        result = inside.ask({"id": 1, "job": "describe", "source": source})
        assert result["name"] == name and result["maps"] == [as_record(spec) for spec in header.maps]
        assert result["provenance"] == as_record(header.provenance) and result["quality"] == header.quality


def test_an_exemplar_is_an_array_or_a_file_and_what_is_made_of_it_can_be_kept(inside, tmp_path):
    levels = quantize(picture(64, 80), 8)
    np.save(tmp_path / "sand.npy", levels)
    (tmp_path / "sand.png").write_bytes(encode_png(levels))
    adapt = {"id": 1, "job": "adapt", "source": "collage", "exemplar": str(tmp_path / "sand.npy"), "name": "Sand"}
    kept = inside.ask(adapt | {"output": str(tmp_path / "sand.texnet"), "real_width": 1.0})["output"]
    sources = [{"source": kept}]
    sources += [{"source": "collage", "exemplar": str(tmp_path / name)} for name in ("sand.npy", "sand.png")]
    made = []
    for number, source in enumerate(sources):
        asked = {"id": 2 + number, "job": "synthesize", "folder": str(tmp_path), "name": f"made{number}"}
        result = inside.ask(asked | {"width": 48, "height": 48} | source)
        made.append(Path(result["maps"][0]["files"][0]).read_bytes())
    assert made[0] == made[1] == made[2]
    described = inside.ask({"id": 9, "job": "describe", "source": kept})
    assert described["provenance"]["exemplar"] == "Sand" and described["size_m"] == 0.8


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"exemplar": "none.npy"}, "none.npy cannot be read"),
        ({"exemplar": "gray.npy"}, "gray.npy holds uint8"),
        ({"mask": "small.npy"}, "small.npy has 8x8"),
        ({"source": "moss"}, "takes no exemplar"),
        ({"output": "made.png"}, "'output' cannot be"),
    ],
)
def test_what_cannot_be_adapted_is_refused_and_leaves_nothing(inside, tmp_path, changes, says):
    for name, shape in (("sand", (64, 64, 3)), ("gray", (64, 64, 1)), ("small", (8, 8, 1))):
        np.save(tmp_path / f"{name}.npy", np.random.default_rng(0).integers(0, 256, shape, np.uint8))
    asked = {"source": "collage", "exemplar": "sand.npy", "output": "made.texnet"} | changes
    places = {key: str(tmp_path / value) for key, value in asked.items() if key != "source"}
    said = inside.ask({"id": 1, "job": "adapt", "name": "Sand"} | asked | places)
    assert said["event"] == "error" and says in said["message"]
    assert not list(tmp_path.glob("made*"))


def train_job(place, weights, steps=24, **changes):
    """A run of seconds: a small generator, a random descriptor."""
    exemplar = place / "brick.png"
    exemplar.write_bytes(encode_png(quantize(picture(), 8)))
    request = {"id": 1, "job": "train", "exemplar": str(exemplar), "output": str(place / "brick.texnet")}
    request |= {"name": "Brick", "resume": False, "folder": str(place), "online": False, "licence": "CC0-1.0"}
    request |= {
        "size": 32,
        "exemplar_size": 32,
        "steps": steps,
        "vgg19": str(weights),
        "padding": "zero",
        "directions": 8,
    }
    return request | {"positions": 256, "levels": 3, "channels": 4, "precision": "f32"} | changes


def until_step(conversation, step):
    for message in iter(conversation.hear, None):
        assert message["event"] == "progress", message
        if message["done"] >= step:
            return message


def test_training_makes_what_the_core_makes(inside, random_vgg19_file, tmp_path):
    from texnet_core.training import TrainRequest, train

    inside.say(train_job(tmp_path, random_vgg19_file, steps=60))
    heard = []
    while (message := inside.hear())["event"] == "progress":
        heard.append(message)
        if "preview" in message:
            assert np.load(message["preview"]).shape == (32, 32, 3)
    assert (heard[0]["stage"], heard[0]["done"], heard[0]["total"], heard[0]["loss"]) == ("preparing", 0, 60, None)
    assert heard[-1]["stage"] == "training" and heard[-1]["done"] == 60 and heard[-1]["loss"] > 0
    named = [message["preview"] for message in heard if "preview" in message]
    assert len(named) >= 20 and sorted(map(str, tmp_path.glob("*.npy"))) == sorted(named[-2:])
    artifact = read_artifact(tmp_path / "brick.texnet")
    assert (message["event"], message["output"], message["steps"]) == ("result", str(tmp_path / "brick.texnet"), 60)
    assert message["loss"] == artifact.quality["validation_loss"]
    assert (artifact.provenance.exemplar, artifact.provenance.license) == ("Brick", "CC0-1.0")
    request = TrainRequest(
        generator=PyramidSettings(levels=3, channels=4),
        descriptor=DescriptorSettings(vgg19=str(random_vgg19_file), padding="zero"),
        loss=LossSettings(directions=8, positions=256),
        train=TrainSettings(size=32, exemplar_size=32, steps=60, precision="f32"),
    )
    with ThreadPoolExecutor(1) as pool:  # a new thread as well: torch has a number of threads for each
        task = pool.submit(train, read_exemplar(tmp_path / "brick.png").image, tmp_path / "same.texnet", request)
        same = task.result().parameters
    assert all(np.array_equal(same[name], artifact.parameters[name]) for name in same)


def test_maps_are_derived_of_a_picture_where_that_is_asked_for(inside, tmp_path):
    request = train_job(tmp_path, "", steps=10, descriptor="patches", derive=True)
    for name in ("vgg19", "padding", "directions", "positions"):
        del request[name]
    message = inside.ask(request)
    assert message["event"] == "result", message
    artifact = read_artifact(tmp_path / "brick.texnet")
    derived = {spec.name: spec.derived for spec in artifact.maps}
    assert derived == {"albedo": False, "normal": True, "roughness": True, "height": True, "ao": True}
    assert artifact.relief > 0


def test_a_training_that_was_far_too_short_says_so_and_can_go_on(inside, random_vgg19_file, tmp_path):
    request = train_job(tmp_path, random_vgg19_file, minutes=1e-4)
    del request["steps"]
    result = inside.ask(request)
    assert result["event"] == "result" and result["resumable"] is True
    assert result["shortfall"] == f"stopped after {result['steps']} of {TrainSettings().steps} steps"
    longer = {name: value for name, value in request.items() if name != "minutes"} | {"steps": 12, "resume": True}
    result = inside.ask(longer)
    assert (result["event"], result["steps"], result["shortfall"]) == ("result", 12, "")
    assert result["resumable"] is False and (tmp_path / "brick.texnet").exists()


def test_an_unfinished_run_is_replaced_only_once_there_is_something_to_learn_from(inside, random_vgg19_file, tmp_path):
    request = train_job(tmp_path, random_vgg19_file, steps=10)
    checkpoint = tmp_path / "brick.texnet.checkpoint"
    checkpoint.write_bytes(b"hours of work")
    assert "unfinished run" in inside.ask(request)["message"]
    request["replace"] = True
    for wrong in ({"exemplar": str(tmp_path / "gone.png")}, {"size": -1}, {"vgg19": str(tmp_path / "gone")}):
        assert inside.ask(request | wrong)["event"] == "error" and checkpoint.read_bytes() == b"hours of work"
    assert inside.ask(request)["event"] == "result" and not checkpoint.exists()


def test_a_generator_size_can_be_asked_for_by_name(inside, random_vgg19_file, tmp_path):
    request = train_job(tmp_path, random_vgg19_file, steps=10, generator_size="base", flatten=True)
    del request["channels"]
    assert inside.ask(request)["event"] == "result"
    artifact = read_artifact(tmp_path / "brick.texnet")
    assert artifact.settings == replace(GENERATOR_SIZES["base"], levels=3) and artifact.training["flatten"] is True


def test_a_training_that_is_cancelled_goes_on_where_it_stopped(inside, random_vgg19_file, tmp_path):
    request = train_job(tmp_path, random_vgg19_file, steps=3000)
    inside.say(request)
    until_step(inside, 5)
    inside.say({"cancel": 1})
    assert inside.answer() == {"id": 1, "event": "cancelled", "resumable": True}
    assert not (tmp_path / "brick.texnet").exists()
    again = inside.ask(request | {"id": 2})
    assert again["event"] == "error" and "unfinished run" in again["message"]
    inside.say(request | {"id": 3, "resume": True})
    assert until_step(inside, 1)["done"] > 5
    inside.say({"cancel": 3})
    assert inside.answer()["resumable"]


def test_a_training_stops_with_its_input_and_keeps_its_checkpoint(worker, random_vgg19_file, tmp_path):
    worker.say(train_job(tmp_path, random_vgg19_file, steps=100_000))
    until_step(worker, 2)
    worker.stdin.close()
    assert worker.answer() == {"id": 1, "event": "cancelled", "resumable": True}
    assert worker.end() == 0 and (tmp_path / "brick.texnet.checkpoint").exists()


def test_a_preview_that_cannot_be_written_costs_no_run(inside, random_vgg19_file, tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    inside.say(train_job(tmp_path, random_vgg19_file, folder=str(folder), steps=3000))
    until_step(inside, 1)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    noted = next(message for message in iter(inside.hear, None) if "note" in message)
    assert "cannot be written" in noted["note"] and "preview" not in noted
    inside.say({"cancel": 1})
    assert inside.answer()["resumable"]


def test_a_training_has_a_start_and_a_quality_of_which_anything_may_be_otherwise(inside, random_vgg19_file, tmp_path):
    first = train_job(tmp_path, random_vgg19_file, steps=10)
    assert inside.ask(first)["event"] == "result"
    begun = {"output": str(tmp_path / "again.texnet"), "start": str(tmp_path / "brick.texnet"), "quality": "quick"}
    assert inside.ask(first | begun)["steps"] == 10
    card = read_artifact(tmp_path / "again.texnet").training
    assert card["start_source"] == "brick.texnet" and card["steps"] == 10
    refused = inside.ask(first | begun | {"quality": "fast"})
    assert "quality 'fast' is unknown" in refused["message"] and "\n" not in refused["message"]


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    tried = []
    monkeypatch.setattr(socket.socket, "connect", lambda *address: tried.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **options: tried.append(address))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tried


def test_offline_without_weights_it_learns_by_what_needs_none_and_says_so(inside, no_network, tmp_path):
    request = train_job(tmp_path, "", steps=10)
    for name in ("vgg19", "padding", "directions", "positions"):
        del request[name]
    (tmp_path / "brick.png").write_bytes(encode_png(quantize(picture(192, 192), 8)))
    inside.say(request | {"exemplar_size": 192})
    messages = []
    while (message := inside.hear())["event"] == "progress":
        messages.append(message)
    assert message["event"] == "result" and not no_network
    (note,) = [message["note"] for message in messages if "VGG-19" in message.get("note", "")]
    assert "through the light descriptor" in note and "choose the descriptor vgg19" in note and "\n" not in note
    assert read_artifact(tmp_path / "brick.texnet").training["descriptor"] == "light"


def test_offline_nothing_is_downloaded(inside, no_network, tmp_path):
    message = inside.ask(train_job(tmp_path, "", descriptor="vgg19"))
    assert message["event"] == "error" and "VGG-19 weights not found" in message["message"] and "details" not in message
    assert "allow the download" in message["message"] and "\n" not in message["message"]
    assert not no_network and not (tmp_path / "torch").exists() and not list(tmp_path.glob("*.checkpoint"))


def test_offline_weights_from_the_environment_will_do(inside, no_network, monkeypatch, random_vgg19_file, tmp_path):
    monkeypatch.setenv("TEXNET_VGG19", str(random_vgg19_file))
    assert inside.ask(train_job(tmp_path, ""))["event"] == "result"
    assert not no_network


def test_training_without_torch_is_refused_in_one_line(inside, monkeypatch, tmp_path):
    without_torch(monkeypatch)
    message = inside.ask(train_job(tmp_path, ""))
    assert message["event"] == "error" and "needs torch" in message["message"] and "details" not in message
