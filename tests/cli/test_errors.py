"""What nobody foresaw: one line that says what to do, and never a traceback unless it is asked for."""

import errno
import json
import os
import sys

import pytest
from PIL import Image

from texnet_core.errors import Cancelled, EngineError
from train_cli import checks, main


@pytest.fixture
def told(monkeypatch, capfd):
    """What a command says, and its exit code, where it raises an error."""

    def told(error, *words):
        def fail(**values):
            raise error

        monkeypatch.setattr(main.texnet.commands["presets"], "callback", fail)
        monkeypatch.setattr(sys, "argv", ["texnet", "presets", *words])
        code, (stdout, stderr) = main.run(), capfd.readouterr()
        return code, stdout, stderr

    return told


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
            "the system refused: No space left on device; free some room or redirect the output",
        ),
        (OSError("odd"), "the system refused: odd; free some room or redirect the output"),
        (
            ValueError("2 is\n3"),
            "TexNet stopped on an unexpected ValueError (2 is 3); run again with TEXNET_DEBUG=1 and report the details",
        ),
        (Cancelled("stopped; nothing was written"), "stopped; nothing was written"),
    ],
)
def test_every_error_is_one_line(told, error, line):
    assert told(error) == (1, "", f"texnet: {line}\n")
    code, stdout, stderr = told(error, "--json")
    assert (code, json.loads(stdout), stderr) == (1, {"error": line}, "")


def test_debugging_shows_where_an_unexpected_error_comes_from(told, monkeypatch):
    monkeypatch.setenv("TEXNET_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        told(ZeroDivisionError("x"))


def test_a_reader_that_has_seen_enough_is_no_error(told):
    assert told(BrokenPipeError()) == (1, "", "")


def test_training_without_torch_says_what_to_install(monkeypatch):
    monkeypatch.setattr(checks.importlib.util, "find_spec", lambda name: None)
    line = "training needs torch, which is not installed; run: pip install 'texnet[train]'"
    with pytest.raises(EngineError, match=f"^{line.replace('[', '.').replace(']', '.')}$"):
        checks.check_torch("training")


@pytest.mark.parametrize(
    "words",
    [("train", "a.png", "-o", "a.texnet"), ("style", "a.png", "-o", "a.texnet")],
)
def test_commands_that_train_in_one_process_refuse_several(run, monkeypatch, tmp_path, words):
    monkeypatch.setenv("WORLD_SIZE", "2")
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    done = run(*words)
    assert done.returncode == 2 and "torchrun has started 2 processes" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]
