"""Training on whole materials: the maps behind a material's nodes, or a folder of files."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from texnet_core.materials import read_material

# An image for each map, of a surface of bumps; nodes as people wire them.
MATERIAL = """
        import numpy as np
        SIDE = 192
        rows, columns = np.mgrid[:SIDE, :SIDE] * (2 * np.pi / 24)
        height = 0.5 + 0.25 * np.sin(rows) * np.sin(columns)
        across, up = np.cos(columns) * np.sin(rows), -np.cos(rows) * np.sin(columns)
        def image(name, values, is_float=False, **options):
            values = np.broadcast_to(np.asarray(values, np.float32), (SIDE, SIDE, 3))
            made = bpy.data.images.new(name, SIDE, SIDE, float_buffer=is_float, is_data=name != "color")
            made.pixels.foreach_set(np.dstack((values, np.ones((SIDE, SIDE))))[::-1].astype(np.float32).ravel())
            return made
        slopes = np.dstack((-0.4 * across, -0.4 * up, np.ones_like(up)))
        slopes /= np.linalg.norm(slopes, axis=2, keepdims=True)
        grain = np.random.default_rng(0).random((SIDE, SIDE, 1)) * 0.3
        color = image("color", np.dstack((0.3 + grain, 0.4 + height[..., None] / 3, grain)))
        normal = image("bends", (slopes + 1) / 2)
        orm = image("packed", np.dstack((0.9 - height / 9, 0.2 + grain, np.full_like(grain, 0.7))))
        tall = image("tall", 4 * height[..., None] - 1, is_float=True)
        material = bpy.data.materials.new("Old Wall")
        tree = module("shaders").tree_of(material)
        shader, output = module("shaders").ensured(tree).node, tree.get_output_node("ALL")
        def node(kind):
            return tree.nodes.new("ShaderNode" + kind)
        def shown(image):
            made = node("TexImage")
            made.image = image
            return made
        def link(source, target):
            tree.links.new(source, target)
        bpy.context.view_layer.objects.active.active_material = material
"""
WIRED = """
        link(shown(color).outputs[0], shader.inputs["Base Color"])
        bent, bumped, moved, parts, gloss = (node(kind) for kind in
            ("NormalMap", "Bump", "Displacement", "SeparateColor", "Invert"))
        link(shown(normal).outputs[0], bent.inputs["Color"])
        link(bent.outputs[0], bumped.inputs["Normal"])
        link(bumped.outputs[0], shader.inputs["Normal"])
        link(shown(tall).outputs[0], bumped.inputs["Height"])
        link(shown(orm).outputs[0], parts.inputs[0])
        link(parts.outputs["Green"], gloss.inputs["Color"])
        link(gloss.outputs[0], shader.inputs["Roughness"])
        link(parts.outputs["Blue"], shader.inputs["Metallic"])
        shade = shown(image("shade", 0.9 - height[..., None] / 9))
        shade.label = "Ambient Occlusion"
"""


@pytest.fixture
def wired(blender, tmp_path):
    """A folder with the maps of a material, as the backend gets it, and what is known of where they came from."""
    (found,) = blender(
        MATERIAL
        + WIRED
        + """
        import shutil
        lesson = module("lessons").lesson_of(material)
        shutil.copytree(lesson.path, values["folder"])
        lesson.drop()
        found = module("material_maps").maps_of(material)
        answer([lesson.path.parent.exists(), {name: [each.image.name, each.channel, each.inverted]
                                              for name, each in found.items()}])
        """,
        folder=str(tmp_path / "copy"),
    )
    return tmp_path / "copy", found


def test_the_maps_of_a_material_are_found_behind_its_nodes_and_read_as_what_they_show(wired):
    folder, (is_left, known) = wired
    assert not is_left
    assert known == {
        "albedo": ["color", "", False],
        "normal": ["bends", "", False],
        "roughness": ["packed", "G", True],
        "metallic": ["packed", "B", False],
        "height": ["tall", "", False],
        "ao": ["shade", "", False],
    }
    read = read_material(folder)
    assert [spec.name for spec in read.maps] == ["albedo", "normal", "roughness", "metallic", "height", "ao"]
    assert read.image.shape[:2] == (192, 192) and read.mask is None
    x, y = read.image[..., 3] * 2 - 1, read.image[..., 4] * 2 - 1
    roughness, metallic, height = read.image[..., 6], read.image[..., 7], read.image[..., 8]
    assert 0.45 < roughness.min() < 0.55 < 0.75 < roughness.max() < 0.85 and abs(metallic - 0.7).max() < 0.01
    assert height.min() == pytest.approx(0, abs=1e-3) and height.max() == pytest.approx(1, abs=1e-3)
    assert np.corrcoef(x.ravel(), -np.gradient(height, axis=1).ravel())[0, 1] > 0.99
    assert np.corrcoef(y.ravel(), np.gradient(height, axis=0).ravel())[0, 1] > 0.99
    assert read.relief > 0


def test_an_image_that_was_made_in_blender_and_packed_is_learned_too(blender, tmp_path):
    (kept,) = blender(
        MATERIAL
        + WIRED
        + """
        import shutil
        for image in (color, normal, orm):
            image.pack()
        color.update()
        lesson = module("lessons").lesson_of(material)
        shutil.copytree(lesson.path, values["folder"])
        lesson.drop()
        answer([color.filepath, color.packed_file is not None])
        """,
        folder=str(tmp_path / "copy"),
    )
    assert kept == ["", True]
    read = read_material(tmp_path / "copy")
    assert [spec.name for spec in read.maps] == ["albedo", "normal", "roughness", "metallic", "height", "ao"]


def test_what_follows_from_the_color_is_no_map_and_materials_of_texnet_have_all_of_theirs(blender, tmp_path):
    from tests.conftest import random_artifact
    from texnet_core import write_artifact
    from texnet_core.mapset import MATERIAL_MAPS

    write_artifact(tmp_path / "full.texnet", random_artifact(maps=MATERIAL_MAPS))
    write_artifact(tmp_path / "plain.texnet", random_artifact())
    (found,) = blender(
        MATERIAL
        + """
        maps = lambda: sorted(module("material_maps").maps_of(bpy.context.view_layer.objects.active.active_material))
        found = [maps()]
        for name, options in (("plain", {}), ("full", {}), ("full", {"multiply_ao": True, "true_displacement": True})):
            bpy.ops.texnet.generate(source=values[name], width=64, height=64, destination="NEW_MATERIAL", **options)
            found.append(maps())
        settings = bpy.context.scene.texnet
        settings.learn_from = "MATERIAL"
        standing = module("standing")
        found.append(standing.exemplar_in_panel(settings).name)
        bpy.context.view_layer.objects.active = None
        found.append([standing.exemplar_in_panel(settings), standing.standing_in_panel(settings)])
        settings.learn_from, settings.exemplar_path = "FOLDER", "/x/Red Brick.zip"
        found += [standing.standing_in_panel(settings).output.name, module("lessons").name_of(material)]
        answer(found)
        """,
        full=str(tmp_path / "full.texnet"),
        plain=str(tmp_path / "plain.texnet"),
    )
    everything = sorted(spec.name for spec in MATERIAL_MAPS)
    assert found[:4] == [[], ["albedo"], everything, everything]
    assert found[4].startswith("Full") and found[5] == [None, None] and found[6:] == ["Red Brick.texnet", "Old Wall"]


def test_scripts_are_told_what_cannot_be_learned(blender):
    (found,) = blender(
        MATERIAL
        + """
        preferences = module("preferences").preferences()
        preferences.python = values["python"]
        api, found = module("api"), []
        for exemplar, options in ((material, {}), (3, {}), ("", {}), (color, {"quality": "perfect"}),
                                  (color, {"epochs": 3}), (color, {"maps": 4}), (color, {"mask": "no image"})):
            try:
                api.train(exemplar, **options)
            except Exception as error:
                found.append([type(error).__name__, str(error)])
        found.append(error_of(bpy.ops.texnet.train, material="No Such", steps=10))
        answer(found)
        """,
        python=sys.executable,
    )
    assert [name for name, _ in found[:-1]] == ["RequestError"] * 7 and all("; " in text for _, text in found[:-1])
    assert "Old Wall" in found[0][1] and "No Such" in found[-1]


@pytest.mark.once
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="a backend needs torch")
def test_a_material_is_learned_from_its_nodes_and_from_a_folder(blender, wired, tmp_path):
    folder, _ = wired
    (tmp_path / "library").mkdir()
    (found,) = blender(
        MATERIAL
        + WIRED
        + """
        preferences = module("preferences").preferences()
        preferences.python, preferences.library = values["python"], values["library"]
        options = {"steps": 10, "size": 64, "descriptor": "patches", "detail": "256", "start": "cold"}
        result = bpy.ops.texnet.train(material="Old Wall", real_width=0.5, **options)
        card = module("library").card_named(module("library").list_sources()[-1].name)
        found = [list(result), [spec.name for spec in card.maps], card.relief > 0, card.size_m]
        path = module("api").train(values["folder"], "Piece", maps=["albedo", "normal"], **options)
        card = module("library").card_named(path)
        made = module("api").material(path, size=64)
        kinds = sorted(node.type for node in made.node_tree.nodes)
        answer([*found, path, [spec.name for spec in card.maps], kinds.count("TEX_IMAGE"), "NORMAL_MAP" in kinds])
        """,
        python=sys.executable,
        folder=str(folder),
        library=str(tmp_path / "library"),
    )
    result, maps, has_relief, size, path, chosen, textures, has_normal = found
    assert result == ["FINISHED"] and has_relief and size == 0.5
    assert maps == ["albedo", "normal", "roughness", "metallic", "height", "ao"]
    assert Path(path).name == "Piece.texnet" and chosen == ["albedo", "normal"] and textures == 2 and has_normal
