"""The command as users run it: exit codes, one line for every error, nothing left half-written."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from tests.conftest import ENGINES, MATERIAL, TEXNET, bytes_as_names, picture, posix, random_artifact, texture
from tests.waiting import PATIENCE, wait_until
from texnet_core import list_presets, read_artifact, write_artifact
from texnet_core.benchmark import run_benchmark, untrained
from texnet_core.mapset import MATERIAL_MAPS
from texnet_core.model.families.pyramid import GENERATOR_SIZES, PyramidSettings
from texnet_core.pictures.color import quantize
from texnet_core.pictures.writing import write_image
from train_cli import main


def texnet(*words, **options):
    return subprocess.run([*TEXNET, *map(str, words)], capture_output=True, text=True, timeout=PATIENCE, **options)


@pytest.fixture
def inside(monkeypatch, capfd):
    """The command in this process, for what is not about processes: most take less time than a start of Python."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["texnet", *map(str, words)])
        capfd.readouterr()
        return subprocess.CompletedProcess(sys.argv, main.run(), *capfd.readouterr())

    return run


def interrupted(words, reached, number=signal.SIGINT, python=()):
    """What a command leaves that gets a signal in a state; `reached` tells from what it has said so far."""
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "stderr"
        command = [sys.executable, *python, *TEXNET[1:], *map(str, words)]
        with said.open("w") as stderr:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
        try:
            wait_until(lambda: reached(said.read_text()) or process.poll() is not None)
            process.send_signal(number)
            stdout, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
        return subprocess.CompletedProcess(command, process.returncode, stdout, said.read_text())


def half_written(folder):
    """Whether some of a picture that is being made has reached the disk."""
    return any(path.name.startswith(".texnet-") and path.stat().st_size > 10**6 for path in folder.iterdir())


def loaded(path):
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.fixture
def exemplar(tmp_path):
    path = tmp_path / "exemplar.png"
    write_image(path, quantize(picture(), 8))
    return path


@pytest.fixture
def quick(random_vgg19_file):
    """Options of a training run of seconds."""
    words = (
        f"--vgg19 {random_vgg19_file} --padding zero --size 32 --exemplar-size 32 --levels 3 --channels 4"
        " --directions 8 --positions 256"
    )
    return words.split()


def test_synth_writes_what_the_core_makes(artifact_file, tmp_path):
    out = tmp_path / "out.png"
    done = texnet("synth", artifact_file, "-o", out, "--size", "96x64", "--seed", 7, "--engine", "onnx")
    assert done.returncode == 0 and done.stderr == ""
    assert str(out) in done.stdout and "96x64" in done.stdout
    expected = texture(read_artifact(artifact_file), 96, 64, 7)
    assert np.array_equal(loaded(out), quantize(expected, 8))


@pytest.mark.parametrize("suffix", ["jpg", "tiff", "exr", "PNG"])
def test_every_format_by_suffix(inside, artifact_file, tmp_path, suffix):
    out = tmp_path / f"out.{suffix}"
    assert inside("synth", artifact_file, "-o", out, "--size", 64).returncode == 0
    assert out.stat().st_size > 500


@pytest.mark.parametrize("suffix", [".png", ".exr", ".tif"])
def test_a_material_of_eight_channels_goes_to_a_file_for_each_map(inside, tmp_path, suffix):
    write_artifact(tmp_path / "wall.texnet", random_artifact(maps=MATERIAL))
    done = inside("synth", tmp_path / "wall.texnet", "-o", tmp_path / f"wall{suffix}", "--size", 64, "--json")
    paths = [tmp_path / f"wall_{spec.name}{suffix}" for spec in MATERIAL]
    assert json.loads(done.stdout)["outputs"] == [str(path) for path in paths]
    sizes = {spec.name: path.stat().st_size for spec, path in zip(MATERIAL, paths, strict=True)}
    assert sizes["height"] > sizes["roughness"] or suffix == ".exr"  # height has 16 bits where others have 8
    if suffix == ".png":
        assert [loaded(path).dtype.itemsize for path in paths[:3]] == [1, 1, 1]
        assert loaded(paths[3]).max() > 255
    told = inside("info", tmp_path / "wall.texnet").stdout
    assert all(f"{spec.name} ({spec.channels}, {spec.color_space})" in told for spec in MATERIAL)


def test_every_engine_answers_to_its_name(inside, artifact_file, tmp_path):
    pictures = []
    for engine in ENGINES:
        out = tmp_path / f"{engine}.png"
        done = inside("synth", artifact_file, "-o", out, "--size", 64, "--engine", engine, "--device", "cpu", "--json")
        assert json.loads(done.stdout)["engine"] == engine
        pictures.append(loaded(out).astype(int))
    assert all(np.abs(other - pictures[0]).max() <= 1 for other in pictures[1:])


def test_json_is_one_object_and_nothing_else(inside, artifact_file, tmp_path):
    done = inside("synth", artifact_file, "-o", tmp_path / "o.png", "--size", 64, "--json")
    facts = json.loads(done.stdout)
    assert facts["outputs"] == [str(tmp_path / "o.png")] and facts["width"] == facts["height"] == 64
    assert done.stderr == ""
    failed = inside("synth", "nosuch", "-o", tmp_path / "o.png", "--json")
    assert "nosuch" in json.loads(failed.stdout)["error"] and failed.returncode == 2


def test_synth_covers_meters_whatever_the_size(inside, tmp_path):
    made = {}
    for side in (256, 1024):
        out = tmp_path / f"{side}.png"
        done = inside("synth", "bricks", "-o", out, "--covers", "150cm", "--size", side, "--seed", 3)
        assert "covers 1.5 m" in done.stdout and done.stderr == ""
        made[side] = loaded(out).astype(float)
    seen = made[1024].reshape(256, 4, 256, 4, 3).mean((1, 3))
    apart = np.abs(seen - made[256]).mean()
    assert np.abs(np.roll(seen, 20, 0) - made[256]).mean() > 5 * apart


def test_a_size_that_nobody_stated_is_said_to_be_assumed_until_it_is(inside, artifact_file, tmp_path):
    path, words = tmp_path / "wall.texnet", ("-o", tmp_path / "o.png", "--covers", "1m", "--size", 64)
    path.write_bytes(artifact_file.read_bytes())
    assert "real_size: not known, taken as 1 m; --set-size states it" in inside("info", path).stdout
    assert "is not known, so its picture is taken to show 1 m" in inside("synth", path, *words).stderr
    facts = json.loads(inside("info", path, "--set-size", "50cm", "--json").stdout)
    assert (facts["size_m"], facts["texels_per_meter"]) == (0.5, 512.0)
    done = inside("synth", path, *words)
    assert done.stderr == "" and done.returncode == 0


def test_a_look_can_be_written_into_a_generator(inside, artifact_file, tmp_path):
    path = tmp_path / "coin.texnet"
    path.write_bytes(artifact_file.read_bytes())
    facts = json.loads(inside("info", path, "--metallic", 1, "--roughness", "0.4..0.15", "--json").stdout)
    assert (facts["look"]["metallic"], facts["look"]["roughness_dark"], facts["look"]["roughness_bright"]) == (
        1.0,
        0.4,
        0.15,
    )
    before = path.read_bytes()
    assert inside("info", path, "--bump", 1.5).returncode == 2 and path.read_bytes() == before
    assert inside("info", "moss", "--bump", 0.5).returncode == 2


def test_info_and_presets_tell_what_is_known(inside, artifact_file):
    done = inside("info", artifact_file)
    assert done.returncode == 0 and "exemplar: random" in done.stdout and "levels: 4" in done.stdout
    assert json.loads(inside("info", artifact_file, "--json").stdout)["settings"]["levels"] == 4
    listed = inside("presets").stdout
    assert list_presets() and all(name in listed for name in list_presets())
    assert json.loads(inside("presets", "--json").stdout).keys() == {*list_presets(), "styles"}


WRONG = {
    "unknown preset": (["synth", "mosss", "-o", "o.png"], 2, "did you mean 'moss'"),
    "missing source": (["synth", "no/such.texnet", "-o", "o.png"], 2, "no file"),
    "source is no artifact": (["synth", "exemplar.png", "-o", "o.png"], 1, "is not a TexNet generator"),
    "size zero": (["synth", "moss", "-o", "o.png", "--size", "0"], 2, "16 to 65536"),
    "size negative": (["synth", "moss", "-o", "o.png", "--size", "-64"], 2, "16 to 65536"),
    "size huge": (["synth", "moss", "-o", "o.png", "--size", "64x999999999"], 2, "16 to 65536"),
    "size nonsense": (["synth", "moss", "-o", "o.png", "--size", "big"], 2, "2048x1024"),
    "size endless": (["synth", "moss", "-o", "o.png", "--size", "9" * 5000], 2, "2048x1024"),
    "size half": (["synth", "moss", "-o", "o.png", "--size", "64x"], 2, "2048x1024"),
    "seed negative": (["synth", "moss", "-o", "o.png", "--seed", "-1"], 2, "texnet: --seed -1 is out of range"),
    "seed text": (["synth", "moss", "-o", "o.png", "--seed", "x"], 2, "seed"),
    "unknown suffix": (["synth", "moss", "-o", "o.gif"], 2, ".png"),
    "empty name": (["synth", "moss", "-o", ""], 2, "no path"),
    "seed endless": (["synth", "moss", "-o", "o.png", "--seed", "9" * 400], 2, "0 to 4294967295"),
    "pictures endless": (["synth", "moss", "-o", "o.png", "--count", "10000", "--loop", "10000"], 2, "ask for fewer"),
    "no suffix": (["synth", "moss", "-o", "o"], 2, ".png"),
    "depth of jpeg": (["synth", "moss", "-o", "o.jpg", "--depth", "16"], 2, "only 8"),
    "folder below a file": (["synth", "moss", "-o", "text.png/no/o.png"], 1, "cannot be written (Not a directory)"),
    "folder as output": (["synth", "moss", "-o", "folder.png"], 1, "folder"),
    "unknown device": (["synth", "moss", "-o", "o.png", "--engine", "torch", "--device", "x"], 1, "device x"),
    "unknown engine": (["synth", "moss", "-o", "o.png", "--engine", "x"], 2, "onnx"),
    "no output": (["synth", "moss"], 2, "--output"),
    "unknown command": (["paint"], 2, "paint"),
    "unknown option": (["synth", "moss", "-o", "o.png", "--sise", "64"], 2, "--size"),
    "train on nothing": (["train", "none.png", "-o", "no/o.texnet"], 2, "no file none.png"),
    "train on text": (["train", "text.png", "-o", "o.texnet"], 1, "cannot be read"),
    "train on one texel": (["train", "tiny.png", "-o", "o.texnet"], 1, "1x1"),
    "train to a picture": (["train", "exemplar.png", "-o", "o.png"], 2, ".texnet"),
    "two budgets": (
        ["train", "exemplar.png", "-o", "o.texnet", "--steps", "9", "--minutes", "1"],
        2,
        "cannot be combined",
    ),
    "no weights": (
        ["train", "exemplar.png", "-o", "o.texnet", "--size", "64", "--padding", "zero", "--vgg19", "none.pth"],
        2,
        "none.pth",
    ),
    "weights of the wrong kind": (
        ["train", "exemplar.png", "-o", "o.texnet", "--size", "64", "--vgg19", "tiny.png", "--padding", "zero"],
        1,
        "tiny.png",
    ),
    "source of nobody": (["synth", "~nobody-here/x.texnet", "-o", "o.png"], 2, "home folder of nobody"),
    "source too long": (["synth", "x" * 5000, "-o", "o.png"], 2, "no preset"),
    "exemplar too long": (["train", "x" * 5000, "-o", "o.texnet"], 2, "no file"),
    "device without number": (["synth", "moss", "-o", "o.png", "--engine", "torch", "--device", "cpu:x"], 1, "cpu:x"),
    "preview as gif": (["train", "exemplar.png", "-o", "o.texnet", "--preview", "p.gif"], 2, ".png"),
    "preview below a file": (
        ["train", "exemplar.png", "-o", "no/o.texnet", "--preview", "text.png/p.png"],
        1,
        "cannot be written",
    ),
    "preview to a pipe": (["train", "exemplar.png", "-o", "o.texnet", "--preview", "-"], 2, "- cannot stand here"),
    "name of 300 letters": (["synth", "moss", "-o", "no/" + "x" * 300 + ".png"], 1, "too long"),
    "folder of 300 letters": (["train", "exemplar.png", "-o", "no/" + "x" * 300 + "/o.texnet"], 1, "too long"),
    "report of 300 letters": (["eval", "moss", "--report", "no/" + "x" * 300], 1, "too long"),
    "list of 300 letters": (["batch", "x" * 300 + ".toml"], 2, "too long"),
    "tiles called like a device": (["synth", "moss", "-o", "aux.png", "--udim", "2x1"], 2, "device on Windows"),
    "variations with a colon": (["synth", "moss", "-o", "a:b.png", "--count", "2"], 2, "has ':'"),
    "variable that is not set": (["synth", "moss", "-o", "$TEXNET_NO_SUCH/o.png"], 2, "is not set"),
    "format that does not fit": (["synth", "moss", "-o", "o.png", "--format", "tif"], 2, "does not fit"),
    "format that is none": (["synth", "moss", "-o", "o.png", "--format", "gif"], 2, "--format"),
    "preview over exemplar": (["train", "exemplar.png", "-o", "o.texnet", "--preview", "exemplar.png"], 2, "exemplar"),
    "author too long": (["train", "exemplar.png", "-o", "o.texnet", "--size", "32", "--author", "x" * 501], 2, "501"),
    "roughness is no range": (["train", "exemplar.png", "-o", "o.texnet", "--roughness", "0.4..x"], 2, "0.4..0.8"),
    "no minutes": (["train", "exemplar.png", "-o", "o.texnet", "--minutes", "0"], 2, "--minutes 0"),
    "device of no use": (["synth", "moss", "-o", "o.png", "--engine", "torch", "--device", "cpu:7"], 1, "cpu:7"),
    "info on nothing": (["info", "none.texnet"], 2, "no file"),
    "size of a preset": (["info", "moss", "--set-size", "2m"], 2, "moss ships with TexNet and is not changed"),
    "covers nonsense": (["synth", "moss", "-o", "o.png", "--covers", "2 miles"], 2, "write meters, or 2m"),
    "covers less than nothing": (["synth", "moss", "-o", "o.png", "--covers", "-2m"], 2, "covers -2.0 is out of range"),
    "covers nothing": (["synth", "moss", "-o", "o.png", "--covers", "0"], 2, "leave the option out"),
    "covers a cell": (["synth", "bricks", "-o", "o.png", "--covers", "5cm"], 2, "(6.25 cm to 64 m for 2048x2048"),
    "covers a country": (["synth", "bricks", "-o", "o.png", "--covers", "90km"], 2, "cover that much, or choose"),
    "real width of nothing": (["train", "exemplar.png", "-o", "o.texnet", "--real-width", "0"], 2, "--real-width"),
    "region of nothing": (["synth", "moss", "-o", "o.png", "--region", "0,0,0,64"], 2, "at least 1"),
    "region inside out": (["synth", "moss", "-o", "o.png", "--region", "0,0,64,-64"], 2, "at least 1"),
    "region too far": (["synth", "moss", "-o", "o.png", "--region", "999999999999,0,64,64"], 2, "nearer"),
    "region huge": (["synth", "moss", "-o", "o.png", "--region", "0,0,99999999,64"], 2, "65536"),
    "region half": (["synth", "moss", "-o", "o.png", "--region", "0,0,64"], 2, "X,Y,W,H"),
    "region of tiles": (
        ["synth", "moss", "-o", "o.png", "--region", "0,0,8,8", "--udim", "2x2"],
        2,
        "--region and --udim cannot be combined; use one of them",
    ),
    "no tiles": (["synth", "moss", "-o", "o.png", "--udim", "0x2"], 2, "3x2"),
    "tiles too many": (["synth", "moss", "-o", "o.png", "--udim", "11x2"], 2, "11 columns"),
    "tiles nonsense": (["synth", "moss", "-o", "o.png", "--udim", "3"], 2, "3x2"),
    "count zero": (["synth", "moss", "-o", "o.png", "--count", "0"], 2, "count"),
    "loop negative": (["synth", "moss", "-o", "o.png", "--loop", "-3"], 2, "loop"),
    "seeds run out": (
        ["synth", "moss", "-o", "o.png", "--count", "2", "--seed", "4294967295"],
        2,
        "start at a lower seed",
    ),
    "scale too small": (["synth", "moss", "-o", "o.png", "--scale", "0.1"], 2, "0.25 to 4"),
    "scale nan": (["synth", "moss", "-o", "o.png", "--scale", "nan"], 2, "finite"),
    "unknown axes": (["synth", "moss", "-o", "o.png", "--tile", "z"], 2, "xy"),
    "jpeg too large": (["synth", "moss", "-o", "o.jpg", "--size", "65536"], 2, ".png or .tif"),
    "threads negative": (["synth", "moss", "-o", "o.png", "--threads", "-1"], 2, "threads"),
    "bf16 where it is not": (
        ["synth", "moss", "-o", "o.png", "--engine", "onnx", "--precision", "bf16"],
        1,
        "bf16",
    ),
    "optimize on nothing": (["optimize", "none.png", "-o", "no/o.png"], 2, "no file none.png"),
    "optimize to a generator": (["optimize", "exemplar.png", "-o", "o.texnet"], 2, ".png"),
    "optimize over exemplar": (["optimize", "exemplar.png", "-o", "exemplar.png"], 2, "would replace the exemplar"),
    "optimize below a file": (["optimize", "exemplar.png", "-o", "text.png/o.png"], 1, "cannot be written"),
    "optimize with pooling": (["optimize", "exemplar.png", "-o", "o.png", "--pooling", "max"], 2, "--pooling"),
    "optimize without style": (
        ["optimize", "exemplar.png", "-o", "o.png", "--content-weight", "1"],
        2,
        "--content-weight is given without --style",
    ),
    "optimize exemplar size of a style": (
        ["optimize", "exemplar.png", "-o", "o.png", "--style", "exemplar.png", "--exemplar-size", "256"],
        2,
        "use --style-size instead",
    ),
    "optimize over style": (
        ["optimize", "none.png", "-o", "exemplar.png", "--style", "exemplar.png"],
        2,
        "--output would replace the style",
    ),
    "optimize in no style": (["optimize", "exemplar.png", "-o", "o.png", "--style", "none.png"], 2, "no file none.png"),
    "optimize odd size": (["optimize", "exemplar.png", "-o", "o.png", "--size", "250"], 2, "use width 256"),
    "optimize tiny size": (["optimize", "exemplar.png", "-o", "o.png", "--size", "32"], 2, "64 to 4096"),
    "optimize too few texels": (["optimize", "exemplar.png", "-o", "o.png"], 1, "at least 256"),
    "no list": (["batch", "none.toml"], 2, "cannot be read"),
    "list of nothing": (["batch", "text.png"], 2, "is not TOML"),
    "eval of nothing": (["eval", "nothing"], 2, "no preset"),
    "eval of one seed": (["eval", "moss", "--seeds", "1"], 2, "2 to 64"),
    "eval beside nothing": (["eval", "moss", "--exemplar", "none.png", "--report", "no/report"], 2, "no file none.png"),
    "eval beside too little": (["eval", "moss", "--exemplar", "exemplar.png"], 1, "96x96"),
    "eval with no weights": (["eval", "moss", "--vgg19", "none.pth"], 2, "none.pth"),
    "eval of a texture on pictures": (["eval", "moss", "--content", "exemplar.png"], 2, "--content is for a style"),
    "eval of a texture at a size": (["eval", "moss", "--size", "256"], 2, "--size is for a style"),
    "eval to a file": (["eval", "moss", "--report", "text.png"], 2, "text.png is not a folder"),
    "bench odd size": (["bench", "--sizes", "100"], 2, "multiples of 128"),
    "bench no size": (["bench", "--sizes", "x"], 2, "multiples of 128"),
    "bench unknown maps": (["bench", "--maps", "albedo,shine"], 2, "not a list of different maps"),
    "too rough": (["train", "exemplar.png", "-o", "o.texnet", "--roughness", "2"], 2, "--roughness 2.0 is out"),
    "bench unknown engine": (["bench", "--engines", "fast"], 2, "onnx"),
    "bench unknown source": (["bench", "nothing"], 2, "no preset"),
    "bench source and shape": (["bench", "moss", "--levels", "4"], 2, "leave out SOURCE"),
    "bench source and maps": (["bench", "moss", "--maps", "albedo,height"], 2, "leave out SOURCE"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_requests_get_one_line_an_exit_code_and_leave_nothing(inside, exemplar, tmp_path, name, monkeypatch):
    words, code, says = WRONG[name]
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "folder.png").mkdir()
    write_image(tmp_path / "tiny.png", np.zeros((1, 1, 3), np.uint8))
    before = sorted(tmp_path.iterdir())
    monkeypatch.chdir(tmp_path)
    done = inside(*words)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("texnet: ") and says in lines[0]
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", ["unknown preset", "unknown option", "folder as output", "weights of the wrong kind"])
def test_errors_reach_the_shell(exemplar, tmp_path, name):
    words, code, says = WRONG[name]
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "tiny.png").write_text("no weights")
    done = texnet(*words, cwd=tmp_path)
    assert done.returncode == code and done.stdout == "" and len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("texnet: ") and says in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that even root cannot write")
def test_a_read_only_folder_is_refused(tmp_path):
    """Root may write to any real folder, so the kernel's own serves."""
    locked = tmp_path / "locked"
    locked.mkdir(0o555)
    folder = Path("/sys") if os.geteuid() == 0 else locked
    done = texnet("synth", "moss", "-o", folder / "o.png", "--size", 64)
    assert done.returncode == 1 and re.search(r"cannot be written \((Permission denied|Read-only)", done.stderr)
    assert len(done.stderr.splitlines()) == 1 and not (folder / "o.png").exists()


@pytest.mark.parametrize("size", [256, 512])
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "exr"])
def test_a_full_disk_leaves_no_half_file(tmp_path, suffix, size):
    """A limit on the size of files makes writes fail midway as a full disk does, also in the last of a few writes."""
    resource = pytest.importorskip("resource")

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = texnet("synth", "moss", "-o", tmp_path / f"o.{suffix}", "--size", size, preexec_fn=limit)
    assert done.returncode == 1, done.stderr
    assert len(done.stderr.splitlines()) == 1 and "cannot be written" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_train_then_synth(exemplar, quick, tmp_path):
    out = tmp_path / "out.texnet"
    done = texnet(
        "train",
        exemplar,
        "-o",
        out,
        *quick,
        "--steps",
        20,
        "--author",
        "A. Painter",
        "--preview",
        tmp_path / "p.png",
        "--real-width",
        "50cm",
    )
    assert done.returncode == 0, done.stderr
    assert "20 steps" in done.stdout
    assert loaded(tmp_path / "p.png").shape == (32, 32, 3)
    facts = json.loads(texnet("info", out, "--json").stdout)
    assert facts["size_m"] == 0.5
    assert facts["provenance"]["author"] == "A. Painter" and facts["provenance"]["exemplar"] == "exemplar"
    command = facts["provenance"]["command"]
    assert command.startswith("texnet train exemplar.png --output out.texnet") and "--steps 20" in command
    assert str(tmp_path) not in json.dumps(facts["provenance"])
    assert texnet("synth", out, "-o", tmp_path / "o.png", "--size", 64).returncode == 0


def test_a_training_that_was_far_too_short_says_how_far_it_came_and_goes_on(inside, exemplar, quick, tmp_path):
    out = tmp_path / "out.texnet"
    done = inside("train", exemplar, "-o", out, *quick, "--minutes", 0.0001)
    assert done.returncode == 0 and re.search(r"\(stopped after \d+ of 400 steps, ", done.stdout), done.stdout
    assert "so the result is a sketch; go on with more minutes" in done.stderr
    assert re.search(r"troubles: stopped after \d+ of 400 steps", inside("info", out).stdout)
    done = inside("train", exemplar, "-o", out, *quick, "--steps", 12, "--resume", "--json")
    facts = json.loads(done.stdout)
    assert facts["steps"] == 12 and not any("sketch" in note for note in facts["notes"])


def test_a_generator_size_gives_way_to_what_is_said_of_levels_and_channels(inside, exemplar, quick, tmp_path):
    out = tmp_path / "out.texnet"
    words = [word for word in quick if word not in ("--channels", "4")]
    done = inside("train", exemplar, "-o", out, *words, "--steps", 10, "--generator-size", "base", "--flatten",
                  "--bump", -0.25, "--roughness", "0.9..0.5", "--metallic", 1)  # fmt: skip
    assert done.returncode == 0, done.stderr
    facts = json.loads(inside("info", out, "--json").stdout)
    assert (facts["settings"]["levels"], facts["settings"]["channels"]) == (3, GENERATOR_SIZES["base"].channels)
    look = facts["look"]
    assert (look["bump"], look["roughness_dark"], look["roughness_bright"], look["metallic"]) == (-0.25, 0.9, 0.5, 1.0)
    assert 0 < look["dark"] < look["bright"] < 1  # guessed
    assert "--roughness 0.9..0.5" in facts["provenance"]["command"]
    assert facts["training"]["flatten"] is True and facts["training"]["loss_curve"].count(":") == 10
    assert all(said in facts["provenance"]["command"] for said in ("--flatten --steps 10", "--generator-size base"))


def test_a_quality_gives_way_to_what_is_said_of_steps_and_start(inside, exemplar, quick, tmp_path):
    first, again = tmp_path / "first.texnet", tmp_path / "again.texnet"
    assert inside("train", exemplar, "-o", first, *quick, "--steps", 10).returncode == 0
    done = inside("train", exemplar, "-o", again, *quick, "--quality", "quick", "--steps", 12, "--start", first)
    assert done.returncode == 0 and "starting from first.texnet" in done.stderr, done.stderr
    facts = json.loads(inside("info", again, "--json").stdout)
    assert (facts["training"]["steps"], facts["training"]["start_source"]) == (12, "first.texnet")
    assert "--start first.texnet --quality quick" in facts["provenance"]["command"]
    assert str(tmp_path) not in json.dumps(facts["training"])
    refused = inside("train", exemplar, "-o", tmp_path / "no.texnet", *quick, "--start", "moss")
    assert refused.returncode == 2 and "cannot start from moss, which has levels 6 instead of 3" in refused.stderr


def test_json_keeps_what_there_is_to_say_of_a_run(inside, artifact_file, exemplar, quick, tmp_path):
    out = tmp_path / "out.texnet"
    out.write_bytes(artifact_file.read_bytes())
    done = inside("train", exemplar, "-o", out, *quick, "--steps", 20, "--lr", 1e-6, "--json")
    facts = json.loads(done.stdout)
    assert done.stderr == "" and facts["descriptor"] == "vgg19" and facts["steps"] == 20
    assert f"{out} is there already" in facts["notes"][0]
    assert any("hardly went down" in note for note in facts["notes"])


@posix
def test_ctrl_c_leaves_a_resumable_checkpoint(exemplar, quick, tmp_path):
    out, preview = tmp_path / "out.texnet", tmp_path / "preview.png"
    command = ["train", exemplar, "-o", out, *quick, "--steps", 60, "--preview", preview]
    done = interrupted(command, lambda said: preview.exists())
    assert done.returncode == 1 and done.stdout == ""
    assert "--resume" in done.stderr.splitlines()[-1]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["exemplar.png", "out.texnet.checkpoint", "preview.png"]
    again = texnet(*command)
    assert again.returncode == 1 and "resume" in again.stderr
    resumed = texnet(*command, "--resume", "--json")
    assert resumed.returncode == 0 and json.loads(resumed.stdout)["steps"] == 60
    assert not (tmp_path / "out.texnet.checkpoint").exists()


@posix
def test_an_order_to_end_leaves_a_checkpoint_too(exemplar, quick, tmp_path):
    words = ["train", exemplar, "-o", tmp_path / "out.texnet", *quick, "--steps", 60, "--preview", tmp_path / "p.png"]
    done = interrupted(words, lambda said: (tmp_path / "p.png").exists(), signal.SIGTERM)
    assert done.returncode == 1 and "--resume" in done.stderr.splitlines()[-1]
    assert made(tmp_path) == ["exemplar.png", "out.texnet.checkpoint", "p.png"]


RECIPES = """
[defaults]
size = 32
steps = 20
levels = 3
channels = 4
padding = "zero"
directions = 8
positions = 256
"""

RECIPE = """
[recipes.{name}]
exemplar = "{exemplar}"
title = "Field"
kind = "grass"
author = "A. Painter"
license = "CC0-1.0"
source = "https://example.org"
"""


def test_recipes_train_keep_and_report(inside, exemplar, random_vgg19_file, tmp_path):
    recipes, out = tmp_path / "list.toml", tmp_path / "made"
    words = ["recipes", recipes, "--exemplars", tmp_path, "-o", out, "--vgg19", random_vgg19_file]
    entries = RECIPE.format(name="field", exemplar=exemplar.name) + RECIPE.format(name="lost", exemplar="none.png")
    recipes.write_text(RECIPES + entries)
    done = inside(*words)
    assert done.returncode == 1 and "1 trained, 0 completed, 0 kept, 1 failed" in done.stdout
    assert done.stderr.count("texnet: lost: failed: there is no file") == 1
    card = json.loads(inside("info", out / "field.texnet", "--json").stdout)["provenance"]
    assert card["command"] == "texnet recipes list.toml --exemplars DIR --output DIR --only field"
    assert str(tmp_path) not in json.dumps(card)
    again = inside(*words, "--only", "field", "--json")
    assert again.returncode == 0 and again.stderr == ""
    assert json.loads(again.stdout)["recipes"] == [{"name": "field", "status": "kept"}]
    wrong = inside(*words, "--only", "feild")
    assert wrong.returncode == 2 and "did you mean 'field'" in wrong.stderr


@posix
def test_ctrl_c_during_recipes_goes_on_with_the_same_command(exemplar, random_vgg19_file, tmp_path):
    recipes, out = tmp_path / "list.toml", tmp_path / "made"
    recipes.write_text(RECIPES + RECIPE.format(name="field", exemplar=exemplar.name))
    words = ["recipes", recipes, "--exemplars", tmp_path, "-o", out, "--vgg19", random_vgg19_file]
    done = interrupted(words, lambda said: (out / "field.texnet.checkpoint").exists())
    assert done.returncode == 1 and done.stdout == "" and "the same command goes on" in done.stderr
    assert [file.name for file in out.iterdir()] == ["field.texnet.checkpoint"]
    done = texnet(*words, "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["trained"] == 1
    assert [file.name for file in out.iterdir()] == ["field.texnet"]


def optimize_command(exemplar, random_vgg19_file, out, *more):
    quick = ["--size", "80x64", "--exemplar-size", "64", "--padding", "zero", "--vgg19", str(random_vgg19_file)]
    return ["optimize", str(exemplar), "-o", str(out), *quick, "--precision", "f32", *more]


@pytest.mark.parametrize("suffix", ["png", "exr"])
def test_optimize_makes_one_picture(inside, exemplar, random_vgg19_file, tmp_path, suffix):
    out = tmp_path / f"o.{suffix}"
    done = inside(*optimize_command(exemplar, random_vgg19_file, out, "--steps", "3", "--json"))
    assert done.returncode == 0 and done.stderr == "", done.stderr
    facts = json.loads(done.stdout)
    assert (facts["output"], facts["width"], facts["height"]) == (str(out), 80, 64) and facts["loss"] > 0
    assert out.stat().st_size > 500
    if suffix == "png":
        assert loaded(out).shape == (64, 80, 3)


def test_optimize_paints_in_a_style(inside, exemplar, random_vgg19_file, tmp_path):
    Image.fromarray(np.uint8(255 * picture(100, 200))).save(tmp_path / "content.png")
    words = ["--style", exemplar, "--style-size", 64, "--size", 128, "--padding", "zero", "--precision", "f32"]
    words += ["--vgg19", random_vgg19_file, "--steps", 2, "--json", "-o", tmp_path / "o.png"]
    done = inside("optimize", tmp_path / "content.png", *words)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    facts = json.loads(done.stdout)
    assert (facts["width"], facts["height"]) == (128, 64) and facts["loss"] > 0
    assert loaded(tmp_path / "o.png").shape == (64, 128, 3)


@posix
def test_ctrl_c_during_optimize_leaves_the_preview_alone(exemplar, random_vgg19_file, tmp_path):
    preview = tmp_path / "preview.png"
    words = optimize_command(exemplar, random_vgg19_file, tmp_path / "o.png", "--steps", "99999", "--preview", preview)
    done = interrupted(words, lambda said: preview.exists())
    assert done.returncode == 1 and done.stdout == ""
    said = [
        line for line in done.stderr.splitlines() if not line.startswith("optimizing: ")
    ]  # as it is every ten seconds
    assert said == ["texnet: stopped; nothing was written"]
    assert made(tmp_path) == ["exemplar.png", "preview.png"]


@posix
def test_ctrl_c_during_synth_leaves_no_file(artifact_file, tmp_path):
    words = ["synth", artifact_file, "-o", tmp_path / "o.png", "--size", 16384]
    done = interrupted(words, lambda said: half_written(tmp_path))
    assert done.returncode == 1 and "stopped" in done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_gets_a_bar_with_rate_and_time_left(artifact_file, tmp_path):
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    parent, child = pty.openpty()
    termios.tcsetwinsize(child, (40, 120))
    command = [*TEXNET, "synth", str(artifact_file), "-o", str(tmp_path / "o.png"), "--size", "1024"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=child)
    os.close(child)
    impatience = threading.Timer(PATIENCE, process.kill)
    impatience.start()
    shown = b""
    try:
        while chunk := os.read(parent, 4096):
            shown += chunk
    except OSError:  # the terminal's other end is closed
        pass
    os.close(parent)
    impatience.cancel()
    assert process.wait(60) == 0
    text = shown.decode()
    assert "rows" in text and "%" in text and "row/s" in text
    assert re.search(r"\d\d:\d\d<\d\d:\d\d", text)


@bytes_as_names
def test_odd_names_and_consoles_do_no_harm(artifact_file, exemplar, quick, tmp_path):
    out = tmp_path / "模.png"
    done = texnet("synth", artifact_file, "-o", out, "--size", 64, env=os.environ | {"PYTHONIOENCODING": "cp1252"})
    assert done.returncode == 0 and out.exists() and "\\u6a21" in done.stdout
    bytes_name = tmp_path / os.fsdecode(b"\xff\xfe.png")
    bytes_name.write_bytes(exemplar.read_bytes())
    done = texnet("train", bytes_name, "-o", tmp_path / "out.texnet", *quick, "--steps", 10)
    assert done.returncode == 0, done.stderr
    assert texnet("info", tmp_path / "out.texnet").returncode == 0


@bytes_as_names
def test_names_that_are_no_text_work_in_every_format(inside, artifact_file, tmp_path):
    folder = tmp_path / os.fsdecode(b"d\xff")
    folder.mkdir()
    for suffix in ("png", "tif", "exr", "jpg"):
        out = folder / os.fsdecode(b"\xff." + suffix.encode())
        done = inside("synth", artifact_file, "-o", out, "--size", 64)
        assert done.returncode == 0 and out.exists(), done.stderr


def test_errors_nobody_can_read_keep_their_exit_code():
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with open("/dev/full", "w") as full:
        for words, streams in ((["--json"], {"stdout": full}), ([], {"stderr": full})):
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
            done = subprocess.run([*TEXNET, "info", "nosuch", *words], text=True, timeout=PATIENCE, **pipes)
            assert done.returncode == 2 and "Traceback" not in (done.stderr or "")


def test_a_full_console_is_one_line_and_no_traceback(artifact_file, tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with open("/dev/full", "w") as full:
        command = [*TEXNET, "synth", str(artifact_file), "-o", str(tmp_path / "o.png"), "--size", "64"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and "No space left" in done.stderr


def test_a_strangers_file_cannot_speak_to_the_terminal(inside, artifact, tmp_path):
    from texnet_core import Provenance, write_artifact

    sly = replace(artifact, provenance=Provenance(author="\x1b]0;gotcha\x07\nlicense: CC0"))
    write_artifact(tmp_path / "sly.texnet", sly)
    shown = inside("info", tmp_path / "sly.texnet").stdout
    assert "\x1b" not in shown and "\\x1b]0;gotcha" in shown and shown.count("license: ") == 2
    assert sum(line.strip().startswith("license:") for line in shown.splitlines()) == 1


@pytest.mark.parametrize("imported", ["runpy", "click", "numpy", "onnxruntime"])
@posix
def test_ctrl_c_during_start_up_is_no_traceback(artifact_file, tmp_path, imported):
    words = ["synth", artifact_file, "-o", tmp_path / "o.png", "--size", 4096, "--engine", "onnx"]
    this_far = re.compile(rf"\| +{imported}$", re.MULTILINE)
    done = interrupted(words, this_far.search, signal.SIGTERM, python=["-X", "importtime"])
    # before its first line runs, Python itself answers to the signal
    assert done.returncode in (1, -signal.SIGTERM) and "Traceback" not in done.stderr
    assert this_far.search(done.stderr) and list(tmp_path.iterdir()) == []


def test_the_version_is_the_packages():
    from importlib.metadata import version

    assert texnet("--version").stdout.strip().endswith(version("texnet"))
    assert texnet().returncode == 2


def made(folder):
    return sorted(path.name for path in folder.iterdir())


def test_synth_makes_series(inside, artifact_file, tmp_path):
    out, common = tmp_path / "r.png", ("--size", 64, "--engine", "onnx")
    for options, names in (
        (("--count", 2, "--seed", 5), ["r_seed5.png", "r_seed6.png"]),
        (("--loop", 3), ["r_0001.png", "r_0002.png", "r_0003.png"]),
        (("--udim", "2x1"), ["r.1001.png", "r.1002.png"]),
    ):
        done = inside("synth", artifact_file, "-o", out, *common, *options, "--json")
        assert done.returncode == 0, done.stderr
        assert [Path(path).name for path in json.loads(done.stdout)["outputs"]] == names == made(tmp_path)
        pictures = [loaded(tmp_path / name) for name in names]
        assert not np.array_equal(pictures[0], pictures[1])
        for name in names:
            (tmp_path / name).unlink()


def test_missing_folders_are_made(inside, artifact_file, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for words in (
        ("synth", artifact_file, "-o", "~/a/b/o.png", "--size", "64X32", "--engine", "onnx"),
        ("synth", artifact_file, "-o", "$HOME/a/c/t.png", "--size", 64, "--udim", "2X1", "--engine", "onnx"),
        ("eval", artifact_file, "--seeds", 2, "--report", "~/d/e"),
    ):
        done = inside(*words)
        assert done.returncode == 0, done.stderr
    assert loaded(tmp_path / "a/b/o.png").shape == (32, 64, 3)
    assert made(tmp_path / "a/c") == ["t.1001.png", "t.1002.png"]
    assert made(tmp_path / "d/e") == ["report.html", "report.png"]


def test_synth_regions_and_axes(inside, artifact_file, tmp_path):
    def synth(name, *options):
        out = tmp_path / f"{name}.png"
        done = inside("synth", artifact_file, "-o", out, "--size", "128", "--engine", "onnx", *options)
        assert done.returncode == 0, done.stderr
        return loaded(out)

    whole = synth("whole")
    assert np.array_equal(synth("part", "--region", "100,90,60,70"), np.tile(whole, (2, 2, 1))[90:160, 100:160])
    assert np.array_equal(synth("around", "--region=-28,0,60,70"), np.roll(whole, 28, 1)[:70, :60])
    endless = synth("endless", "--tile", "none")
    assert np.array_equal(endless[32:96, 32:96], whole[32:96, 32:96]) and not np.array_equal(endless, whole)
    assert not np.array_equal(synth("scaled", "--scale", "2"), whole)
    one, two = (synth(f"threads{n}", "--threads", n) for n in (1, 2))
    assert np.array_equal(one, two)


def test_batch_tells_and_exits_by_what_became_of_the_jobs(inside, artifact_file, tmp_path):
    jobs = tmp_path / "jobs.toml"
    jobs.write_text(f"""
        [settings]
        engine = "onnx"
        [[jobs]]
        source = ["{artifact_file}", "nothing"]
        size = 64
        seed = [1, 2]
        output = "out/{{source}}_{{seed}}.png"
    """)
    first = inside("batch", jobs)
    assert first.returncode == 1 and "2 made, 0 skipped as complete, 2 failed" in first.stdout
    assert first.stderr.count("no preset is called 'nothing'") == 2 and "Traceback" not in first.stderr
    again = inside("batch", jobs, "--json")
    facts = json.loads(again.stdout)
    assert again.returncode == 1 and (facts["made"], facts["skipped"], facts["failed"]) == (0, 2, 2)
    assert {job["status"] for job in facts["jobs"]} == {"skipped", "failed"}
    jobs.write_text(jobs.read_text().replace(', "nothing"', ""))
    assert inside("batch", jobs).returncode == 0
    assert made(tmp_path / "out") == ["random_1.png", "random_2.png"]


@posix
def test_a_killed_synth_leaves_nothing_that_looks_complete(artifact_file, tmp_path):
    (tmp_path / "o.png").write_bytes(b"the old picture")
    words = ["synth", artifact_file, "-o", tmp_path / "o.png", "--size", 16384]
    done = interrupted(words, lambda said: half_written(tmp_path), signal.SIGKILL)
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "o.png").read_bytes() == b"the old picture"
    assert all(path.name == "o.png" or path.name.startswith(".texnet-") for path in tmp_path.iterdir())


@posix
def test_ctrl_c_during_a_batch_keeps_what_is_complete(artifact_file, tmp_path):
    jobs = tmp_path / "jobs.toml"
    jobs.write_text(f"""
        [[jobs]]
        source = "{artifact_file}"
        size = [64, 16384]
        output = "{{width}}.png"
    """)
    done = interrupted(["batch", jobs], lambda said: (tmp_path / "64.png").exists() and half_written(tmp_path))
    assert done.returncode == 1 and "stopped" in done.stderr and "Traceback" not in done.stderr
    assert made(tmp_path) == ["64.png", "jobs.done.jsonl", "jobs.toml"]


def test_eval_prints_one_table_and_one_object_and_writes_a_report(inside, artifact_file, exemplar, tmp_path):
    done = inside("eval", artifact_file, "--seeds", 2, "--report", tmp_path / "report")
    assert done.returncode == 0, done.stderr
    assert "repetition" in done.stdout
    assert done.stdout.count("no exemplar was given") == 1 and "diversity; memorization: no exemplar" in done.stdout
    assert {path.name for path in (tmp_path / "report").iterdir()} == {"report.png", "report.html"}
    sheet = tmp_path / "report" / "report.png"
    before = sheet.read_bytes()
    refused = inside("eval", artifact_file, "--exemplar", sheet, "--report", tmp_path / "report")
    assert (
        refused.returncode == 2
        and "--report would replace the exemplar" in refused.stderr
        and sheet.read_bytes() == before
    )
    other = ("--exemplar", exemplar, "--report", tmp_path / "other", "--vgg19", exemplar)
    refused = inside("eval", artifact_file, *other)
    assert refused.returncode == 1 and not (tmp_path / "other").exists()
    facts = json.loads(inside("eval", artifact_file, "--seeds", 2, "--json").stdout)
    low, high = facts["figures"]["seam_x"]["interval"]
    assert low < 1 < high and facts["missing"]["colour"] == "no exemplar was given" and facts["outputs"] == []


@pytest.fixture(scope="module")
def report():
    """One measurement for all tests of it, since it takes long; tests/gpu runs the command itself."""
    artifact = untrained(PyramidSettings(levels=3, channels=4, detail_levels=1), MATERIAL_MAPS[:3])
    return run_benchmark(artifact, [128, 256], ("onnx",), repeats=1, threads=1)


def test_bench_holds_maps_against_colors_and_detail_against_none(report):
    ratios = [(row.of_colors, row.of_plain) for row in report.rows if row.contender == "onnx"]
    assert len(ratios) == 2 and min(map(min, ratios)) > 0
    others = [(row.of_colors, row.of_plain) for row in report.rows if row.contender != "onnx"]
    assert set(others) <= {(None, None)} and (report.levels, report.detail_levels) == (3, 1)


def test_bench_prints_one_table_and_one_object(report, monkeypatch):
    monkeypatch.setattr("train_cli.bench.run_benchmark", lambda *arguments, **options: report)
    shown = CliRunner().invoke(main.texnet, ["bench"]).output
    head, *lines = shown.splitlines()
    assert head.split()[:5] == ["engine", "device", "dtype", "size", "ms"]
    assert [line.split()[0] for line in lines[:4]] == ["onnx", "onnx", "naive", "naive"]
    assert "matrix product, f32 on cpu, onnx" in shown and "copy on cpu" in shown and "1 of detail" in shown
    facts = json.loads(CliRunner().invoke(main.texnet, ["bench", "--json"]).output)
    row, _, naive, _ = facts["rows"]
    assert row["contender"] == "onnx" and naive["contender"] == "naive" and facts["levels"] == 3
    best = max(p["gflops"] for p in facts["product_gflops"] if p["precision"] == "f32")
    assert row["of_product"] == pytest.approx(row["gflops"] / best)
    assert row["texels_per_second"] == pytest.approx(128**2 / row["milliseconds"] * 1e3)
    assert row["faster_than_naive"] == pytest.approx(naive["milliseconds"] / row["milliseconds"])
    assert row["peak_mb"] > 20 and 0 < row["noise"] < 1 and row["startup_seconds"] > 0
