"""Exemplars with a color profile come out as sRGB."""

import io
import struct
import zlib

import numpy as np
import png
import pytest
import tifffile
from PIL import Image, ImageCms

from tests.core.profiles import (
    ADOBE_RGB,
    DISPLAY_P3,
    PROPHOTO,
    SRGB,
    SRGB_CURVE,
    cmyk_profile,
    encoded,
    gamma_curve,
    gray_profile,
    lab_to_srgb,
    rgb_profile,
    table_curve,
    to_srgb,
)
from texnet_core.pictures.color import quantize
from texnet_core.pictures.reading import read_exemplar

PROFILES = {
    "Display P3": (rgb_profile("Display P3", DISPLAY_P3, SRGB_CURVE), DISPLAY_P3, None),
    "Adobe RGB": (rgb_profile("Adobe RGB", ADOBE_RGB, gamma_curve(563 / 256)), ADOBE_RGB, 563 / 256),
    "ProPhoto": (rgb_profile("ProPhoto", PROPHOTO, gamma_curve(1.8)), PROPHOTO, 461 / 256),
    "linear": (rgb_profile("linear", DISPLAY_P3, table_curve((0, 1))), DISPLAY_P3, 1.0),
}


@pytest.fixture
def colors():
    """sRGB colors of all kinds, patches of 4 texels."""
    patches = np.random.default_rng(5).random((12, 12, 3))
    return np.kron(patches, np.ones((4, 4, 1)))


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def with_chunks(content, *chunks):
    """The bytes of a PNG with more chunks behind its header."""
    return content[:33] + b"".join(chunks) + content[33:]


def saved_png(path, values, *chunks):
    """Values in [0, 1] as a PNG of 16 bits."""
    levels = quantize(values, 16)
    height, width = levels.shape[:2]
    buffer = io.BytesIO()
    png.Writer(width, height, greyscale=levels.ndim == 2, bitdepth=16).write(buffer, levels.reshape(height, -1))
    path.write_bytes(with_chunks(buffer.getvalue(), *chunks))
    return path


def color_profile_chunk(profile):
    return chunk(b"iCCP", b"p\0\0" + zlib.compress(profile))


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_8_bits_come_out_as_srgb(tmp_path, colors, name, suffix):
    profile, colorants, exponent = PROFILES[name]
    image = Image.fromarray(quantize(encoded(colors, colorants, exponent), 8))
    options = {".jpg": {"quality": 100, "subsampling": 0}, ".webp": {"lossless": True}}.get(suffix, {})
    image.save(tmp_path / f"a{suffix}", icc_profile=profile, **options)
    read = read_exemplar(tmp_path / f"a{suffix}")
    assert read.notes == [f"converted from {name} to sRGB"]
    bright = colors.min(axis=2) > 0.2  # darker, a level of 8 bits is more than one of sRGB in linear light
    away = np.abs(read.image - colors)[bright]
    assert away.mean() < 0.005 and (suffix == ".jpg" or away.max() < 0.02)


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bits_keep_their_depth(tmp_path, name, suffix):
    profile, colorants, exponent = PROFILES[name]
    ramp = np.linspace(0.2, 0.5, 2000)[None, :, None] * np.ones((2, 1, 3)) * (1, 0.9, 0.8)
    values = encoded(ramp, colorants, exponent)
    path = tmp_path / f"a{suffix}"
    if suffix == ".png":
        saved_png(path, values, color_profile_chunk(profile))
    else:
        tifffile.imwrite(path, quantize(values, 16), photometric="rgb", iccprofile=profile)
    read = read_exemplar(path).image
    assert np.abs(read - ramp).max() < 1e-3 and len(np.unique(read[0, :, 0])) > 1800


def test_pictures_of_phones_have_profiles_too(tmp_path, colors):
    pytest.importorskip("pillow_heif").register_heif_opener()
    profile, colorants, exponent = PROFILES["Display P3"]
    smooth = np.kron(colors[::16, ::16], np.ones((32, 32, 1)))
    for name in ("a.heic", "a.avif"):
        image = Image.fromarray(quantize(encoded(smooth, colorants, exponent), 8))
        image.save(tmp_path / name, icc_profile=profile, quality=100)
        read = read_exemplar(tmp_path / name)
        assert read.notes == ["converted from Display P3 to sRGB"]
        assert np.abs(read.image - smooth)[smooth.min(axis=2) > 0.2].mean() < 0.02


def test_a_profile_that_is_srgb_changes_nothing_and_says_nothing(tmp_path):
    levels = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    for profile in (
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        rgb_profile("sRGB by another maker", SRGB, table_curve([to_linear_of(v / 1023) for v in range(1024)])),
    ):
        Image.fromarray(levels).save(tmp_path / "a.png", icc_profile=profile)
        read = read_exemplar(tmp_path / "a.png")
        np.testing.assert_array_equal(read.image, levels / np.float32(255))
        assert read.notes == []


def to_linear_of(value):
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


DOT_GAIN = [(v / 255) ** 1.3 * 0.8 + 0.2 * v / 255 for v in range(256)]


@pytest.mark.parametrize(
    ("curve", "light"),
    [
        (gamma_curve(1.8), lambda v: v ** (461 / 256)),
        (gamma_curve(2.2), lambda v: v ** (563 / 256)),
        (table_curve(DOT_GAIN), lambda v: np.interp(v, np.linspace(0, 1, 256), DOT_GAIN)),
    ],
)
@pytest.mark.parametrize("bits", [8, 16])
def test_gray_goes_through_its_curve_and_stays_gray(tmp_path, curve, light, bits):
    values = np.linspace(0, 1, 256)[None].repeat(4, axis=0)
    if bits == 16:
        saved_png(tmp_path / "a.png", values, color_profile_chunk(gray_profile("Gray", curve)))
    else:
        Image.fromarray(quantize(values, 8)).save(tmp_path / "a.png", icc_profile=gray_profile("Gray", curve))
    read = read_exemplar(tmp_path / "a.png")
    np.testing.assert_allclose(read.image[..., 1], to_srgb(light(values)), atol=2e-3)
    assert np.ptp(read.image, axis=2).max() == 0
    assert read.notes == ["converted from Gray to sRGB"]


def test_cmyk_goes_through_the_tables_of_its_profile(tmp_path):
    inks = {
        (0, 0, 0, 0): (96, 0, 3),
        (1, 0, 0, 0): (56, -36, -48),
        (0, 1, 0, 0): (49, 73, -3),
        (0, 0, 1, 0): (89, -4, 90),
    }

    def lab_of(*mix):
        return inks.get(mix, (20, 0, 0))

    profile = cmyk_profile("Some Press", lab_of)
    for suffix in (".tif", ".jpg"):
        for mix, lab in inks.items():
            Image.new("CMYK", (16, 16), tuple(255 * ink for ink in mix)).save(
                tmp_path / f"a{suffix}", icc_profile=profile, **({"quality": 100} if suffix == ".jpg" else {})
            )
            read = read_exemplar(tmp_path / f"a{suffix}")
            assert read.notes == ["converted from Some Press to sRGB"]
            # the lightest and darkest become white and black, which moves the rest a little
            np.testing.assert_allclose(read.image[8, 8], lab_to_srgb(lab), atol=0.08)


@pytest.mark.parametrize(
    ("mode", "profile", "says"),
    [
        ("RGB", b"no profile", "is broken"),
        ("RGB", rgb_profile("cut", ADOBE_RGB, SRGB_CURVE)[:300], "is broken"),
        ("RGB", gray_profile("Gray", gamma_curve(1.8)), "is for gray, where the picture is RGB,"),
        ("RGB", cmyk_profile("Press", lambda *mix: (50, 0, 0)), "is for CMYK, where the picture is RGB,"),
        ("L", cmyk_profile("Press", lambda *mix: (50, 0, 0)), "is for CMYK, where the picture is gray,"),
        ("CMYK", rgb_profile("P3", DISPLAY_P3, SRGB_CURVE), "is for RGB, where the picture is CMYK,"),
    ],
)
def test_a_profile_that_does_not_fit_is_left_out_with_a_note(tmp_path, mode, profile, says):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)).convert(mode)
    image.save(tmp_path / "plain.tif")
    image.save(tmp_path / "a.tif", icc_profile=profile)
    read = read_exemplar(tmp_path / "a.tif")
    assert read.notes == [f"its color profile {says} and is left out"]
    np.testing.assert_array_equal(read.image, read_exemplar(tmp_path / "plain.tif").image)


def test_a_gray_picture_in_a_color_space_stays_gray(tmp_path):
    values = quantize(np.linspace(0, 1, 256)[None].repeat(4, axis=0), 8)
    Image.fromarray(values).save(tmp_path / "a.png", icc_profile=PROFILES["Adobe RGB"][0])
    read = read_exemplar(tmp_path / "a.png").image
    np.testing.assert_allclose(read[..., 0], to_srgb((values / 255) ** (563 / 256)), atol=1e-3)
    assert np.ptp(read, axis=2).max() < 1e-6


def primaries_chunk(*places):
    return chunk(b"cHRM", struct.pack(">8I", *(round(n * 100_000) for n in places)))


ADOBE_PLACES = (0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
SRGB_PLACES = (0.3127, 0.329, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)


@pytest.mark.parametrize(
    ("chunks", "of_values", "note"),
    [
        ((chunk(b"cICP", bytes((12, 13, 0, 1))),), (DISPLAY_P3, None), "Display P3"),
        (
            (color_profile_chunk(PROFILES["ProPhoto"][0]), chunk(b"cICP", bytes((12, 13, 0, 1)))),
            (DISPLAY_P3, None),
            "Display P3",
        ),
        ((chunk(b"gAMA", struct.pack(">I", 45471)), primaries_chunk(*ADOBE_PLACES)), (ADOBE_RGB, 2.1992), "Adobe RGB"),
        ((chunk(b"gAMA", struct.pack(">I", 100_000)),), (SRGB, 1.0), "gamma 1"),
        ((chunk(b"gAMA", struct.pack(">I", 45455)), primaries_chunk(*SRGB_PLACES)), (SRGB, None), None),
        ((chunk(b"sRGB", b"\0"), chunk(b"gAMA", struct.pack(">I", 100_000))), (SRGB, None), None),
        ((chunk(b"cICP", bytes((1, 13, 0, 1))), chunk(b"gAMA", struct.pack(">I", 100_000))), (SRGB, None), None),
        ((primaries_chunk(0.3127, 0.329, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3),), (SRGB, None), None),
    ],
)
def test_a_png_says_its_colors_by_its_own_chunks(tmp_path, colors, chunks, of_values, note):
    colorants, exponent = of_values
    read = read_exemplar(saved_png(tmp_path / "a.png", encoded(colors, colorants, exponent), *chunks))
    np.testing.assert_allclose(read.image, colors, atol=3e-3)
    assert read.notes == ([] if note is None else [f"converted from {note} to sRGB"])


FLAT = (table_curve((0, 0)), table_curve((1, 1)), struct.pack(">4s4xH2xi", b"para", 0, -65536))  # the last: 1 / x


@pytest.mark.parametrize("curve", FLAT)
@pytest.mark.filterwarnings("error")
def test_a_profile_whose_curves_are_broken_is_left_out_with_a_note(tmp_path, curve):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8))
    image.save(tmp_path / "a.png", icc_profile=rgb_profile("broken", DISPLAY_P3, curve))
    picture = read_exemplar(tmp_path / "a.png")
    assert picture.notes == ["its color profile is broken and is left out"]
    np.testing.assert_array_equal(quantize(picture.image, 8), np.asarray(image))
