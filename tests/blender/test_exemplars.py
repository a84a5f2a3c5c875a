"""What an image of Blender is to the backend: the colors and the transparency that Blender shows."""

import io
import shutil
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from PIL import Image

from tests.core.profiles import DISPLAY_P3, SRGB_CURVE, encoded, rgb_profile
from texnet_core.pictures.color import quantize, srgb_to_linear
from texnet_core.pictures.reading import read_exemplar

COLORS = np.kron(np.random.default_rng(2).uniform(0.2, 0.9, (8, 10, 3)), np.ones((4, 4, 1))).astype(np.float32)
ALPHA = np.linspace(0, 1, COLORS.shape[1], dtype=np.float32)[None].repeat(COLORS.shape[0], axis=0)
P3 = rgb_profile("Display P3", DISPLAY_P3, SRGB_CURVE)

TAKE = """
        import numpy as np
        exemplar = module("exemplar")
        def take(image):
            before = len(bpy.data.images)
            path, is_copy = exemplar.exemplar_of(image)
            answer({"path": str(path), "is_copy": is_copy, "left": len(bpy.data.images) - before})
        def load(**settings):
            image = bpy.data.images.load(values["path"])
            for name, value in settings.items():
                if name == "space":
                    image.colorspace_settings.name = value
                else:
                    setattr(image, name, value)
            return image
        def drawn(rgba, **options):
            height, width = rgba.shape[:2]
            image = bpy.data.images.new("Drawn", width, height, **options)
            image.pixels.foreach_set(rgba[::-1].ravel())
            return image
"""


@pytest.fixture
def taken(blender, tmp_path):
    """What the backend reads of an image that a script makes, and whether it is a copy."""
    copies = []

    def take(script, **values):
        (state,) = blender(TAKE + script, **values)
        assert state["left"] == 0  # no datablock of ours stays
        if state["is_copy"]:
            copies.append(Path(state["path"]).parent)
        return read_exemplar(state["path"]), state["is_copy"]

    yield take
    for folder in copies:
        shutil.rmtree(folder)


def png_of(path, values, alpha=None, **options):
    levels = quantize(values, 8)
    Image.fromarray(levels if alpha is None else np.dstack((levels, quantize(alpha[..., None], 8)))).save(
        path, **options
    )
    return str(path)


def test_a_file_with_a_profile_goes_as_it_is_saved_or_packed(taken, tmp_path):
    path = png_of(tmp_path / "p3.png", encoded(COLORS, DISPLAY_P3), icc_profile=P3)
    for script, is_copy in (("take(load())", False), ("image = load(); image.pack(); take(image)", True)):
        read, copied = taken(f"        {script}", path=path)
        np.testing.assert_allclose(read.image, COLORS, atol=0.01)
        assert copied == is_copy and read.notes == ["converted from Display P3 to sRGB"]


def test_a_color_space_that_the_user_chose_counts(taken, tmp_path):
    path = png_of(tmp_path / "p3.png", encoded(COLORS, DISPLAY_P3))
    read, _ = taken('        take(load(space="Display P3"))', path=path)
    np.testing.assert_allclose(read.image, COLORS, atol=0.012)
    read, _ = taken('        take(load(space="Non-Color"))', path=path)
    np.testing.assert_allclose(read.image, encoded(COLORS, DISPLAY_P3), atol=0.003)
    path = png_of(tmp_path / "light.png", srgb_to_linear(COLORS))
    read, _ = taken('        take(load(space="Linear Rec.709"))', path=path)
    np.testing.assert_allclose(read.image, COLORS, atol=0.02)


@pytest.mark.parametrize("mode", ["STRAIGHT", "PREMUL", "CHANNEL_PACKED", "NONE"])
def test_alpha_is_transparency_where_blender_takes_it_so(taken, tmp_path, mode):
    values = COLORS * ALPHA[..., None] if mode == "PREMUL" else COLORS
    path = png_of(tmp_path / "a.png", values, ALPHA)
    read, _ = taken('        take(load(alpha_mode=values["mode"]))', path=path, mode=mode)
    if mode in ("CHANNEL_PACKED", "NONE"):
        assert read.mask is None
        np.testing.assert_allclose(read.image, COLORS, atol=0.003)
    else:
        np.testing.assert_array_equal(read.mask, quantize(ALPHA[..., None], 8)[..., 0] >= 128)
        np.testing.assert_allclose(read.image[read.mask], COLORS[read.mask], atol=0.01)


def test_what_was_painted_counts_rather_than_the_file(taken, tmp_path):
    path = png_of(tmp_path / "old.png", np.zeros_like(COLORS))
    rgba = np.dstack((COLORS, ALPHA)).tolist()
    script = """
        image = load()
        image.pixels.foreach_set(np.array(values["rgba"], np.float32)[::-1].ravel())
        take(image)
    """
    read, is_copy = taken(script, path=path, rgba=rgba)
    assert is_copy
    np.testing.assert_allclose(read.image[read.mask], COLORS[read.mask], atol=0.003)
    read, _ = taken('        take(drawn(np.array(values["rgba"], np.float32), alpha=True))', rgba=rgba)
    np.testing.assert_allclose(read.image[read.mask], COLORS[read.mask], atol=0.003)
    assert 0.45 < read.mask.mean() < 0.55


def test_floats_are_linear_light_multiplied_by_alpha(taken):
    light = np.dstack((srgb_to_linear(COLORS) * ALPHA[..., None], ALPHA))
    light[:4, -4:] = (5, 5, 5, 1)
    script = '        take(drawn(np.array(values["rgba"], np.float32), alpha=True, float_buffer=True))'
    read, _ = taken(script, rgba=light.tolist())
    np.testing.assert_array_equal(read.mask, ALPHA >= 0.5)
    seen = read.mask.copy()
    seen[:4, -4:] = False
    np.testing.assert_allclose(read.image[seen], COLORS[seen], atol=0.002)
    assert any("brighter than white and is clipped" in note for note in read.notes)


def test_exr_goes_as_its_file_layers_too(taken, tmp_path):
    light = srgb_to_linear(COLORS)
    for name, channels in (
        ("plain.exr", {"RGB": light}),
        ("layers.exr", {f"View.Combined.{c}": light[..., n].copy() for n, c in enumerate("RGB")}),
    ):
        with OpenEXR.File({"type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIP_COMPRESSION}, channels) as file:
            file.write(str(tmp_path / name))
        read, is_copy = taken("        take(load())", path=str(tmp_path / name))
        np.testing.assert_allclose(read.image, COLORS, atol=1e-3)
        assert not is_copy


def test_an_exr_in_another_space_goes_as_blender_shows_it(taken, tmp_path):
    # linear light of Display P3's primaries
    light = srgb_to_linear(encoded(COLORS, DISPLAY_P3).astype(np.float32))
    with OpenEXR.File({"type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIP_COMPRESSION}, {"RGB": light}) as file:
        file.write(str(tmp_path / "a.exr"))
    read, _ = taken('        take(load(space="Linear DCI-P3 D65"))', path=str(tmp_path / "a.exr"))
    np.testing.assert_allclose(read.image, COLORS, atol=0.01)


def test_what_blender_cannot_read_the_backend_may(taken, tmp_path):
    buffer = io.BytesIO()
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    Image.fromarray(quantize(COLORS, 8)).resize((80, 64)).save(buffer, "HEIF", quality=100)
    (tmp_path / "IMG_1.heic").write_bytes(buffer.getvalue())
    read, is_copy = taken("        take(load())", path=str(tmp_path / "IMG_1.heic"))
    assert read.image.shape == (64, 80, 3) and not is_copy


def test_an_image_whose_file_is_gone_is_refused(blender, tmp_path):
    path = png_of(tmp_path / "gone.png", COLORS)
    script = """
        image = load()
        import os
        os.remove(values["path"])
        image.reload()
        image.buffers_free()
        try:
            answer(str(exemplar.exemplar_of(image)))
        except Exception as error:
            answer(str(error))
    """
    (said,) = blender(TAKE + script, path=path)
    assert "is not a still image with pixels" in said
