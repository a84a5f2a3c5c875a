"""Lists on a cluster, from the command line: what is refused before anything is made."""

import subprocess
from contextlib import nullcontext

import pytest

from tests.conftest import TEXNET

LIST = '[[jobs]]\nsource = "moss"\nsize = 64\noutput = "moss.png"\n'


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--ray-cpus", "2"], 2, "--ray-cpus is for lists on a cluster; add --ray"),
        (["--ray-results", "s3://a/b"], 2, "--ray-results is for lists on a cluster; add --ray"),
        (["--ray", "127.0.0.1:1"], 1, "at 127.0.0.1:1"),
        (["--ray", "127.0.0.1:1", "--ray-results", "bogus://a/b"], 2, "bogus://a/b is no URL for results"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path, words, code, says):
    pytest.importorskip("ray")
    (tmp_path / "jobs.toml").write_text(LIST)
    ended = subprocess.run(
        [*TEXNET, "batch", "jobs.toml", *words], cwd=tmp_path, capture_output=True, text=True, timeout=600
    )
    assert ended.returncode == code and says in ended.stderr and ended.stderr.count("\n") == 1, ended.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["jobs.toml"]


def test_what_ray_prints_stays_out_of_the_standard_output(tmp_path, capsys, monkeypatch):
    pytest.importorskip("ray")
    from texnet_core.lists import ray_pool
    from train_cli.cluster import pool_of

    monkeypatch.setattr(ray_pool, "RayPool", lambda *words, **more: nullcontext())
    with pool_of("auto", 0, None, tmp_path):
        print("(raylet) a node was lost")  # noqa: T201
    print("results")  # noqa: T201
    assert capsys.readouterr().out == "results\n"
