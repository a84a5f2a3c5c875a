"""Exemplars of linear light: EXR, Radiance HDR, TIFF of floats."""

import struct

import numpy as np
import OpenEXR
import pytest
import tifffile

from texnet_core.errors import ImageError
from texnet_core.pictures.color import linear_to_srgb, srgb_to_linear
from texnet_core.pictures.reading import read_exemplar
from texnet_core.pictures.writing import write_image

SRGB = np.random.default_rng(7).random((40, 56, 3)).astype(np.float32)
LIGHT = srgb_to_linear(SRGB)
CONVERTED = "converted from linear light to sRGB"


def saved_exr(path, channels, **header):
    header = {"type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIP_COMPRESSION} | header
    with OpenEXR.File(header, {name: np.ascontiguousarray(pixels) for name, pixels in channels.items()}) as file:
        file.write(str(path))
    return path


def tiles():
    description = OpenEXR.TileDescription()
    description.xSize = description.ySize = 16
    description.mode = OpenEXR.ONE_LEVEL
    return {"type": OpenEXR.tiledimage, "tiles": description}


def hdr_bytes(light, form=b"32-bit_rle_rgbe", packed=True, size=b"-Y 40 +X 56", head=b""):
    """A Radiance file; packed lines hold stretches of 100 and, of the exponents, runs."""
    top = light.max(axis=2)
    exponent = np.ceil(np.log2(np.maximum(top, 1e-9))).astype(int)
    mantissa = np.clip(np.floor(light * np.ldexp(1.0, 8 - exponent)[..., None]), 0, 255).astype(np.uint8)
    texels = np.dstack((mantissa, (exponent + 128).astype(np.uint8)))
    texels[top < 1e-9] = 0
    body = b""
    for line in texels:
        if not packed:
            body += line.tobytes()
            continue
        body += struct.pack(">BBH", 2, 2, len(line))
        for channel in line.T:
            at = 0
            while at < len(channel):
                run = 1
                while at + run < len(channel) and run < 127 and channel[at + run] == channel[at]:
                    run += 1
                if run > 2:
                    body += bytes((128 + run, channel[at]))
                else:
                    run = min(3, len(channel) - at)
                    body += bytes((run,)) + channel[at : at + run].tobytes()
                at += run
    return b"#?RADIANCE\n" + head + b"FORMAT=" + form + b"\n\n" + size + b"\n" + body


@pytest.mark.parametrize("compression", ["NO", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "DWAA", "DWAB", "B44", "B44A"])
def test_exr_of_every_compression(tmp_path, compression):
    smooth = np.kron(LIGHT[::8, ::8], np.ones((8, 8, 1), np.float32)).astype(np.float16)
    path = saved_exr(tmp_path / "a.exr", {"RGB": smooth}, compression=getattr(OpenEXR, f"{compression}_COMPRESSION"))
    away = np.abs(read_exemplar(path).image - linear_to_srgb(smooth.astype(np.float32)))
    assert away.mean() < (0.01 if compression[:3] in ("DWA", "B44") else 1e-3)


@pytest.mark.parametrize(
    ("channels", "header", "expected"),
    [
        ({"RGB": LIGHT}, {}, SRGB),
        ({"RGB": LIGHT}, tiles(), SRGB),
        ({"Y": LIGHT[..., 0]}, {}, SRGB[..., [0, 0, 0]]),
        ({"height": LIGHT[..., 0]}, {}, SRGB[..., [0, 0, 0]]),
        ({"RGB": LIGHT, "Z": LIGHT[..., 0] * 99}, {}, SRGB),
        ({"r": LIGHT[..., 0], "g": LIGHT[..., 1], "b": LIGHT[..., 2]}, {}, SRGB),
        ({"RGB": LIGHT}, {"dataWindow": ((5, 7), (60, 46)), "displayWindow": ((0, 0), (24, 26))}, SRGB[:20, :20]),
        ({"RGB": LIGHT}, {"dataWindow": ((-6, -4), (49, 35)), "displayWindow": ((0, 0), (19, 9))}, SRGB[4:14, 6:26]),
    ],
)
def test_exr_of_every_layout(tmp_path, channels, header, expected):
    read = read_exemplar(saved_exr(tmp_path / "a.exr", channels, **header))
    np.testing.assert_allclose(read.image, expected, atol=1e-5)
    assert read.notes == [CONVERTED] and read.mask is None


def test_of_the_layers_of_an_exr_the_whole_picture_is_read(tmp_path):
    channels = {}
    for layer, light in (("View.AO", LIGHT[::-1]), ("View.Combined", LIGHT), ("View.Glossy", LIGHT[:, ::-1])):
        channels |= {f"{layer}.{name}": light[..., number] for number, name in enumerate("RGB")}
    channels |= {f"View.Normal.{name}": LIGHT[..., 0] for name in "XYZ"}
    read = read_exemplar(saved_exr(tmp_path / "a.exr", channels))
    np.testing.assert_allclose(read.image, SRGB, atol=1e-5)
    assert read.notes == ["of its layers View.Combined is read", CONVERTED]


def test_of_the_parts_of_an_exr_the_one_with_colors_is_read(tmp_path):
    parts = [OpenEXR.Part({"name": "depth"}, {"Z": LIGHT[..., 0].copy()}), OpenEXR.Part({"name": "b"}, {"RGB": LIGHT})]
    with OpenEXR.File(parts) as file:
        file.write(str(tmp_path / "a.exr"))
    np.testing.assert_allclose(read_exemplar(tmp_path / "a.exr").image, SRGB, atol=1e-5)


def test_the_primaries_of_an_exr_count(tmp_path):
    # ACEScg's, from linear sRGB, as the ACES project publishes the matrix
    to_acescg = np.array(
        [[0.6131, 0.3395, 0.0474], [0.0702, 0.9164, 0.0134], [0.0206, 0.1096, 0.8698]],
    )
    light = (LIGHT @ to_acescg.T).astype(np.float32)
    primaries = (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767)
    read = read_exemplar(saved_exr(tmp_path / "a.exr", {"RGB": light}, chromaticities=primaries))
    bright = SRGB.min(axis=2) > 0.2
    np.testing.assert_allclose(read.image[bright], SRGB[bright], atol=0.01)
    assert "converted from ACEScg to sRGB" in read.notes


def test_what_was_written_as_exr_reads_back(tmp_path):
    write_image(tmp_path / "a.exr", SRGB)
    np.testing.assert_allclose(read_exemplar(tmp_path / "a.exr").image, SRGB, atol=5e-4)


@pytest.mark.parametrize("packed", [True, False])
def test_radiance(tmp_path, packed):
    (tmp_path / "a.hdr").write_bytes(hdr_bytes(LIGHT, packed=packed))
    read = read_exemplar(tmp_path / "a.hdr")
    bright = LIGHT.min(axis=2) > 0.3
    np.testing.assert_allclose(read.image[bright], SRGB[bright], atol=0.01)
    assert read.notes == [CONVERTED]


@pytest.mark.parametrize(
    ("size", "turned"),
    [
        (b"+Y 40 +X 56", lambda a: a[::-1]),
        (b"-Y 40 -X 56", lambda a: a[:, ::-1]),
        (b"+X 40 -Y 56", lambda a: a.swapaxes(0, 1)),
        (b"-X 40 +Y 56", lambda a: a[::-1, ::-1].swapaxes(0, 1)),
    ],
)
def test_radiance_says_where_it_begins(tmp_path, size, turned):
    (tmp_path / "a.hdr").write_bytes(hdr_bytes(LIGHT))
    (tmp_path / "b.hdr").write_bytes(hdr_bytes(LIGHT, size=size))
    whole = read_exemplar(tmp_path / "a.hdr").image
    np.testing.assert_array_equal(read_exemplar(tmp_path / "b.hdr").image, turned(whole))


def test_the_exposure_of_radiance_counts(tmp_path):
    (tmp_path / "a.hdr").write_bytes(hdr_bytes(LIGHT))
    (tmp_path / "b.hdr").write_bytes(hdr_bytes(LIGHT * 4, head=b"EXPOSURE=2\nEXPOSURE=2\n"))
    a, b = (read_exemplar(tmp_path / name).image for name in ("a.hdr", "b.hdr"))
    np.testing.assert_allclose(a, b, atol=1e-5)


def test_old_runs_of_radiance(tmp_path):
    rows = b"".join(bytes((128, 64, 32, 129)) + bytes((1, 1, 1, 99)) for _ in range(40))
    (tmp_path / "a.hdr").write_bytes(b"#?RGBE\nFORMAT=32-bit_rle_rgbe\n\n-Y 40 +X 100\n" + rows)
    read = read_exemplar(tmp_path / "a.hdr").image
    assert read.shape == (40, 100, 3)
    np.testing.assert_allclose(read, linear_to_srgb(np.full((40, 100, 3), (1, 0.5, 0.25))), atol=1e-5)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("compression", [None, "zlib", "lzma"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_tiff_of_floats(tmp_path, kind, compression, planar):
    values = LIGHT.astype(kind)
    for name, options in (("a.tif", {}), ("t.tif", {"tile": (16, 16)})):
        stored = np.moveaxis(values, -1, 0) if planar == "separate" else values
        tifffile.imwrite(
            tmp_path / name, stored, photometric="rgb", planarconfig=planar, compression=compression, **options
        )
        read = read_exemplar(tmp_path / name)
        np.testing.assert_allclose(read.image, SRGB, atol=5e-4 if kind is np.float16 else 1e-5)
        assert read.notes == [CONVERTED]


def test_tiff_of_floats_as_differences(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", LIGHT, photometric="rgb", compression="zlib", predictor=None)
    content = bytearray((tmp_path / "a.tif").read_bytes())
    path = tmp_path / "p.tif"
    path.write_bytes(as_differences(bytes(content), LIGHT))
    np.testing.assert_allclose(read_exemplar(path).image, SRGB, atol=1e-5)


def as_differences(content, light):
    """The same TIFF with predictor 3, which no library here writes."""
    import zlib

    height, width, channels = light.shape
    apart = light.astype(">f4").view(np.uint8).reshape(height, width * channels, 4).swapaxes(1, 2)
    rows = apart.reshape(height, -1, channels)
    differences = np.diff(rows, axis=1, prepend=np.zeros((height, 1, channels), np.uint8)).astype(np.uint8)
    packed = zlib.compress(differences.tobytes())
    entries = {
        256: (4, width),
        257: (4, height),
        258: (3, 32),
        259: (3, 8),
        262: (3, 2),
        273: (4, 8),
        277: (3, channels),
        278: (4, height),
        279: (4, len(packed)),
        317: (3, 3),
        339: (3, 3),
    }
    made = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, (kind, value) in entries.items())
    return b"II*\0" + struct.pack("<I", 8 + len(packed)) + packed + struct.pack("<H", len(entries)) + made + bytes(4)


def test_associated_alpha_is_divided_out(tmp_path):
    alpha = np.random.default_rng(1).uniform(0, 1, LIGHT.shape[:2]).astype(np.float32)
    alpha[:5] = 0
    rgba = np.dstack((LIGHT * alpha[..., None], alpha))
    saved_exr(tmp_path / "a.exr", {"RGBA": rgba})
    tifffile.imwrite(tmp_path / "a.tif", rgba, photometric="rgb", extrasamples=["assocalpha"])
    for name in ("a.exr", "a.tif"):
        read = read_exemplar(tmp_path / name)
        np.testing.assert_array_equal(read.mask, alpha >= 0.5)
        np.testing.assert_allclose(read.image[read.mask], SRGB[read.mask], atol=1e-4)


def test_what_is_brighter_than_white_is_clipped_with_a_note(tmp_path):
    light = LIGHT.copy()
    light[:2] = 30
    light[3, 3] = np.inf
    read = read_exemplar(saved_exr(tmp_path / "a.exr", {"RGB": light}))
    assert min(read.image[:2].min(), read.image[3, 3].min()) > 0.9999
    np.testing.assert_allclose(read.image[4:], SRGB[4:], atol=1e-5)
    assert read.notes == [CONVERTED, "5.0% of the picture is brighter than white and is clipped"]


def test_the_exposure_of_a_picture_that_is_too_bright_is_lowered(tmp_path):
    ramp = np.linspace(0, 8, 1000, dtype=np.float32)[None].repeat(16, axis=0)
    read = read_exemplar(saved_exr(tmp_path / "a.exr", {"Y": ramp}))
    np.testing.assert_allclose(read.image[..., 0], linear_to_srgb(ramp / (8 * 0.99)), atol=2e-3)
    assert read.notes[1:] == ["87.4% of the picture is brighter than white: its exposure is lowered by 3.0 stops"]


def test_texels_that_are_no_numbers_take_no_part(tmp_path):
    light = LIGHT.copy()
    light[5, 6, 1] = np.nan
    light[7, 8, 2] = -np.inf
    read = read_exemplar(saved_exr(tmp_path / "a.exr", {"RGB": light}))
    assert not read.mask[5, 6] and np.count_nonzero(~read.mask) == 1 and read.image[7, 8, 2] == 0
    assert "1 of its texels is no number and takes no part" in read.notes
    with pytest.raises(ImageError, match="cannot be read"):
        read_exemplar(saved_exr(tmp_path / "b.exr", {"RGB": np.full_like(LIGHT, np.nan)}))


def broken_files(folder):
    exr = saved_exr(folder / "whole.exr", {"RGB": LIGHT}).read_bytes()
    (folder / "cut.exr").write_bytes(exr[: len(exr) // 2])
    (folder / "head.exr").write_bytes(exr[:40])
    place = exr.index(b"dataWindow\0box2i\0") + len(b"dataWindow\0box2i\0") + 4
    (folder / "bomb.exr").write_bytes(exr[:place] + struct.pack("<4i", 0, 0, 99_999, 99_999) + exr[place + 16 :])
    saved_exr(folder / "ids.exr", {"id": np.zeros((8, 8), np.uint32)})
    hdr = hdr_bytes(LIGHT)
    (folder / "cut.hdr").write_bytes(hdr[: len(hdr) // 2])
    (folder / "head.hdr").write_bytes(hdr[:20])
    (folder / "bomb.hdr").write_bytes(hdr_bytes(LIGHT, size=b"-Y 99999 +X 99999"))
    (folder / "far.hdr").write_bytes(hdr_bytes(LIGHT, size=b"-Y 16000 +X 16000"))
    tifffile.imwrite(folder / "whole.tif", LIGHT, photometric="rgb")
    tiff = (folder / "whole.tif").read_bytes()
    (folder / "cut.tif").write_bytes(tiff[: len(tiff) // 2])


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("cut.exr", "cannot be read"),
        ("head.exr", "cannot be read"),
        ("bomb.exr", "100000x100000"),
        ("ids.exr", "no channels of colors"),
        ("cut.hdr", "cannot be read"),
        ("head.hdr", "cannot be read"),
        ("bomb.hdr", "99999x99999"),
        ("far.hdr", "cannot be read"),
        ("cut.tif", "cannot be read"),
    ],
)
def test_broken_files_get_one_clear_line(tmp_path, name, says, capsys):
    broken_files(tmp_path)
    with pytest.raises(ImageError, match=says) as caught:
        read_exemplar(tmp_path / name)
    assert "\n" not in str(caught.value) and capsys.readouterr().out == ""
