"""What the names of files say of a material: which map each holds, and which files belong together."""

import pytest

from tests.core.material_sets import (
    COLORS,
    GRAY,
    NORMALS,
    maps_of,
    named_pictures,
    normals_of,
    refused,
    save,
    taken_from,
    waves,
)
from texnet_core.errors import TexnetError
from texnet_core.materials import read_material
from texnet_core.materials.habits import read_name

OF_METAL = {
    "Metal007": "Metal007.png Metal007_2K-PNG_Color.png Metal007_2K-PNG_Metalness.png Metal007_2K-PNG_NormalGL.png",
    "metal": "metal.jpg metal_normal.jpg metal_roughness.jpg",
    "letters": "Metal_D.png Metal_N.png Metal_R.png Metal_S.png",
    "packed by its name": "rusty_painted_metal_diff_2k.jpg rusty_painted_metal_nor_gl_2k.jpg "
    "rusty_painted_metal_rough_2k.jpg",
    "its photo": "rusty_metal.jpg rusty_metal_normal.jpg rusty_metal_rough.jpg",
    "packed": "wall_albedo.png wall_normal.png wall_metal_rough.png",
    "map": "metal.png normal.png roughness.png",
    "height": "height.png height_color.png height_normal.png",
}
TAKEN_OF_METAL = {
    "Metal007": {"albedo": 1, "metallic": 2, "normal": 3},
    "metal": {"albedo": 0, "normal": 1, "roughness": 2},
    "letters": {"albedo": 0, "normal": 1, "roughness": 2},
    "packed by its name": {"albedo": 0, "normal": 1, "roughness": 2},
    "its photo": {"albedo": 0, "normal": 1, "roughness": 2},
    "packed": {"albedo": 0, "normal": 1, "roughness": 2, "metallic": 2},
    "map": {"metallic": 0, "normal": 1, "roughness": 2},
    "height": {"height": 0, "albedo": 1, "normal": 2},
}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("W_ORM.png", {"ao": "R", "roughness": "G", "metallic": "B"}),
        ("w_arm_2k.jpg", {"ao": "R", "roughness": "G", "metallic": "B"}),
        ("W_RMA.tga", {"roughness": "R", "metallic": "G", "ao": "B"}),
        ("W_OcclusionRoughnessMetallic.png", {"ao": "R", "roughness": "G", "metallic": "B"}),
        ("w_metallicRoughness.png", {"roughness": "G", "metallic": "B"}),
        ("tk_4K_ORDp.png", {"ao": "R", "roughness": "G", "height": "B"}),
        ("w_alb_ht.png", {"albedo": "RGB", "height": "A"}),
        ("w_nrm_rgh.png", {"normal": "RGB", "roughness": "A"}),
    ],
)
def test_names_of_packed_files_say_what_each_channel_holds(name, parts):
    reading = read_name(name)
    assert {part.map: part.channels for part in reading.parts} == parts


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("wall_diffuse_map.png", "albedo"),
        ("Wall_BaseColor_Utility - sRGB - Texture.exr", "albedo"),
        ("wall_col_4k_v2.png", "albedo"),
        ("Wall_Normal_Map_DX.png", "normal"),
        ("wall_height_16bit.tif", "height"),
        ("WALL_METALNESS.PNG", "metallic"),
        ("lambert1_emissive_2048.png", "emission"),
        ("rough_wood_with_metal_diff_8k.jpg", "albedo"),
    ],
)
def test_what_stands_after_the_words_of_a_map_changes_nothing(name, role):
    assert [part.map for part in read_name(name).parts] == [role]


@pytest.mark.parametrize(
    "name", ["IMG_2034.jpg", "moss.png", "photo of a wall.jpg", "Bricks010.png", "rough wood wall.jpg", "1024.png"]
)
def test_names_of_photos_say_nothing_that_counts(name):
    reading = read_name(name)
    assert reading is None or reading.is_weak


@pytest.mark.parametrize(
    "names",
    [
        ("photo1.png", "photo2.png", "b.png"),
        ("a.png", "b.png"),
        ("a300.png", "b300.png"),
        ("photo_b.jpg", "photo_d.jpg"),
    ],
)
def test_several_photos_are_no_material_because_one_is_called_b(tmp_path, names):
    for name in names:
        save(tmp_path / name, COLORS)
    with pytest.raises(TexnetError):
        read_material(tmp_path)


def test_files_that_are_called_by_letters_alone_are_a_material(tmp_path):
    for name, values in {"b.png": COLORS, "n.png": normals_of(waves()), "r.png": GRAY}.items():
        save(tmp_path / name, values)
    assert [*maps_of(read_material(tmp_path))] == ["albedo", "normal", "roughness"]


@pytest.mark.parametrize("case", OF_METAL)
def test_words_of_maps_in_the_name_of_a_surface_count_as_the_other_files_have_them(tmp_path, case):
    names = OF_METAL[case].split()
    found = taken_from(read_material(named_pictures(tmp_path, names)))
    assert found == {name: names[number] for name, number in TAKEN_OF_METAL[case].items()}


@pytest.mark.parametrize(
    ("names", "maps"),
    [
        ("greasyMetal_baseCol.png greasyMetal_norm.png greasyMetal_ao.png", "albedo normal ao"),
        ("Wood_Color.png Normal.png Roughness.png", "albedo normal roughness"),
        ("oak_color.png oak_planks_normal.png oak_planks_roughness.png", "albedo normal roughness"),
        ("rusty_metal.jpg rusty_metal_normal.jpg", "albedo normal"),
        ("T_Brick_D.png T_Brick_N.png T_Brick_R.png", "albedo normal roughness"),
        ("lava_base_color.png lava_emission_color.png", "albedo emission"),
        ("leaf_albedo.png leaf_Opacity_Mask.png leaf_OpacityMask_preview.png", "albedo opacity"),
        ("wall_Base_Color_ACES - ACEScg.png wall_Roughness_Utility - Raw.png", "albedo roughness"),
        ("wall_albedo_2048px.png wall_height_2048x2048px.png", "albedo height"),
        ("car_albedo.png car_roughness.png car_clearcoat_roughness.png car_clearcoat.png", "albedo roughness"),
        ("größe.png größe_normal.png", "albedo normal"),
        ("bricks.jpg bricks.png bricks_normal.png", "albedo normal"),
        ("wall_color.jfif wall_normal.jpg", "albedo normal"),
        ("wall_Color_s.png wall_Normal_s.png wall_Roughness_s.png", "albedo normal roughness"),
        ("fabric_s.png fabric_s_normal.png fabric_s_rough.png", "albedo normal roughness"),
        ("color.png preview.png", "albedo"),
        ("metal_plate_edge.jpg metal_plate_edge_normal.jpg metal_plate_edge_rough.jpg", "albedo normal roughness"),
    ],
)
def test_whole_sets_are_found_however_they_are_called(tmp_path, names, maps):
    names = names.split(" ") if "ACES" not in names else names.replace("png ", "png|").split("|")
    for name in names:
        save(tmp_path / name, NORMALS if "nor" in name.lower() or "_N" in name else COLORS * 0 + 0.5, **as_jpeg(name))
    assert [*taken_from(read_material(tmp_path))] == maps.split()


def as_jpeg(name):
    return {"format": "JPEG"} if name.endswith(".jfif") else {}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("w_OcclusionRoughnessMetalness.png", {"ao": "R", "roughness": "G", "metallic": "B"}),
        ("w_metalness_rough_ao.png", {"metallic": "R", "roughness": "G", "ao": "B"}),
        ("W_AmbientOcclusionRoughnessMetallic.png", {"ao": "R", "roughness": "G", "metallic": "B"}),
        ("w_metalnessRoughness.png", {"roughness": "G", "metallic": "B"}),
        ("material_0_specularGlossiness.png", {"roughness": "A"}),
        ("W_SpecularSmoothness.png", {"roughness": "A"}),
        ("W_RMAO.png", {"roughness": "R", "metallic": "G", "ao": "B"}),
    ],
)
def test_names_made_of_several_words_say_what_each_channel_holds(name, parts):
    assert {part.map: part.channels for part in read_name(name).parts} == parts


def test_other_letters_than_those_of_ascii_tell_sets_apart(tmp_path):
    names = ("木材_color.png", "石头_color.png", "木材_normal.png")
    made = read_material(named_pictures(tmp_path, names))
    assert taken_from(made) == {"albedo": names[0], "normal": names[2]}
    assert [use.note for use in made.files if not use.map] == ["would be the albedo of another material, 石头"]


def test_what_is_left_out_is_told_with_the_reason(tmp_path):
    named_pictures(tmp_path, ("wall_albedo.png", "wall_roughness.png", "rusty_metal.png", "IMG_2.png"))
    named_pictures(tmp_path / "maps", ("wall_normal.png", "IMG_3.png"))
    (tmp_path / "wall_height.dds").write_bytes(b"DDS ")
    told = {use.file: use.note for use in read_material(tmp_path).files if not use.map}
    assert told == {
        "rusty_metal.png": "would be the metallic of another material, rusty",
        "IMG_2.png": "its name says no map",
        "maps/wall_normal.png": "lies in another folder",
        "wall_height.dds": "is of a kind that is not read; export it as PNG",
    }


def test_maps_of_two_names_are_noted(tmp_path):
    folder = named_pictures(tmp_path, ("floor_albedo.png", "floor_normal.png", "wall_roughness.png"))
    assert any("two materials" in note for note in read_material(folder).notes)
    (folder / "wall_roughness.png").rename(folder / "floor_roughness.png")
    assert not any("two materials" in note for note in read_material(folder).notes)


def test_a_set_without_a_base_color_is_noted_where_something_was_left_out(tmp_path):
    folder = named_pictures(tmp_path, ("wall_normal.png", "wall_roughness.png"))
    assert not any("base color" in note for note in read_material(folder).notes)
    save(folder / "IMG_2.png", COLORS)
    assert any("base color" in note for note in read_material(folder).notes)


def test_a_list_may_hold_files_that_are_no_pictures(tmp_path):
    named_pictures(tmp_path, ("bricks.png", "bricks_normal.png"))
    (tmp_path / "bricks.blend").write_bytes(b"BLENDER")
    made = read_material(sorted(tmp_path.iterdir()))
    assert taken_from(made) == {"albedo": "bricks.png", "normal": "bricks_normal.png"}


def test_a_folder_with_one_picture_says_what_to_do(tmp_path):
    for name in ("photo.png", "wall_normal.png", "rusty_metal.png"):
        save(tmp_path / name / name, NORMALS)
        assert "name the picture itself" in refused(tmp_path / name)
    assert taken_from(read_material(tmp_path / "photo.png", maps="normal")) == {"normal": "photo.png"}


def test_what_two_files_could_be_neither_is(tmp_path):
    named_pictures(tmp_path, ("normal.png", "roughness.png", "rusty_color.png", "other_color.png"))
    assert [*taken_from(read_material(tmp_path))] == ["normal", "roughness"]
    (tmp_path / "other_color.png").unlink()
    assert taken_from(read_material(tmp_path))["albedo"] == "rusty_color.png"


def test_listed_files_go_by_their_content_whatever_they_are_called(tmp_path):
    names = ("wall_color.png", "wall_normal.png", "wall_roughness.png")
    files = [named_pictures(tmp_path, names) / name for name in names]
    files[0] = files[0].rename(tmp_path / "wall_color.dat")
    assert [*taken_from(read_material(files))] == ["albedo", "normal", "roughness"]


@pytest.mark.parametrize(("name", "color", "roughness"), [("orm.png", (0.8, 0.4, 0), 0.4), ("smooth.png", 0.3, 0.7)])
def test_one_file_that_is_said_to_be_a_map_is_read_as_its_name_says(tmp_path, name, color, roughness):
    save(tmp_path / name, 0 * COLORS + color)
    assert read_material(tmp_path / name, maps="roughness").image.mean() == pytest.approx(roughness, abs=0.01)
