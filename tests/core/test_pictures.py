import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import OpenEXR
import png
import pytest
import tifffile
from PIL import Image

from tests.conftest import picture, posix
from texnet_core.errors import ImageError, OutputError, RequestError
from texnet_core.pictures import writing
from texnet_core.pictures.color import is_gray, quantize, srgb_to_linear
from texnet_core.pictures.encoders import encode_thumbnail
from texnet_core.pictures.reading import read_exemplar
from texnet_core.pictures.resizing import resize_exemplar
from texnet_core.pictures.writing import check_picture_size, depth_for, write_image, writing_image

STREAMS = [(".png", 8), (".png", 16), (".tif", 8), (".tif", 16), (".jpg", 8), (".exr", None)]


def saved(folder, image, name="exemplar.png", **options):
    path = folder / name
    image.save(path, **options)
    return path


def loaded(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_modes_and_depths_read_as_the_same_colors(tmp_path):
    bytes_rgb = quantize(picture(160, 200), 8)
    rgb = Image.fromarray(bytes_rgb)
    expected = bytes_rgb / np.float32(255)
    for name, image, tolerance in (
        ("rgb.png", rgb, 0),
        ("rgba.png", rgb.convert("RGBA"), 0),
        ("rgb.tif", rgb, 0),
        ("rgb.jpg", rgb, 0.1),
        ("cmyk.tif", rgb.convert("CMYK"), 0.01),
        ("palette.png", rgb.quantize(256), 0.3),
    ):
        read = read_exemplar(saved(tmp_path, image, name))
        assert read.image.shape == (160, 200, 3) and read.image.dtype == np.float32
        assert read.mask is None and read.notes == []
        np.testing.assert_allclose(read.image, expected, atol=tolerance + 1e-6)


def test_gray_of_8_and_16_bits_reads_as_three_equal_channels(tmp_path):
    gray = picture(20, 30)[..., 0]
    for name, array in (("8.png", quantize(gray, 8)), ("16.png", quantize(gray, 16)), ("16.tif", quantize(gray, 16))):
        read = read_exemplar(saved(tmp_path, Image.fromarray(array), name)).image
        np.testing.assert_allclose(read, np.repeat(gray[..., None], 3, 2), atol=1 / 255)


def test_whole_numbers_of_more_than_16_bits_are_refused_rather_than_clipped(tmp_path):
    path = saved(tmp_path, Image.fromarray(np.full((8, 8), 10**6, np.int32)), "i.tif")
    with pytest.raises(ImageError, match=r"i\.tif cannot be read.*values from 1000000"):
        read_exemplar(path)


def test_deep_gray_with_a_transparent_value_keeps_its_values(tmp_path):
    gray = quantize(picture(20, 30)[..., 0], 16)
    (tmp_path / "t.png").write_bytes(b"")
    with (tmp_path / "t.png").open("wb") as file:
        png.Writer(30, 20, greyscale=True, bitdepth=16, transparent=7).write(file, gray.tolist())
    read = read_exemplar(tmp_path / "t.png").image
    np.testing.assert_allclose(read[..., 0], gray / 65535, atol=1e-4)


def test_texels_with_alpha_below_one_half_take_no_part(tmp_path):
    image = Image.fromarray(quantize(picture(16, 16), 8))
    alpha = Image.linear_gradient("L").resize((16, 16))
    image.putalpha(alpha)
    read = read_exemplar(saved(tmp_path, image))
    seen = np.asarray(alpha) >= 128
    np.testing.assert_array_equal(read.mask, seen)
    np.testing.assert_allclose(read.image[seen], np.asarray(image)[seen][:, :3] / 255, atol=1e-6)


def test_colors_that_nobody_sees_do_not_matter(tmp_path):
    bytes_rgb = quantize(picture(16, 16), 8)
    read = []
    for hidden in ((255, 0, 255), (0, 0, 0)):
        rgba = np.dstack((bytes_rgb, np.full((16, 16), 255, np.uint8)))
        rgba[4:9, 5:12] = (*hidden, 0)
        read.append(read_exemplar(saved(tmp_path, Image.fromarray(rgba))))
    np.testing.assert_array_equal(read[0].image, read[1].image)


def test_a_mask_apart_says_what_takes_part_besides_alpha(tmp_path):
    rgba = np.dstack((quantize(picture(16, 16), 8), np.full((16, 16), 255, np.uint8)))
    rgba[:4, :, 3] = 0
    path = saved(tmp_path, Image.fromarray(rgba))
    drawn = np.full((16, 16), 255, np.uint8)
    drawn[:, :8] = 0
    expected = (rgba[..., 3] > 0) & (drawn > 0)
    for name, mask in (
        ("gray.png", Image.fromarray(drawn)),
        ("bits.png", Image.fromarray(drawn).convert("1")),
        ("deep.png", Image.fromarray(drawn.astype(np.uint16) * 257)),
        ("rgb.png", Image.fromarray(drawn).convert("RGB")),
    ):
        np.testing.assert_array_equal(read_exemplar(path, saved(tmp_path, mask, name)).mask, expected)


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        (Image.new("L", (8, 16), 255), "has 8x16 pixels"),
        (Image.new("L", (16, 16), 0), "leaves nothing"),
        (None, "there is no file"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(tmp_path, mask, says):
    path = saved(tmp_path, Image.fromarray(quantize(picture(16, 16), 8)))
    if mask is not None:
        mask.save(tmp_path / "mask.png")
    with pytest.raises(ImageError, match=rf"{says}.*"):
        read_exemplar(path, tmp_path / "mask.png")


def test_gray_is_what_rounding_and_jpeg_leave_gray(tmp_path):
    gray = picture(64, 64).mean(axis=2, keepdims=True).repeat(3, axis=2)
    path = saved(tmp_path, Image.fromarray(quantize(gray, 8)), "a.jpg", quality=75)
    assert is_gray(gray) and is_gray(read_exemplar(path).image)
    assert not is_gray(picture(64, 64)) and not is_gray(gray * (1, 0.97, 0.95))


def test_a_picture_that_cannot_be_seen_is_refused(tmp_path):
    Image.new("RGBA", (16, 16), (10, 20, 30, 0)).save(tmp_path / "clear.png")
    with pytest.raises(ImageError, match=r"clear\.png is transparent everywhere"):
        read_exemplar(tmp_path / "clear.png")


def test_camera_orientation_is_applied(tmp_path):
    image = Image.fromarray(quantize(picture(20, 40), 8))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    read = read_exemplar(saved(tmp_path, image, exif=exif)).image
    assert read.shape == (40, 20, 3)


def bad_files(folder):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    whole = saved(folder, Image.fromarray(noise), "whole.png").read_bytes()
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_text("no picture")
    for name, keep in (("cut.png", len(whole) // 2), ("head.png", 30)):
        (folder / name).write_bytes(whole[:keep])
    jpeg = saved(folder, Image.fromarray(noise), "whole.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    frames = [Image.new("RGB", (32, 32), color) for color in ("red", "blue")]
    frames[0].save(folder / "moving.gif", save_all=True, append_images=frames[1:])
    # a PNG that claims to be gigantic: 100000 x 100000
    gigantic = bytearray(whole)
    gigantic[16:24] = (100_000).to_bytes(4, "big") * 2
    import zlib

    gigantic[29:33] = zlib.crc32(bytes(gigantic[12:29])).to_bytes(4, "big")
    (folder / "gigantic.png").write_bytes(bytes(gigantic))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing.png", "there is no file"),
        (".", "is not a file"),
        ("empty.png", "0 bytes"),
        ("text.png", "cannot be read"),
        ("cut.png", "cannot be read"),
        ("head.png", "cannot be read"),
        ("cut.jpg", "cannot be read"),
        ("moving.gif", "2 frames"),
        ("gigantic.png", "100000x100000"),
    ],
)
def test_bad_pictures_get_one_clear_line(tmp_path, name, says):
    bad_files(tmp_path)
    with pytest.raises(ImageError, match=says) as caught:
        read_exemplar(tmp_path / name)
    message = str(caught.value)
    assert "\n" not in message and "; " in message


def test_resizing_keeps_shape_and_mean_color():
    image = picture(300, 450)
    small = resize_exemplar(image, 100)
    assert small.shape == (100, 150, 3)
    np.testing.assert_allclose(small.mean((0, 1)), image.mean((0, 1)), atol=0.005)


def test_long_pictures_keep_their_middle():
    long = np.zeros((64, 64 * 20, 3), np.float32)
    long[:, 64 * 8 : 64 * 12] = 1
    assert resize_exemplar(long, 32).shape == (32, 128, 3)
    assert resize_exemplar(long, 32).mean() > 0.9


@pytest.mark.parametrize("shape", [(1, 1), (99, 500)])
def test_pictures_smaller_than_the_training_size_are_refused(shape):
    with pytest.raises(ImageError, match="at least 100"):
        resize_exemplar(picture(*shape), 100)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff"])
@pytest.mark.parametrize("depth", [8, 16])
def test_whole_numbers_are_written_exactly(tmp_path, suffix, depth):
    image = quantize(picture(20, 33), depth)
    path = tmp_path / f"out{suffix}"
    write_image(path, image)
    if suffix == ".png" and depth == 16:
        _, _, rows, info = png.Reader(bytes=path.read_bytes()).read()
        read = np.vstack([np.asarray(row) for row in rows]).reshape(20, 33, 3)
        assert info["bitdepth"] == 16
    else:
        read = loaded(path) if suffix == ".png" else tifffile.imread(path)
    assert read.dtype.itemsize * 8 == depth and np.array_equal(read, image)


def test_jpeg_comes_close(tmp_path):
    image = quantize(picture(160, 160), 8)
    write_image(tmp_path / "out.jpg", image)
    assert np.abs(loaded(tmp_path / "out.jpg").astype(int) - image).mean() < 2


@pytest.mark.parametrize("space", ["sRGB", "data"])
def test_exr_holds_linear_light(tmp_path, space):
    image = picture(20, 33)
    write_image(tmp_path / "out.exr", image, space)
    with OpenEXR.File(str(tmp_path / "out.exr")) as file:
        read = file.channels()["RGB"].pixels.astype(np.float32)
    expected = srgb_to_linear(image) if space == "sRGB" else image
    np.testing.assert_allclose(read, expected, atol=1e-3)


def test_gray_maps_are_written_gray(tmp_path):
    image = quantize(picture(16, 16), 8)[..., :1]
    for name in ("out.png", "out.jpg", "out.tif"):
        write_image(tmp_path / name, image)
    assert np.array_equal(loaded(tmp_path / "out.png"), image[..., 0])
    deep = quantize(picture(16, 16), 16)[..., :1]
    write_image(tmp_path / "deep.png", deep)
    assert np.array_equal(loaded(tmp_path / "deep.png"), deep[..., 0])
    write_image(tmp_path / "out.exr", picture(16, 16)[..., :1], "data")


def test_quantizing_rounds_to_nearest_and_clips():
    values = np.array([-1, 0, 0.5 / 255, 0.4999 / 255, 1, 2], np.float32)
    assert quantize(values, 8).tolist() == [0, 0, 1, 0, 255, 255]


@pytest.mark.parametrize(("name", "depth"), [("a.gif", 8), ("a", 8), ("a.jpg", 16), ("a.png", 12)])
def test_impossible_names_and_depths_are_refused(tmp_path, name, depth):
    with pytest.raises(RequestError, match=r"one of|only 8"):
        depth_for(tmp_path / name, depth)


@pytest.mark.parametrize(
    ("name", "depth", "wanted", "made"),
    [
        ("a.png", 8, 0, 8),
        ("a.png", 16, 8, 16),
        ("a.tif", 8, 16, 16),
        ("a.JPG", 8, 16, 8),
        ("a.exr", 8, 16, None),
        ("a.exr", 16, 8, None),
    ],
)
def test_a_file_has_what_was_asked_for_and_more_where_that_is_better(name, depth, wanted, made):
    assert depth_for(Path(name), depth, wanted) == made


def test_a_failed_write_leaves_nothing_and_keeps_what_was_there(tmp_path, monkeypatch):
    import errno

    path = tmp_path / "out.jpg"
    path.write_bytes(b"the old picture")

    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_image(path, quantize(picture(16, 16), 8))
    assert [file.name for file in tmp_path.iterdir()] == ["out.jpg"]
    assert path.read_bytes() == b"the old picture"


@posix
def test_links_are_followed_and_modes_kept(tmp_path):
    real, link = tmp_path / "real.png", tmp_path / "link.png"
    real.write_bytes(b"old")
    real.chmod(0o600)
    link.symlink_to(real)
    write_image(link, quantize(picture(16, 16), 8))
    assert link.is_symlink() and loaded(real).shape == (16, 16, 3)
    assert real.stat().st_mode & 0o777 == 0o600


@posix
def test_what_is_no_file_is_not_replaced(tmp_path):
    (tmp_path / "null.png").symlink_to("/dev/null")
    with pytest.raises(OutputError, match="something else than a file"):
        write_image(tmp_path / "null.png", quantize(picture(16, 16), 8))
    assert (tmp_path / "null.png").is_symlink()


@pytest.mark.parametrize("array", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 5), np.uint8), np.zeros((8, 8, 3))])
def test_arrays_that_no_format_holds_are_refused(tmp_path, array):
    for name in ("o.png", "o.exr"):
        with pytest.raises(RequestError):
            write_image(tmp_path / name, array)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way_is_refused(tmp_path):
    (tmp_path / "out.png").mkdir()
    with pytest.raises(OutputError):
        write_image(tmp_path / "out.png", quantize(picture(16, 16), 8))
    assert len(list(tmp_path.iterdir())) == 1


def bands_of(image, sizes):
    top = 0
    while top < len(image):
        for size in sizes:
            yield image[top : top + size]
            top += size


def streamed(path, image, sizes, space="sRGB"):
    height, width, channels = image.shape
    depth = {"uint8": 8, "uint16": 16}.get(image.dtype.name)
    with writing_image(path, width, height, channels, depth, space) as write:
        for band in bands_of(image, sizes):
            if len(band):
                write(band)


@pytest.mark.parametrize("sizes", [(1,), (7, 100), (128,), (300,)])
@pytest.mark.parametrize(("suffix", "depth", "channels"), [(s, d, c) for s, d in STREAMS for c in (1, 3)])
def test_a_picture_written_in_bands_is_the_picture(tmp_path, suffix, depth, channels, sizes):
    image = quantize(picture(211, 300), depth)[..., :channels] if depth else picture(211, 300)[..., :channels]
    streamed(tmp_path / f"bands{suffix}", image, sizes)
    write_image(tmp_path / f"whole{suffix}", image)
    first, second = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("bands", "whole"))
    if suffix == ".png":  # the compressor may cut its output elsewhere
        with Image.open(tmp_path / "bands.png") as loaded:
            loaded.load()
        rows = list(png.Reader(bytes=first).read()[2])
        assert np.array_equal(np.array(rows, image.dtype).reshape(image.shape), image)
    elif suffix == ".tif":
        assert np.array_equal(tifffile.imread(tmp_path / "bands.tif").reshape(image.shape), image)
        with Image.open(tmp_path / "bands.tif") as loaded:
            assert loaded.size == (300, 211)
        assert first == second
    else:
        assert len(first) == len(second)


def test_a_tiff_is_tiled_and_large_ones_are_bigtiff(tmp_path, monkeypatch):
    image = quantize(picture(300, 200), 8)
    write_image(tmp_path / "small.tif", image)
    monkeypatch.setattr("texnet_core.pictures.encoders._LARGEST_CLASSIC_TIFF", image.nbytes - 1)
    write_image(tmp_path / "large.tif", image)
    for name, big in (("small", False), ("large", True)):
        with tifffile.TiffFile(tmp_path / f"{name}.tif") as file:
            assert file.is_bigtiff == big and file.pages[0].is_tiled
            assert np.array_equal(file.asarray(), image)


@pytest.mark.parametrize(("suffix", "depth"), STREAMS)
def test_a_picture_that_is_given_up_leaves_nothing(tmp_path, suffix, depth):
    image = quantize(picture(64, 64), depth) if depth else picture(64, 64)
    with pytest.raises(KeyError), writing_image(tmp_path / f"p{suffix}", 64, 64, 3, depth, "sRGB") as write:
        write(image[:32])
        raise KeyError
    with (
        pytest.raises(ValueError, match="32 rows"),
        writing_image(tmp_path / f"p{suffix}", 64, 64, 3, depth, "sRGB") as w,
    ):
        w(image[:32])
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_fails_stops_the_writer_and_leaves_nothing(tmp_path, monkeypatch):
    """As when the disk is full: the error comes out of the block, however much is still to be written."""

    def full(path, bands, layout):
        next(bands)
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(writing.FORMATS, ".png", replace(writing.PNG, encode=full))
    rows = np.zeros((16, 64, 3), np.uint8)
    with pytest.raises(OutputError, match="No space left"):
        with writing_image(tmp_path / "p.png", 64, 16000, 3, 8, "sRGB") as write:
            for _ in range(1000):
                write(rows)
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_fails_at_the_very_end_is_heard_too(tmp_path, monkeypatch):
    def full(path, bands, layout):
        list(bands)
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(writing.FORMATS, ".png", replace(writing.PNG, encode=full))
    with pytest.raises(OutputError, match="No space left"):
        write_image(tmp_path / "p.png", np.zeros((16, 64, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_what_a_format_cannot_hold_is_said_before_the_work(tmp_path):
    for name, size in (("a.jpg", (65501, 16)), ("a.jpg", (20000, 20000)), ("a.exr", (20000, 20000))):
        with pytest.raises(RequestError, match=r"\.png or \.tif"):
            check_picture_size(tmp_path / name, *size)
    for name in ("a.png", "a.tif"):
        check_picture_size(tmp_path / name, 65536, 65536)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (256, 256), (300, 130), (1, 1)])
def test_a_thumbnail_is_small_and_has_the_pictures_colors(height, width):
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    small = np.asarray(Image.open(io.BytesIO(encode_thumbnail(image))))
    assert max(small.shape) <= 128 and small.shape[2] == 3
    assert np.abs(small.mean((0, 1)) - image.mean((0, 1))).max() < 1.5
    assert max(height, width) > 128 or np.array_equal(small, image)
