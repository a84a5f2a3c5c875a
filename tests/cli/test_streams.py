"""Pipes: what comes from them, what goes to them, and what is refused before any work."""

import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import MATERIAL, TEXNET, picture, posix, random_artifact, texture
from tests.waiting import PATIENCE
from texnet_core import read_artifact, write_artifact
from texnet_core.pictures.color import quantize
from texnet_core.pictures.encoders import encode_png
from train_cli import main

QUICK = "--descriptor patches --size 32 --exemplar-size 32 --levels 3 --channels 4 --steps 10".split()
SYNTH = ("--size", 64, "--engine", "onnx", "--device", "cpu")


def texnet(*words, data=b"", **options):
    """The command with pipes at both ends; what it says on the standard output is bytes."""
    return subprocess.run([*TEXNET, *map(str, words)], input=data, capture_output=True, timeout=PATIENCE, **options)


@pytest.fixture
def inside(monkeypatch, capfdbinary, tmp_path):
    """The command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words, data=b""):
        monkeypatch.setattr(sys, "argv", ["texnet", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        capfdbinary.readouterr()
        code = main.run()
        stdout, stderr = capfdbinary.readouterr()
        return subprocess.CompletedProcess(sys.argv, code, stdout, stderr.decode())

    return run


@pytest.fixture(scope="module")
def photo():
    return encode_png(quantize(picture(), 8))


def opened(data):
    with Image.open(io.BytesIO(data)) as image:
        return image.format, np.asarray(image)


@pytest.mark.parametrize(("format", "kind"), [("png", "PNG"), ("jpg", "JPEG"), ("tif", "TIFF"), (None, "PNG")])
def test_a_texture_goes_to_the_standard_output_and_nothing_else_does(inside, artifact_file, format, kind):
    words = ("--format", format) if format else ()
    done = inside("synth", artifact_file, "-o", "-", *SYNTH, *words)
    assert done.returncode == 0, done.stderr
    found, made = opened(done.stdout)
    assert found == kind and "64x64" in done.stderr
    if kind != "JPEG":
        assert np.array_equal(made, quantize(texture(read_artifact(artifact_file), 64, 64), 8))
    assert os.listdir() == []


def test_one_map_of_a_material_goes_to_the_standard_output(inside, tmp_path_factory):
    material = tmp_path_factory.mktemp("material") / "wall.texnet"
    write_artifact(material, random_artifact(maps=MATERIAL))
    done = inside("synth", material, "-o", "-", "--maps", "height", *SYNTH)
    assert done.returncode == 0, done.stderr
    found, made = opened(done.stdout)
    assert found == "PNG" and made.shape == (64, 64) and made.max() > 255 and os.listdir() == []


def test_a_float_picture_goes_through_a_pipe_too(inside, artifact_file):
    done = inside("synth", artifact_file, "-o", "-", "--format", "exr", *SYNTH)
    assert done.returncode == 0 and done.stdout.startswith(b"\x76\x2f\x31\x01")


@posix
def test_a_pipeline_trains_and_makes_a_texture(photo, tmp_path):
    trained = texnet("train", "-", "-o", "-", *QUICK, data=photo, cwd=tmp_path)
    assert trained.returncode == 0, trained.stderr
    told = texnet("info", "/dev/stdin", "--json", data=trained.stdout)
    facts = json.loads(told.stdout)
    assert facts["bytes"] == len(trained.stdout) and facts["file"] == "the standard input"
    assert facts["provenance"]["command"].startswith("texnet train - --output -")
    made = texnet("synth", "-", "-o", "/dev/stdout", *SYNTH, data=trained.stdout)
    assert made.returncode == 0 and opened(made.stdout)[1].shape == (64, 64, 3)
    assert list(tmp_path.iterdir()) == []


def test_an_exemplar_from_a_pipe_is_called_like_the_output(inside, photo):
    done = inside("train", "-", "-o", "deep/wall.texnet", *QUICK, data=photo)
    assert done.returncode == 0, done.stderr
    assert read_artifact(Path("deep/wall.texnet")).provenance.exemplar == "wall"


def test_one_picture_is_made_from_a_pipe_to_a_pipe(inside, photo, random_vgg19_file):
    words = f"--size 64 --exemplar-size 64 --steps 1 --precision f32 --padding zero --vgg19 {random_vgg19_file}"
    done = inside("optimize", "-", "-o", "-", "--preview", "a/p.png", *words.split(), data=photo)
    assert done.returncode == 0, done.stderr
    assert opened(done.stdout)[1].shape == (64, 64, 3)


def test_a_generator_is_measured_beside_what_comes_through_a_pipe(inside, artifact_file):
    done = inside(
        "eval",
        artifact_file,
        "--seeds",
        2,
        "--exemplar",
        "-",
        "--json",
        data=encode_png(quantize(picture(256, 256), 8)),
    )
    assert done.returncode == 0 and "colour" in json.loads(done.stdout)["figures"], done.stderr


def test_a_list_from_a_pipe_is_found_from_the_current_folder(inside, artifact_file):
    listed = f'[[jobs]]\nsource = "{artifact_file.as_posix()}"\nsize = 64\noutput = "out/{{seed}}.png"\n'
    for _ in range(2):
        done = inside("batch", "-", data=listed.encode())
        assert done.returncode == 0 and done.stdout.startswith(b"1 made, 0 skipped"), done.stderr
    assert os.listdir() == ["out"] and os.listdir("out") == ["0.png"]


@posix
def test_named_pipes_work_at_both_ends(inside, artifact_file, photo):
    os.mkfifo("in")
    os.mkfifo("out.tif")
    received = []
    threads = [
        threading.Thread(target=Path("in").write_bytes, args=(artifact_file.read_bytes(),)),
        threading.Thread(target=lambda: received.append(Path("out.tif").read_bytes())),
    ]
    for thread in threads:
        thread.start()
    done = inside("synth", "in", "-o", "out.tif", *SYNTH, "--json")
    for thread in threads:
        thread.join(PATIENCE)
    assert done.returncode == 0 and json.loads(done.stdout)["outputs"] == ["out.tif"]
    assert opened(received[0])[0] == "TIFF"


@posix
def test_a_reader_that_has_seen_enough_ends_it_quietly(artifact_file):
    command = [*TEXNET, "synth", str(artifact_file), "-o", "-", "--size", "2048"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.read(8) == b"\x89PNG\r\n\x1a\n"
        process.stdout.close()
        said = process.stderr.read().splitlines()  # progress, every ten seconds
        assert [line for line in said if not line.startswith(b"rows: ")] == [] and process.wait(PATIENCE) == 1


@posix
def test_no_picture_goes_to_a_terminal(artifact_file):
    pty = pytest.importorskip("pty")
    parent, child = pty.openpty()
    command = [*TEXNET, "synth", str(artifact_file), "-o", "-"]
    done = subprocess.run(command, stdout=child, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
    os.close(child)
    assert done.returncode == 2 and done.stderr.splitlines() == [
        "texnet: the standard output is a terminal; name a file, or redirect it"
    ]
    os.close(parent)


WRONG = {
    "json": (["synth", "GENERATOR", "-o", "-", "--json"], b"", "--json and --output -"),
    "variations": (["synth", "GENERATOR", "-o", "-", "--count", "2"], b"", "2 files cannot go to"),
    "tiles": (["synth", "GENERATOR", "-o", "-", "--udim", "2x2"], b"", "4 files cannot go to"),
    "loop": (["synth", "GENERATOR", "-o", "-", "--loop", "3"], b"", "3 files cannot go to"),
    "maps": (["synth", "MATERIAL", "-o", "-"], b"", "4 files cannot go to"),
    "depth": (["synth", "GENERATOR", "-o", "-", "--format", "jpg", "--depth", "16"], b"", "cannot have depth 16"),
    "json of no generator": (["synth", "nosuch", "-o", "-", "--json"], b"", "--json and --output -"),
    "json of a training": (["train", "-", "-o", "-", "--json"], b"", "--json and --output -"),
    "resuming": (["train", "-", "-o", "-", "--resume"], b"", "--resume finds no checkpoint"),
    "no picture": (
        ["train", "-", "-o", "no/o.texnet"],
        b"no picture",
        "the standard input cannot be read as a picture",
    ),
    "nothing": (["train", "-", "-o", "no/o.texnet"], b"", "the standard input has 0 bytes"),
    "no generator": (["info", "-"], b"no generator", "the standard input is not a TexNet generator"),
    "no list": (["batch", "-"], b"jobs", "the list is not TOML"),
    "recipes": (["recipes", "-", "--exemplars", ".", "-o", "-"], b"", "- cannot stand here"),
    "report": (["eval", "GENERATOR", "--report", "-"], b"", "- cannot stand here"),
    "twice": (["eval", "-", "--exemplar", "-"], b"GENERATOR", "two inputs come from the standard input"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_go_through_a_pipe_is_one_line_and_leaves_nothing(inside, artifact_file, tmp_path_factory, name):
    words, data, says = WRONG[name]
    material = tmp_path_factory.mktemp("material") / "wall.texnet"
    write_artifact(material, random_artifact(maps=MATERIAL))
    files = {"GENERATOR": str(artifact_file), "MATERIAL": str(material)}
    data = artifact_file.read_bytes() if data == b"GENERATOR" else data
    done = inside(*(files.get(word, word) for word in words), data=data)
    assert done.returncode in (1, 2) and done.stdout == b""
    (line,) = done.stderr.splitlines()
    assert line.startswith("texnet: ") and says in line
    assert os.listdir() == []
