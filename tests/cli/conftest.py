"""The command in the tests' own process, which takes less time than a start of Python."""

import subprocess
import sys

import pytest

from train_cli import main


@pytest.fixture
def run(monkeypatch, capfd, tmp_path):
    """The command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        words = [*map(str, words)]
        monkeypatch.setattr(sys, "argv", ["texnet", *words])
        capfd.readouterr()
        return subprocess.CompletedProcess(words, main.run(), *capfd.readouterr())

    return run
