"""Materials: names say which map a file holds, and maps are read as the core wants them or refused in one line."""

import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.conftest import SHARED_DATA
from tests.core.material_sets import (
    COLORS,
    GRAY,
    MAPS,
    NORMALS,
    RELIEF,
    SETS,
    SIDE,
    VALUES,
    directx,
    folder_of,
    levels,
    maps_of,
    named_pictures,
    normals_of,
    refused,
    save,
    taken_from,
    waves,
)
from texnet_core.errors import RequestError, TexnetError
from texnet_core.mapset import MATERIAL_MAPS
from texnet_core.materials import decoding, is_material, places, read_material
from texnet_core.pictures.color import linear_to_srgb
from texnet_core.pictures.writing import write_image


@pytest.mark.parametrize("names", SETS.values(), ids=SETS)
def test_each_habit_of_naming_gives_the_same_material(tmp_path, names):
    folder = folder_of(tmp_path, names)
    save(folder / "preview.png", COLORS)
    material = read_material(folder)
    assert tuple(spec.name for spec in material.maps) == MAPS
    assert [use.file for use in material.files if not use.map] == ["preview.png"]
    for name, made in maps_of(material).items():
        wanted = VALUES[name].reshape(SIDE, SIDE, -1)
        np.testing.assert_allclose(made, wanted, atol=0.011 if name == "normal" else 0.003)
    assert material.relief == pytest.approx(RELIEF, rel=0.1)


def test_a_packed_file_gives_its_maps_and_gives_way_to_files_of_their_own(tmp_path):
    save(tmp_path / "w_diff.png", COLORS)
    packed = np.stack((GRAY, waves(), np.zeros_like(GRAY)), axis=2)
    save(tmp_path / "w_arm.png", packed)
    save(tmp_path / "w_ao.png", 1 - GRAY)
    made = maps_of(read_material(tmp_path))
    assert [*made] == ["albedo", "roughness", "metallic", "ao"]
    np.testing.assert_array_equal(levels(made["roughness"][..., 0]), levels(waves()))
    np.testing.assert_array_equal(levels(made["ao"][..., 0]), levels(1 - GRAY))


def test_a_map_in_alpha_hides_nothing(tmp_path):
    save(tmp_path / "w_alb_ht.png", np.dstack((COLORS, waves())))
    material = read_material(tmp_path)
    made = maps_of(material)
    assert material.mask is None
    np.testing.assert_array_equal(levels(made["height"][..., 0]), levels(waves()))
    assert read_material(tmp_path, maps=["albedo"]).mask is None


def test_alpha_of_the_base_color_hides_texels_unless_opacity_is_a_map(tmp_path):
    alpha = (np.arange(SIDE)[:, None] < SIDE // 2) * np.ones((SIDE, SIDE))
    save(tmp_path / "w_albedo.png", np.dstack((COLORS, alpha)))
    save(tmp_path / "w_roughness.png", GRAY)
    material = read_material(tmp_path)
    np.testing.assert_array_equal(material.mask, alpha > 0.5)
    hidden = material.image[~material.mask]
    assert (hidden == hidden[0]).all()
    save(tmp_path / "w_opacity.png", alpha)
    assert read_material(tmp_path).mask is None


def test_a_mask_apart_counts_and_must_have_the_size(tmp_path):
    folder = folder_of(tmp_path / "set")
    mask = save(tmp_path / "mask.png", np.eye(SIDE))
    material = read_material(folder, mask=mask)
    np.testing.assert_array_equal(material.mask, np.eye(SIDE, dtype=bool))
    lengths = np.linalg.norm(2 * maps_of(material)["normal"] - 1, axis=2)
    np.testing.assert_allclose(lengths, 1, atol=1e-5)
    assert "32x32" in refused(folder, mask=save(tmp_path / "small.png", np.eye(32)))


def test_a_depth_is_turned_round_whatever_the_name_says_of_green(tmp_path):
    for word, normals in (("gl", NORMALS), ("dx", directx(NORMALS))):
        save(tmp_path / word / f"w_normal_{word}.png", normals)
        save(tmp_path / word / "w_depth.png", 1 - waves())
        material = read_material(tmp_path / word)
        assert material.relief == pytest.approx(RELIEF, rel=0.1)
        np.testing.assert_allclose(maps_of(material)["height"][..., 0], waves(), atol=0.005)


def test_opacity_may_be_in_alpha(tmp_path):
    alpha = np.eye(SIDE)
    save(tmp_path / "w_albedo.png", COLORS)
    save(tmp_path / "w_opacity.png", np.dstack((np.ones((SIDE, SIDE, 3)), alpha)))
    np.testing.assert_array_equal(maps_of(read_material(tmp_path))["opacity"][..., 0], alpha)
    save(tmp_path / "w_opacity.png", np.full((SIDE, SIDE, 4), (0.5, 0.5, 0.5, 1)))
    assert maps_of(read_material(tmp_path))["opacity"].max() < 0.6


@pytest.mark.parametrize("plain", ["albedo", "metallic"])
def test_a_map_of_one_texel_fits_all(tmp_path, plain):
    values = {"albedo": COLORS[: SIDE // 2], "roughness": GRAY[: SIDE // 2], "metallic": GRAY[: SIDE // 2]}
    values[plain] = values[plain][:1, :1]
    for name, value in values.items():
        save(tmp_path / f"w_{name}.png", value)
    made = maps_of(read_material(tmp_path))
    assert all(value.shape[:2] == (SIDE // 2, SIDE) for value in made.values())
    np.testing.assert_array_equal(
        levels(made[plain]), np.broadcast_to(levels(values[plain]).reshape(1, 1, -1), made[plain].shape)
    )


def test_a_base_color_of_one_color_keeps_its_size_where_it_is_the_largest(tmp_path):
    save(tmp_path / "w_albedo.png", np.full((SIDE, SIDE, 3), 0.5))
    save(tmp_path / "w_roughness.png", GRAY[: SIDE // 2, : SIDE // 2])
    mask = save(tmp_path / "mask.png", np.eye(SIDE))
    assert read_material(tmp_path, maps="albedo,roughness", mask=mask).image.shape[:2] == (SIDE, SIDE)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with a name")
def test_a_pipe_is_no_picture(tmp_path):
    named_pictures(tmp_path, ("w_albedo.png", "w_roughness.png"))
    os.mkfifo(tmp_path / "w_normal.png")
    assert [*taken_from(read_material(tmp_path))] == ["albedo", "roughness"]


def test_gloss_is_one_minus_roughness(tmp_path):
    save(tmp_path / "w_albedo.png", COLORS)
    save(tmp_path / "w_gloss.png", GRAY)
    made = maps_of(read_material(tmp_path))
    np.testing.assert_array_equal(levels(made["roughness"][..., 0]), 255 - levels(GRAY))


def test_directx_is_flipped_where_the_name_says_it_or_the_height_shows_it(tmp_path):
    expected = maps_of(read_material(folder_of(tmp_path / "gl")))["normal"]
    named = folder_of(tmp_path / "named", SETS["FreePBR"].replace("ogl", "dx"), VALUES | {"normal": directx(NORMALS)})
    shown = folder_of(tmp_path / "shown", values=VALUES | {"normal": directx(NORMALS)})
    for folder, notes in ((named, 0), (shown, 1)):
        material = read_material(folder)
        np.testing.assert_allclose(maps_of(material)["normal"], expected, atol=0.005)
        assert sum("DirectX" in note for note in material.notes) == notes
        assert material.relief == pytest.approx(RELIEF, rel=0.1)
    assert any("flipped" in use.note for use in read_material(named).files)


def test_of_both_conventions_openGL_is_taken(tmp_path):
    folder = folder_of(tmp_path, SETS["ambientCG"])
    save(folder / "W01_1K-PNG_NormalDX.png", directx(NORMALS))
    material = read_material(folder)
    left_out = [use for use in material.files if not use.map]
    assert [(use.file, use.note) for use in left_out] == [
        ("W01_1K-PNG_NormalDX.png", "W01_1K-PNG_NormalGL.png is taken")
    ]


def test_a_depth_becomes_a_height(tmp_path):
    values = VALUES | {"height": 1 - waves()}
    for name, normal in (("gl", NORMALS), ("dx", directx(NORMALS))):
        material = read_material(
            folder_of(tmp_path / name, SETS["plain"].replace("height", "depth"), values | {"normal": normal})
        )
        np.testing.assert_allclose(maps_of(material)["height"][..., 0], waves(), atol=0.005)
        np.testing.assert_allclose(maps_of(material)["normal"], NORMALS, atol=0.011)
        assert any("turned round" in note for note in material.notes)


def test_short_normals_and_those_of_two_channels_become_unit_vectors(tmp_path):
    steep = normals_of(waves(), 0.2)
    for name, values, wanted, word in (
        ("short", 0.7 * (NORMALS - 0.5) + 0.5, NORMALS, "unit length"),
        ("without", NORMALS * (1, 1, 0), NORMALS, "two channels"),
        ("full", steep * (1, 1, 0) + (0, 0, 1), steep, "two channels"),
    ):
        save(tmp_path / name / "w_normal_gl.png", values)
        material = read_material(tmp_path / name)
        np.testing.assert_allclose(material.image, wanted, atol=0.015)
        assert word in material.notes[0]


def test_floats_may_hold_normals_themselves(tmp_path):
    tifffile.imwrite(tmp_path / "w_normal_gl.tif", (2 * NORMALS - 1).astype(np.float32), photometric="rgb")
    np.testing.assert_allclose(read_material(tmp_path).image, NORMALS, atol=1e-5)


def test_a_name_that_the_height_contradicts_is_followed_with_a_note(tmp_path):
    names = SETS["plain"].replace("normal", "normal_gl")
    material = read_material(folder_of(tmp_path, names, VALUES | {"normal": directx(NORMALS)}))
    np.testing.assert_allclose(maps_of(material)["normal"], directx(NORMALS), atol=0.011)
    assert any("contradict" in note for note in material.notes)


def test_texels_that_are_no_numbers_take_no_part(tmp_path):
    height = waves()
    height[3, 5] = np.nan
    save(tmp_path / "w_albedo.png", COLORS)
    tifffile.imwrite(tmp_path / "w_height.tif", height)
    material = read_material(tmp_path)
    assert np.argwhere(~material.mask).tolist() == [[3, 5]]
    assert np.isfinite(material.image).all()


def test_normals_that_are_no_numbers_take_no_part(tmp_path):
    normals = NORMALS.astype(np.float32)
    normals[3, 5, 1] = np.nan
    tifffile.imwrite(tmp_path / "w_normal_gl.tif", normals, photometric="rgb")
    material = read_material(tmp_path)
    assert np.argwhere(~material.mask).tolist() == [[3, 5]]
    np.testing.assert_allclose(material.image[material.mask], NORMALS[material.mask], atol=1e-5)
    tifffile.imwrite(tmp_path / "w_normal_gl.tif", np.full_like(normals, np.nan), photometric="rgb")
    assert "w_normal_gl.tif holds no number" in refused(tmp_path)


def test_a_height_that_never_changes_is_told(tmp_path):
    save(tmp_path / "w_albedo.png", COLORS)
    tifffile.imwrite(tmp_path / "w_height.tif", np.full((SIDE, SIDE), 0.25, np.float32))
    material = read_material(tmp_path)
    assert np.all(maps_of(material)["height"] == 0.5)
    assert any("0.25 everywhere" in note for note in material.notes)


def test_wanted_maps_may_be_one_text(tmp_path):
    folder = folder_of(tmp_path, SETS["plain"], VALUES)
    assert [spec.name for spec in read_material(folder, maps="albedo, normal").maps] == ["albedo", "normal"]


def test_control_characters_in_names_are_shown_as_escapes(tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("one\ntwo/w_albedo.png", b"no picture")
    assert "one\\ntwo/w_albedo.png" in refused(tmp_path / "set.zip")


@pytest.mark.parametrize(
    ("name", "values", "channel"),
    [("w_orm.png", GRAY, "green"), ("w_alb_ht.png", COLORS, "alpha"), ("w_metallicSmoothness.png", COLORS, "alpha")],
)
def test_packed_files_without_the_channel_that_their_name_promises_are_refused(tmp_path, name, values, channel):
    save(tmp_path / "w_normal.png", NORMALS)
    save(tmp_path / name, values)
    assert f"{name} has no {channel} channel" in refused(tmp_path)


@pytest.mark.parametrize("values", [COLORS, np.repeat(GRAY[..., None], 3, axis=2), GRAY, NORMALS[..., [2, 0, 1]]])
def test_what_is_no_normal_map_is_refused(tmp_path, values):
    save(tmp_path / "w_albedo.png", COLORS)
    save(tmp_path / "w_normal.png", values)
    assert "w_normal.png is no normal map" in refused(tmp_path)


def test_sixteen_bits_and_floats_are_read_in_full_depth(tmp_path):
    fine = np.linspace(0.5, 0.501, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    save(tmp_path / "w_albedo.png", COLORS)
    Image.fromarray(np.rint(fine * 65535).astype(np.uint16)).save(tmp_path / "w_roughness.png")
    write_image(tmp_path / "w_ao.exr", fine[..., None], "data")
    tifffile.imwrite(tmp_path / "w_height.tif", fine * 300 - 20)
    material = read_material(tmp_path)
    made = maps_of(material)
    np.testing.assert_allclose(made["roughness"][..., 0], fine, atol=1e-5)
    np.testing.assert_allclose(made["ao"][..., 0], fine, atol=3e-4)
    np.testing.assert_allclose(made["height"][..., 0], np.linspace(0, 1, SIDE * SIDE).reshape(SIDE, SIDE), atol=1e-3)
    assert any("heights from" in note for note in material.notes)


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def test_no_curve_of_a_file_changes_data(tmp_path):
    path = save(tmp_path / "w_roughness.png", GRAY)
    content = path.read_bytes()
    path.write_bytes(content[:33] + chunk(b"gAMA", struct.pack(">I", 100000)) + content[33:])
    np.testing.assert_array_equal(levels(read_material(tmp_path).image[..., 0]), levels(GRAY))


def test_roughness_that_went_through_srgb_is_noticed_and_nothing_else_is(tmp_path):
    smooth = np.clip(waves(256) * 0.9 + 0.05, 0, 1)
    linear = levels(smooth) / 255
    for name, values, is_noted in (("plain", linear, 0), ("encoded", linear_to_srgb(linear), 1)):
        save(tmp_path / name / "w_roughness.png", values)
        material = read_material(tmp_path / name)
        assert sum("sRGB" in note for note in material.notes) == is_noted
        np.testing.assert_allclose(material.image[..., 0], values, atol=0.003)


def test_a_base_color_of_one_channel_is_gray(tmp_path):
    save(tmp_path / "w_albedo.png", GRAY)
    made = maps_of(read_material(tmp_path))["albedo"]
    np.testing.assert_array_equal(levels(made), np.repeat(levels(GRAY)[..., None], 3, axis=2))


def test_maps_get_the_size_of_the_base_color(tmp_path):
    folder = folder_of(tmp_path)
    save(folder / "roughness.png", np.full((SIDE // 2, SIDE // 2), 0.25))
    save(folder / "normal.png", normals_of(waves(2 * SIDE)))
    material = read_material(folder)
    made = maps_of(material)
    assert material.image.shape == (SIDE, SIDE, 9)
    assert sum("is brought from" in note for note in material.notes) == 2
    np.testing.assert_allclose(np.linalg.norm(2 * made["normal"] - 1, axis=2), 1, atol=1e-5)
    assert levels(made["roughness"]).min() == levels(made["roughness"]).max() == 64
    assert material.relief == pytest.approx(RELIEF, rel=0.1)


def test_maps_of_other_aspects_are_refused(tmp_path):
    folder = folder_of(tmp_path)
    save(folder / "ao.png", GRAY[:48])
    message = refused(folder)
    assert "ao.png has 64x48" in message and "albedo.png 64x64" in message


def test_of_several_resolutions_the_largest_is_taken(tmp_path):
    save(tmp_path / "w_1k_albedo.png", COLORS[:32, :32])
    save(tmp_path / "w_2k_albedo.png", COLORS)
    save(tmp_path / "w_2k_albedo.jpg", COLORS)
    material = read_material(tmp_path)
    assert [use.file for use in material.files if use.map] == ["w_2k_albedo.png"]
    np.testing.assert_array_equal(levels(material.image), levels(COLORS))


@pytest.mark.parametrize("other", ["b_albedo.png", "a_albedo2.png", "a_albedo.1002.png"])
def test_two_files_for_one_map_are_refused_by_name(tmp_path, other):
    for name in ("a_albedo.png", other):
        save(tmp_path / name, COLORS)
    message = refused(tmp_path)
    assert "a_albedo.png" in message and other in message and "albedo map" in message


def test_the_plain_name_of_a_set_is_its_base_color(tmp_path):
    files = [save(tmp_path / f"bricks{end}.png", value) for end, value in (("", COLORS), ("_n", NORMALS), ("_r", GRAY))]
    assert [spec.name for spec in read_material(files).maps] == ["albedo", "normal", "roughness"]


def test_chosen_maps_alone_are_read(tmp_path):
    folder = folder_of(tmp_path)
    (folder / "ao.png").write_bytes(b"not asked for")
    material = read_material(folder, maps=["height", "albedo"])
    assert [spec.name for spec in material.maps] == ["albedo", "height"]
    assert "metallic" in refused(folder, RequestError, maps=["metallic"])
    assert "there is no map 'shine'" in refused(folder, RequestError, maps=["shine"])


def test_a_material_needs_no_base_color(tmp_path):
    save(tmp_path / "w_roughness.png", GRAY)
    assert [spec.name for spec in read_material(tmp_path).maps] == ["roughness"]


def test_maps_come_in_the_order_of_channels(tmp_path):
    for spec in reversed(MATERIAL_MAPS):
        save(
            tmp_path / f"w_{spec.name}.png",
            NORMALS if spec.name == "normal" else COLORS if spec.channels == 3 else GRAY,
        )
    assert read_material(tmp_path).maps == MATERIAL_MAPS


def test_folders_without_maps_say_what_is_there(tmp_path):
    assert "has no picture" in refused(tmp_path)
    for name in ("rusty_metal.jpg", "house.jpg", "IMG_1.jpg", "moss.jpg"):
        save(tmp_path / name, COLORS)
    message = refused(tmp_path)
    assert "4 pictures" in message and "house.jpg" in message and "name the maps like" in message


def test_maps_may_lie_one_folder_deeper_and_two_such_folders_are_refused(tmp_path):
    folder_of(tmp_path / "textures")
    assert len(read_material(tmp_path).maps) == 5
    folder_of(tmp_path / "other")
    message = refused(tmp_path)
    assert "other" in message and "textures" in message


def zipped(path, folder, prefix="", **options):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for file in sorted(folder.iterdir()):
            archive.writestr(f"{prefix}{file.name}", file.read_bytes())
    return path


@pytest.mark.parametrize("prefix", ["", "textures/", "wall_2k/maps/"])
def test_a_zip_is_read_as_its_folder_is(tmp_path, prefix):
    folder = folder_of(tmp_path / "set")
    archive = zipped(tmp_path / "set.zip", folder, prefix)
    assert is_material(archive) and is_material(folder) and not is_material(folder / "ao.png")
    np.testing.assert_array_equal(read_material(archive).image, read_material(folder).image)


def test_what_systems_add_to_a_zip_is_left_alone(tmp_path, monkeypatch):
    folder = folder_of(tmp_path / "set")
    archive = zipped(tmp_path / "set.zip", folder)
    with zipfile.ZipFile(archive, "a") as more:
        more.writestr("__MACOSX/._albedo.png", b"not a picture")
        more.writestr("Thumbs/2K/albedo.png", b"not a picture")
        more.writestr("license.txt", b"CC0")
    assert [use.file for use in read_material(archive).files] == [f"{name}.png" for name in MAPS]
    monkeypatch.setattr(places, "MOST_FILES", 7)
    assert "more than 7 files" in refused(archive)


@pytest.mark.parametrize("prefix", ["../", "a/../../", "/etc/", "C:/", "a\\..\\..\\"])
def test_a_zip_that_leads_out_of_itself_is_refused(tmp_path, prefix):
    archive = zipped(tmp_path / "set.zip", folder_of(tmp_path / "set"), prefix)
    before = sorted(tmp_path.rglob("*"))
    message = refused(archive)
    assert "leads out of it" in message and sorted(tmp_path.rglob("*")) == before


def test_zips_that_are_bombs_encrypted_or_damaged_are_refused(tmp_path, monkeypatch):
    folder = folder_of(tmp_path / "set")
    content = zipped(tmp_path / "set.zip", folder).read_bytes()
    encrypted = tmp_path / "encrypted.zip"
    locked = bytearray(content)
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := content.find(magic, at + 1)) >= 0:
            locked[at + place] |= 1
    encrypted.write_bytes(locked)
    assert "is encrypted" in refused(encrypted)
    (tmp_path / "cut.zip").write_bytes(content[: len(content) // 2])
    assert "cannot be read as a .zip" in refused(tmp_path / "cut.zip")
    monkeypatch.setattr(places, "MOST_BYTES", 1000)
    assert "when unpacked" in refused(tmp_path / "set.zip")


def test_a_zip_of_a_map_that_is_no_picture_names_it_as_in_the_zip(tmp_path):
    folder = folder_of(tmp_path / "set")
    (folder / "ao.png").write_bytes(b"no picture")
    message = refused(zipped(tmp_path / "set.zip", folder))
    assert "ao.png" in message and "tmp" not in message.replace(str(tmp_path), "")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_large_maps_are_read_smaller(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr(decoding, "ENOUGH", SIDE)
    large = np.repeat(np.repeat(COLORS, 4, axis=0), 4, axis=1)
    save(tmp_path / f"w_albedo{suffix}", large, **({"quality": 100, "subsampling": 0} if suffix == ".jpg" else {}))
    material = read_material(tmp_path)
    assert material.image.shape == (SIDE, SIDE, 3)
    np.testing.assert_allclose(material.image, COLORS, atol=0.03 if suffix == ".jpg" else 0.003)


def test_what_can_only_be_read_whole_has_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "ENOUGH", 16)
    monkeypatch.setattr(decoding, "_MOST_AT_ONCE", 1000)
    write_image(tmp_path / "w_albedo.exr", COLORS)
    assert "can only be read as a whole" in refused(tmp_path)


def test_the_table_is_told_before_anything_is_decoded(tmp_path):
    folder = folder_of(tmp_path)
    (folder / "ao.png").write_bytes(b"no picture")
    lines = []
    with pytest.raises(TexnetError):
        read_material(folder, announce=lines.append)
    assert len(lines) == 5 and lines[0].split() == ["albedo", "albedo.png", "64x64"]


@pytest.mark.skipif(not SHARED_DATA.exists(), reason="needs ../shared/data beside the checkout")
@pytest.mark.parametrize("name", ["metal055a", "grass001", "tiles036", "metal053c_rusty"])
def test_real_materials_and_their_directx_twins(tmp_path, name):
    folder: Path = SHARED_DATA / "materials" / name
    material = read_material(folder)
    assert not any(word in note for note in material.notes for word in ("sRGB", "flipped", "turned", "two channels"))
    normal = next(folder.glob("normal.*"))
    files = [path for path in folder.iterdir() if path != normal]
    with Image.open(normal) as image:
        twin = save(tmp_path / "normal.png", directx(np.asarray(image, np.float32) / 255))
    other = read_material([*files, twin])
    assert any("DirectX" in note for note in other.notes)
    assert other.relief == pytest.approx(material.relief, rel=1e-3)


@pytest.mark.parametrize("word", ["normal", "ORM", "rough"])
def test_a_file_of_the_sets_own_name_bears_out_the_others(tmp_path, word):
    save(tmp_path / "bricks.png", COLORS)
    save(tmp_path / f"bricks_{word}.png", NORMALS if word == "normal" else COLORS)
    names = [spec.name for spec in read_material(tmp_path).maps]
    assert names[0] == "albedo" and len(names) > 1


@pytest.mark.parametrize("kind", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_zips_damaged_in_any_packing_are_refused(tmp_path, kind):
    file = save(tmp_path / "wall_albedo.png", COLORS)
    archive = tmp_path / "wall.zip"
    with zipfile.ZipFile(archive, "w", kind) as packed:
        packed.write(file, file.name)
    data = bytearray(archive.read_bytes())
    data[200:2000] = bytes(1800)
    archive.write_bytes(bytes(data))
    assert "cannot be read as a .zip" in refused(archive)
