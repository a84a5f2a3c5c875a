"""Faces that are selected in Edit Mode get the material, and objects that can have none say so."""

import pytest

# The faces of an object as the user sees them: whether selected, and the material that each shows.
FACES = """
        import bmesh
        def select(cube, chosen):
            edited = bmesh.from_edit_mesh(cube.data)
            for face in edited.faces:
                face.select_set(False)
            for number, face in enumerate(edited.faces):
                if number in chosen:
                    face.select_set(True)
            bmesh.update_edit_mesh(cube.data)
        def shown(cube):
            numbers = module("faces").slots_of(cube)
            slots = [slot.material and slot.material.name for slot in cube.material_slots] or [None]
            return [slots[number] for number in numbers]
        def edit(*objects):
            for thing in bpy.context.view_layer.objects:
                thing.select_set(thing in objects)
            bpy.context.view_layer.objects.active = objects[0]
            bpy.context.tool_settings.mesh_select_mode = (False, False, True)
            bpy.ops.object.mode_set(mode="EDIT")
        def generate(destination, *mode):
            bpy.ops.texnet.generate(*mode, source=values["source"], width=64, height=64, destination=destination)
        cube = bpy.data.objects["Cube"]
"""


@pytest.mark.parametrize("destination", ["NEW_MATERIAL", "ACTIVE_MATERIAL"])
@pytest.mark.parametrize("slots", [0, 1, 2])
def test_the_material_goes_to_the_selected_faces_alone(blender, artifact_file, destination, slots):
    (state,) = blender(
        FACES
        + """
        cube.data.materials.clear()
        for number in range(values["slots"]):
            cube.data.materials.append(bpy.data.materials.new(f"before {number}"))
        cube.active_material_index = max(0, values["slots"] - 1)
        edit(cube)
        select(cube, {1, 4})
        before = shown(cube)
        generate(values["destination"])
        edited = shown(cube)
        active, mode, name = cube.active_material_index, cube.mode, cube.active_material.name
        bpy.ops.object.mode_set(mode="OBJECT")
        image = cube.active_material.node_tree.nodes.active.image.name
        answer([before, edited, shown(cube), active, len(cube.material_slots), mode, name, image])
        """,
        source=str(artifact_file),
        destination=destination,
        slots=slots,
    )
    before, edited, after, active, count, mode, name, image = state
    assert after == edited and mode == "EDIT" and image == "random_albedo_0"
    assert [edited[number] for number in (1, 4)] == [name, name]
    assert all(edited[number] == before[number] for number in (0, 2, 3, 5))
    if destination == "NEW_MATERIAL" or slots == 0:
        assert count == max(1, slots) + 1 and active == count - 1 and name not in before
    else:
        assert count == slots and name == f"before {slots - 1}"


def test_without_selected_faces_or_with_all_of_them_the_whole_object_gets_it(blender, artifact_file):
    (state,) = blender(
        FACES
        + """
        state = []
        for chosen in (set(), set(range(6))):
            cube.data.materials.clear()
            edit(cube)
            select(cube, chosen)
            generate("NEW_MATERIAL")
            state.append([shown(cube)[0].split(".")[0], len(set(shown(cube))), len(cube.material_slots)])
            bpy.ops.object.mode_set(mode="OBJECT")
        answer(state)
        """,
        source=str(artifact_file),
    )
    assert state == [["Random", 1, 1], ["Random", 1, 1]]


def test_one_undo_takes_faces_slot_material_and_image_away_and_redo_brings_them_back(blender, artifact_file):
    (state,) = blender(
        FACES
        + """
        bpy.ops.ed.undo_push(message="before")
        bpy.ops.object.mode_set("EXEC_DEFAULT", True, mode="EDIT")
        select(cube, {2})
        bpy.ops.ed.undo_push(message="selected")
        def state():
            cube = bpy.context.view_layer.objects.active
            return [cube.mode, shown(cube), len(cube.material_slots), textures(), len(bpy.data.materials)]
        states = [state()]
        generate("NEW_MATERIAL", "EXEC_DEFAULT", True)
        states.append(state())
        bpy.ops.ed.undo()
        states.append(state())
        bpy.ops.ed.redo()
        answer(states + [state()])
        """,
        source=str(artifact_file),
    )
    before, made, undone, redone = state
    assert made[1][2] == "Random" and made[3] == ["random_albedo_0"]
    assert undone == before and redone == made and made[0] == "EDIT"


def test_undo_in_edit_mode_takes_away_what_came_without_a_new_datablock(blender, artifact_file):
    """A texture that is in the file already, on a material that is there."""
    (state,) = blender(
        FACES
        + """
        module("api").texture(values["source"], size=64)
        bpy.ops.ed.undo_push(message="before")
        bpy.ops.object.mode_set("EXEC_DEFAULT", True, mode="EDIT")
        def count():
            cube = bpy.context.view_layer.objects.active
            return [cube.mode, len(cube.active_material.node_tree.nodes), textures()]
        state = []
        for action in (lambda: generate("ACTIVE_MATERIAL", "EXEC_DEFAULT", True),
                       lambda: bpy.ops.texnet.use_texture("EXEC_DEFAULT", True, image="random_albedo_0")):
            before = count()
            action()
            made = count()
            bpy.ops.ed.undo()
            state.append([before, made, count()])
        answer(state)
        """,
        source=str(artifact_file),
    )
    for before, made, undone in state:
        assert undone == before and made[2] == before[2] and made[1] > before[1] and made[0] == "EDIT"


def test_several_objects_that_are_edited_share_one_material_on_their_faces(blender, artifact_file):
    """One whose faces are not selected is left alone, be it the active one."""
    (state,) = blender(
        FACES
        + """
        others = []
        for x in (4, 8):
            bpy.ops.mesh.primitive_cube_add(location=(x, 0, 0))
            others.append(bpy.context.view_layer.objects.active)
        edit(cube, *others)
        for thing, chosen in ((cube, set()), (others[0], {0}), (others[1], {5})):
            select(thing, chosen)
        generate("NEW_MATERIAL")
        answer([shown(thing) for thing in (cube, *others)])
        """,
        source=str(artifact_file),
    )
    assert state[0] == ["Material"] * 6
    assert state[1] == ["Random"] + [None] * 5 and state[2] == [None] * 5 + ["Random"]


def test_a_mesh_that_is_shared_or_has_changed_meanwhile_is_said(blender, artifact_file):
    (state,) = blender(
        FACES
        + """
        session, creation, slots = module("session"), module("creation"), module("slots")
        twin = cube.copy()
        bpy.context.collection.objects.link(twin)
        edit(cube)
        select(cube, {3})
        generate("NEW_MATERIAL")
        state = [session.note, shown(twin)[3]]
        task = session.SynthesisTask(module("request").TextureRequest(values["source"], 64, 64))
        task.wait()
        target = creation.target_of("NEW_MATERIAL", cube, faces=slots.selected_faces(bpy.context.view_layer))
        bpy.ops.mesh.subdivide()
        before = shown(cube)
        placed = creation.place(task.job.result, task.request, target)
        session.end(task)
        answer(state + [placed.note, shown(cube) == before, cube.active_material == placed.material])
        """,
        source=str(artifact_file),
    )
    shared, twins, changed, same, is_in_slot = state
    assert "1 other object" in shared and twins == "Random"
    assert "Assign" in changed and same and is_in_slot


def test_a_material_that_is_on_no_object_is_said_to_be(blender, artifact_file):
    (state,) = blender(
        FACES
        + """
        session = module("session")
        bpy.ops.object.empty_add()
        bpy.ops.object.armature_add()
        bpy.context.view_layer.objects.active.name = "Bones"
        state = {}
        for name in ("Camera", "Light", "Empty", "Bones", "", "Cube"):
            bpy.context.view_layer.objects.active = bpy.data.objects.get(name)
            session.clear_problem()
            generate("NEW_MATERIAL")
            made = max(bpy.data.materials, key=lambda one: one.session_uid)
            output = next(node for node in made.node_tree.nodes if node.type == "MAPPING").inputs["Vector"]
            state[name] = [session.note, made.use_fake_user, output.links[0].from_socket.name]
        answer(state)
        """,
        source=str(artifact_file),
    )
    assert state.pop("Cube") == ["", False, "UV"]
    for name, (note, is_kept, coordinates) in state.items():
        assert "is on no object" in note and name in note and is_kept and coordinates == "UV"
    assert "active" in state[""][0]
