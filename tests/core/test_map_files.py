"""Map sets as files: which there are, what is in them, and that they come together or not at all."""

import os
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.conftest import random_artifact
from texnet_core import MapFiles, TextureRequest, open_plane, synthesize, write_window
from texnet_core.errors import Cancelled, OutputError, RequestError
from texnet_core.mapset import ALBEDO, MATERIAL_MAPS, MapSpec
from texnet_core.model.look import Look
from texnet_core.pictures.color import quantize, srgb_to_linear

REQUEST = TextureRequest(width=96, height=64, seed=3, engine="onnx")
WHOLE = REQUEST.window
NAMES = [spec.name for spec in MATERIAL_MAPS]


@pytest.fixture(scope="module")
def material():
    return replace(random_artifact(maps=MATERIAL_MAPS), relief=0.05, size_m=1.5)


@pytest.fixture(scope="module")
def maps(material):
    return synthesize(material, REQUEST)


def write(material, output, *, request=REQUEST, **asked):
    given = {name: asked.pop(name) for name in ("marks", "depth", "maps", "covers", "progress") if name in asked}
    return write_window(open_plane(material, request), output, request.window, files=MapFiles(**asked), **given)


def loaded(path):
    values = np.asarray(Image.open(path))
    return values.reshape(*values.shape[:2], -1)


def exr(path):
    import OpenEXR

    with OpenEXR.File(str(path)) as file:
        return {name: channel.pixels for name, channel in file.channels().items()}


def test_each_map_has_the_depth_and_the_values_that_are_made(material, maps, tmp_path):
    paths = write(material, tmp_path / "wall_{map}.png")
    assert [path.name for path in paths] == [f"wall_{name}.png" for name in NAMES]
    assert sorted(os.listdir(tmp_path)) == sorted(path.name for path in paths)
    for path, spec in zip(paths, MATERIAL_MAPS, strict=True):
        assert np.array_equal(loaded(path), quantize(maps[spec.name], spec.depth)), spec.name


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("{map}/{map}_2k.png", "albedo/albedo_2k_seed1.1001.png"),
        ("set/{map}.png", "set/albedo_seed1.1001.png"),
        ("wall.png", "wall_albedo_seed1.1001.png"),
    ],
)
def test_the_name_of_a_map_stands_where_the_pattern_says(material, tmp_path, output, expected):
    for folder in ("set", *NAMES):
        (tmp_path / folder).mkdir()
    first, *_ = write(material, tmp_path / output, marks="_seed1.1001")
    assert first == tmp_path / expected and first.is_file()


def test_one_map_goes_to_the_very_file(material, maps, tmp_path):
    (path,) = write(material, tmp_path / "mine.png", maps="roughness")
    assert path.name == "mine.png" and np.array_equal(loaded(path), quantize(maps["roughness"], 8))
    paths = write(material, tmp_path / "mine.png", maps=" height ,albedo")
    assert [path.name for path in paths] == ["mine_albedo.png", "mine_height.png"]
    assert np.array_equal(loaded(paths[1]), quantize(maps["height"], 16))


def test_occlusion_roughness_and_metallic_are_packed(material, maps, tmp_path):
    paths = write(material, tmp_path / "{map}.png", pack="orm")
    assert [path.stem for path in paths] == ["albedo", "normal", "orm", "height", "opacity", "emission"]
    expected = np.concatenate([maps[name] for name in ("ao", "roughness", "metallic")], axis=2)
    assert np.array_equal(loaded(paths[2]), quantize(expected, 8))


@pytest.mark.parametrize("has", ["ao", "roughness", "metallic"])
def test_what_is_missing_is_packed_as_what_changes_nothing(tmp_path, has):
    specs = (ALBEDO, MapSpec(has, 1, "data"))
    artifact = random_artifact(maps=specs)
    _, path = write(artifact, tmp_path / "{map}.png", pack="orm")
    orm = loaded(path)
    for number, (name, neutral) in enumerate((("ao", 255), ("roughness", 255), ("metallic", 0))):
        if name == has:
            assert np.array_equal(orm[..., number : number + 1], quantize(synthesize(artifact, REQUEST)[has], 8))
        else:
            assert (orm[..., number] == neutral).all()


@pytest.mark.parametrize("stored", ["opengl", "directx"])
def test_green_of_normals_points_where_it_is_wanted(tmp_path, stored):
    artifact = random_artifact(maps=(MapSpec("normal", 3, "data", normal_convention=stored),))
    up, down = (loaded(*write(artifact, tmp_path / f"{way}.png", normal=way)).astype(int) for way in ("gl", "dx"))
    assert np.abs(up[..., 1] + down[..., 1] - 255).max() <= 1 and np.array_equal(up[..., ::2], down[..., ::2])
    as_stored = quantize(synthesize(artifact, REQUEST)["normal"], 8)
    assert np.array_equal(as_stored, up if stored == "opengl" else down)


def test_heights_are_floats_where_they_are_wanted_so(material, maps, tmp_path):
    for kind in ("tif", "exr"):
        paths = write(material, tmp_path / "{map}.png", height_format=kind)
        assert {path.suffix for path in paths} == {".png", f".{kind}"}
    tif = tifffile.imread(tmp_path / "height.tif")
    assert tif.dtype == np.float32 and np.array_equal(tif, maps["height"][..., 0])
    assert np.array_equal(exr(tmp_path / "height.exr")["Y"], maps["height"][..., 0])


def test_exr_holds_colors_as_light_and_measures_as_they_are(material, maps, tmp_path):
    write(material, tmp_path / "{map}.exr")
    assert np.abs(exr(tmp_path / "albedo.exr")["RGB"] - srgb_to_linear(maps["albedo"])).max() < 1e-3
    assert np.abs(exr(tmp_path / "normal.exr")["RGB"] - maps["normal"]).max() < 1e-3
    assert np.array_equal(exr(tmp_path / "height.exr")["Y"], maps["height"][..., 0])


def test_maps_of_different_depths_go_to_tiff(material, maps, tmp_path):
    for path, spec in zip(write(material, tmp_path / "{map}.tif"), MATERIAL_MAPS, strict=True):
        values = tifffile.imread(path)
        assert np.array_equal(values.reshape(*values.shape[:2], -1), quantize(maps[spec.name], spec.depth))


@pytest.mark.parametrize("scale", [1.0, 0.9])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_many_bands_do_not_get_mixed_up(material, tmp_path, suffix, scale):
    tall = TextureRequest(width=160, height=608, seed=5, scale=scale, engine="onnx")
    expected = synthesize(material, tall)
    for path, spec in zip(write(material, tmp_path / f"{{map}}.{suffix}", request=tall), MATERIAL_MAPS, strict=True):
        values = loaded(path) if suffix == "png" else tifffile.imread(path).reshape(608, 160, -1)
        assert np.array_equal(values, quantize(expected[spec.name], spec.depth)), spec.name


def test_a_window_has_the_texels_of_the_whole_in_all_maps(material, maps, tmp_path):
    part = replace(REQUEST, region=(90, -5, 40, 30))
    rows, columns = np.arange(-5, 25) % 64, np.arange(90, 130) % 96
    for path, spec in zip(write(material, tmp_path / "{map}.png", request=part), MATERIAL_MAPS, strict=True):
        expected = maps[spec.name].take(rows, 0).take(columns, 1)
        assert np.array_equal(loaded(path), quantize(expected, spec.depth))


WRONG = [
    ({"pack": "orm"}, "--pack orm needs ao, roughness or metallic"),
    ({"normal": "dx"}, "--normal dx needs a normal map"),
    ({"height_format": "exr"}, "--height-format needs a height map"),
    ({"maps": "albedo,gloss"}, "makes no map 'gloss'"),
    ({"normal": "up"}, "unknown"),
]


@pytest.mark.parametrize(("asked", "says"), WRONG)
def test_what_a_picture_cannot_have_is_one_line(artifact, tmp_path, asked, says):
    with pytest.raises(RequestError) as caught:
        write(artifact, tmp_path / "wall.png", **asked)
    assert says in str(caught.value) and "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "asked", "says"),
    [
        ("{map}.exr", {"gltf": True}, "glTF cannot show"),
        ("{map}.png", {"gltf": True, "normal": "dx"}, "green points up"),
    ],
)
def test_what_gltf_cannot_show_is_one_line(material, tmp_path, name, asked, says):
    with pytest.raises(RequestError) as caught:
        write(material, tmp_path / name, **asked)
    assert says in str(caught.value) and os.listdir(tmp_path) == []


def old_set(material, folder):
    paths = write(material, folder / "{map}.png", preview=True, materialx=True, gltf=True)
    for path in paths:
        path.write_bytes(b"old " + path.name.encode())
    return paths


def are_old(paths, folder):
    return sorted(os.listdir(folder)) == sorted(path.name for path in paths) and all(
        path.read_bytes() == b"old " + path.name.encode() for path in paths
    )


def test_a_run_that_is_stopped_leaves_the_old_set(material, tmp_path):
    paths = old_set(material, tmp_path)

    def stop(progress):
        if progress.done:
            raise Cancelled

    with pytest.raises(Cancelled):
        write(material, tmp_path / "{map}.png", preview=True, materialx=True, gltf=True, progress=stop)
    assert are_old(paths, tmp_path)


@pytest.mark.parametrize("is_new", [True, False])
def test_where_one_file_cannot_get_its_name_none_does(material, tmp_path, is_new):
    paths = [] if is_new else old_set(material, tmp_path)

    def block(progress):
        if progress.done == progress.total:
            (tmp_path / "height.png").unlink(missing_ok=True)
            (tmp_path / "height.png").mkdir()

    with pytest.raises(OutputError, match=r"height\.png"):
        write(material, tmp_path / "{map}.png", preview=True, materialx=True, gltf=True, progress=block)
    (tmp_path / "height.png").rmdir()
    assert are_old([path for path in paths if path.name != "height.png"], tmp_path)


def test_the_preview_shows_the_material_under_light(material, tmp_path):
    *_, preview = write(material, tmp_path / "wall_{map}.png", preview=True)
    assert preview.name == "wall_preview.png"
    shown = loaded(preview)
    assert shown.shape == (512, 1024, 3) and (shown[:4, :4] == shown[0, 0]).all() and shown[256, 256:].std() > 3


def test_a_picture_is_lit_as_its_look_says(tmp_path):
    looks = {name: Look(metallic=metallic, bump=0.4) for name, metallic in (("stone", 0.0), ("gold", 1.0))}
    shown = {}
    for name, look in looks.items():
        artifact = replace(random_artifact(), look=look)
        *_, preview = write(artifact, tmp_path / f"{name}.png", preview=True)
        shown[name] = loaded(preview).astype(float)
    assert np.abs(shown["stone"] - shown["gold"]).mean() > 5
