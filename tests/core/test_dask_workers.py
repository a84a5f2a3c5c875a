"""Planes that Dask workers make: the very bytes of one process, whoever dies, and errors that say where."""

import errno
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import MATERIAL, posix, random_artifact
from tests.waiting import wait_until
from texnet_core import TexnetError, TextureRequest, dask_array, open_plane, synthesize, write_plane
from texnet_core.atomic import as_output_error
from texnet_core.huge.job import Job
from texnet_core.huge.recipe import recipe_of
from texnet_core.pictures.color import quantize

distributed = pytest.importorskip("distributed", reason="needs the extra [dask]")
zarr = pytest.importorskip("zarr", reason="needs the extra [dask]")

from texnet_core.huge.cluster import dask_workers  # noqa: E402

# Dask's own, when processes end
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

STRIP = TextureRequest(seed=2, engine="onnx", tile="none", region=(-60, 1000, 8000, 40))  # four shards side by side


@pytest.fixture(scope="module")
def generator():
    return random_artifact(levels=1)


@pytest.fixture(scope="module")
def processes():
    """Two workers, and what is told of them."""
    with dask_workers(workers=2) as workers:
        yield workers


@contextmanager
def scheduler():
    """One without workers, and its address."""
    with distributed.LocalCluster(
        n_workers=0, processes=False, dashboard_address="127.0.0.1:0", host="127.0.0.1", protocol="tcp"
    ) as cluster:
        yield cluster.scheduler_address


@contextmanager
def worker_at(address, folder, **environment):
    """A worker in a process of its own, as a cluster has them."""
    words = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1"]
    process = subprocess.Popen(
        [*words, "--no-dashboard"],
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def check_windows(path, artifact, request, windows):
    """Windows of a group are what one process makes of them."""
    group, plane = zarr.open_group(path, mode="r"), open_plane(artifact, request)
    x, y = request.window[:2]
    for rows, columns in windows:
        texels = plane[rows.start + y : rows.stop + y, columns.start + x : columns.stop + x]
        np.testing.assert_array_equal(group["albedo"][rows, columns], quantize(texels[..., :3], 8))


def test_sampled_windows_are_those_of_one_process(processes, tmp_path):
    artifact = random_artifact(levels=1, maps=MATERIAL)
    request = TextureRequest(width=2112, height=2112, seed=5, engine="onnx", precision="f32")
    path = write_plane(artifact, request, tmp_path / "plane.zarr", workers=processes)
    windows = [
        (slice(2000, 2100), slice(1990, 2100)),
        (slice(0, 50), slice(2100, 2112)),
        (slice(900, 910), slice(0, 9)),
    ]
    check_windows(path, artifact, request, windows)


def test_tiles_by_workers_are_those_of_one_process(generator, processes, tmp_path):
    request = TextureRequest(width=100, height=70, engine="onnx")
    for name, by in (("one", {}), ("many", {"workers": processes})):
        write_plane(generator, request, tmp_path / name / "t_{x}_{y}.tif", side=(64, 64), **by)
    one, many = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "many"))
    assert one == many and len(one) == 5


def test_a_lazy_array_is_made_by_workers_alike(generator, processes):
    request = TextureRequest(width=512, height=256, engine="onnx", maps="albedo")
    lazy = dask_array(generator, request, chunks=128)
    with distributed.Client(processes.address, set_as_default=False) as client:
        made = client.compute(lazy[20:200, 100:].rechunk((90, 200, 3))).result()
    np.testing.assert_array_equal(made, synthesize(generator, request)["albedo"][20:200, 100:])


@posix
def test_a_killed_worker_changes_nothing(generator, processes, tmp_path):
    killed = []

    def kill_one(progress):
        if progress.done == 1 and not killed:
            killed.extend(processes.ask(os.getpid).values())
            os.kill(killed[0], signal.SIGKILL)

    path = write_plane(generator, STRIP, tmp_path / "plane.zarr", workers=processes, progress=kill_one)
    check_windows(path, generator, STRIP, [(slice(0, 40), slice(0, 8000))])


def test_memory_of_workers_does_not_grow_with_the_plane(generator, processes, tmp_path):
    def most_memory():
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    request = TextureRequest(width=2048, height=4096, engine="onnx")
    write_plane(generator, request, tmp_path / "small.zarr", workers=processes)
    before = max(processes.ask(most_memory).values())
    larger = TextureRequest(width=4096, height=6144, engine="onnx")
    write_plane(generator, larger, tmp_path / "large.zarr", workers=processes)
    assert max(processes.ask(most_memory).values()) - before < 30  # MiB; the plane itself has 72


@dataclass(frozen=True)
class FullDisk:
    """A target whose disk has no room."""

    output: Path

    def write(self, folder, plane, number):
        with as_output_error(self.output):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_failing_worker_is_named(generator, processes, tmp_path):
    job = Job(recipe_of(open_plane(generator, STRIP), STRIP), FullDisk(tmp_path / "plane.zarr"), tmp_path)
    host = socket.gethostname()
    with pytest.raises(TexnetError) as caught:
        list(processes.make(job, [0]))
    assert f" on {host}: {tmp_path / 'plane.zarr'} cannot be written (No space left on device)" in caught.value.found
    assert caught.value.found.startswith("the worker tcp://") and "make room" in caught.value.remedy


def test_a_worker_that_does_not_see_the_folder_is_named(generator, processes, tmp_path):
    job = Job(recipe_of(open_plane(generator, STRIP), STRIP), FullDisk(tmp_path), tmp_path / "elsewhere" / "result")
    with pytest.raises(TexnetError, match=r"the worker tcp://.* does not see .*elsewhere; write to a folder that all"):
        list(processes.make(job, [0]))


def test_a_worker_with_another_version_is_named(generator, tmp_path):
    (tmp_path / "old" / "texnet-0.0.1.dist-info").mkdir(parents=True)
    (tmp_path / "old" / "texnet-0.0.1.dist-info" / "METADATA").write_text("Name: texnet\nVersion: 0.0.1\n")
    search = os.pathsep.join([str(tmp_path / "old"), os.environ["PYTHONPATH"]])
    with scheduler() as address, worker_at(address, tmp_path, PYTHONPATH=search):
        with dask_workers(address, patience_s=600) as workers, pytest.raises(TexnetError) as caught:
            write_plane(generator, STRIP, tmp_path / "plane.zarr", workers=workers)
    assert "has TexNet 0.0.1, and here it is" in caught.value.found and "install TexNet" in caught.value.remedy
    assert not (tmp_path / "plane.zarr").exists()


def test_a_worker_without_texnet_is_named(generator, tmp_path):
    (tmp_path / "other" / "texnet_core").mkdir(parents=True)
    (tmp_path / "other" / "texnet_core" / "__init__.py").write_text("raise ModuleNotFoundError('No texnet_core')\n")
    with scheduler() as address, worker_at(address, tmp_path, PYTHONPATH=str(tmp_path / "other")):
        with dask_workers(address, patience_s=600) as workers, pytest.raises(TexnetError) as caught:
            write_plane(generator, STRIP, tmp_path / "plane.zarr", workers=workers)
    assert "cannot use TexNet" in caught.value.found and "tcp://" in caught.value.found


def test_workers_that_all_go_are_missed(generator, tmp_path):
    with scheduler() as address, worker_at(address, tmp_path) as process:
        wait_until(lambda: workers_of(address))
        with dask_workers(address, patience_s=2) as workers, pytest.raises(TexnetError, match="has no workers; start"):
            write_plane(generator, STRIP, tmp_path / "p.zarr", workers=workers, progress=lambda _: process.kill())
    assert not (tmp_path / "p.zarr").exists()


def workers_of(address):
    with distributed.Client(address, set_as_default=False) as client:
        return client.nthreads()


def test_a_scheduler_that_is_not_there_or_has_no_workers():
    with pytest.raises(TexnetError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9; start one there with"):
        with dask_workers("tcp://127.0.0.1:9", patience_s=0.5):
            pass
    with scheduler() as address, pytest.raises(TexnetError, match="has no workers; start some with: dask worker tcp"):
        with dask_workers(address, patience_s=0.5):
            pass


def test_a_missing_dask_is_explained(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(TexnetError, match=r"--dask needs distributed.* pip install 'texnet\[dask\]'"):
        with dask_workers():
            pass
