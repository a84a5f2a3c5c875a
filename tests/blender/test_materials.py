"""Maps into materials: sets of several maps, trees that others have made, and who owns what."""

import pytest

from tests.conftest import MATERIAL, random_artifact
from texnet_core import TextureRequest, write_artifact


@pytest.fixture(scope="session")
def pbr_file(tmp_path_factory):
    """An untrained generator of four maps: albedo, normal, roughness, height."""
    path = tmp_path_factory.mktemp("pbr") / "wall.v2.texnet"
    write_artifact(path, random_artifact(maps=MATERIAL))
    return path


WIRED = """
        WAY = {"NORMAL_MAP": "Color", "MAP_RANGE": "Value"}
        def wired(material):
            tree = material.node_tree
            shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
            output = tree.get_output_node("ALL")
            found = {}
            for socket in (*shader.inputs, output.inputs["Displacement"]):
                if socket.is_linked:
                    node = socket.links[0].from_node
                    while node.type != "TEX_IMAGE":
                        node = node.inputs[WAY.get(node.type, "Height")].links[0].from_node
                    found[socket.name] = node.image.name
            return found
        def count(material):
            kinds = [node.type for node in material.node_tree.nodes]
            return [kinds.count(kind) for kind in ("TEX_IMAGE", "NORMAL_MAP", "DISPLACEMENT", "MAPPING", "REROUTE")]
        cube = bpy.context.view_layer.objects.active
        def generate(source, seed, **options):
            bpy.ops.texnet.generate(source=values[source], width=64, height=64, seed=seed, **options)
            return wired(cube.active_material)
"""


def names(seed):
    """Socket -> image of a whole set, whose relief shows by the normal map alone."""
    maps = {"Base Color": "albedo", "Roughness": "roughness", "Normal": "normal"}
    return {socket: f"wall.v2_{name}_{seed}" for socket, name in maps.items()}


def test_a_set_is_wired_swapped_replaced_by_a_smaller_one_and_wired_again(blender, pbr_file, artifact_file):
    (state,) = blender(
        WIRED
        + """
        state = [generate("pbr", 1), count(cube.active_material)]
        strength = next(node for node in cube.active_material.node_tree.nodes if node.type == "NORMAL_MAP")
        value = cube.active_material.node_tree.nodes.new("ShaderNodeValue")
        cube.active_material.node_tree.links.new(value.outputs[0], strength.inputs["Strength"])
        state += [generate("pbr", 2), count(cube.active_material)]
        state += [generate("one", 3), count(cube.active_material)]
        state += [generate("pbr", 4), count(cube.active_material)]
        spaces = {image["texnet"]["map"]: [image.colorspace_settings.name, image.depth]
                  for image in map(bpy.data.images.get, textures())}
        leads = [bpy.data.images[name]["texnet"]["leads"] for name in textures()]
        answer([state, spaces, leads.count(True)])
        """,
        pbr=str(pbr_file),
        one=str(artifact_file),
    )
    steps, spaces, leading = state
    assert steps[0] == names(1) and steps[2] == names(2) and steps[6] == names(4)
    assert steps[4] == dict.fromkeys(("Base Color", "Roughness", "Normal"), "random_albedo_3")  # derived from it
    assert steps[1] == steps[3] == steps[5] == steps[7] == [4, 1, 1, 1, 1]
    assert spaces["albedo"][0] == "sRGB" and {spaces[name][0] for name in ("roughness", "normal", "height")} == {
        "Non-Color"
    }
    assert spaces["roughness"][1] < spaces["height"][1]  # 8 bits show steps in displacement
    assert leading == 4


def test_a_material_of_eight_channels_is_wired_shown_and_made_again_from_its_record(blender, pbr_file):
    (state,) = blender(
        WIRED
        + """
        api = __import__("bl_ext.user_default.texnet.api", fromlist=["api"])
        made = generate("pbr", 1, depth="16", tile="x", scale=1.5)
        request = module("history").request_of(bpy.data.images[made["Base Color"]])
        bpy.data.images[made["Base Color"]].pixels[0] = 0.123  # else all would be used again
        bpy.ops.texnet.regenerate(image=made["Base Color"])
        leading = [image for image in bpy.data.images if "texnet" in image and image["texnet"]["leads"]]
        again = [module("history").request_of(image) == request for image in leading]
        answer([made, request.record(), again, list(api.preview_pixels(values["pbr"]).shape)])
        """,
        pbr=str(pbr_file),
    )
    made, record, again, shape = state
    asked = TextureRequest(str(pbr_file), width=64, height=64, seed=1, depth=16, tile="x", scale=1.5)
    assert made == names(1) and record == asked.record()
    assert again == [True, True] and shape == [256, 256, 3]


def test_trees_that_others_have_made(blender, artifact_file):
    """Reroutes and mixes before the output are looked through; where no Principled is shown, nothing is touched."""
    (state,) = blender(
        WIRED
        + """
        def tree_with(build):
            material = bpy.data.materials.new("other")
            if bpy.app.version < (5, 0, 0):
                material.use_nodes = True
            tree = material.node_tree
            tree.nodes.clear()
            build(tree)
            cube.active_material = material
            return tree
        def reroute(tree):
            unused, shader, way, output = (tree.nodes.new(kind) for kind in (
                "ShaderNodeBsdfPrincipled", "ShaderNodeBsdfPrincipled", "NodeReroute", "ShaderNodeOutputMaterial"))
            shader.name = "shown"
            tree.links.new(shader.outputs[0], way.inputs[0])
            tree.links.new(way.outputs[0], output.inputs[0])
        tree = tree_with(reroute)
        generate_ = lambda: error_of(bpy.ops.texnet.generate, source=values["one"], width=64, height=64)
        state = {"reroute": [generate_(), tree.nodes["shown"].inputs["Base Color"].is_linked]}
        tree = tree_with(lambda tree: tree.nodes.new("ShaderNodeBsdfPrincipled"))
        state["no output"] = [generate_(), tree.get_output_node("ALL").inputs["Surface"].is_linked]
        def emission(tree):
            shader, output = tree.nodes.new("ShaderNodeEmission"), tree.nodes.new("ShaderNodeOutputMaterial")
            tree.links.new(shader.outputs[0], output.inputs[0])
        tree = tree_with(emission)
        state["emission"] = [generate_(), len(tree.nodes)]
        answer(state)
        """,
        one=str(artifact_file),
    )
    assert state["reroute"] == [None, True] and state["no output"] == [None, True]
    assert "principled" in state["emission"][0].lower() and state["emission"][1] == 2


def test_replace_puts_the_map_that_the_node_shows(blender, pbr_file):
    (state,) = blender(
        WIRED
        + """
        generate("pbr", 1)
        tree = cube.active_material.node_tree
        normal = next(node for node in tree.nodes if node.type == "TEX_IMAGE" and "normal" in node.image.name)
        tree.nodes.active = normal
        answer(generate("pbr", 2, destination="REPLACE"))
        """,
        pbr=str(pbr_file),
    )
    assert state == names(1) | {"Normal": "wall.v2_normal_2"}


def test_a_result_goes_to_the_material_of_the_click(blender, artifact_file):
    (state,) = blender(
        WIRED
        + """
        session, request, creation = module("session"), module("request"), module("creation")
        cube.data.materials.append(bpy.data.materials.new("second"))
        target = creation.target_of("ACTIVE_MATERIAL", cube)
        first = cube.active_material
        task = session.SynthesisTask(request.TextureRequest(values["one"], 64, 64))
        cube.active_material_index = 1
        task.wait()
        creation.place(task.job.result, task.request, target)
        session.end(task)
        answer([wired(first), cube.active_material.name])
        """,
        one=str(artifact_file),
    )
    assert state == [dict.fromkeys(("Base Color", "Roughness", "Normal"), "random_albedo_0"), "second"]


def test_a_new_material_goes_to_the_slot_of_the_click_and_what_it_replaces_is_kept(blender, artifact_file):
    (state,) = blender(
        """
        session, request, creation = module("session"), module("request"), module("creation")
        cube = bpy.context.view_layer.objects.active
        cube.data.materials.clear()
        for name in ("Wall", "Roof"):
            cube.data.materials.append(bpy.data.materials.new(name))
        cube.active_material_index = 0
        target = creation.target_of("NEW_MATERIAL", cube)
        task = session.SynthesisTask(request.TextureRequest(values["one"], 64, 64))
        cube.active_material_index = 1
        task.wait()
        creation.place(task.job.result, task.request, target)
        session.end(task)
        wall, roof = bpy.data.materials["Wall"], bpy.data.materials["Roof"]
        answer([[slot.material.name for slot in cube.material_slots], wall.use_fake_user, roof.use_fake_user])
        """,
        one=str(artifact_file),
    )
    assert state == [["Random", "Roof"], True, False]


def test_a_slot_that_was_moved_is_followed(blender, artifact_file):
    (state,) = blender(
        """
        session, request, creation = module("session"), module("request"), module("creation")
        cube = bpy.context.view_layer.objects.active
        cube.data.materials.clear()
        for name in ("Wall", "Roof", "Door"):
            cube.data.materials.append(bpy.data.materials.new(name))
        cube.active_material_index = 0
        target = creation.target_of("NEW_MATERIAL", cube)
        task = session.SynthesisTask(request.TextureRequest(values["one"], 64, 64))
        bpy.ops.object.material_slot_move(direction="DOWN")
        task.wait()
        creation.place(task.job.result, task.request, target)
        session.end(task)
        answer([slot.material.name for slot in cube.material_slots])
        """,
        one=str(artifact_file),
    )
    assert state == ["Roof", "Random", "Door"]


def test_a_texture_for_an_image_node_that_has_gone_is_an_image_with_a_note(blender, artifact_file):
    (state,) = blender(
        """
        session, request, creation = module("session"), module("request"), module("creation")
        cube = bpy.context.view_layer.objects.active
        tree = cube.active_material.node_tree
        node = tree.nodes.new("ShaderNodeTexImage")
        tree.nodes.active = node
        target = creation.target_of("REPLACE", cube)
        task = session.SynthesisTask(request.TextureRequest(values["one"], 64, 64))
        tree.nodes.remove(node)
        task.wait()
        placed = creation.place(task.job.result, task.request, target)
        session.end(task)
        answer([placed.note, textures()])
        """,
        one=str(artifact_file),
    )
    assert "its node has gone" in state[0] and state[1] == ["random_albedo_0"]


def test_objects_that_share_a_mesh_get_materials_of_their_own(blender):
    (state,) = blender(
        """
        api = module("api")
        cube = bpy.data.objects["Cube"]
        twin = bpy.data.objects.new("Twin", cube.data)
        bpy.context.collection.objects.link(twin)
        bpy.context.view_layer.update()
        api.fill([cube, twin, bpy.data.objects["Light"]], "moss", size=64)
        seeds = [thing.active_material.node_tree.nodes.active.image["texnet"]["seed"] for thing in (cube, twin)]
        answer(seeds)
        """
    )
    assert state == [0, 1]


def test_a_set_that_cannot_be_kept_leaves_nothing(blender, pbr_file, tmp_path):
    (state,) = blender(
        """
        import shutil
        bpy.ops.wm.save_as_mainfile(filepath=values["blend"])
        module("preferences").preferences().storage = "FILE"
        move, moved = shutil.move, []
        def full(source, target):
            moved.append(target)
            if len(moved) == 3:
                open(target, "w").close()
                raise OSError(28, "No space left on device")
            return move(source, target)
        put(shutil, "move", full)
        message = error_of(bpy.ops.texnet.generate, source=values["pbr"], width=64, height=64)
        answer([message, textures(), os.listdir(os.path.join(os.path.dirname(values["blend"]), "textures"))])
        """,
        pbr=str(pbr_file),
        blend=str(tmp_path / "saved.blend"),
    )
    message, images, files = state
    assert "No space left" in message and message.count("; ") == 1 and images == [] and files == []


def test_unpack_gives_every_texture_a_file_of_its_own(blender, artifact_file, pbr_file, tmp_path):
    """Also UDIM tiles of a generator with a dot in its name."""
    (state,) = blender(
        """
        bpy.ops.wm.save_as_mainfile(filepath=values["blend"])
        api = module("api")
        made = [api.texture(values["one"], size=size)["albedo"] for size in (64, 128)]
        bpy.ops.texnet.generate(source=values["pbr"], width=64, height=64, destination="UDIM", udim=(2, 1))
        tiled = bpy.data.images["wall.v2_albedo_0"]
        for image in (*made, tiled):
            image.unpack(method="WRITE_LOCAL")
        answer([[image.size[0] for image in made], len({image.filepath for image in made}), tiled.source,
                sorted(os.listdir(os.path.join(os.path.dirname(values["blend"]), "textures")))])
        """,
        one=str(artifact_file),
        pbr=str(pbr_file),
        blend=str(tmp_path / "saved.blend"),
    )
    sizes, paths, source, files = state
    assert sizes == [64, 128] and paths == 2 and source == "TILED"
    assert len(files) == 4 and "wall.v2_albedo_0.1001.png" in files and "wall.v2_albedo_0.1002.png" in files


def test_textures_that_nobody_uses_any_more_stay_in_the_history(blender, artifact_file, tmp_path):
    (state,) = blender(
        WIRED
        + """
        for seed in (1, 2, 3):
            generate("one", seed)
        bpy.ops.wm.save_as_mainfile(filepath=values["blend"])
        bpy.ops.wm.open_mainfile(filepath=values["blend"])
        kept = textures()
        bpy.ops.texnet.remove_texture(image="random_albedo_1")
        answer([kept, textures()])
        """,
        one=str(artifact_file),
        blend=str(tmp_path / "saved.blend"),
    )
    assert state == [[f"random_albedo_{seed}" for seed in (1, 2, 3)], ["random_albedo_2", "random_albedo_3"]]
