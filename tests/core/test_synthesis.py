from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import ENGINES, MATERIAL, random_artifact
from texnet_core import Cancelled, TexnetError, TextureRequest, open_engine, open_plane, synthesize, write_window
from texnet_core.model.noise import NoisePlane
from texnet_core.pictures import writing
from texnet_core.settings import MAX_SEED

pytestmark = pytest.mark.device


def albedo(artifact, size, seed=3, **options):
    request = TextureRequest(width=size[0], height=size[1], seed=seed, **options)
    return synthesize(artifact, request)["albedo"]


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    """What is measured about bf16 stays in the test."""
    monkeypatch.setattr("texnet_core.engines.precision._file", lambda: tmp_path / "precision.json")


@pytest.mark.parametrize("name", ENGINES)
def test_a_block_equals_the_same_block_of_the_whole(artifact, name):
    engine = open_engine(artifact, name, precision="f32")
    plane = NoisePlane(9, 3, 128, 192)
    whole = engine.block(plane, 0, 0, 128, 192)
    assert whole.std() > 0.01
    for top, left, height, width in ((0, 0, 64, 64), (64, 128, 64, 64), (8, 72, 24, 104), (120, 184, 8, 8)):
        block = engine.block(plane, top, left, height, width)
        np.testing.assert_allclose(block, whole[top : top + height, left : left + width], atol=1e-5)


@pytest.mark.parametrize("name", ENGINES)
def test_a_block_across_the_edge_is_the_two_edges_side_by_side(artifact, name):
    engine = open_engine(artifact, name, precision="f32")
    plane = NoisePlane(9, 3, 64, 64)
    whole = engine.block(plane, 0, 0, 64, 64)
    across = engine.block(plane, 32, 48, 64, 64)
    np.testing.assert_allclose(across, np.roll(whole, (-32, -48), (0, 1)), atol=1e-5)


@pytest.mark.parametrize("levels", [1, 2, 5, 6])
def test_engines_agree(levels):
    artifact = random_artifact(levels)
    plain, *others = (albedo(artifact, (320, 288), engine=name, precision="f32") for name in ENGINES)
    for other in others:
        np.testing.assert_allclose(other, plain, atol=1e-4)


def gradients_across(picture, axis, where):
    """Absolute differences between each line and the next along an axis, at the given lines."""
    difference = np.abs(np.roll(picture, -1, axis) - picture)
    return np.take(difference, where, axis).ravel()


def lines_between_cells(size, cell):
    """Interior lines that, as the seam does, lie between two coarsest cells, where gradients are largest.

    In a resampled picture hardly one lies there exactly; those a quarter of a texel away had gradients 2 to 4% smaller.
    """
    made = round(size / cell) * cell
    lines = np.arange(size - 1)
    position = (lines + 1) * made / size / cell
    return lines[np.abs(position - np.round(position)) * cell < 0.1]


@pytest.mark.parametrize("size", [(256, 256), (300, 500), (256, 131)])
@pytest.mark.parametrize("axis", [0, 1])
def test_the_wrap_has_the_gradients_of_the_interior(artifact, size, axis):
    """Rolled by half, the seam lies in the middle; its gradients must be as the others' are, over many seeds."""
    differences, gradients = [], []
    for seed in range(24):
        picture = albedo(artifact, size, seed)
        halves = [side // 2 for side in picture.shape[:2]]
        seam = gradients_across(np.roll(picture, halves, (0, 1)), axis, [halves[axis] - 1]).mean()
        interior = gradients_across(picture, axis, lines_between_cells(picture.shape[axis], 8)).mean()
        differences.append(seam - interior)
        gradients.append(interior)
    error = np.std(differences, ddof=1) / np.sqrt(len(differences))
    assert abs(np.mean(differences)) < 4 * error
    assert abs(np.mean(differences)) < 0.1 * np.mean(gradients)


def test_the_seam_measure_sees_a_real_seam(artifact):
    """The same measure on a picture cut out of a larger one, which does not tile."""
    picture = albedo(artifact, (256, 256))[:200, :200]
    seam = gradients_across(picture, 1, [199]).mean()
    interior = gradients_across(picture, 1, np.arange(199)).mean()
    assert seam > 1.2 * interior


def test_equal_seeds_give_equal_bytes_and_others_do_not(artifact):
    for name in ENGINES:
        first, again = (albedo(artifact, (272, 272), 11, engine=name) for _ in range(2))
        assert first.tobytes() == again.tobytes()
        assert albedo(artifact, (272, 272), 12, engine=name).tobytes() != first.tobytes()


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (16, 300), (333, 64), (257, 255), (1000, 16)])
def test_any_size_comes_out_as_asked(artifact, size):
    picture = albedo(artifact, size)
    assert picture.shape == (size[1], size[0], 3)
    assert picture.dtype == np.float32
    assert picture.min() >= 0 and picture.max() <= 1


def test_sizes_below_one_cell_are_made_from_one_cell():
    assert albedo(random_artifact(levels=8), (16, 16)).shape == (16, 16, 3)


@pytest.mark.parametrize("size", [(0, 64), (-5, 64), (15, 64), (65537, 64), (64, 10**9)])
def test_sizes_out_of_range_are_refused(artifact, size):
    with pytest.raises(TexnetError, match=r"out of range \(16 to 65536\)"):
        synthesize(artifact, TextureRequest(width=size[0], height=size[1]))


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1])
def test_seeds_out_of_range_are_refused(artifact, seed):
    with pytest.raises(TexnetError, match="seed"):
        synthesize(artifact, TextureRequest(width=64, height=64, seed=seed))


@pytest.mark.parametrize("size", [("64", 64), (64.0, 64), (True, 64), (None, 64), (np.int64(8), 64)])
def test_sizes_that_are_no_numbers_in_range_are_refused(artifact, size):
    with pytest.raises(TexnetError, match="width"):
        synthesize(artifact, TextureRequest(width=size[0], height=size[1]))


def test_an_engine_for_another_artifact_is_refused(artifact):
    with pytest.raises(TexnetError, match="another artifact"):
        synthesize(artifact, TextureRequest(width=64, height=64), engine=open_engine(random_artifact(5), "onnx"))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_senseless_parameters_are_an_error_and_no_picture(artifact):
    huge = {name: np.full_like(array, 3e38) for name, array in artifact.parameters.items()}
    with pytest.raises(TexnetError, match="not finite"):
        synthesize(replace(artifact, parameters=huge), TextureRequest(width=64, height=64, engine="onnx"))


def test_unknown_engines_and_devices_are_refused(artifact):
    with pytest.raises(TexnetError, match="one of auto, onnx, openvino, torch"):
        synthesize(artifact, TextureRequest(width=64, height=64, engine="fast"))
    for device in ("quantum", "cpu:x", "cpu:", "cuda:99"):
        with pytest.raises(TexnetError, match="device"):
            synthesize(artifact, TextureRequest(width=64, height=64, engine="torch", device=device))
    with pytest.raises(TexnetError, match="use the torch engine"):
        synthesize(artifact, TextureRequest(width=64, height=64, engine="onnx", device="cuda"))


def test_progress_counts_rows_and_can_cancel(artifact):
    reports = []
    synthesize(artifact, TextureRequest(width=512, height=300), progress=reports.append)
    done = [report.done for report in reports]
    assert done == sorted(done) and done[0] == 0 and done[-1] == 300 and len(done) > 2
    assert {(report.total, report.unit) for report in reports} == {(300, "row")}

    def cancel(progress):
        raise Cancelled

    with pytest.raises(Cancelled):
        synthesize(artifact, TextureRequest(width=512, height=300), progress=cancel)


def test_of_several_maps_all_files_appear_or_none(tmp_path, monkeypatch):
    plane = open_plane(random_artifact(maps=MATERIAL), TextureRequest(seed=1, engine="onnx"))
    files = write_window(plane, tmp_path / "a.png", (0, 0, 200, 150), marks="_0001")
    assert [file.name for file in files] == [f"a_{spec.name}_0001.png" for spec in MATERIAL]
    assert all(file.exists() for file in files)

    def full(path, bands, layout):
        encode(path, bands, layout)
        if layout.channels == 1:
            raise OSError(28, "No space left on device")

    encode = writing.PNG.encode
    monkeypatch.setitem(writing.FORMATS, ".png", replace(writing.PNG, encode=full))
    with pytest.raises(TexnetError, match="No space left"):
        write_window(plane, tmp_path / "b.png", (0, 0, 200, 150))
    assert sorted(tmp_path.iterdir()) == sorted(files)
