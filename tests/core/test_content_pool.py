from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import picture
from texnet_core.errors import Cancelled, ImageError, RequestError
from texnet_core.pictures.color import quantize
from texnet_core.pictures.writing import write_image
from texnet_core.settings import PANORAMAS_VARIABLE
from texnet_core.training import content_drawings
from texnet_core.training.content_paints import SUPERSAMPLING, painted
from texnet_core.training.content_pool import default_pool, picture_files, read_pool
from texnet_core.training.panoramas import find_panoramas, view

SMALL = {"count": 6, "side": 64}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("pools")


@pytest.fixture(scope="module")
def panoramas(tmp_path_factory):
    """Two panoramas as files of linear light, one with a sun that is a thousand times as bright as all else."""
    folder = tmp_path_factory.mktemp("panoramas")
    for seed in range(2):
        light = picture(64, 128, seed=seed)
        light[10:14, 20:24] = 1000 if seed else 1
        write_image(folder / f"{seed}.exr", light)
    return folder


@pytest.fixture(scope="module")
def pool(cache, panoramas):
    return default_pool(**SMALL, panoramas=panoramas, cache=cache)


def equal(first, second):
    return len(first) == len(second) and all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def difference(first, second):
    return float(np.abs(first - second).mean())


def test_a_pool_has_pictures_of_the_size_and_range(pool):
    assert len(pool) == 6
    for content in pool:
        assert content.shape == (64, 64, 3) and content.dtype == np.float32
        assert 0 <= content.min() and content.max() <= 1
        assert content.std() > 0.03  # there is something to see


def test_no_two_pictures_of_a_pool_are_alike(pool):
    assert min(difference(a, b) for at, a in enumerate(pool) for b in pool[:at]) > 0.05


def test_equal_pools_are_equal_kept_or_not(pool, panoramas, cache, tmp_path):
    fresh = default_pool(**SMALL, panoramas=panoramas, cache=tmp_path)
    kept = default_pool(**SMALL, panoramas=panoramas, cache=cache)
    assert equal(pool, fresh) and equal(pool, kept)
    assert not equal(pool, default_pool(**SMALL, seed=1, panoramas=panoramas, cache=tmp_path))


def test_what_is_kept_is_not_made_again(pool, panoramas, cache):
    def stop(progress):
        raise Cancelled

    assert equal(pool, default_pool(**SMALL, panoramas=panoramas, cache=cache, progress=stop))


@pytest.mark.parametrize(
    "damage", [lambda data: data[:1000], lambda data: b"", lambda data: data[:-2000] + b"x" * 2000]
)
def test_a_damaged_pool_is_made_anew(panoramas, tmp_path, damage):
    few = {"count": 1, "side": 32, "panorama_share": 1.0, "panoramas": panoramas, "cache": tmp_path}
    made = default_pool(**few)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert equal(made, default_pool(**few))
    assert [*tmp_path.iterdir()] == [file] and len(file.read_bytes()) == len(whole)


def test_a_damaged_panorama_is_named(tmp_path):
    (tmp_path / "sky.exr").write_text("version https://git-lfs.github.com/spec/v1")
    with pytest.raises(ImageError, match="sky"):
        default_pool(**SMALL, panoramas=tmp_path, cache=tmp_path / "kept")


def test_a_cache_that_cannot_be_written_is_done_without(panoramas, tmp_path):
    file = tmp_path / "file"
    file.touch()
    few = {"count": 1, "side": 32, "panorama_share": 1.0, "panoramas": panoramas}
    assert equal(default_pool(**few, cache=file), default_pool(**few, cache=tmp_path / "folder"))


def test_other_panoramas_make_another_pool(panoramas, tmp_path):
    few = {"count": 1, "side": 32, "panorama_share": 1.0, "cache": tmp_path / "cache"}
    write_image(tmp_path / "0.exr", picture(64, 128, seed=5))
    assert not equal(default_pool(**few, panoramas=tmp_path), default_pool(**few, panoramas=panoramas))


def test_progress_counts_to_the_end(panoramas, tmp_path):
    reports = []
    default_pool(3, 32, panoramas=panoramas, cache=tmp_path, panorama_share=1.0, progress=reports.append)
    assert [(report.done, report.total) for report in reports] == [(n, 3) for n in range(4)]


def test_the_named_folder_comes_before_that_of_the_environment(panoramas, tmp_path, monkeypatch):
    write_image(tmp_path / "other.exr", picture(8, 16))
    monkeypatch.setenv(PANORAMAS_VARIABLE, str(tmp_path))
    assert [file.name for file in find_panoramas()] == ["other.exr"]
    assert [file.name for file in find_panoramas(panoramas)] == ["0.exr", "1.exr"]


@pytest.mark.parametrize("drawing", content_drawings.DRAWINGS, ids=lambda drawing: drawing.__name__)
def test_every_drawing_has_shapes_and_bold_differences(drawing):
    """Between neighbors of different shapes, luminance steps are large; inside of shapes they are not."""
    spreads = []
    tile = np.random.default_rng(9).random((384, 384, 3), dtype=np.float32)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        drawn = drawing(48, rng)
        assert drawn.labels.shape == drawn.light.shape == (48 * SUPERSAMPLING,) * 2
        found = np.unique(drawn.labels)
        assert len(found) >= 3 and found[0] == 0 and found[-1] == len(found) - 1
        image = painted(drawn, [tile], rng)
        assert image.shape == (48, 48, 3) and image.dtype == np.float32
        assert 0 <= image.min() and image.max() <= 1
        spreads.append(np.ptp(np.quantile(image.mean(2), [0.02, 0.98])))
    assert np.mean(spreads) > 0.3


def test_a_view_shows_what_lies_ahead():
    """A light straight ahead is in the middle, one to the right of it at the right, one above at the top."""
    panorama = np.full((180, 360, 3), 0.05, np.float32)
    panorama[88:93, 178:183] = 1  # latitude 0, longitude 0

    def brightest(turn, tilt):
        row, column = np.unravel_index(view(panorama, 90, turn, tilt, 60).mean(2).argmax(), (90, 90))
        return int(column), int(row)

    column, row = brightest(0, 0)
    assert abs(column - 44.5) < 4 and abs(row - 44.5) < 4
    assert brightest(-20, 0)[0] > 65 and brightest(20, 0)[0] < 25
    assert brightest(0, -20)[1] < 25 and brightest(0, 20)[1] > 65


def test_a_sun_does_not_turn_a_view_black(panoramas):
    light = np.full((64, 128, 3), 0.1, np.float32)
    light[30:33, 62:65] = 10000
    seen = view(light, 64, 0, 0, 60)
    assert np.median(seen) > 0.1 and seen.max() > 0.95


@pytest.fixture
def folder(tmp_path):
    """Pictures of several kinds and sizes at two depths, beside what is of no use."""
    (tmp_path / "below").mkdir()
    shapes = {"wide.png": (64, 300), "below/tall.jpg": (200, 70), "large.tif": (400, 500), "small.png": (20, 200)}
    for seed, (name, (height, width)) in enumerate(shapes.items()):
        Image.fromarray(np.uint8(255 * picture(height, width, seed=seed))).save(tmp_path / name)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def test_a_folder_gives_as_many_crops_as_are_wanted(folder):
    said = []
    crops = read_pool(folder, 7, 64, announce=said.append)
    assert [crop.shape for crop in crops] == [(64, 64, 3)] * 7
    assert all(crop.dtype == np.float32 and 0 <= crop.min() <= crop.max() <= 1 for crop in crops)
    assert min(difference(a, b) for at, a in enumerate(crops) for b in crops[:at]) > 0.01
    assert len(said) == 2 and any("small.png" in note for note in said) and any("broken.png" in note for note in said)


def test_hidden_pictures_are_none(tmp_path):
    for name in ("shown.png", ".hidden.png", ".thumbnails/small.png", "more/shown.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_image(tmp_path / name, quantize(picture(16, 16), 8))
    assert picture_files(tmp_path) == [tmp_path / "more" / "shown.png", tmp_path / "shown.png"]


def test_equal_seeds_cut_equal_crops(folder):
    assert equal(read_pool(folder, 3, 64), read_pool(folder, 3, 64))
    assert not equal(read_pool(folder, 3, 64), read_pool(folder, 3, 64, seed=1))


def test_crops_show_between_a_quarter_and_all_of_the_short_side(tmp_path):
    """Of a ramp along the rows, a crop of a large picture spans half of it at least."""
    ramp = np.tile(np.linspace(0, 255, 1000)[:, None, None], (1, 1000, 3))
    Image.fromarray(np.uint8(ramp)).save(tmp_path / "ramp.png")
    spans = [np.ptp(crop.mean((1, 2))) for crop in read_pool(tmp_path, 20, 64)]
    assert 0.4 < min(spans) < 0.7 < max(spans)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: None, Path.touch])
def test_a_folder_without_pictures_is_named(tmp_path, make):
    make(tmp_path / "nothing")
    with pytest.raises(RequestError, match="nothing"):
        read_pool(tmp_path / "nothing", 4, 64)


def test_a_folder_whose_pictures_are_all_too_small_is_named(folder):
    with pytest.raises(RequestError, match="at least 512"):
        read_pool(folder, 4, 512)
