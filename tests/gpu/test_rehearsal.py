"""The script for a GPU runs through here too, on the CPU."""

import json
import subprocess
import sys

import torch

from tests.conftest import ROOT
from tests.waiting import PATIENCE


def script(*words):
    command = [sys.executable, "-m", "tests.gpu", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, cwd=ROOT)


def test_the_quickest_path_finds_something_in_every_part(tmp_path):
    output = tmp_path / "report.json"
    done = script("--device", "cpu", "--quick", "--output", output)
    assert done.returncode == 0, done.stdout + done.stderr
    parts = json.loads(output.read_text())["parts"]
    assert set(parts["properties"]["outcomes"].values()) == {"passed"}
    assert {row["contender"] for row in parts["bench"]["rows"]} == {"torch", "naive"}
    assert parts["training"]["steps_per_second"] > 0 and parts["training"]["last_loss"] > 0
    assert parts["texture"]["f32"]["seconds"] > 0


def test_what_has_no_time_left_is_ended_and_said(tmp_path):
    output = tmp_path / "report.json"
    done = script("--device", "cpu", "--only", "training", "--seconds", 1, "--output", output)
    assert done.returncode == 1 and "failed: training" in done.stdout
    assert "did not end within" in json.loads(output.read_text())["parts"]["training"]["why"]


def test_without_a_gpu_it_says_so(tmp_path):
    if torch.accelerator.is_available():
        return
    done = script("--output", tmp_path / "report.json")
    assert done.returncode == 3 and "no GPU" in done.stdout and not (tmp_path / "report.json").exists()
