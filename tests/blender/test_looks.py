"""What a material has beside its color: derived relief, roughness and metal, shaders in groups, objects without UVs."""

from dataclasses import replace

import pytest

from tests.conftest import MATERIAL, random_artifact
from texnet_core import write_artifact
from texnet_core.model.look import Look

ROCK = Look(bump=0.5, roughness_dark=0.9, roughness_bright=0.5, metallic=0.0, dark=0.1, bright=0.6)
GOLD = Look(bump=-0.25, roughness_dark=0.2, roughness_bright=0.4, metallic=1.0, dark=0.3, bright=0.5)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Untrained generators, by name: two with looks, one from before looks, and one that makes all maps."""
    folder = tmp_path_factory.mktemp("looks")
    made = {"rock": ROCK, "gold": GOLD, "old": None}
    for name, look in made.items():
        write_artifact(folder / f"{name}.texnet", replace(random_artifact(), look=look))
    write_artifact(folder / "pbr.texnet", replace(random_artifact(maps=MATERIAL), look=ROCK))
    return {name: str(folder / f"{name}.texnet") for name in (*made, "pbr")}


TOOLS = """
        looks, nodes, shaders = module("looks"), module("nodes"), module("shaders")
        cube = bpy.context.view_layer.objects.active
        files = values["files"]
        def generate(name, destination="ACTIVE_MATERIAL", seed=0, **options):
            bpy.ops.texnet.generate(
                source=files[name], width=64, height=64, seed=seed, destination=destination, **options)
            return cube.active_material
        def node(material, kind):
            return next((node for node in material.node_tree.nodes if node.type == kind), None)
        def principled(material):
            return node(material, "BSDF_PRINCIPLED")
        def look(material):
            bump, span, shader = node(material, "BUMP"), node(material, "MAP_RANGE"), principled(material)
            ends = [span.inputs[name].default_value for name in ("To Min", "To Max", "From Min", "From Max")]
            return [looks.bump_of(material), *ends, shader.inputs["Metallic"].default_value]
        def feeds(material, name):
            socket = principled(material).inputs[name]
            return socket.links[0].from_node.type if socket.is_linked else None
"""


def numbers(look):
    return pytest.approx(
        [look.bump, look.roughness_dark, look.roughness_bright, look.dark, look.bright, look.metallic], abs=1e-6
    )


def test_a_new_material_has_the_look_of_its_generator_in_nodes(blender, files):
    (state,) = blender(
        TOOLS
        + """
        found = {name: look(generate(name, "NEW_MATERIAL")) for name in ("rock", "gold", "old")}
        material = cube.active_material
        image = node(material, "TEX_IMAGE")
        bump, span = node(material, "BUMP"), node(material, "MAP_RANGE")
        sockets = bump.inputs["Height"], span.inputs["Value"]
        found["fed"] = [socket.links[0].from_node == image for socket in sockets]
        found["feeds"] = [feeds(material, "Normal"), feeds(material, "Roughness")]
        found["frame"] = [bump.parent.label, span.parent.label, bump.label, span.label]
        answer(found)
        """,
        files=files,
    )
    assert state["rock"] == numbers(ROCK) and state["gold"] == numbers(GOLD) and state["old"] == numbers(Look())
    assert state["fed"] == [True, True] and state["feeds"] == ["BUMP", "MAP_RANGE"]
    assert state["frame"] == ["Look", "Look", "Bump", "Roughness"]


def test_maps_of_a_generator_take_the_place_of_what_is_derived_and_back(blender, files):
    (state,) = blender(
        TOOLS
        + """
        state = []
        for name in ("rock", "pbr", "gold"):
            material = generate(name)
            state.append([feeds(material, "Normal"), feeds(material, "Roughness"),
                          [node.type for node in material.node_tree.nodes].count("BUMP"),
                          looks.bump_of(material) is None])
        answer(state)
        """,
        files=files,
    )
    derived, made, again = state
    assert derived == again == ["BUMP", "MAP_RANGE", 1, False]
    assert made == ["NORMAL_MAP", "TEX_IMAGE", 1, True]


def test_maps_of_a_look_are_images_where_these_are_wanted(blender, files):
    (state,) = blender(
        TOOLS
        + """
        state = []
        for options in ({"material": True}, {"material": True, "maps": "albedo,roughness"}, {}):
            material = generate("gold", "NEW_MATERIAL", **options)
            state.append([feeds(material, name) for name in ("Normal", "Roughness", "Metallic")])
            if options == {"material": True}:
                made = sorted(node.image.name for node in material.node_tree.nodes if node.type == "TEX_IMAGE")
        settings = bpy.context.scene.texnet
        settings.source_name = files["gold"]
        found = []
        for wanted in (True, False):
            settings.map_choice.material = wanted
            request = settings.request(None)
            found.append([request.material, request.maps])
        settings.map_choice.material, settings.map_choice.normal = True, False
        found.append([settings.request(None).material, settings.request(None).maps])
        for name in ("pbr", "old"):
            settings.source_name = files[name]
            found.append([settings.request(None).material])
        image = generate("gold", material=True, seed=3) and node(cube.active_material, "TEX_IMAGE").image
        settings.take_over(module("history").request_of(image))
        found.append([settings.map_choice.material, settings.request(None).material])
        again = generate("gold", material=True, seed=3)
        found.append(sum("_normal_3" in image.name for image in bpy.data.images))
        found.append(module("assets").saving_of(cube.active_material).facts.tags)
        for name, told in (("old", {}), *(("rock", {key: 0.5}) for key in ("bump", "roughness", "metallic"))):
            try:
                module("api").material(files[name], size=64, material=True, **told)
                found.append("")
            except Exception as error:
                found.append(str(error))
        answer([made, state, found])
        """,
        files=files,
    )
    made, (every, some, none), found = state
    names = [f"gold_{name}_0" for name in ("albedo", "height", "metallic", "normal", "roughness")]
    assert every == ["NORMAL_MAP", "TEX_IMAGE", "TEX_IMAGE"] and made == names
    assert some == [None, "TEX_IMAGE", None]  # what was left out is not worked out either
    assert none == ["BUMP", "MAP_RANGE", None]
    assert found[:3] == [[True, ""], [False, ""], [True, "albedo,roughness,metallic,height"]]
    assert found[3:6] == [[False], [False], [True, True]] and found[6] == 1
    assert "derived maps" in found[7]
    assert "no look" in found[8] and "leave bump" in found[9] and "leave roughness" in found[10]
    assert found[11] == ""  # rock is no metal, so no image tells that


def test_relief_of_a_look_is_as_deep_by_images_as_by_nodes(blender, files):
    """The height map moves the surface by what the bump stands for at its darkest and brightest."""
    (depths,) = blender(
        TOOLS
        + """
        bump = node(generate("rock", "NEW_MATERIAL"), "BUMP").inputs
        made = generate("rock", "NEW_MATERIAL", material=True, true_displacement=True)
        moved = node(made, "DISPLACEMENT").inputs
        answer([bump["Distance"].default_value * bump["Strength"].default_value, moved["Scale"].default_value])
        """,
        files=files,
    )
    assert depths[1] == pytest.approx(depths[0] * (ROCK.bright - ROCK.dark), rel=1e-3)


def test_untouched_values_follow_the_generator_and_changed_ones_stay(blender, files):
    (state,) = blender(
        TOOLS
        + """
        material = generate("rock")
        material.texnet_look.bump = -0.75
        node(material, "MAP_RANGE").inputs["To Max"].default_value = 0.1
        state = [look(generate("rock", seed=1)), look(generate("gold"))]
        state.append(look(generate("gold", bump=0.125, roughness=(0.25, 0.75))))
        answer(state)
        """,
        files=files,
    )
    again, other, told = state
    assert again == numbers(replace(ROCK, bump=-0.75, roughness_bright=0.1))
    assert other == numbers(replace(GOLD, bump=-0.75, roughness_bright=0.1))
    assert told == numbers(replace(GOLD, bump=0.125, roughness_dark=0.25, roughness_bright=0.75))


def test_what_the_user_has_set_or_taken_away_is_left_alone(blender, files):
    (state,) = blender(
        TOOLS
        + """
        tree = module("shaders").tree_of(cube.active_material)
        shader = principled(cube.active_material)
        shader.inputs["Roughness"].default_value = 0.125
        noise = tree.nodes.new("ShaderNodeBump")
        tree.links.new(noise.outputs["Normal"], shader.inputs["Normal"])
        material = generate("gold")
        state = [shader.inputs["Roughness"].default_value, feeds(material, "Roughness"),
                 shader.inputs["Normal"].links[0].from_node == noise, shader.inputs["Metallic"].default_value]
        other = generate("rock", "NEW_MATERIAL")
        tree = other.node_tree
        tree.nodes.remove(node(other, "BUMP"))
        tree.links.remove(principled(other).inputs["Roughness"].links[0])
        generate("gold")
        state += [feeds(other, "Normal"), feeds(other, "Roughness")]
        answer(state)
        """,
        files=files,
    )
    assert state == [0.125, None, True, 1.0, None, None]


def test_nodes_between_a_texture_and_the_shader_stay_and_every_user_of_the_image_gets_the_new_one(blender, files):
    (state,) = blender(
        TOOLS
        + """
        material = generate("rock")
        tree, shader = material.node_tree, principled(material)
        image = node(material, "TEX_IMAGE")
        hue = tree.nodes.new("ShaderNodeHueSaturation")
        tree.links.new(image.outputs["Color"], hue.inputs["Color"])
        tree.links.new(hue.outputs["Color"], shader.inputs["Base Color"])
        second = tree.nodes.new("ShaderNodeTexImage")
        second.image = image.image
        generate("rock", seed=1)
        answer([feeds(material, "Base Color"), image.image["texnet"]["seed"], second.image["texnet"]["seed"]])
        """,
        files=files,
    )
    assert state == ["HUE_SAT", 1, 1]


def test_the_next_seed_starts_from_what_the_artist_has_made_of_this_one(blender, files):
    (state,) = blender(
        TOOLS
        + """
        first = generate("rock", "NEW_MATERIAL")
        first.texnet_look.bump, first.texnet_look.roughness = 0.9, 0.4
        answer([look(generate("rock", "NEW_MATERIAL", seed=1)), look(generate("gold", "NEW_MATERIAL"))])
        """,
        files=files,
    )
    assert state[0] == numbers(replace(ROCK, bump=0.9, roughness_dark=0.6, roughness_bright=0.2))
    assert state[1] == numbers(GOLD)


def test_the_sliders_show_and_change_the_nodes(blender, files):
    (state,) = blender(
        TOOLS
        + """
        material = generate("gold", "NEW_MATERIAL")
        fields = material.texnet_look
        state = [[fields.bump, fields.roughness, fields.metallic]]
        fields.bump, fields.roughness, fields.metallic = 0.5, 0.95, 0.25
        state += [[fields.bump, fields.roughness, fields.metallic], look(material)]
        fields.roughness = 0.3
        state.append(look(material))
        plain = bpy.data.materials.new("plain")
        state.append([looks.bump_of(plain), looks.roughness_of(plain), looks.metallic_of(plain)])
        answer(state)
        """,
        files=files,
    )
    assert state[0] == pytest.approx([-0.25, 0.3, 1.0]) and state[1] == pytest.approx([0.5, 0.95, 0.25])
    assert state[2] == pytest.approx([0.5, 0.85, 1.05, 0.3, 0.5, 0.25])
    assert state[3] == pytest.approx([0.5, 0.2, 0.4, 0.3, 0.5, 0.25])
    assert state[4] == [None, None, None]


def test_scripts_say_the_look(blender, files):
    (state,) = blender(
        TOOLS
        + """
        api, errors, before = module("api"), [], len(bpy.data.materials)
        for options in ({"bump": 2}, {"roughness": "shiny"}, {"roughness": (0.1, 0.2, 0.3)}, {"metallic": True}):
            try:
                api.material(files["rock"], size=64, **options)
            except Exception as error:
                errors.append(type(error).__name__)
        made = api.material(files["rock"], size=64, bump=-0.5, roughness=0.3, metallic=1)
        (filled,) = api.fill([cube], files["gold"], size=64, roughness=(0.5, 0.25))
        state = [look(made), look(filled), errors, len(bpy.data.materials) - before]
        bpy.ops.texnet.batch(source=files["gold"], width=64, height=64, bump=0.5)
        state.append(look(bpy.data.materials["Gold.001"]))
        answer(state)
        """,
        files=files,
    )
    said = replace(ROCK, bump=-0.5, roughness_dark=0.3, roughness_bright=0.3, metallic=1.0)
    assert state[0] == numbers(said)
    assert state[1] == numbers(replace(GOLD, roughness_dark=0.5, roughness_bright=0.25))
    assert state[2] == ["RequestError"] * 4 and state[3] == 2
    assert state[4] == numbers(replace(GOLD, bump=0.5))


def test_relief_is_as_high_as_the_texture_is_large(blender, files):
    (state,) = blender(
        TOOLS
        + """
        def height(material):
            return node(material, "BUMP").inputs["Distance"].default_value
        state = [height(generate("rock", "NEW_MATERIAL", world_size=size)) for size in (1.0, 2.0)]
        state.append(height(generate("rock", "NEW_MATERIAL", world_size=2.0, scale=2.0)))
        nodes.set_mapping_scale(cube.active_material, (1, 1, 1))
        state.append(height(cube.active_material))
        checks = []
        for _ in range(2):
            bpy.ops.texnet.tile_check()
            checks.append(height(cube.active_material))
        answer([*state, checks])
        """,
        files=files,
    )
    small, large, features, mapped, checks = state
    assert checks == pytest.approx([mapped / 3, mapped], rel=1e-4)
    # of the exemplar's 256 texels the texture shows 64
    assert small == pytest.approx(0.02 * 4 * 1.0 / (ROCK.bright - ROCK.dark), rel=1e-4)
    assert large == pytest.approx(2 * small, rel=1e-4) and features == pytest.approx(4 * small, rel=1e-4)
    assert mapped == pytest.approx(16 * small, rel=1e-4)  # eight units of the cube for one of its UV map


GROUPS = """
        def grouped(name, sockets, inner=None, between=None):
            group = bpy.data.node_groups.new(name, "ShaderNodeTree")
            entry, output = group.nodes.new("NodeGroupInput"), group.nodes.new("NodeGroupOutput")
            for label, kind in sockets.items():
                group.interface.new_socket(label, in_out="INPUT", socket_type=kind)
            group.interface.new_socket("Shader", in_out="OUTPUT", socket_type="NodeSocketShader")
            shader = group.nodes.new("ShaderNodeGroup" if inner else "ShaderNodeBsdfPrincipled")
            if inner:
                shader.node_tree = inner
            group.links.new(shader.outputs[0], output.inputs[0])
            return group, entry, shader
        def show(group):
            material = bpy.data.materials.new("grouped")
            tree = shaders.tree_of(material)
            tree.nodes.clear()
            node, output = tree.nodes.new("ShaderNodeGroup"), tree.nodes.new("ShaderNodeOutputMaterial")
            node.node_tree = group
            tree.links.new(node.outputs[0], output.inputs[0])
            cube.active_material = material
            return node
        COLOR, FLOAT, VECTOR = "NodeSocketColor", "NodeSocketFloat", "NodeSocketVector"
"""


def test_a_texture_goes_to_the_input_of_the_group_that_holds_the_shader(blender, files):
    (state,) = blender(
        TOOLS
        + GROUPS
        + """
        def kinds(node):
            return {socket.name: socket.links[0].from_node.type for socket in node.inputs if socket.is_linked}
        sockets = {"Tint": COLOR, "Paint": COLOR, "Roughness": FLOAT, "Metallic": FLOAT, "Normal": VECTOR}
        group, entry, shader = grouped("car", sockets)
        mix = group.nodes.new("ShaderNodeGamma")
        group.links.new(entry.outputs["Paint"], mix.inputs["Color"])
        group.links.new(mix.outputs["Color"], shader.inputs["Base Color"])
        for name in ("Roughness", "Metallic", "Normal"):
            group.links.new(entry.outputs[name], shader.inputs[name])
        node = show(group)
        generate("gold")
        inside = shader.inputs["Base Color"].links[0].from_node.type
        state = [kinds(node), node.inputs["Metallic"].default_value, inside]
        generate("pbr")
        state.append(kinds(node))
        outer, entry, inner = grouped("outer", {"Base Color": COLOR, "Gloss": FLOAT}, inner=group)
        outer.links.new(entry.outputs["Base Color"], inner.inputs["Paint"])
        node = show(outer)
        generate("rock")
        state += [kinds(node), len(cube.active_material.node_tree.nodes)]
        answer(state)
        """,
        files=files,
    )
    derived, metallic, inside, made, nested, _ = state
    assert derived == {"Paint": "TEX_IMAGE", "Roughness": "MAP_RANGE", "Normal": "BUMP"} and metallic == 1.0
    assert inside == "GAMMA"
    assert made == {"Paint": "TEX_IMAGE", "Roughness": "TEX_IMAGE", "Normal": "NORMAL_MAP"}
    assert nested == {"Base Color": "TEX_IMAGE"}


def test_a_group_without_an_input_for_the_color_says_what_it_lacks(blender, files):
    (state,) = blender(
        TOOLS
        + GROUPS
        + """
        group, entry, shader = grouped("sealed", {"Strength": FLOAT})
        group.links.new(entry.outputs[0], shader.inputs["Roughness"])
        show(group)
        before = len(cube.active_material.node_tree.nodes)
        message = error_of(generate, name="gold")
        answer([message, module("creation").obstacle("ACTIVE_MATERIAL", cube),
                before == len(cube.active_material.node_tree.nodes)])
        """,
        files=files,
    )
    message, label, untouched = state
    assert "sealed" in message and "Base Color" in message and "sealed" in label and untouched


def test_objects_without_a_uv_map_are_projected_from_all_sides_at_their_real_size(blender, files):
    (state,) = blender(
        TOOLS
        + """
        def bare():
            mesh = bpy.data.meshes.new("bare")
            mesh.from_pydata([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 2)], [], [(0, 1, 2, 3)])
            return mesh
        kinds = {"mesh": bare(), "curve": bpy.data.curves.new("c", "CURVE"), "ball": bpy.data.metaballs.new("b"),
                 "text": bpy.data.curves.new("t", "FONT")}
        points = kinds["curve"].splines.new("POLY").points
        points.add(1)
        points[1].co = (1, 0, 0, 1)
        kinds["curve"].bevel_depth = 0.5
        kinds["ball"].elements.new()
        state = {}
        for name, data in kinds.items():
            thing = bpy.data.objects.new(name, data)
            thing.scale = (2, 3, 4)
            bpy.context.collection.objects.link(thing)
            bpy.context.view_layer.objects.active = thing
            bpy.context.view_layer.update()
            found = []
            for options in ({"world_size": 0.5}, {}):
                bpy.ops.texnet.generate(
                    source=files["rock"], width=64, height=32, destination="NEW_MATERIAL", **options)
                material = thing.active_material
                mapping = node(material, "MAPPING")
                image = node(material, "TEX_IMAGE")
                source = mapping.inputs["Vector"].links[0].from_socket.name
                found.append([image.projection, image.projection_blend, source,
                              list(mapping.inputs["Scale"].default_value)])
            state[name] = [*found, max(thing.dimensions)]
        cube.data.materials.clear()
        cube.data.materials.append(material)
        bpy.context.view_layer.objects.active = cube
        generate("rock", world_size=0.0)
        state["back"] = [image.projection, mapping.inputs["Vector"].links[0].from_socket.name,
                         list(mapping.inputs["Scale"].default_value)]
        answer(state)
        """,
        files=files,
    )
    assert state.pop("back") == ["FLAT", "UV", [1, 1, 1]]
    for name, (sized, fitted, side) in state.items():
        assert sized[0] == "BOX" and 0.2 <= sized[1] <= 0.3 and sized[2] == "Object"
        for found, width in ((sized[3], 0.5), (fitted[3], side)):
            wanted = [2 / width, 3 / width, 4 / width]
            # twice as wide as high; what lies shows its top, where a box takes the picture's height along X
            wanted[0 if name == "text" else 2] *= 2
            assert found == pytest.approx(wanted, rel=1e-4)
