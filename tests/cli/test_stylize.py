"""`texnet stylize` as users run it: what its pictures stand for, where they go, and one line for all that is wrong."""

import io
import json
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import TEXNET, picture, posix, random_style
from tests.waiting import PATIENCE
from texnet_core import Cancelled, read_artifact, write_artifact
from texnet_core.pictures.color import quantize
from texnet_core.pictures.writing import write_image
from texnet_core.stylization import StylizeRequest, read_content, stylize, stylize_file


@pytest.fixture(scope="module")
def style_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("style") / "paint.texnet"
    write_artifact(path, random_style())
    return path


@pytest.fixture
def paint(run, style_file):
    """`texnet stylize` with the onnx engine; what it printed as JSON."""

    def paint(*words):
        done = run("stylize", style_file, *words, "--engine", "onnx", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    return paint


def write(path, height=40, width=56, seed=0, gain=1.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, quantize(picture(height, width, seed) * np.float32(gain), 8))
    return path


def loaded(path):
    with Image.open(path) as image:
        return np.asarray(image)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_one_picture_goes_to_the_output_and_is_what_python_makes(paint, style_file, tmp_path):
    content = write(tmp_path / "house.png")
    told = paint(content, "-o", tmp_path / "new" / "painted.png", "--seed", 7, "--strength", 0.5)
    assert told["outputs"] == [str(tmp_path / "new" / "painted.png")] and "flicker" not in told
    request = StylizeRequest(seed=7, strength=0.5, engine="onnx")
    made = stylize(read_artifact(style_file), read_content(content), request)
    assert np.array_equal(loaded(tmp_path / "new" / "painted.png"), quantize(made.image, 8))
    (record,) = told["records"]
    assert record["colors"] == made.request.record()["colors"] and record["wrap"] == made.request.wrap


def test_a_record_makes_the_same_again(paint, style_file, tmp_path):
    content = write(tmp_path / "house.png")
    (record,) = paint(content, "-o", tmp_path / "a.png", "--wrap", "xy", "--keep-colors", "--noise", 0.5)["records"]
    made = stylize(read_artifact(style_file), read_content(content), StylizeRequest.from_record(record))
    assert np.array_equal(loaded(tmp_path / "a.png"), quantize(made.image, 8))


def test_strength_0_is_the_picture(paint, tmp_path):
    content = write(tmp_path / "house.png")
    paint(content, "-o", tmp_path / "same.png", "--strength", 0)
    assert np.array_equal(loaded(tmp_path / "same.png"), loaded(content))


def test_a_map_says_where_the_strength_counts(paint, tmp_path):
    content = write(tmp_path / "house.png")
    mask = np.zeros((40, 56, 1), np.uint8)
    mask[:, 40:] = 255
    write_image(tmp_path / "mask.png", mask)
    paint(content, "-o", tmp_path / "part.png", "--strength-map", tmp_path / "mask.png")
    made, before = loaded(tmp_path / "part.png"), loaded(content)
    assert np.array_equal(made[:, :40], before[:, :40]) and not np.array_equal(made[:, 40:], before[:, 40:])


def test_a_region_has_the_bytes_of_the_whole(paint, tmp_path):
    content = write(tmp_path / "house.png")
    paint(content, "-o", tmp_path / "whole.png", "--size", "96x64")
    paint(content, "-o", tmp_path / "part.png", "--size", "96x64", "--region", "16,8,32,24")
    assert loaded(tmp_path / "whole.png").shape == (64, 96, 3)
    assert np.array_equal(loaded(tmp_path / "part.png"), loaded(tmp_path / "whole.png")[8:32, 16:48])


def test_several_pictures_and_folders_go_to_a_folder_under_their_names(paint, tmp_path):
    write(tmp_path / "maps" / "b.png", seed=1)
    write(tmp_path / "maps" / "a.jpg", seed=2)
    write(tmp_path / "maps" / ".hidden.png")
    (tmp_path / "maps" / "notes.txt").write_text("none")
    Image.fromarray(loaded(write(tmp_path / "c.png"))).save(tmp_path / "c.bmp")
    told = paint(tmp_path / "maps", tmp_path / "c.bmp", "-o", tmp_path / "out")
    assert names(tmp_path / "out") == ["a.jpg", "b.png", "c.png"]
    assert [Path(name).name for name in told["outputs"]] == ["a.jpg", "b.png", "c.png"]
    paint(tmp_path / "maps", "-o", tmp_path / "tif", "--format", "tif")
    assert names(tmp_path / "tif") == ["a.tif", "b.tif"]
    paint(tmp_path / "c.png", "-o", tmp_path / "tif")  # a folder that is there
    assert names(tmp_path / "tif") == ["a.tif", "b.tif", "c.png"]


def test_a_folder_of_one_picture_is_a_folder_too(paint, tmp_path):
    write(tmp_path / "maps" / "a.png")
    paint(tmp_path / "maps", "-o", tmp_path / "out")
    assert names(tmp_path / "out") == ["a.png"]


def test_one_look_is_measured_of_all_and_can_be_given_again(paint, tmp_path):
    dark, bright = write(tmp_path / "dark.png", gain=0.3), write(tmp_path / "bright.png", seed=1)
    alone = paint(dark, bright, "-o", tmp_path / "alone")["records"]
    assert alone[0]["colors"] != alone[1]["colors"]
    told = paint(dark, bright, "-o", tmp_path / "together", "--one-look")
    looks = [record["colors"] for record in told["records"]]
    assert looks[0] == looks[1]
    assert alone[0]["colors"]["mean"][0] < looks[0]["mean"][0] < alone[1]["colors"]["mean"][0]
    for number, look in enumerate((told, told["records"][0], looks[0])):
        (tmp_path / "look.json").write_text(json.dumps(look))
        again = tmp_path / f"again{number}.png"
        (record,) = paint(dark, "-o", again, "--colors", tmp_path / "look.json")["records"]
        assert record["colors"] == looks[0]
        assert np.array_equal(loaded(again), loaded(tmp_path / "together" / "dark.png"))


def test_frames_go_to_frames_in_order_with_gaps_and_one_look(paint, tmp_path):
    for number in (1, 2, 10):
        write(tmp_path / "in" / f"f_{number:02d}.png", seed=number, gain=number / 10)
    write(tmp_path / "in" / "f_3.png")  # is no frame of two digits
    write(tmp_path / "in" / "f_xx.png")
    told = paint(tmp_path / "in" / "f_%02d.png", "-o", tmp_path / "out" / "p_%04d.png", "--seed", 3)
    assert names(tmp_path / "out") == ["p_0001.png", "p_0002.png", "p_0010.png"]
    looks, seeds, wraps = (
        {json.dumps(record[name]) for record in told["records"]} for name in ("colors", "seed", "wrap")
    )
    assert len(looks) == len(wraps) == 1 and seeds == {"3"}
    paint(tmp_path / "in" / "f_%02d.png", "-o", tmp_path / "same")
    assert names(tmp_path / "same") == ["f_01.png", "f_02.png", "f_10.png"]


def test_frames_are_also_named_as_blender_does(paint, tmp_path):
    for number in (7, 12000):
        write(tmp_path / f"f_{number:04d}.png")
    told = paint(tmp_path / "f_####.png", "-o", tmp_path / "out" / "p_##.png")
    assert names(tmp_path / "out") == ["p_07.png", "p_12000.png"] and told["flicker"] == 0


def test_what_stands_still_does_not_flicker_and_grain_does_a_little(paint, run, style_file, tmp_path):
    base = quantize(picture(64, 64), 8).astype(int)
    rng = np.random.default_rng(0)
    for number in range(3):
        grain = rng.integers(-2, 3, base.shape)
        for folder, values in (("still", base), ("grain", np.clip(base + grain, 0, 255))):
            (tmp_path / folder).mkdir(exist_ok=True)
            write_image(tmp_path / folder / f"{number}.png", values.astype(np.uint8))
    flickers = {
        folder: paint(tmp_path / folder / "%d.png", "-o", tmp_path / f"{folder}-out" / "%d.png")["flicker"]
        for folder in ("still", "grain")
    }
    assert flickers["still"] == 0 < flickers["grain"] < 16
    left_alone = paint(tmp_path / "grain" / "%d.png", "-o", tmp_path / "same" / "%d.png", "--strength", 0)
    assert left_alone["flicker"] == 0
    done = run("stylize", style_file, tmp_path / "still" / "%d.png", "-o", tmp_path / "text" / "%d.png")
    assert "flicker: 0.00 levels of 255" in done.stdout and "wrote 3 files" in done.stdout


def test_a_single_frame_has_no_flicker(paint, tmp_path):
    write(tmp_path / "f_0001.png")
    told = paint(tmp_path / "f_%04d.png", "-o", tmp_path / "p_%04d.png")
    assert told["flicker"] is None and (tmp_path / "p_0001.png").is_file()


def test_pictures_and_styles_come_and_go_through_pipes(style_file, tmp_path):
    content = write(tmp_path / "house.png")
    engine = ["--engine", "onnx"]

    def piped(given, *words):
        command = [*TEXNET, "stylize", *map(str, words), *engine]
        return subprocess.run(command, input=given, capture_output=True, timeout=PATIENCE, cwd=tmp_path)

    straight = piped(b"", style_file, content, "-o", "painted.png")
    assert straight.returncode == 0 and b"wrote painted.png (56x40" in straight.stdout
    through = piped(content.read_bytes(), style_file, "-", "-o", "-")
    assert through.returncode == 0 and b"wrote to the standard output" in through.stderr
    with Image.open(io.BytesIO(through.stdout)) as image:
        assert image.format == "PNG" and np.array_equal(np.asarray(image), loaded(tmp_path / "painted.png"))
    tiff = piped(style_file.read_bytes(), "-", content, "-o", "-", "--format", "tif")
    with Image.open(io.BytesIO(tiff.stdout)) as image:
        assert image.format == "TIFF" and np.array_equal(np.asarray(image), loaded(tmp_path / "painted.png"))
    broken = piped(b"no picture", style_file, "-", "-o", "-")
    assert broken.returncode == 1 and b"the standard input cannot be read as a picture" in broken.stderr
    assert broken.stdout == b""


ODD = {
    "gray": lambda base: Image.fromarray(base[..., 0]),
    "palette": lambda base: Image.fromarray(base).quantize(16),
    "one texel": lambda base: Image.fromarray(base[:1, :1]),
    "ten to one": lambda base: Image.fromarray(base[:3, :30]),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_pictures_are_painted_in_their_own_size(paint, tmp_path, name):
    content = ODD[name](loaded(write(tmp_path / "base.png")))
    content.save(tmp_path / "odd.png")
    paint(tmp_path / "odd.png", "-o", tmp_path / "painted.png")
    assert loaded(tmp_path / "painted.png").shape == (content.height, content.width, 3)


def test_cmyk_and_floats_are_painted(paint, tmp_path):
    Image.fromarray(loaded(write(tmp_path / "base.png"))).convert("CMYK").save(tmp_path / "print.jpg")
    write_image(tmp_path / "light.exr", picture(40, 56))
    for name in ("print.jpg", "light.exr"):
        paint(tmp_path / name, "-o", tmp_path / "painted.png")
        assert loaded(tmp_path / "painted.png").shape[:2] == (40, 56)


def test_alpha_is_kept_where_the_format_has_it_and_told_where_not(paint, tmp_path):
    base = loaded(write(tmp_path / "base.png"))
    alpha = np.full((40, 56, 1), 255, np.uint8)
    alpha[:10] = 0
    write_image(tmp_path / "cut.png", np.concatenate([base, alpha], axis=2))
    told = paint(tmp_path / "cut.png", "-o", tmp_path / "painted.png")
    assert np.array_equal(loaded(tmp_path / "painted.png")[..., 3:], alpha) and told["notes"] == []
    told = paint(tmp_path / "cut.png", "-o", tmp_path / "painted.jpg")
    assert "alpha" in told["notes"][0]
    told = paint(tmp_path / "cut.png", tmp_path / "base.png", "-o", tmp_path / "jpg", "--format", "jpg")
    (note,) = told["notes"]
    assert note.startswith(str(tmp_path / "cut.png")) and "alpha" in note


def _animated(folder):
    frames = [Image.new("RGB", (32, 32), (shade, 0, 0)) for shade in (0, 99)]
    frames[0].save(folder / "animated.gif", save_all=True, append_images=frames[1:])


def _beginning_of_a_png(width, height):
    """A gray picture of which most is missing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(99))), (b"IEND", b"")):
        content += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return content


@pytest.fixture
def folder(tmp_path, style_file):
    """Pictures and generators with nothing written yet."""
    write(tmp_path / "a.png")
    write(tmp_path / "b.png", seed=1)
    write(tmp_path / "sub" / "a.png")
    write(tmp_path / "sub" / "A.jpg", seed=2)
    write(tmp_path / "f_01.png")
    write_image(tmp_path / "small.png", np.full((16, 16, 1), 255, np.uint8))
    (tmp_path / "empty").mkdir()
    write(tmp_path / "maps" / "a.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    (tmp_path / "nothing.png").write_bytes(b"")
    (tmp_path / "look.json").write_text('{"mean": [1]}')
    (tmp_path / "no.json").write_text("{")
    (tmp_path / "none.json").write_text('{"outputs": []}')
    first, second = ({"mean": [mean] * 3, "covariance": [0.1, 0, 0, 0.1, 0, 0.1]} for mean in (0.2, 0.3))
    (tmp_path / "two.json").write_text(json.dumps({"records": [{"colors": first}, {"colors": second}]}))
    _animated(tmp_path)
    (tmp_path / "paint.texnet").write_bytes(style_file.read_bytes())
    return tmp_path


WRONG = {
    "no content": (["-o", "o.png"], 2, "CONTENT"),
    "content is not there": (["none.png", "-o", "o.png"], 2, "there is no file none.png"),
    "one of several is not there": (["a.png", "none.png", "-o", "out"], 2, "there is no file none.png"),
    "content is damaged": (["broken.png", "-o", "o.png"], 1, "broken.png cannot be read as a picture"),
    "content is empty": (["nothing.png", "-o", "o.png"], 1, "nothing.png has 0 bytes"),
    "content is animated": (["animated.gif", "-o", "o.png"], 1, "animated.gif has 2 frames"),
    "content is a generator": (["paint.texnet", "-o", "o.png"], 1, "paint.texnet cannot be read as a picture"),
    "empty folder": (["empty", "-o", "out"], 2, "empty has no picture; name a folder with pictures"),
    "pattern fits nothing": (["x_%04d.png", "-o", "o_%04d.png"], 2, "no file fits x_%04d.png"),
    "pattern of other digits": (["f_%04d.png", "-o", "o_%04d.png"], 2, "no file fits f_%04d.png"),
    "pattern in no folder": (["no/f_%02d.png", "-o", "o_%02d.png"], 2, "the folder no cannot be read"),
    "pattern beside others": (["f_%02d.png", "a.png", "-o", "out"], 2, "stands beside others"),
    "pattern to a file": (["f_%02d.png", "-o", "o.png"], 2, "write o_%04d.png, or name a folder"),
    "pattern for what is none": (["a.png", "b.png", "-o", "o_%d.png"], 2, "is a pattern of frames"),
    "pattern for one picture": (["a.png", "-o", "o_%04d.png"], 2, "and the picture is none; name a file"),
    "frames called like a device": (["f_%02d.png", "-o", "aux.%d.png"], 2, "'aux.1.png' is the name of a device"),
    "folder to a file": (["maps", "-o", "o.png"], 2, "a folder of pictures cannot go to o.png, which is one file"),
    "several to a file": (["a.png", "b.png", "-o", "o.png"], 2, "2 pictures cannot go to o.png"),
    "several to a pipe": (["a.png", "b.png", "-o", "-"], 2, "2 files cannot go to the standard output"),
    "json and pipe": (["a.png", "-o", "-", "--json"], 2, "both write to the standard output"),
    "output is the content": (["a.png", "-o", "./a.png"], 2, "would replace a.png, which is read"),
    "output folder is that of the content": (["a.png", "b.png", "-o", "."], 2, "which is read"),
    "frames over themselves": (["f_%02d.png", "-o", "f_%02d.png"], 2, "which is read"),
    "output is the map": (["a.png", "-o", "b.png", "--strength-map", "b.png"], 2, "which is read"),
    "equal names": (["a.png", "sub", "-o", "out"], 2, "would both go to out"),
    "equal names but for case": (["sub", "-o", "out", "--format", "png"], 2, "would both go to out"),
    "no suffix": (["a.png", "-o", "o"], 2, "no suffix of a picture"),
    "unknown suffix": (["a.png", "-o", "o.gif"], 2, ".gif is no picture that can be written"),
    "format and suffix": (["a.png", "-o", "o.png", "--format", "tif"], 2, "does not fit"),
    "depth of jpeg": (["a.png", "-o", "o.jpg", "--depth", "16"], 2, "only 8"),
    "strength": (["a.png", "-o", "o.png", "--strength", "2"], 2, "--strength 2.0 is out of range (0.0 to 1.0)"),
    "strength is no number": (["a.png", "-o", "o.png", "--strength", "nan"], 2, "not a finite number"),
    "noise": (["a.png", "-o", "o.png", "--noise", "-1"], 2, "--noise -1.0 is out of range"),
    "scale": (["a.png", "-o", "o.png", "--scale", "9"], 2, "--scale 9.0 is out of range"),
    "wrap": (["a.png", "-o", "o.png", "--wrap", "z"], 2, "'z' is not one of"),
    "size 0": (["a.png", "-o", "o.png", "--size", "0"], 2, "--size 0x0 is out of range (1 to 65536)"),
    "size huge": (["a.png", "-o", "o.png", "--size", "99999x1"], 2, "--size 99999x1 is out of range (1 to 65536)"),
    "output without a name": (["a.png", "-o", ""], 2, "'' is no path"),
    "content without a name": (["", "-o", "o.png"], 2, "'' is no path"),
    "size nonsense": (["a.png", "-o", "o.png", "--size", "big"], 2, "2048x1024"),
    "region nonsense": (["a.png", "-o", "o.png", "--region", "1,2"], 2, "X,Y,W,H"),
    "region empty": (["a.png", "-o", "o.png", "--region", "0,0,0,5"], 2, "region"),
    "region outside": (["a.png", "-o", "o.png", "--region", "0,0,99,9", "--wrap", "none"], 2, "does not tile"),
    "map of another size": (["a.png", "-o", "o.png", "--strength-map", "small.png"], 1, "16x16 texels"),
    "map is not there": (["a.png", "-o", "o.png", "--strength-map", "none.png"], 2, "there is no file none.png"),
    "colors are not there": (["a.png", "-o", "o.png", "--colors", "none"], 2, "none cannot be read"),
    "colors are no JSON": (["a.png", "-o", "o.png", "--colors", "no.json"], 2, "no.json is no JSON"),
    "colors are senseless": (["a.png", "-o", "o.png", "--colors", "look.json"], 2, "senseless in look.json"),
    "colors say nothing": (["a.png", "-o", "o.png", "--colors", "none.json"], 2, "holds no color statistics"),
    "colors differ": (["a.png", "-o", "o.png", "--colors", "two.json"], 2, "holds 2 looks"),
    "two looks": (["a.png", "-o", "o.png", "--colors", "look.json", "--one-look"], 2, "exclude each other"),
    "engine": (["a.png", "-o", "o.png", "--engine", "steam"], 2, "steam"),
    "output in a file": (["a.png", "-o", "b.png/o.png"], 1, "cannot be written"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_gets_one_line_and_leaves_nothing(run, folder, name):
    words, code, says = WRONG[name]
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = run("stylize", "paint.texnet", *words)
    told = done.stderr + done.stdout
    assert done.returncode == code, told
    assert says in told and "Traceback" not in told and told.count("\n") == 1
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert not (folder / "out").exists()


def test_a_picture_of_30000_a_side_that_ends_early_is_one_line(run, folder):
    (folder / "wide.png").write_bytes(_beginning_of_a_png(30_000, 30_000))
    done = run("stylize", "paint.texnet", "wide.png", "-o", "o.png")
    assert done.returncode == 1 and "wide.png cannot be read as a picture (it is truncated)" in done.stderr
    assert done.stderr.count("\n") == 1 and not (folder / "o.png").exists()


def test_a_strip_of_30000_texels_is_painted(paint, tmp_path):
    Image.new("RGB", (30_000, 4), (90, 60, 30)).save(tmp_path / "strip.png")
    paint(tmp_path / "strip.png", "-o", tmp_path / "painted.png")
    assert loaded(tmp_path / "painted.png").shape == (4, 30_000, 3)


def test_a_name_that_is_given_is_the_users(run, folder):
    """As with `texnet synth`: names that are made of it must be names everywhere."""
    done = run("stylize", "paint.texnet", "a.png", "-o", "new/CON.png", "--engine", "onnx")
    assert (done.returncode == 2 and "device on Windows" in done.stderr) if os.name == "nt" else done.returncode == 0
    assert run("stylize", "paint.texnet", "a.png", "-o", "house #1.png", "--engine", "onnx").returncode == 0
    assert (folder / "house #1.png").is_file()


@posix
def test_a_link_to_the_content_is_the_content(run, folder):
    (folder / "link.png").symlink_to("a.png")
    done = run("stylize", "paint.texnet", "a.png", "-o", "link.png")
    assert done.returncode == 2 and "which is read" in done.stderr


def test_what_was_complete_stays_where_it_is_stopped(run, folder, monkeypatch):
    command, painted = sys.modules["train_cli.stylize"], []

    def stopped_at_the_second(engine, content, *rest, progress, **options):
        painted.append(content)
        if len(painted) > 1:
            raise Cancelled
        return stylize_file(engine, content, *rest, progress=progress, **options)

    monkeypatch.setattr(command, "stylize_file", stopped_at_the_second)
    done = run("stylize", "paint.texnet", "a.png", "b.png", "-o", "kept", "--engine", "onnx")
    assert done.returncode == 1 and done.stderr == "texnet: stopped\n" and names(folder / "kept") == ["a.png"]


def test_what_was_complete_stays_where_a_later_picture_fails(run, folder):
    done = run("stylize", "paint.texnet", "a.png", "broken.png", "-o", "kept", "--engine", "onnx")
    assert done.returncode == 1 and "broken.png cannot be read" in done.stderr
    assert names(folder / "kept") == ["a.png"]
