"""Every destination in every mode: the texture arrives as in Object Mode, or nothing is made."""

import pytest

MODES = ("OBJECT", "EDIT", "SCULPT", "VERTEX_PAINT", "WEIGHT_PAINT", "TEXTURE_PAINT", "PARTICLE_EDIT", "POSE")
DESTINATIONS = ("NEW_MATERIAL", "ACTIVE_MATERIAL", "REPLACE", "IMAGE", "UDIM")

# The default cube with a second material, edited after the mode was entered, with UVs that reach into two tiles.
SCENE = """
        import bmesh
        def layer_of(cube):
            return cube.data.uv_layers.active
        def enter(mode):
            bpy.ops.wm.read_homefile(use_factory_startup=True, app_template="")
            cube = bpy.context.view_layer.objects.active
            for loop in layer_of(cube).uv:
                loop.vector = (loop.vector[0] * 2, loop.vector[1])
            node = cube.active_material.node_tree.nodes.new("ShaderNodeTexImage")
            cube.active_material.node_tree.nodes.active = node
            if mode == "PARTICLE_EDIT":
                cube.modifiers.new("hair", "PARTICLE_SYSTEM")
                cube.particle_systems[0].settings.type = "HAIR"
            if mode == "POSE":
                bpy.ops.object.armature_add()
                bpy.context.scene.tool_settings.lock_object_mode = False
                bpy.ops.object.mode_set(mode="POSE")
                bpy.context.view_layer.objects.active = cube
            else:
                bpy.ops.object.mode_set(mode=mode)
            if mode == "EDIT":
                bpy.ops.mesh.select_all(action="DESELECT")
            return cube
        def shown(cube):
            tree = cube.active_material.node_tree
            mapping = next((node for node in tree.nodes if node.type == "MAPPING"), None)
            return [cube.active_material.name, len(cube.material_slots), tree.nodes.active.image.name,
                    mapping and [round(value, 3) for value in mapping.inputs["Scale"].default_value]]
"""


@pytest.mark.parametrize("destination", DESTINATIONS)
def test_a_destination_is_the_same_in_every_mode(blender, artifact_file, destination):
    (found,) = blender(
        SCENE
        + """
        found = {}
        for mode in values["modes"]:
            cube = enter(mode)
            before = cube.mode, [thing.mode for thing in bpy.data.objects]
            bpy.ops.texnet.generate(source=values["source"], width=64, height=64, world_size=2.0,
                                    destination=values["destination"])
            assert before == (cube.mode, [thing.mode for thing in bpy.data.objects]), mode
            if mode not in ("OBJECT", "POSE"):
                assert cube.mode == mode
            tiles = [len(image.tiles) for image in map(bpy.data.images.get, textures())]
            found[mode] = [shown(cube) if values["destination"] != "IMAGE" else [], tiles]
        answer(found)
        """,
        source=str(artifact_file),
        destination=destination,
        modes=MODES,
    )
    assert all(state == found["OBJECT"] for state in found.values()), found
    if destination == "UDIM":
        assert found["EDIT"][1] == [2]


def test_uvs_and_places_are_those_that_are_being_edited(blender):
    """What was changed since Edit Mode was entered counts, on the object and on another one with the same mesh."""
    (state,) = blender(
        SCENE
        + """
        surface = module("surface")
        cube = enter("OBJECT")
        other = cube.copy()
        bpy.context.collection.objects.link(other)
        bpy.ops.object.mode_set(mode="EDIT")
        before = surface.units_per_repeat(cube)[0], surface.udim_grid(cube)
        edited = bmesh.from_edit_mesh(cube.data)
        for face in edited.faces:
            for loop in face.loops:
                loop[edited.loops.layers.uv.active].uv *= 2
        bmesh.update_edit_mesh(cube.data)
        kinds = [kind.identifier for kind in bpy.data.bl_rna.properties if kind.type == "COLLECTION"]
        count = lambda: [len(getattr(bpy.data, kind)) for kind in kinds]
        blocks = count()
        after = [(surface.units_per_repeat(one)[0], surface.udim_grid(one)) for one in (cube, other)]
        answer([before, after, blocks == count(), cube.mode, len(edited.faces)])
        """
    )
    before, after, same, mode, faces = state
    assert before[1] == [2, 1] and after[0][1] == [4, 2] and after[0] == after[1]
    assert after[0][0] == pytest.approx(before[0] / 2) and same and mode == "EDIT" and faces == 6


def test_the_uv_map_that_materials_read_counts(blender):
    (state,) = blender(
        """
        cube = bpy.context.view_layer.objects.active
        second = cube.data.uv_layers.new(name="second")
        for loop in second.uv:
            loop.vector = (loop.vector[0] * 3, loop.vector[1])
        cube.data.uv_layers.active = second
        found = [module("surface").udim_grid(cube)]
        second.active_render = True
        bpy.ops.object.mode_set(mode="EDIT")
        answer(found + [module("surface").udim_grid(cube)])
        """
    )
    assert state == [[1, 1], [3, 1]]


def test_several_objects_that_are_edited_at_once_are_filled_to_scale(blender, artifact_file):
    (state,) = blender(
        """
        api = module("api")
        bpy.ops.mesh.primitive_cube_add(size=4, location=(5, 0, 0))
        cubes = [thing for thing in bpy.data.objects if thing.type == "MESH"]
        for cube in cubes:
            cube.select_set(True)
        bpy.ops.object.mode_set(mode="EDIT")
        made = api.fill(cubes, values["source"], size=64, world_size=2.0)
        scales = [material.node_tree.nodes["Mapping"].inputs["Scale"].default_value[0] for material in made]
        answer([[cube.mode for cube in cubes], [cube.active_material == one for cube, one in zip(cubes, made)], scales])
        """,
        source=str(artifact_file),
    )
    assert state[0] == ["EDIT", "EDIT"] and state[1] == [True, True]
    assert state[2] == pytest.approx([4, 8], abs=0.01)
