"""Properties of planes: one texture, whatever window, order, thread or engine looks at it."""

from itertools import pairwise

import numpy as np
import pytest

from tests.conftest import ENGINES, random_artifact, texture
from texnet_core import RequestError, TextureRequest, open_engine, open_plane, synthesize

pytestmark = pytest.mark.device
WINDOWS = [(0, 300, 0, 500), (120, 140, 250, 260), (0, 1, 0, 1), (200, 300, 300, 500), (127, 129, 255, 257)]


def plane_of(artifact, seed=0, *, width=None, height=None, engine="onnx", blocks_at_once=None, **fields):
    """The plane of a seed that repeats after a width and a height, where these are given."""
    sides = {name: side for name, side in (("width", width), ("height", height)) if side is not None}
    tile = "".join(axis for name, axis in (("width", "x"), ("height", "y")) if name in sides) or "none"
    opened = None if isinstance(engine, str) else engine
    if opened is None:
        fields["engine"] = engine
    request = TextureRequest(seed=seed, tile=tile, **sides, **fields)
    return open_plane(artifact, request, engine=opened, blocks_at_once=blocks_at_once)


@pytest.fixture(scope="module", params=ENGINES)
def engine(artifact, request):
    return open_engine(artifact, request.param, precision="f32")


def test_a_pattern_with_waves_is_one_texture_too():
    artifact = random_artifact(waves=((0.05, 0.0), (0.01, 0.09)))
    for name in ENGINES:
        engine = open_engine(artifact, name, precision="f32")
        for options in ({}, {"width": 500, "height": 304}):
            whole = plane_of(artifact, 5, engine=engine, **options)[0:300, 0:500]
            plane = plane_of(artifact, 5, engine=engine, **options)
            for y0, y1, x0, x1 in reversed(WINDOWS):
                assert plane[y0:y1, x0:x1].tobytes() == whole[y0:y1, x0:x1].tobytes()
    tile = plane_of(artifact, 5, engine=engine, width=256, height=256)[-20:276, -20:276]
    assert tile[:40].tobytes() == tile[256:].tobytes() and tile[:, :40].tobytes() == tile[:, 256:].tobytes()


@pytest.mark.parametrize("options", [{}, {"width": 512, "height": 304}, {"width": 500, "height": 300}, {"scale": 1.7}])
def test_every_window_is_a_piece_of_one_texture_byte_for_byte(artifact, engine, options):
    whole = plane_of(artifact, 5, engine=engine, **options)[0:300, 0:500]
    plane = plane_of(artifact, 5, engine=engine, **options)
    for y0, y1, x0, x1 in (*WINDOWS, *reversed(WINDOWS)):
        assert plane[y0:y1, x0:x1].tobytes() == whole[y0:y1, x0:x1].tobytes()


def test_the_number_of_threads_changes_no_byte(artifact):
    for name in ENGINES:
        made = {
            texture(artifact, 512, 300, 1, engine=name, precision="f32", threads=threads).tobytes()
            for threads in (1, 2, 3)
        }
        assert len(made) == 1, name


def test_fewer_blocks_at_once_change_no_byte(artifact, engine):
    one, all_ = (plane_of(artifact, engine=engine, blocks_at_once=n)[0:300, 0:600] for n in (1, None))
    assert one.tobytes() == all_.tobytes()


@pytest.mark.parametrize(("width", "height"), [(256, 128), (300, 200), (16, 16), (96, 700)])
def test_a_periodic_plane_repeats_byte_for_byte(artifact, engine, width, height):
    plane = plane_of(artifact, 3, width=width, height=height, engine=engine)
    tile = plane[0:height, 0:width]
    assert plane[-height:0, 5 * width : 6 * width].tobytes() == tile.tobytes()
    rolled = plane[height // 2 : height // 2 + height, -7 : width - 7]
    assert rolled.tobytes() == np.roll(tile, (-(height // 2), 7), (0, 1)).tobytes()


def test_an_endless_plane_goes_on_in_all_directions(artifact, engine):
    plane = plane_of(artifact, 3, engine=engine)
    corner = plane[-64:64, -64:64]
    np.testing.assert_array_equal(corner[64:, 64:], plane[0:64, 0:64])
    quarters = [corner[y : y + 64, x : x + 64] for y in (0, 64) for x in (0, 64)]
    far = plane[10**7 : 10**7 + 64, -(10**7) : -(10**7) + 64]
    for n, first in enumerate([*quarters, far]):
        assert first.std() > 0.01
        for second in [*quarters, far][n + 1 :]:
            pair = [(part - part.mean((0, 1))).ravel() for part in (first, second)]
            assert np.abs(np.corrcoef(*pair)[0, 1]) < 0.5


def test_a_tile_and_the_endless_plane_agree_away_from_the_edges(artifact, engine):
    """Both look up the same noise; only what a halo reaches beyond the edge differs.

    A GPU sums convolutions of other sizes in another order: a tile that is made at once differs in the last bits there.
    """
    tile = plane_of(artifact, 3, width=256, height=256, engine=engine)[64:192, 64:192]
    endless = plane_of(artifact, 3, engine=engine)[64:192, 64:192]
    if engine.device == "cpu":
        assert tile.tobytes() == endless.tobytes()
    np.testing.assert_allclose(tile, endless, atol=1e-5)


@pytest.mark.parametrize("tile", ["xy", "x", "y", "none"])
@pytest.mark.parametrize("size", [(256, 256), (270, 250)])
def test_exactly_the_axes_asked_for_tile(artifact, engine, tile, size):
    asked = TextureRequest(width=size[0], height=size[1], tile=tile, seed=2)
    picture = open_plane(artifact, asked, engine=engine)[0 : size[1], 0 : size[0]]
    for axis, name in ((0, "y"), (1, "x")):
        steps = np.abs(np.roll(picture, -1, axis) - picture).mean(axis=(1 - axis, 2))
        assert (steps[-1] < steps[:-1].max()) == (name in tile)


@pytest.mark.parametrize("shrink", [2, 4])
def test_a_small_scale_is_the_texture_seen_from_further_away(artifact, shrink):
    large = texture(artifact, 128 * shrink, 128 * shrink, 4)
    small = texture(artifact, 128, 128, 4, scale=1 / shrink)
    averaged = large.reshape(128, shrink, 128, shrink, 3).mean(axis=(1, 3))
    assert np.abs(small - averaged).mean() < 0.3 * averaged.std()


@pytest.mark.parametrize("grow", [2, 4])
def test_a_large_scale_is_the_texture_seen_from_nearer(artifact, grow):
    small = texture(artifact, 128, 128, 4)
    large = texture(artifact, 128 * grow, 128 * grow, 4, scale=grow)
    averaged = large.reshape(128, grow, 128, grow, 3).mean(axis=(1, 3))
    assert np.abs(averaged - small).mean() < 0.2 * small.std()


def test_a_region_is_that_part_of_the_texture(artifact):
    whole = texture(artifact, 320, 200, 4)
    part = texture(artifact, 320, 200, 4, region=(250, 150, 100, 80))
    wrapped = np.tile(whole, (2, 2, 1))[150:230, 250:350]
    assert part.tobytes() == wrapped.tobytes()


def test_a_loop_closes_and_moves_evenly(artifact):
    frames = [texture(artifact, 64, 64, 4, phase=k / 24) for k in range(25)]
    assert frames[24].tobytes() == frames[0].tobytes()
    assert frames[0].tobytes() == texture(artifact, 64, 64, 4).tobytes()
    steps = [np.abs(after - before).mean() for before, after in pairwise(frames)]
    assert min(steps) > 0.5 * max(steps)  # the last step, from the last frame to the first, is like the others
    across = np.abs(frames[12] - frames[0]).mean()
    assert max(steps) < 0.5 * across
    spread = [frame.std() for frame in frames]
    assert min(spread) > 0.8 * max(spread)


@pytest.mark.parametrize(
    "window",
    [
        np.s_[0:10],
        np.s_[0:10, 5],
        np.s_[0:10, 0:10, 0:3],
        np.s_[:10, 0:10],
        np.s_[0:10, 0:10:2],
        np.s_[10:0, 0:10],
        np.s_[5:5, 0:10],
        np.s_[0:1.5, 0:10],
        np.s_["a":"b", 0:10],
        np.s_[0 : 10**12, 0:10],
        np.s_[-(10**12) : 0, 0:10],
        np.s_[0:30000, 0:30000],
    ],
)
def test_windows_that_make_no_sense_are_refused(artifact, window):
    plane = plane_of(artifact, engine="onnx")
    with pytest.raises(RequestError) as caught:
        plane[window]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"width": 15}, "width"),
        ({"height": -64}, "height"),
        ({"width": 10**10}, "width"),
        ({"scale": 0.1}, "scale"),
        ({"scale": float("nan")}, "scale"),
        ({"seed": -1}, "seed"),
    ],
)
def test_planes_out_of_range_are_refused(artifact, options, says):
    with pytest.raises(RequestError, match=says):
        plane_of(artifact, **options)


@pytest.mark.parametrize(
    "region", [(0, 0, 0, 10), (0, 0, -5, 10), (0, 0, 65537, 1), (10**12, 0, 8, 8), (0, 0, 8), (0.5, 0, 8, 8)]
)
def test_regions_out_of_range_are_refused(artifact, region):
    with pytest.raises(RequestError):
        synthesize(artifact, TextureRequest(width=64, height=64, region=region, engine="onnx"))


def test_a_texture_too_large_for_memory_is_refused_before_it_is_made(artifact):
    with pytest.raises(RequestError, match="PNG or TIFF"):
        synthesize(artifact, TextureRequest(width=65536, height=65536, engine="onnx"))


def test_a_coarse_generator_with_eight_levels_has_windows_too():
    artifact = random_artifact(levels=8)
    plane = plane_of(artifact, 1, width=256, height=256, engine="onnx")
    assert plane[10:20, 30:50].tobytes() == plane[0:256, 0:256][10:20, 30:50].tobytes()


@pytest.mark.parametrize(("width", "height"), [(32, 32), (160, 160), (16, 700), (700, 16), (48, None)])
def test_a_window_of_many_periods_makes_no_block_twice_and_is_the_same(artifact, width, height):
    engine = open_engine(artifact, "onnx")
    made = []
    block = engine.block
    engine.block = lambda plane, top, left, *shape: made.append((top, left)) or block(plane, top, left, *shape)
    bands = np.concatenate(list(plane_of(artifact, 2, width=width, height=height, engine=engine).bands(5, 7, 900, 800)))
    assert len(made) <= 4 * 49
    if width and height:
        assert len(made) <= 6 * (-(-width // 128) + 1) * (-(-height // 128) + 1)
    plane = plane_of(artifact, 2, width=width, height=height, engine=engine)
    assert plane[5:905, 7:807].tobytes() == bands.tobytes()


@pytest.mark.parametrize(
    "options",
    [
        {"phase": float("nan")},
        {"phase": float("inf")},
        {"phase": None},
        {"width": 64.5},
        {"height": "x"},
        {"width": True},
    ],
)
def test_odd_arguments_are_refused_at_once(artifact, options):
    with pytest.raises(RequestError):
        plane_of(artifact, engine="onnx", **options)


def test_numpys_numbers_are_numbers(artifact):
    plain = plane_of(artifact, 7, width=64, engine="onnx")[0:16, 0:16]
    same = plane_of(artifact, np.int64(7), width=np.int32(64), phase=np.float32(0), engine="onnx")[0:16, 0:16]
    assert same.tobytes() == plain.tobytes()
    region = texture(artifact, 64, 64, 7, region=(0, 0, np.int64(16), 16))
    assert region.shape == (16, 16, 3)


def test_the_torch_engine_leaves_torchs_threads_as_they_were(artifact):
    import threading

    import torch

    before = torch.get_num_threads()
    for _ in range(3):
        synthesize(
            artifact, TextureRequest(width=512, height=512, engine="torch", device="cpu", precision="f32", threads=4)
        )
    seen = []
    thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert [torch.get_num_threads(), *seen] == [before, before]


def test_a_thread_that_leaves_before_the_others_has_its_number_back():
    from concurrent.futures import ThreadPoolExecutor

    import torch

    from texnet_core.engines.torch_engine import exact

    def inside_and_after():
        with exact("cpu"):
            inside = torch.get_num_threads()
        return inside, torch.get_num_threads()

    before = torch.get_num_threads()
    torch.set_num_threads(2)  # one could not be told from what blocks run with
    try:
        with ThreadPoolExecutor(1) as other:
            with exact("cpu"):
                assert other.submit(inside_and_after).result() == (1, 2)
                assert torch.get_num_threads() == 1
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_the_last_thread_on_a_gpu_gives_the_process_its_flags_back():
    from concurrent.futures import ThreadPoolExecutor

    import torch

    from texnet_core.engines.torch_engine import exact

    def flags():
        return torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32

    before = flags()
    first, second = exact("cuda"), exact("cuda")
    with ThreadPoolExecutor(1) as other:
        first.__enter__()
        other.submit(second.__enter__).result()
        first.__exit__(None, None, None)
        assert flags() == (True, False)  # the other is still making blocks
        other.submit(second.__exit__, None, None, None).result()
    assert flags() == before != (True, False)
