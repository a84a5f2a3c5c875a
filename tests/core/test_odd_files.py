"""What is not pixels never stops a picture, and bombs do no harm."""

import io
import resource
import struct
import subprocess
import sys
import zlib

import numpy as np
import png
import pytest
import tifffile
from PIL import Image, TiffImagePlugin

from tests.core.test_profiles import chunk, with_chunks
from texnet_core.errors import ImageError
from texnet_core.pictures.color import quantize
from texnet_core.pictures.reading import read_exemplar

LEVELS = np.random.default_rng(3).integers(0, 256, (24, 36, 3), np.uint8)


def bytes_of(form, **options):
    buffer = io.BytesIO()
    Image.fromarray(LEVELS).save(buffer, form, **options)
    return buffer.getvalue()


def read_bytes(tmp_path, content, name="odd"):
    (tmp_path / name).write_bytes(content)
    return read_exemplar(tmp_path / name)


def exif(orientation, *more):
    """EXIF of an orientation, and entries that follow it."""
    entries = [struct.pack("<HHII", 0x0112, 3, 1, orientation), *more]
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)


BAD_ENTRY = struct.pack("<HHII", 0x9286, 7, 2**31, 2**31)
LARGE = zlib.compress(bytes(3_000_000))


@pytest.mark.parametrize(
    "odd",
    [
        chunk(b"zTXt", b"workflow\0\0" + LARGE),
        chunk(b"iTXt", b"prompt\0\1\0\0\0" + LARGE),
        chunk(b"tEXt", b"parameters\0" + b"x" * 2_000_000),
        b"".join(chunk(b"zTXt", b"t\0\0" + LARGE) for _ in range(40)),
        chunk(b"zTXt", b"broken\0\0not packed"),
        chunk(b"iTXt", b""),
        chunk(b"eXIf", b"\0\x08\0\x02\x01\x12\0\x03"),
        chunk(b"eXIf", exif(1, BAD_ENTRY)),
        chunk(b"tIME", b"\0"),
        chunk(b"pHYs", b""),
        chunk(b"gAMA", b""),
        chunk(b"cHRM", b"abc"),
        chunk(b"sRGB", b""),
        chunk(b"cICP", b"\xff\xff\xff\xff"),
        chunk(b"acTL", b"?"),
        chunk(b"prVt", bytes(100)),
        chunk(b"tEXt", b"a\0b")[:-4] + b"sum?",
        chunk(b"tRNS", b"a\0b")[:-4] + b"sum?",
        chunk(b"tRNS", b""),
        chunk(b"tRNS", b"\1"),
    ],
)
def test_chunks_beside_the_pixels_of_a_png_do_not_matter(tmp_path, odd):
    read = read_bytes(tmp_path, with_chunks(bytes_of("PNG"), odd))
    np.testing.assert_array_equal(read.image, LEVELS / np.float32(255))
    assert read.notes == [] and read.mask is None


@pytest.mark.parametrize("packed", [b"p\0\0" + LARGE, b"p\0\0" + LARGE[:200], b"p\0\0nothing", b"", b"p"])
def test_a_broken_profile_of_a_png_is_a_note(tmp_path, packed):
    read = read_bytes(tmp_path, with_chunks(bytes_of("PNG"), chunk(b"iCCP", packed)))
    np.testing.assert_array_equal(read.image, LEVELS / np.float32(255))
    assert read.notes == ["its color profile is broken and is left out"]


def segment(marker, content):
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


@pytest.mark.parametrize(
    "odd",
    [
        segment(0xE1, b"Exif\0\0garbage"),
        segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff"),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<broken"),
        segment(0xE2, b"MPF\0II*\0garbage"),
        segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\xff\xff\xff\xff"),
        segment(0xEE, b"Adobe"),
        segment(0xE0, b"JFIF\0"),
        segment(0xE7, bytes(60_000)) * 30,
        segment(0xFE, b"\xff\xfe\xfd"),
        b"\xff\xe5\0\0",
        b"\x12\x34",
    ],
)
def test_segments_beside_the_pixels_of_a_jpeg_do_not_matter(tmp_path, odd):
    whole = bytes_of("JPEG")
    read = read_bytes(tmp_path, whole[:2] + odd + whole[2:])
    np.testing.assert_array_equal(read.image, read_bytes(tmp_path, whole, "whole").image)
    assert read.notes == []


def test_chunks_beside_the_pixels_of_a_webp_do_not_matter(tmp_path):
    whole = bytes_of("WEBP", lossless=True, exif=exif(1), xmp=b"<x/>", icc_profile=b"broken")
    place = whole.index(b"EXIF")
    for content in (whole, whole[: place + 4] + b"\xff\xff\xff\x0f" + whole[place + 8 :]):
        np.testing.assert_array_equal(read_bytes(tmp_path, content).image, LEVELS / np.float32(255))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_the_orientation_counts_though_the_rest_of_exif_is_broken(tmp_path, form, orientation, recwarn):
    lossless = {"lossless": True} if form == "WEBP" else {"quality": 100, "subsampling": 0} if form == "JPEG" else {}
    if form == "TIFF":
        info = TiffImagePlugin.ImageFileDirectory_v2()
        info[274] = orientation
        content = bytes_of(form, tiffinfo=info)
    elif form == "PNG":
        content = with_chunks(bytes_of(form), chunk(b"eXIf", exif(orientation, BAD_ENTRY)))
    elif form == "JPEG":
        whole = bytes_of(form, **lossless)
        content = whole[:2] + segment(0xE1, b"Exif\0\0" + exif(orientation, BAD_ENTRY)) + whole[2:]
    else:
        content = bytes_of(form, exif=exif(orientation, BAD_ENTRY), **lossless)
    turned = {
        1: LEVELS,
        2: LEVELS[:, ::-1],
        3: LEVELS[::-1, ::-1],
        4: LEVELS[::-1],
        5: LEVELS.swapaxes(0, 1),
        6: np.rot90(LEVELS, -1),
        7: LEVELS[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(LEVELS),
    }[orientation]
    read = read_bytes(tmp_path, content).image
    assert read.shape == turned.shape
    assert np.abs(read - turned / 255).mean() < (0.02 if form == "JPEG" else 1e-6)
    assert not recwarn.list


def tiff_pages(path, *kinds):
    with tifffile.TiffWriter(path) as writer:
        for number, kind in enumerate(kinds):
            step = 4 if kind & 1 else 1
            page = LEVELS[::step, ::step] if number < 2 else LEVELS[::-1]
            writer.write(
                page[..., 0] > 127 if kind & 4 else page,
                subfiletype=kind,
                photometric="minisblack" if kind & 4 else "rgb",
            )
    return path


@pytest.mark.parametrize("kinds", [(0, 1), (1, 0), (0, 1, 1), (0, 4), (2,)])
def test_reduced_pages_and_masks_of_a_tiff_are_no_pictures(tmp_path, kinds):
    read = read_exemplar(tiff_pages(tmp_path / "a.tif", *kinds))
    np.testing.assert_array_equal(read.image, LEVELS / np.float32(255))


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    ("entry", "next_page"),
    [
        ((), 10**8),
        ((), 12),
        ((34665, 4, 1, 10**8), 0),  # EXIF
        ((700, 1, 10**6, 10**8), 0),  # XMP
        ((34675, 7, 500, 10**8), 0),  # a profile
        ((270, 2, 10**6, 5), 0),  # a description
        ((274, 3, 1, 77), 0),  # an orientation
        ((60_000, 99, 5, 77), 0),
    ],
)
def test_what_else_is_in_a_tiff_does_not_matter(tmp_path, recwarn, kind, entry, next_page):
    levels = LEVELS.astype(kind) * kind(np.iinfo(kind).max // 255)
    facts = {256: 36, 257: 24, 258: 8 * levels.itemsize, 259: 1, 262: 2, 273: 8, 277: 3, 278: 24, 279: levels.nbytes}
    entries = sorted([*((tag, 4, 1, value) for tag, value in facts.items()), *([entry] if entry else [])])
    head = b"II*\0" + struct.pack("<I", 8 + levels.nbytes) + levels.tobytes() + struct.pack("<H", len(entries))
    pages = b"".join(struct.pack("<HHII", *fields) for fields in entries) + struct.pack("<I", next_page)
    np.testing.assert_allclose(read_bytes(tmp_path, head + pages).image, LEVELS / 255, atol=1e-6)
    assert not recwarn.list


def test_several_pages_and_frames_are_refused(tmp_path):
    with pytest.raises(ImageError, match="has 2 pages"):
        read_exemplar(tiff_pages(tmp_path / "a.tif", 0, 0))
    frames = [Image.fromarray(LEVELS), Image.fromarray(255 - LEVELS)]
    for name in ("a.png", "a.webp", "a.gif"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        with pytest.raises(ImageError, match="has 2 frames"):
            read_exemplar(tmp_path / name)


def test_a_single_frame_of_a_format_of_many_is_read(tmp_path):
    for name in ("a.webp", "a.gif", "a.avif"):
        Image.fromarray(LEVELS).save(tmp_path / name)
        assert read_exemplar(tmp_path / name).image.shape == LEVELS.shape


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_tiff_whose_zero_is_white_is_not_inverted(tmp_path, kind, compression):
    top = np.iinfo(kind).max
    gray = np.random.default_rng(0).integers(0, top, (20, 30), kind, endpoint=True)
    tifffile.imwrite(tmp_path / "a.tif", gray, photometric="miniswhite", compression=compression)
    np.testing.assert_allclose(read_exemplar(tmp_path / "a.tif").image[..., 0], 1 - gray / top, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("interlaced", [False, True])
def test_a_png_of_16_bits_keeps_all_of_them(tmp_path, channels, interlaced):
    levels = np.random.default_rng(1).integers(0, 65536, (20, 30, channels), np.uint16)
    if channels in (2, 4):
        levels[..., -1] |= 0x8000
    buffer = io.BytesIO()
    writer = png.Writer(30, 20, greyscale=channels < 3, alpha=channels in (2, 4), bitdepth=16, interlace=interlaced)
    writer.write_array(buffer, levels.ravel().tolist())
    colors = levels[..., :3] if channels > 2 else levels[..., :1].repeat(3, axis=2)
    read = read_bytes(tmp_path, buffer.getvalue())
    np.testing.assert_allclose(read.image, colors / 65535, atol=1e-6)
    assert read.mask is None


def test_the_transparent_color_of_16_bits_takes_no_part(tmp_path):
    levels = np.random.default_rng(1).integers(0, 65536, (20, 30, 3), np.uint16)
    levels[:5] = (1, 2, 3)
    levels[10, 10] = (1, 2, 3 + 256)
    buffer = io.BytesIO()
    png.Writer(30, 20, greyscale=False, bitdepth=16, transparent=(1, 2, 3)).write(buffer, levels.reshape(20, -1))
    read = read_bytes(tmp_path, buffer.getvalue())
    assert not read.mask[:5].any() and read.mask[5:].all()


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"compression": "zlib", "predictor": True}])
@pytest.mark.parametrize("layout", [{}, {"tile": (16, 32)}, {"rowsperstrip": 5}])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_tiff_of_16_bits_keeps_all_of_them(tmp_path, byteorder, options, layout, planar):
    levels = np.random.default_rng(1).integers(0, 65536, (20, 30, 3), np.uint16)
    stored = np.moveaxis(levels, -1, 0) if planar == "separate" else levels
    tifffile.imwrite(
        tmp_path / "a.tif", stored, photometric="rgb", planarconfig=planar, byteorder=byteorder, **options, **layout
    )
    np.testing.assert_allclose(read_exemplar(tmp_path / "a.tif").image, levels / 65535, atol=1e-6)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "lzma"])
def test_tiff_of_16_bits_however_it_is_packed(tmp_path, compression):
    levels = np.random.default_rng(1).integers(0, 65536, (20, 30), np.uint16)
    Image.fromarray(levels).save(tmp_path / "a.tif", compression=compression)
    np.testing.assert_allclose(read_exemplar(tmp_path / "a.tif").image[..., 0], levels / 65535, atol=1e-6)


def peak_mib(tmp_path, content):
    """What reading takes beside the interpreter, and whether it is read, in a process of its own."""
    (tmp_path / "bomb").write_bytes(content)
    script = """
import resource, sys
from PIL import Image, ImageCms
from texnet_core.errors import ImageError
from texnet_core.pictures.reading import read_exemplar
read_exemplar(sys.argv[2])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_exemplar(sys.argv[1])
    print("read", end=" ")
except ImageError:
    print("refused", end=" ")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    (tmp_path / "plain.png").write_bytes(bytes_of("PNG"))
    command = [sys.executable, "-c", script, tmp_path / "bomb", tmp_path / "plain.png"]
    said, amount = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return said, float(amount)


@pytest.mark.skipif(not hasattr(resource, "getrusage"), reason="needs a Unix")
@pytest.mark.parametrize("kind", ["text", "texts", "profile", "pixels", "strip"])
def test_bombs_take_no_memory(tmp_path, kind):
    bomb = zlib.compress(bytes(2**29), 1)
    if kind == "pixels":
        head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
        content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", bomb) + chunk(b"IEND", b"")
    elif kind == "strip":
        facts = {256: 16, 257: 16, 258: 16, 259: 8, 262: 1, 273: 8, 277: 1, 278: 16, 279: len(bomb)}
        entries = b"".join(struct.pack("<HHII", tag, 4, 1, number) for tag, number in facts.items())
        bomb += b"\0" * (len(bomb) % 2)
        content = (
            b"II*\0" + struct.pack("<I", 8 + len(bomb)) + bomb + struct.pack("<H", len(facts)) + entries + bytes(4)
        )
    else:
        odd = {
            "text": chunk(b"zTXt", b"t\0\0" + bomb),
            "texts": chunk(b"iTXt", b"t\0\1\0\0\0" + bomb) * 8,
            "profile": chunk(b"iCCP", b"p\0\0" + bomb),
        }[kind]
        content = with_chunks(bytes_of("PNG"), odd)
    said, amount = peak_mib(tmp_path, content)
    assert said == ("refused" if kind == "pixels" else "read") and amount < 100


def test_pictures_of_phones_are_named_where_nothing_reads_them(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    for brands in (b"heic\0\0\0\0mif1heic", b"mif1\0\0\0\0heicmif1"):
        (tmp_path / "IMG_1.jpg").write_bytes(struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands + bytes(100))
        with pytest.raises(ImageError, match=r"of the kind HEIC.*texnet\[heif\].*JPEG or PNG"):
            read_exemplar(tmp_path / "IMG_1.jpg")
    monkeypatch.setattr("PIL.features.check", lambda name: False)
    (tmp_path / "a.avif").write_bytes(struct.pack(">I", 24) + b"ftypavif\0\0\0\0avifmif1" + bytes(100))
    with pytest.raises(ImageError, match=r"of the kind AVIF.*upgrade pillow.*JPEG or PNG"):
        read_exemplar(tmp_path / "a.avif")


def test_heic_is_read_where_its_decoder_is_installed(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    smooth = Image.fromarray(LEVELS).resize((144, 96), Image.Resampling.BICUBIC)
    smooth.save(tmp_path / "a.heic", quality=100)
    read = read_exemplar(tmp_path / "a.heic").image
    assert np.abs(read.mean(axis=2) - np.asarray(smooth).mean(axis=2) / 255).mean() < 0.02


def test_half_transparent_colors_are_as_they_are(tmp_path):
    rgba = np.dstack((LEVELS, np.full(LEVELS.shape[:2], 200, np.uint8)))
    Image.fromarray(rgba).save(tmp_path / "straight.png")
    tifffile.imwrite(
        tmp_path / "associated.tif",
        quantize(rgba * (np.array([1, 1, 1, 0]) * 200 / 255 + np.array([0, 0, 0, 1])) / 255, 16),
        photometric="rgb",
        extrasamples=["assocalpha"],
    )
    for name in ("straight.png", "associated.tif"):
        np.testing.assert_allclose(read_exemplar(tmp_path / name).image, LEVELS / 255, atol=1e-3)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_the_transparent_value_of_gray_takes_no_part_whatever_its_bits(tmp_path, bits):
    levels = (np.arange(256).reshape(16, 16) % 2**bits).astype(np.uint8)
    with (tmp_path / "gray.png").open("wb") as file:
        png.Writer(16, 16, greyscale=True, bitdepth=bits, transparent=1).write(file, levels)
    picture = read_exemplar(tmp_path / "gray.png")
    np.testing.assert_array_equal(picture.mask, levels != 1)


def test_a_chain_of_pages_that_leads_back_has_an_end(tmp_path):
    content = bytearray(bytes_of("TIFF"))
    first = struct.unpack_from("<I", content, 4)[0]
    (entries,) = struct.unpack_from("<H", content, first)
    struct.pack_into("<I", content, first + 2 + 12 * entries, first)
    np.testing.assert_array_equal(quantize(read_bytes(tmp_path, bytes(content)).image, 8), LEVELS)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_tiff_whose_strips_are_missing_is_damaged(tmp_path, kind):
    tifffile.imwrite(tmp_path / "short.tif", LEVELS.astype(kind), rowsperstrip=12, photometric="rgb")
    with tifffile.TiffFile(tmp_path / "short.tif", mode="r+b") as file:
        file.pages[0].tags["ImageLength"].overwrite(48)
    with pytest.raises(ImageError, match="2 of 4 pieces"):
        read_exemplar(tmp_path / "short.tif")


@pytest.mark.parametrize(
    ("photometric", "channels", "planar"),
    [("separated", 5, "contig"), ("miniswhite", 2, "contig"), ("minisblack", 2, "separate")],
)
def test_a_tiff_of_8_bits_reads_as_one_of_16(tmp_path, photometric, channels, planar):
    levels = np.random.default_rng(1).integers(0, 256, (24, 36, channels), np.uint8)
    levels[..., -1] = 255
    images = []
    for number, values in enumerate((levels, levels.astype(np.uint16) * 257)):
        values = np.moveaxis(values, -1, 0) if planar == "separate" else values
        path = tmp_path / f"{number}.tif"
        tifffile.imwrite(path, values, photometric=photometric, planarconfig=planar, extrasamples=["unassalpha"])
        images.append(read_exemplar(path).image)
    np.testing.assert_allclose(images[0], images[1], atol=1e-6)


@pytest.mark.parametrize("value", ["abc", "nan", "0", "1e30"])
def test_an_exposure_that_is_none_is_left_out(tmp_path, value):
    texels = bytes([128, 64, 32, 129]) * 4
    heads = [f"#?RADIANCE\n{line}FORMAT=32-bit_rle_rgbe\n\n-Y 2 +X 2\n" for line in ("", f"EXPOSURE={value}\n")]
    first, second = (read_bytes(tmp_path, head.encode() + texels, "a.hdr").image for head in heads)
    np.testing.assert_array_equal(first, second)
