"""Objects and meshes of other files, overrides, and meshes that several objects have."""

import pytest

# Writes a library with an object that has a slot and one that has none, and begins a file that uses it.
LIBRARY = """
        def mesh_of(name, slots):
            mesh = bpy.data.meshes.new(name)
            mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
            for number in range(slots):
                mesh.materials.append(bpy.data.materials.new("of the library"))
            return mesh
        def put_in_scene(name, data):
            made = bpy.data.objects.new(name, data)
            bpy.context.scene.collection.objects.link(made)
            return made
        bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True, app_template="")
        for name, slots in (("slots", 2), ("bare", 0)):
            put_in_scene(name, mesh_of(name, slots))
        library = os.path.join(values["folder"], "library.blend")
        bpy.ops.wm.save_as_mainfile(filepath=library)
        def scene(kind, name):
            bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True, app_template="")
            with bpy.data.libraries.load(library, link=True) as (there, wanted):
                wanted.objects = [name]
            linked = bpy.data.objects[name]
            if kind == "mesh":
                found = put_in_scene("user", linked.data)
            else:
                bpy.context.scene.collection.objects.link(linked)
                found = linked.override_create(remap_local_usages=True) if kind != "object" else linked
            if kind == "override of both":
                found.data = linked.data.override_create(remap_local_usages=True)
            bpy.context.view_layer.objects.active = found
            return found
        def is_user(thing):
            return thing.library is None or values["kind"] == "object"
        def reopened():
            path = os.path.join(values["folder"], "user.blend")
            bpy.ops.wm.save_as_mainfile(filepath=path)
            bpy.ops.wm.open_mainfile(filepath=path)
            return next(thing for thing in bpy.data.objects if is_user(thing))
        def look(thing):
            return [[slot.link, slot.material and slot.material.name] for slot in thing.material_slots]
        def counts():
            return [len(bpy.data.images), len(bpy.data.materials), len(bpy.data.objects), len(bpy.data.meshes)]
"""


@pytest.mark.parametrize("kind", ["mesh", "override", "override of both"])
def test_the_objects_own_slot_shows_a_new_material_and_keeps_it_in_the_file(blender, artifact_file, tmp_path, kind):
    (state,) = blender(
        LIBRARY
        + """
        thing = scene(values["kind"], "slots")
        slot = 1 if values["kind"] == "mesh" else 0  # opening an override with another one chosen mixes up its slots
        thing.active_material_index = slot
        generate = lambda **options: error_of(bpy.ops.texnet.generate, source=values["source"], width=64, height=64,
                                              destination="NEW_MATERIAL", **options)
        state = [generate(), thing.active_material.name, module("session").note]
        image = thing.active_material.node_tree.nodes.active.image.name
        module("api").fill([thing], values["source"], size=64, seed=5)
        filled = thing.active_material.node_tree.nodes.active.image["texnet"]["seed"]
        answer(state + [image, filled, slot, look(reopened())])
        """,
        source=str(artifact_file),
        folder=str(tmp_path),
        kind=kind,
    )
    message, name, note, image, filled, slot, slots = state
    assert message is None and name == "Random" and note == "" and image == "random_albedo_0" and filled == 5
    assert slots[slot] == ["OBJECT", "Random.001"] and slots[1 - slot][0] == "DATA"
    assert slots[1 - slot][1].startswith("of the library")


@pytest.mark.parametrize("destination", ["NEW_MATERIAL", "ACTIVE_MATERIAL", "UDIM", "REPLACE"])
@pytest.mark.parametrize("kind", ["mesh", "override", "override of both", "object"])
def test_what_cannot_show_a_material_is_refused_in_one_line_before_anything_is_made(
    blender, artifact_file, tmp_path, kind, destination
):
    """A slot that is added to linked data is gone when the file is opened again; linked objects cannot change."""
    (state,) = blender(
        LIBRARY
        + """
        thing = scene(values["kind"], "bare")
        before = counts()
        message = error_of(bpy.ops.texnet.generate, source=values["source"], width=64, height=64,
                           destination=values["destination"])
        errors = []
        try:
            module("api").fill([thing], values["source"], size=64)
        except module("api").RequestError as error:
            errors.append(str(error))
        answer([message, errors, before == counts(), look(thing)])
        """,
        source=str(artifact_file),
        folder=str(tmp_path),
        kind=kind,
        destination=destination,
    )
    message, errors, unchanged, slots = state
    assert unchanged and slots == [] and "\n" not in message and len(errors) == 1
    if destination != "REPLACE" or kind == "object":
        assert "linked from a library" in message
    assert "linked from a library" in errors[0]


def test_a_linked_material_is_not_said_to_have_changed(blender, artifact_file, tmp_path):
    (state,) = blender(
        LIBRARY
        + """
        state = {}
        for kind in ("mesh", "override"):
            thing = scene(kind, "slots")
            before = counts()
            message = error_of(bpy.ops.texnet.generate, source=values["source"], width=64, height=64,
                               destination="ACTIVE_MATERIAL")
            state[kind] = [message, before == counts()]
        answer(state)
        """,
        source=str(artifact_file),
        folder=str(tmp_path),
        kind="",
    )
    for message, unchanged in state.values():
        assert "of the library" in message and "local" in message and unchanged


@pytest.mark.parametrize("slots", [0, 2])
@pytest.mark.parametrize("mode", ["OBJECT", "EDIT"])
def test_of_objects_that_share_a_mesh_only_the_chosen_one_changes(blender, artifact_file, slots, mode):
    (state,) = blender(
        """
        bpy.ops.mesh.primitive_plane_add()
        chosen = bpy.context.view_layer.objects.active
        for number in range(values["slots"]):
            chosen.data.materials.append(bpy.data.materials.new("before"))
        twins = [chosen.copy() for _ in range(2)]
        for twin in twins:
            bpy.context.collection.objects.link(twin)
        def look(thing):
            return [slot.material and slot.material.name for slot in thing.material_slots]
        before = [one and one.split(".")[0] for one in look(twins[0])]
        bpy.ops.object.mode_set(mode=values["mode"])
        if values["mode"] == "EDIT":
            bpy.ops.mesh.select_all(action="DESELECT")
        bpy.ops.texnet.generate(source=values["source"], width=64, height=64, destination="NEW_MATERIAL")
        first = [look(chosen)] + [list(filter(None, look(twin))) for twin in twins]
        bpy.ops.object.mode_set(mode="OBJECT")
        module("api").fill(twins, values["source"], size=64)
        answer([first, [thing.active_material.name for thing in (chosen, *twins)]])
        """,
        source=str(artifact_file),
        slots=slots,
        mode=mode,
    )
    first, last = state
    assert first[0][0] == "Random" and len(set(last)) == 3
    assert first[1] == first[2] == ["before", "before.001"][:slots]
