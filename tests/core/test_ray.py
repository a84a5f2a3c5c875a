"""Lists on a cluster of several nodes: bytes are those of one process, whatever dies meanwhile."""

import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.conftest import picture
from tests.core import ray_tasks
from tests.core.test_recipe_kinds import network, style
from tests.core.trainings import assert_same_parameters, parameters_of
from tests.waiting import wait_until
from texnet_core import Cancelled
from texnet_core.errors import EngineError, RequestError
from texnet_core.lists import job_runner, ray_cluster, recipe_runner
from texnet_core.lists.job_runner import run_jobs
from texnet_core.lists.jobs import read_jobs
from texnet_core.lists.ray_pool import RayPool
from texnet_core.lists.recipe_runner import run_recipes
from texnet_core.lists.recipes import read_recipes
from texnet_core.lists.shared_results import SharedResults
from texnet_core.lists.texture_recipes import TextureRecipe
from texnet_core.model.artifact import checkpoint_path
from texnet_core.pictures.color import quantize
from texnet_core.pictures.writing import write_image

ray = pytest.importorskip("ray", reason="needs Ray: pip install 'texnet[ray]'")

JOBS = 40
VERSION = version("texnet")
LIST = f"""
[settings]
engine = "onnx"
[[jobs]]
source = "random.texnet"
size = 64
seed = {list(range(JOBS))}
output = "out/{{source}}_{{seed}}.png"
"""
RECIPE = """
[recipes.field]
exemplar = "a.png"
title = "Field"
kind = "grass"
author = "A. Painter"
license = "CC0-1.0"
source = "https://example.org/field"
descriptor = "patches"
size = 32
exemplar_size = 32
steps = 10
levels = 3
"""


class Nodes:
    """A cluster whose head makes nothing, and so many nodes with one core each that do."""

    def __init__(self):
        from ray.cluster_utils import Cluster

        quick = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 2}
        small = {"object_store_memory": 80 * 2**20, "include_dashboard": False}
        self._small = small
        self._cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "_system_config": quick, **small})
        self.address = self._cluster.address
        self.nodes = []

    def has(self, count):
        """Let there be so many."""
        while len(self.nodes) < count:
            self.nodes.append(self._started())
        while len(self.nodes) > count:
            self.kill()

    def _started(self, tries=3):
        """A node; on a machine that is busy beyond measure, Ray's own processes may not come up at first."""
        try:
            return self._cluster.add_node(num_cpus=1, **self._small)
        except Exception:
            if tries == 1:
                raise
            return self._started(tries - 1)

    def kill(self):
        self._cluster.remove_node(self.nodes.pop(), allow_graceful=False)

    def close(self):
        ray.shutdown()
        self._cluster.shutdown()


@pytest.fixture(scope="module")
def s3():
    """The address of a server that stores as S3 does."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def nodes(s3):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (
            ("RAY_USAGE_STATS_ENABLED", "0"),
            ("RAY_worker_niceness", "0"),  # a busy machine would never come to them
            ("RAY_raylet_start_wait_time_s", "60"),  # and slow is not dead
            ("RAY_worker_register_timeout_seconds", "600"),
            ("RAY_memory_monitor_refresh_ms", "0"),  # nor are they to be killed for what others need
            ("OMP_NUM_THREADS", "1"),
            ("AWS_ENDPOINT_URL", s3),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ):
            patch.setenv(name, value)
        cluster = Nodes()
        try:
            yield cluster
        finally:
            cluster.close()


@pytest.fixture(scope="module")
def pool(nodes):
    with RayPool(nodes.address) as pool:
        yield pool


@pytest.fixture
def folder(tmp_path, artifact_file):
    (tmp_path / "random.texnet").write_bytes(artifact_file.read_bytes())
    (tmp_path / "jobs.toml").write_text(LIST)
    return tmp_path


def run(folder, pool=None, **options):
    return run_jobs(read_jobs(folder / "jobs.toml"), folder / "record", pool=pool, **options)


def statuses(results):
    return [result.status for result in results]


def made_in(folder):
    return {file.name: file.read_bytes() for file in (folder / "out").iterdir()}


@pytest.fixture(scope="module")
def expected(tmp_path_factory, artifact_file):
    """What one process makes of the list."""
    folder = tmp_path_factory.mktemp("alone")
    (folder / "random.texnet").write_bytes(artifact_file.read_bytes())
    (folder / "jobs.toml").write_text(LIST)
    assert statuses(run(folder)) == ["made"] * JOBS
    return made_in(folder)


def test_a_node_that_dies_in_the_middle_loses_nothing(nodes, pool, folder, expected):
    nodes.has(2)
    reports = []

    def kill_one(progress):
        reports.append(progress)
        if len(nodes.nodes) == 2 and progress.done > progress.total / 4:
            nodes.kill()

    results = run(folder, pool, progress=kill_one)
    assert len(nodes.nodes) == 1
    assert statuses(results) == ["made"] * JOBS, [result.error for result in results if result.error]
    assert made_in(folder) == expected
    assert [r.done for r in reports] == sorted(r.done for r in reports) and reports[-1].done == reports[-1].total
    (folder / "out" / "random_3.png").unlink()
    again = statuses(run(folder, pool))
    assert again.count("skipped") == JOBS - 1 and again[3] == "made" and made_in(folder) == expected
    assert statuses(run(folder)) == ["skipped"] * JOBS


def test_failures_stay_apart_and_name_the_node(nodes, pool, folder, monkeypatch):
    nodes.has(1)
    text = LIST.replace(str(list(range(JOBS))), "[0, 1]").replace('"random.texnet"', '["random.texnet", "none"]')
    (folder / "jobs.toml").write_text(text)
    results = run(folder, pool)
    assert statuses(results) == ["made", "made", "failed", "failed"] and "no preset" in results[2].error
    monkeypatch.setattr(job_runner, "Order", ray_tasks.OnFullDisk)
    (folder / "out" / "random_1.png").unlink()
    _, full, *_ = run(folder, pool)
    assert full.status == "failed" and "\n" not in full.error
    assert full.error.startswith(f"node {socket.gethostname()}: ") and "make room" in full.error
    assert list(made_in(folder)) == ["random_0.png"]


def test_what_cancels_stops_the_cluster_too(nodes, pool, folder):
    nodes.has(1)

    def cancel(progress):
        if progress.done:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(folder, pool, progress=cancel)
    wait_until(lambda: ray.available_resources().get("CPU") == len(nodes.nodes))
    made = made_in(folder)
    assert 0 < len(made) < JOBS and not [name for name in made if name.startswith(".")]
    assert statuses(run(folder, pool)).count("skipped") >= len(made) - 1


def test_what_lies_below_the_folder_has_a_place_in_the_shared_one(tmp_path):
    results = SharedResults.at(f"file://{tmp_path}/shared", tmp_path)
    assert results.place_of(tmp_path / "..wave.png").endswith("/shared/..wave.png")
    with pytest.raises(RequestError, match="does not lie below"):
        results.place_of(tmp_path.parent / "wave.png")


@pytest.mark.parametrize("kind", ["file", "s3"])
def test_nodes_write_to_a_place_that_all_reach(nodes, folder, expected, kind):
    import fsspec

    nodes.has(1)
    (folder / "jobs.toml").write_text(LIST.replace(str(list(range(JOBS))), "[0, 1, 2]"))
    url = f"file://{folder}/shared" if kind == "file" else "s3://textures/run"
    if kind == "s3":
        fsspec.filesystem("s3").mkdir("textures")
    with RayPool(nodes.address, results=SharedResults.at(url, folder)) as pool:
        for status in ("made", "skipped"):
            results = run(folder, pool)
            assert statuses(results) == [status] * 3, results[0].error
        assert not (folder / "out").exists()
        places = [pool.place_of(result.files[0]) for result in results]
        assert places == [f"{url}/out/random_{seed}.png" for seed in range(3)]
        for place in places:
            with fsspec.open(place, "rb") as file:
                assert file.read() == expected[place.rsplit("/", 1)[1]]
        fsspec.core.url_to_fs(places[1])[0].rm_file(places[1].removeprefix("file://"))
        assert statuses(run(folder, pool)) == ["skipped", "made", "skipped"]


def test_a_training_keeps_its_checkpoint_in_that_place(nodes, tmp_path, monkeypatch):
    nodes.has(1)
    write_image(tmp_path / "a.png", quantize(picture(), 8))
    shared = tmp_path / "shared"
    with RayPool(nodes.address, results=SharedResults.at(f"file://{shared}", tmp_path / "made")) as pool:

        def stop(progress):
            if progress.done >= 0.4:
                raise Cancelled

        monkeypatch.setitem(recipe_runner.TRAININGS, TextureRecipe, ray_tasks.HeldAtStep5)
        recipes = read_recipes(RECIPE.encode())
        with pytest.raises(Cancelled):
            run_recipes(recipes, tmp_path, tmp_path / "made", pool=pool, progress=stop)
        assert [file.name for file in shared.iterdir()] == [checkpoint_path(Path("field.texnet")).name]
        (result,) = run_recipes(recipes, tmp_path, tmp_path / "made", pool=pool)
        assert (result.status, result.error) == ("trained", "")
        assert [file.name for file in shared.iterdir()] == ["field.texnet"] and not (tmp_path / "made").exists()


DRIVER = """
import sys
from pathlib import Path
from texnet_core.lists.job_runner import run_jobs
from texnet_core.lists.jobs import read_jobs
from texnet_core.lists.ray_pool import RayPool
if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with RayPool(sys.argv[2]) as pool:
        run_jobs(read_jobs(folder / "jobs.toml"), folder / "record", pool=pool)
"""


def test_a_driver_that_was_killed_goes_on(nodes, pool, folder, expected):
    nodes.has(1)
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, str(folder), nodes.address])
    record = folder / "record"
    wait_until(lambda: driver.poll() is not None or (record.exists() and record.read_text().count("\n") > 5))
    driver.kill()
    driver.wait()
    again = statuses(run(folder, pool))
    assert again.count("skipped") >= 5 and set(again) <= {"made", "skipped"}
    for file in (folder / "out").glob(".texnet-*"):  # what a killed process was writing
        file.unlink()
    assert made_in(folder) == expected


def run_alone(recipes, folder):
    """Train in this process, in one thread as a node does."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        run_recipes(recipes, folder, folder / "alone")
    finally:
        torch.set_num_threads(threads)


def test_a_training_whose_node_dies_goes_on_elsewhere(nodes, pool, tmp_path, monkeypatch):
    nodes.has(1)
    write_image(tmp_path / "a.png", quantize(picture(), 8))
    recipes = read_recipes(RECIPE.encode())
    kept = checkpoint_path(tmp_path / "made" / "field.texnet")
    killed, told = [], []

    def kill(progress):
        told.append(progress)
        if not killed and progress.done >= 0.4 and kept.exists():
            killed.append(kept.stat().st_size)
            nodes.kill()
            nodes.has(1)

    monkeypatch.setitem(recipe_runner.TRAININGS, TextureRecipe, ray_tasks.HeldAtStep5)
    (result,) = run_recipes(recipes, tmp_path, tmp_path / "made", pool=pool, progress=kill)
    assert (result.status, result.error) == ("trained", "") and killed and not kept.exists()
    assert {part.stage for part in told} == {"recipes"}
    monkeypatch.undo()
    run_alone(recipes, tmp_path)
    assert_same_parameters(*(parameters_of(tmp_path / name / "field.texnet") for name in ("made", "alone")))
    (result,) = run_recipes(recipes, tmp_path, tmp_path / "made", pool=pool)
    assert result.status == "kept"


def test_weights_that_a_node_has_not_and_cannot_get_fail_its_recipes_and_name_it(nodes, pool, tmp_path, monkeypatch):
    monkeypatch.setenv("TEXNET_VGG19", "")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "empty"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # where nobody listens
    write_image(tmp_path / "a.png", quantize(picture(), 8))
    seeing = RECIPE.replace('"patches"', '"vgg19"\npadding = "zero"')
    other = RECIPE.replace("field", "lake")
    nodes.has(0)
    nodes.has(1)  # with these surroundings
    try:
        field, lake = run_recipes(read_recipes((seeing + other).encode()), tmp_path, tmp_path / "made", pool=pool)
    finally:
        nodes.has(0)
    assert field.status == "failed" and lake.status == "trained", lake.error
    assert field.error.startswith("node ") and "VGG-19" in field.error and "\n" not in field.error
    assert [file.name for file in (tmp_path / "made").iterdir()] == ["lake.texnet"]


def test_styles_and_networks_are_learned_on_nodes_as_they_are_here(nodes, pool, tmp_path, random_vgg19_file):
    nodes.has(1)
    for place in ("a.png", "walls/0.png", "walls/1.png"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        write_image(tmp_path / place, quantize(picture(168, 168, seed=len(place)), 8))
    machine = {"vgg19": str(random_vgg19_file), "precision": "f32", "device": "cpu"}
    recipes = read_recipes((style().replace('"content"', '"walls"') + network("many")).encode(), machine)
    results = run_recipes(recipes, tmp_path, tmp_path / "made", pool=pool)
    assert [(result.name, result.status, result.error) for result in results] == [
        ("wave", "trained", ""),
        ("walls", "trained", ""),
    ]
    run_alone(recipes, tmp_path)
    for name in ("wave", "walls"):
        made = [parameters_of(tmp_path / place / f"{name}.texnet") for place in ("made", "alone")]
        assert_same_parameters(*made)
    again = run_recipes(recipes, tmp_path, tmp_path / "made", pool=pool)
    assert [result.status for result in again] == ["kept", "kept"]


@pytest.mark.parametrize(
    ("here", "says"),
    [
        (("0.0.9", "code"), "has TexNet .*, and here is 0.0.9"),
        ((VERSION, "other"), f"has other code of TexNet {VERSION}"),
    ],
)
def test_a_node_with_another_texnet_ends_the_run_and_is_named(nodes, pool, folder, monkeypatch, here, says):
    nodes.has(1)
    monkeypatch.setattr(ray_cluster, "surroundings", lambda: here)
    with pytest.raises(EngineError, match=f"node {socket.gethostname()} {says}.*; install the same on all nodes"):
        run(folder, pool)
    assert not (folder / "out").exists()


@pytest.fixture
def disconnected(monkeypatch):
    """This process as one that knows no cluster."""
    monkeypatch.setattr(ray, "is_initialized", lambda: False)


def test_without_ray_one_line_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EngineError, match=r"not installed; run: pip install 'texnet\[ray\]'"):
        RayPool()


def test_where_no_cluster_answers_one_line_says_so(disconnected):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(EngineError, match=f"no Ray cluster answers at {address}"):
        RayPool(address)


def test_what_listens_and_says_nothing_is_no_cluster(disconnected, monkeypatch):
    monkeypatch.setattr(ray_cluster, "_PATIENCE_S", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(EngineError, match="nothing came within") as caught:
            RayPool(f"ray://127.0.0.1:{silent.getsockname()[1]}")
    assert "\n" not in str(caught.value)


def test_more_cpus_than_a_node_has_are_refused(nodes, folder):
    nodes.has(1)
    with RayPool(nodes.address, cpus=8) as pool:
        results = run(folder, pool)
    assert set(statuses(results)) == {"failed"} and "8 CPUs, and the largest node has 1" in results[0].error
