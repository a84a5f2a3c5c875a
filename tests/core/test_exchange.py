"""Documents for other programs: what stands in them, and that the official libraries take them."""

import base64
import json
import shutil
import subprocess
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from tests.conftest import random_artifact
from texnet_core import MapFiles, TextureRequest, open_plane, write_window
from texnet_core.errors import RequestError
from texnet_core.mapset import ALBEDO, MATERIAL_MAPS, MapSpec
from texnet_core.model.look import Look
from texnet_core.synthesis.series import expand

REQUEST = TextureRequest(width=64, height=32, engine="onnx")
SPECS = {spec.name: spec for spec in MATERIAL_MAPS}
SETS = {
    "picture": ("albedo",),
    "gray": (),
    "plain": ("albedo", "normal", "roughness", "height", "ao"),
    "metal": ("albedo", "normal", "roughness", "metallic", "height"),
    "all": tuple(SPECS),
}
VALIDATE = """
const { validateBytes } = require("gltf-validator"), fs = require("fs"), path = require("path");
const file = process.argv[1], read = (name) => new Uint8Array(fs.readFileSync(name));
validateBytes(read(file), {
  uri: path.basename(file),
  externalResourceFunction: (uri) => Promise.resolve(read(path.join(path.dirname(file), decodeURIComponent(uri)))),
}).then((report) => console.log(JSON.stringify(report.issues)));
"""


def made(folder, name, request=REQUEST, output="wall {map}.png", **asked):
    """A set in a folder; the document that was asked for is its last file."""
    specs = tuple(SPECS[part] for part in SETS[name]) or (MapSpec("albedo", 1),)
    artifact = replace(random_artifact(maps=specs), relief=0.05 if "height" in SETS[name] else 0.0, size_m=0.5)
    folder.mkdir(exist_ok=True)
    plane = open_plane(artifact, request)
    return [
        write_window(plane, folder / output, one.window, marks=marks, files=MapFiles(**asked), covers=one.window_covers)
        for one, marks in expand(request)
    ]


def gltf(folder, name, **asked):
    ((*_, document),) = made(folder, name, gltf=True, **asked)
    assert document.suffix == ".gltf"
    return document, json.loads(document.read_text())


def materialx(folder, name, **asked):
    *_, paths = made(folder, name, materialx=True, **asked)
    assert paths[-1].suffix == ".mtlx"
    return paths[-1], ElementTree.parse(paths[-1]).getroot()


@pytest.mark.parametrize("name", SETS)
def test_what_gltf_names_is_there_and_its_plane_is_whole(tmp_path, name):
    _, tree = gltf(tmp_path, name)
    for image in tree["images"]:
        assert "/" not in image["uri"] and " " not in image["uri"]
        assert (tmp_path / image["uri"].replace("%20", " ")).is_file()
    (buffer,) = tree["buffers"]
    data = base64.b64decode(buffer["uri"].partition(",")[2])
    assert len(data) == buffer["byteLength"] == sum(view["byteLength"] for view in tree["bufferViews"])
    numbers = [np.frombuffer(data[view["byteOffset"] :][: view["byteLength"]], "<f4") for view in tree["bufferViews"]]
    corners = numbers[0].reshape(4, 3)
    assert tree["accessors"][0]["max"] == corners.max(0).tolist()
    texel = 0.5 / 256
    assert np.allclose(np.ptp(corners, 0), (64 * texel, 32 * texel, 0))


def test_gltf_has_each_map_in_its_place(tmp_path):
    _, tree = gltf(tmp_path, "all")
    (material,) = tree["materials"]
    files = [tree["images"][texture["source"]]["uri"] for texture in tree["textures"]]
    surface = material["pbrMetallicRoughness"]
    assert files[surface["baseColorTexture"]["index"]] == "wall%20albedo.png"
    orm = surface["metallicRoughnessTexture"]["index"]
    assert files[orm] == "wall%20orm.png" and material["occlusionTexture"]["index"] == orm
    assert files[material["normalTexture"]["index"]] == "wall%20normal.png"
    assert files[material["emissiveTexture"]["index"]] == "wall%20emission.png"
    assert (surface["metallicFactor"], surface["roughnessFactor"]) == (1.0, 1.0)
    assert material["alphaMode"] == "BLEND"


def test_opacity_that_a_file_cannot_hold_is_refused_and_not_lost(tmp_path):
    with pytest.raises(RequestError, match=r"wall albedo.jpg lacks; write .png files"):
        made(tmp_path, "all", output="wall {map}.jpg", pack="orm", gltf=True)
    assert not list(tmp_path.iterdir())


def test_roughness_alone_serves_gltf_where_nothing_is_metallic(tmp_path):
    _, tree = gltf(tmp_path, "plain")
    surface = tree["materials"][0]["pbrMetallicRoughness"]
    assert surface["metallicFactor"] == 0 and "metallicRoughnessTexture" in surface
    assert (tmp_path / "wall roughness.png").is_file() and not (tmp_path / "wall orm.png").exists()


@pytest.mark.parametrize("pack", ["", "orm"])
def test_metal_that_only_the_look_knows_is_metal_beside_a_map_of_roughness(tmp_path, pack):
    artifact = random_artifact(maps=(SPECS["albedo"], SPECS["roughness"]))
    plane = open_plane(replace(artifact, look=Look(metallic=1.0)), REQUEST)
    files = MapFiles(gltf=True, pack=pack)
    *maps, document = write_window(plane, tmp_path / "coin.png", REQUEST.window, files=files)
    assert [path.name for path in maps] == ["coin_albedo.png", "coin_orm.png"]
    occlusion, _, metallic = np.moveaxis(np.asarray(Image.open(maps[1])), 2, 0)
    assert (occlusion == 255).all() and (metallic == 255).all()
    assert json.loads(document.read_text())["materials"][0]["pbrMetallicRoughness"]["metallicFactor"] == 1.0


@pytest.mark.parametrize("covers", [float("nan"), float("inf"), -1.0])
def test_what_is_no_length_is_refused_and_writes_nothing(tmp_path, covers):
    plane = open_plane(random_artifact(maps=(ALBEDO,)), REQUEST)
    with pytest.raises(RequestError, match=r"covers .* is out of range"):
        write_window(plane, tmp_path / "w.png", REQUEST.window, covers=covers, files=MapFiles(gltf=True))
    assert not list(tmp_path.iterdir())


def test_a_picture_has_the_roughness_and_metallic_of_its_look(tmp_path):
    look = Look(roughness_dark=0.4, roughness_bright=0.2, metallic=1.0)
    plane = open_plane(replace(random_artifact(maps=(ALBEDO,)), look=look), REQUEST)
    files = MapFiles(gltf=True, materialx=True)
    _, mtlx, document = write_window(plane, tmp_path / "coin.png", REQUEST.window, files=files)
    surface = json.loads(document.read_text())["materials"][0]["pbrMetallicRoughness"]
    assert (surface["metallicFactor"], surface["roughnessFactor"]) == (1.0, 0.3)
    inputs = {one.get("name"): one.get("value") for one in ElementTree.parse(mtlx).find("standard_surface")}
    assert (float(inputs["metalness"]), float(inputs["specular_roughness"])) == (1.0, 0.3)


def test_displacement_is_as_high_as_the_relief_in_the_world(tmp_path):
    def scale(folder, **fields):
        _, root = materialx(tmp_path / folder, "plain", request=replace(REQUEST, **fields))
        return root.find("displacement/input[@name='scale']")

    of_card = scale("card")
    assert float(of_card.get("value")) == pytest.approx(0.05 * 0.5) and of_card.get("unit") == "meter"
    # a period has whole cells, so that features are not exactly as large as they are meant to be
    assert float(scale("covers", covers=0.3).get("value")) == pytest.approx(0.05 * 0.5, rel=0.05)
    assert float(scale("both", covers=0.25, scale=2.0).get("value")) == pytest.approx(2 * 0.05 * 0.5, rel=0.05)


def test_udim_tiles_share_a_document_that_names_all_of_them(tmp_path):
    document, root = materialx(tmp_path, "plain", request=replace(REQUEST, udim=(2, 1)))
    assert document.name == "wall.mtlx"
    names = {one.get("value") for one in root.iter("input") if one.get("type") == "filename"}
    assert "wall albedo.<UDIM>.png" in names
    assert all((tmp_path / name.replace("<UDIM>", tile)).is_file() for name in names for tile in ("1001", "1002"))


@pytest.mark.parametrize("folder", ["{map}/wall.png", "{map}/{map}.png"])
def test_documents_find_maps_in_folders_of_their_own(tmp_path, folder):
    for name in SETS["plain"]:
        (tmp_path / name).mkdir()
    document, root = materialx(tmp_path, "plain", output=folder)
    assert document.parent == tmp_path
    names = [one.get("value") for one in root.iter("input") if one.get("type") == "filename"]
    assert names and all((tmp_path / name).is_file() for name in names)


WAYS = [(name, {}) for name in SETS] + [
    (name, asked) for name in ("plain", "metal", "all") for asked in ({"pack": "orm"}, {"normal": "dx"})
]


@pytest.mark.parametrize(("name", "asked"), WAYS)
def test_the_library_of_materialx_takes_what_is_written(tmp_path, name, asked):
    mx = pytest.importorskip("MaterialX", reason="MaterialX is not installed")
    shaders = pytest.importorskip("MaterialX.PyMaterialXGenShader")
    glsl = pytest.importorskip("MaterialX.PyMaterialXGenGlsl")
    path, _ = materialx(tmp_path, name, **asked)
    library, document = mx.createDocument(), mx.createDocument()
    places = mx.getDefaultDataSearchPath()
    mx.loadLibraries(mx.getDefaultDataLibraryFolders(), places, library)
    mx.readFromXmlFile(document, str(path))
    document.setDataLibrary(library)
    assert document.validate() == (True, "")
    (material,) = shaders.findRenderableElements(document)
    generator = glsl.GlslShaderGenerator.create()
    context = shaders.GenContext(generator)
    context.registerSourceCodeSearchPath(places)
    assert "standard_surface" in generator.generate(name, material, context).getSourceCode("pixel")


@pytest.fixture(scope="session")
def validator():
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    if subprocess.run(["node", "-e", 'require("gltf-validator")'], capture_output=True).returncode:
        pytest.skip("gltf-validator is not installed: npm install gltf-validator, and NODE_PATH")
    return lambda file: json.loads(
        subprocess.run(["node", "-e", VALIDATE, file], capture_output=True, check=True).stdout
    )


@pytest.mark.parametrize("name", SETS)
def test_the_validator_of_gltf_finds_nothing(tmp_path, validator, name):
    document, _ = gltf(tmp_path, name)
    assert validator(document)["messages"] == []
