"""Pictures painted anew from file to file: kinds in and out, alpha, strips, whole or not at all."""

import os
from pathlib import Path

import numpy as np
import png
import pytest
import tifffile
from PIL import Image

from tests.conftest import picture, random_style
from texnet_core import Cancelled, RequestError, open_engine
from texnet_core.errors import ImageError, OutputError
from texnet_core.pictures import png_strips, tiff_strips
from texnet_core.pictures.color import quantize
from texnet_core.pictures.stills import decode
from texnet_core.pictures.strips import open_strips
from texnet_core.pictures.writing import SUFFIXES, write_image
from texnet_core.stylization import StylizeRequest, colors_of, read_content, sources, stores, stylize, stylize_file

pytestmark = pytest.mark.device
HEIGHT, WIDTH = 90, 130


@pytest.fixture(scope="module")
def engine():
    return open_engine(random_style(), "onnx")


@pytest.fixture(scope="module")
def levels():
    """(h, w, 4) uint8 with holes and half transparent parts."""
    rgba = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    rgba[..., :3] = picture(HEIGHT, WIDTH) * 255
    rgba[20:40, 30:60, 3] = 0
    rgba[40:50, 30:60, 3] = 90
    return rgba


@pytest.fixture
def small_strips(monkeypatch):
    """Every PNG is read in strips of a few rows, and kept in a file."""
    monkeypatch.setattr(sources, "_WORTH_STRIPS", 1)
    monkeypatch.setattr(png_strips, "_STRIP_TEXELS", 7 * WIDTH)
    monkeypatch.setattr(tiff_strips, "_STRIP_TEXELS", 7 * WIDTH)
    monkeypatch.setattr(tiff_strips, "_STRIP_TEXELS", 7 * WIDTH)
    monkeypatch.setattr(stores, "_IN_MEMORY", 0)


def saved(folder, levels, name="in.png"):
    path = folder / name
    write_image(path, levels)
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_holds_what_is_made_in_memory(engine, levels, tmp_path, suffix):
    content = saved(tmp_path, levels)
    made = stylize_file(engine, content, tmp_path / f"out{suffix}", StylizeRequest())
    expected = stylize(engine.artifact, levels, engine=engine)
    back = read_content(made.path)
    seen = levels[..., 3] > 0
    within = 0.08 if suffix.startswith(".jp") else 1e-3 if suffix == ".exr" else 0.51 / 255
    assert np.abs(back.values - expected.image)[seen].max() <= within
    if suffix.startswith(".jp"):
        assert back.alpha is None
        assert made.notes == [f"{suffix} files hold no alpha, so that it is left out"]
    else:
        np.testing.assert_allclose(back.alpha, levels[..., 3] / 255, atol=1e-3 if suffix == ".exr" else 1e-6)
        assert made.notes == []
    assert made.request.colors == expected.request.colors


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_alpha_is_written_in_full_depth(tmp_path, channels, depth, suffix):
    kind = np.dtype(f"uint{depth}")
    image = np.random.default_rng(0).integers(0, 2**depth, (20, 30, channels)).astype(kind)
    image[0, 0] = 1
    path = tmp_path / f"x{suffix}"
    write_image(path, image)
    decoded = decode(path)
    values = decoded.values if decoded.alpha is None else np.dstack((decoded.values, decoded.alpha))
    assert decoded.depth == depth
    assert np.array_equal(np.rint(values * (2**depth - 1)), image)


@pytest.mark.parametrize(("depth", "asked", "got"), [(8, 0, 8), (16, 0, 16), (8, 16, 16), (16, 8, 8)])
def test_files_have_the_depth_of_the_picture_unless_another_is_asked_for(engine, tmp_path, depth, asked, got):
    content = saved(tmp_path, quantize(picture(20, 30), depth))
    made = stylize_file(engine, content, tmp_path / "out.png", StylizeRequest(depth=asked))
    assert (read_content(made.path).depth, made.request.depth) == (got, got)
    assert stylize_file(engine, content, tmp_path / "out.jpg", StylizeRequest()).request.depth == 8


def every_kind(folder, levels):
    """The same picture in many kinds of files; name -> path."""
    rgb, gray = Image.fromarray(levels[..., :3]), Image.fromarray(levels[..., 0])
    images = {
        "gray.png": gray,
        "la.png": gray.convert("LA"),
        "one.png": gray.point(lambda value: 255 * (value > 128)).convert("1"),
        "palette.png": rgb.quantize(50),
        "cmyk.jpg": rgb.convert("CMYK"),
        "cmyk.tif": rgb.convert("CMYK"),
        "rgb.jpg": rgb,
        "still.gif": rgb.quantize(50),
        "rgb.webp": rgb,
        "float.tif": Image.fromarray(picture(HEIGHT, WIDTH)[..., 0]),
        "rgb.bmp": rgb,
    }
    for name, image in images.items():
        image.save(folder / name)
    write_image(folder / "linear.exr", picture(HEIGHT, WIDTH))
    write_image(folder / "deep.png", quantize(picture(HEIGHT, WIDTH), 16))
    return [*images, "linear.exr", "deep.png"]


def test_every_kind_of_picture_is_painted(engine, levels, tmp_path):
    for name in every_kind(tmp_path, levels):
        made = stylize_file(engine, tmp_path / name, tmp_path / "out.png", StylizeRequest())
        assert (made.request.width, made.request.height) == (WIDTH, HEIGHT), name
        assert read_content(made.path).depth == made.request.depth, name


# Strips


def written(path, array, **options):
    with path.open("wb") as file:
        writer = png.Writer(array.shape[1], array.shape[0], **options)
        writer.write(file, array.reshape(len(array), -1))


def tiff_kinds(folder, levels):
    """Strips and tiles, packed in several ways."""
    deep = levels.astype(np.uint16) * 257 - 3 * (levels > 0).astype(np.uint16)
    for number, (array, options) in enumerate(
        [
            (levels[..., :3], {"rowsperstrip": 5}),
            (levels[..., :3], {"tile": (32, 48), "compression": "zlib", "predictor": True}),
            (levels, {"rowsperstrip": 64, "extrasamples": ["unassalpha"]}),
            (deep, {"tile": (16, 16), "compression": "zlib", "extrasamples": ["unassalpha"], "byteorder": ">"}),
            (deep[..., 0], {"rowsperstrip": 9, "photometric": "minisblack"}),
        ]
    ):
        tifffile.imwrite(folder / f"{number}.tif", array, **({"photometric": "rgb"} | options))
    for packing in ("tiff_lzw", "packbits", "tiff_adobe_deflate"):
        Image.fromarray(levels[..., :3]).save(folder / f"{packing}.tif", compression=packing)


def test_strips_hold_what_the_whole_does(small_strips, levels, tmp_path):
    """All types of color and all depths; Pillow's files have rows with each filter."""
    rgb = Image.fromarray(levels[..., :3])
    rgb.save(tmp_path / "rgb.png")
    Image.fromarray(levels).save(tmp_path / "rgba.png")
    Image.fromarray(levels[..., 0]).save(tmp_path / "gray.png")
    Image.fromarray(levels[..., 0]).convert("LA").save(tmp_path / "la.png")
    rgb.quantize(9).save(tmp_path / "palette4.png")
    rgb.quantize(99).save(tmp_path / "palette8.png", transparency=3)
    rgb.save(tmp_path / "key.png", transparency=tuple(int(value) for value in levels[0, 0, :3]))
    for channels in (1, 2, 3, 4):
        deep = levels[..., :channels].astype(np.uint16) * 257 - 3 * (levels[..., :channels] > 0)
        kinds = {"greyscale": channels < 3, "alpha": channels in (2, 4)}
        written(tmp_path / f"deep{channels}.png", deep, bitdepth=16, **kinds)
    for bits in (1, 2, 4):
        written(
            tmp_path / f"bits{bits}.png", levels[..., 0] >> (8 - bits), bitdepth=bits, greyscale=True, transparent=1
        )
    tiff_kinds(tmp_path, levels)
    for path in sorted(tmp_path.iterdir()):
        whole, parts = decode(path), list(open_strips(path))
        assert len(parts) > 10, path.name
        assert np.array_equal(np.concatenate([part.values for part in parts]), whole.values), path.name
        if whole.alpha is not None:
            assert np.array_equal(np.concatenate([part.alpha for part in parts]), whole.alpha), path.name
        assert {part.depth for part in parts} == {whole.depth}


def test_a_picture_read_in_strips_is_painted_like_one_read_whole(engine, levels, tmp_path, request):
    deep = levels.astype(np.uint16) * 257
    contents = [
        saved(tmp_path, deep, "d.tif"),
        saved(tmp_path, levels, "a.png"),
        saved(tmp_path, deep, "b.png"),
        saved(tmp_path, levels[..., :3], "c.png"),
    ]
    mask = saved(tmp_path, levels[..., :1], "mask.png")
    jobs = [(path, {"wrap": wrap}) for path in contents for wrap in ("none", "xy")]

    def results(folder):
        made = [
            stylize_file(engine, path, tmp_path / folder / f"{number}.png", StylizeRequest(**fields), strength_map=mask)
            for number, (path, fields) in enumerate(jobs)
        ]
        return [(each.path.read_bytes(), each.request) for each in made], colors_of(contents)

    whole = results("whole")
    request.getfixturevalue("small_strips")
    assert results("strips") == whole


def test_interlaced_files_are_read_too(small_strips, engine, levels, tmp_path):
    written(tmp_path / "in.png", levels[..., :3], interlace=True, greyscale=False)
    made = stylize_file(engine, tmp_path / "in.png", tmp_path / "out.png", StylizeRequest(strength=0))
    assert np.array_equal(np.asarray(Image.open(made.path)), levels[..., :3])


def test_turned_pictures_are_upright(small_strips, engine, levels, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(levels[..., :3]).save(tmp_path / "in.png", exif=exif)
    made = stylize_file(engine, tmp_path / "in.png", tmp_path / "out.png", StylizeRequest(strength=0))
    assert np.array_equal(np.asarray(Image.open(made.path)), np.rot90(levels[..., :3], -1))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_nothing_is_left_of_what_was_unpacked(small_strips, engine, levels, tmp_path):
    content = saved(tmp_path, levels)
    before = len(os.listdir("/proc/self/fd"))
    stylize_file(engine, content, tmp_path / "out.png", StylizeRequest())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.png", "out.png"]
    assert len(os.listdir("/proc/self/fd")) == before


# Bad input: one clear error, and nothing half-written


@pytest.mark.parametrize("in_strips", [False, True])
@pytest.mark.parametrize("what", ["missing", "empty", "text", "cut", "animated", "transparent", "folder"])
def test_what_cannot_be_read_leaves_nothing(engine, levels, tmp_path, what, in_strips, request):
    if in_strips:
        request.getfixturevalue("small_strips")
    content, output = tmp_path / "in.png", tmp_path / "new" / "out.png"
    frames = [Image.fromarray(levels[..., :3]), Image.fromarray(255 - levels[..., :3])]
    if what == "folder":
        content.mkdir()
    elif what == "animated":
        frames[0].save(content, save_all=True, append_images=frames[1:])
    elif what != "missing":
        saved(tmp_path, levels * np.uint8([1, 1, 1, what != "transparent"]))
        whole = content.read_bytes()
        content.write_bytes({"empty": b"", "text": b"no picture", "cut": whole[: len(whole) // 2]}.get(what, whole))
    with pytest.raises(ImageError) as raised:
        stylize_file(engine, content, output, StylizeRequest())
    assert "\n" not in str(raised.value)
    assert str(content) in str(raised.value)
    assert not output.parent.exists()


def test_a_mask_of_another_size_is_refused(engine, levels, tmp_path):
    content, mask = saved(tmp_path, levels), saved(tmp_path, levels[:-1], "mask.png")
    with pytest.raises(ImageError, match=r"mask\.png has 130x89 texels, and the picture 130x90"):
        stylize_file(engine, content, tmp_path / "out.png", StylizeRequest(), strength_map=mask)
    assert not (tmp_path / "out.png").exists()


def test_what_a_format_cannot_hold_is_refused_before_the_work(engine, levels, tmp_path):
    content = saved(tmp_path, levels)
    for name, fields, error in [
        ("out.jpg", {"depth": 16}, RequestError),
        ("out.gif", {}, RequestError),
        ("out", {}, RequestError),
        ("out.webp", {"width": 20000, "height": 2}, RequestError),
        ("in.png/out.png", {}, OutputError),
    ]:
        with pytest.raises(error):
            stylize_file(engine, content, tmp_path / name, StylizeRequest(**fields))
    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]


def test_a_file_that_is_there_stays_until_the_new_one_is_complete(engine, levels, tmp_path):
    content, output = saved(tmp_path, levels), tmp_path / "out.png"
    output.write_bytes(b"before")

    def stop(progress):
        if progress.done:
            raise Cancelled

    with pytest.raises(Cancelled):
        stylize_file(engine, content, output, StylizeRequest(), progress=stop)
    assert output.read_bytes() == b"before"
    assert len(list(tmp_path.iterdir())) == 2
    made = stylize_file(engine, content, content, StylizeRequest())  # onto itself
    assert read_content(made.path).values.shape == (HEIGHT, WIDTH, 3)


def test_colors_of_several_pictures_count_all_their_texels(levels, tmp_path):
    paths = [saved(tmp_path, levels, "a.png"), saved(tmp_path, levels[:10, :, :3], "b.png")]
    seen = np.concatenate((levels[levels[..., 3] > 0][:, :3], levels[:10, :, :3].reshape(-1, 3))) / 255
    np.testing.assert_allclose(colors_of(paths).mean, seen.mean(axis=0), atol=1e-5)
    with pytest.raises(RequestError):
        colors_of([])
