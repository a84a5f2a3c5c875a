"""A failure half-way leaves the file as it was, wherever it comes."""

import pytest

from tests.conftest import MATERIAL, random_artifact
from texnet_core import write_artifact
from texnet_core.mapset import MapSpec


@pytest.fixture(scope="session")
def material_file(tmp_path_factory):
    """An untrained generator of five maps: albedo, normal, roughness, height, ao."""
    path = tmp_path_factory.mktemp("material") / "wall.texnet"
    write_artifact(path, random_artifact(maps=(*MATERIAL, MapSpec("ao", 1, "data"))))
    return path


# All of the file that a texture could touch, as plain values.
FILE = """
        def plain(value):
            if isinstance(value, (bool, int, float, str, type(None))):
                return value
            return value.name if hasattr(value, "name") else [plain(one) for one in value]
        def settings(owner):
            known = [one for one in owner.bl_rna.properties if one.type not in ("COLLECTION", "POINTER")]
            return {one.identifier: plain(getattr(owner, one.identifier)) for one in known}
        def socket(one):
            return [one.identifier, plain(getattr(one, "default_value", None))]
        def node(one):
            custom = {name: str(one[name]) for name in one.keys()}
            held = plain(getattr(one, "image", None)), one.parent and one.parent.name
            return [settings(one), held, custom, list(map(socket, one.inputs)), list(map(socket, one.outputs))]
        def tree(of):
            links = [[link.from_node.name, link.from_socket.name, link.to_node.name, link.to_socket.name]
                     for link in of.links]
            return [{one.name: node(one) for one in of.nodes}, sorted(links), of.nodes.active and of.nodes.active.name]
        def holder(of):
            slots = [[slot.link, slot.material and slot.material.name] for slot in of.material_slots]
            return [slots, of.active_material_index, module("faces").slots_of(of).tolist(), of.mode]
        def the_file():
            state = {kind.identifier: sorted(block.name for block in getattr(bpy.data, kind.identifier))
                     for kind in bpy.data.bl_rna.properties if kind.type == "COLLECTION"}
            state["trees"] = {of.name: [settings(of), tree(of.node_tree)] for of in bpy.data.materials if of.node_tree}
            state["holders"] = {of.name: holder(of) for of in bpy.data.objects if of.data}
            state["in meshes"] = {of.name: [one and one.name for one in of.materials] for of in bpy.data.meshes}
            folder = bpy.path.abspath("//textures")
            state["files"] = sorted(os.listdir(folder)) if bpy.data.filepath and os.path.isdir(folder) else []
            return state
        def difference(before, after):
            return [(key, before[key], after[key]) for key in before if before[key] != after[key]]
"""

# A function that fails once it was called a number of times.
AFTER = """
        class Injected(OSError):
            pass
        def after(count, function):
            calls = []
            def fail(*arguments, **options):
                calls.append(1)
                if len(calls) > count:
                    raise Injected("injected")
                return function(*arguments, **options)
            return fail
"""

# Raises at one line of the add-on after the other, each time in the same file, and says what was left behind.
# A line is passed over where an error would end as at an earlier one: the file is the same there, and so is all that
# catches errors on their way out. While a mesh is edited, none is passed over.
EVERY_LINE = """
        import functools
        MODULES = {"api", "creation", "current_set", "faces", "following", "images", "nodes", "looks", "occlusion",
                   "relief", "shaders", "slots", "surface"}
        class Injected(Exception):
            pass
        @functools.cache
        def is_ours(code):
            folder, name = os.path.split(code.co_filename)
            return os.path.basename(folder) == "texnet" and name.removesuffix(".py") in MODULES
        def place_of(frame):
            return frame.f_code.co_filename, frame.f_lineno
        def catching(frame):
            found = []
            while frame is not None:
                if is_ours(frame.f_code) and frame.f_code.co_exceptiontable:
                    found.append(place_of(frame))
                frame = frame.f_back
            return found
        def run(action, at_line, is_watched=is_ours):
            def trace(frame, event, argument):
                if not is_watched(frame.f_code):
                    return None
                if event == "line":
                    at_line(frame)
                return trace
            sys.settrace(trace)
            try:
                action()
            finally:
                sys.settrace(None)
        def lines_of(action):
            lines, differing = set(), {}
            def note(frame):
                if place_of(frame) not in lines:
                    lines.add(place_of(frame))
                    # to look at a mesh that is being edited would take its faces away from the add-on
                    is_edited = any(of.mode == "EDIT" for of in bpy.data.objects)
                    state = place_of(frame) if is_edited else [the_file(), catching(frame)]
                    differing.setdefault(repr(state), place_of(frame))
            run(action, note)
            return lines, list(differing.values())
        def fails_at(place, action):
            @functools.cache
            def has_place(code):
                return code.co_filename == place[0] and place[1] in {line for _, _, line in code.co_lines()}
            def fail(frame):
                if place_of(frame) == place:
                    raise Injected
            try:
                run(action, fail, has_place)
            except Injected:
                return True
            return False
        def left_behind(prepare, action):
            prepare()
            lines, differing = lines_of(action)
            found = []
            prepare()
            before = the_file()
            for place in differing:
                assert fails_at(place, action), place
                if changed := difference(before, the_file()):
                    found.append([place, changed])
                    prepare()
                    before = the_file()
            return [len(lines), len(differing), found[:3]]
"""

PLACES = """
        import shutil, tempfile
        session, request_of, creation = module("session"), module("request"), module("creation")
        request = request_of.TextureRequest(values["source"], 64, 64, udim=(2, 1) if values["udim"] else None)
        task = session.SynthesisTask(request)
        task.wait()
        kept = tempfile.mkdtemp()
        files = [file for item in task.job.result["maps"] for file in item["files"]]
        for file in files:
            shutil.copy(file, kept)
        def place(destination):
            for file in files:
                shutil.copy(os.path.join(kept, os.path.basename(file)), file)
            faces = module("slots").selected_faces(bpy.context.view_layer)
            look = {"true_displacement": True, "multiply_ao": True, "relief": 2.0}
            target = creation.target_of(destination, bpy.context.view_layer.objects.active, 2.0, look, faces=faces)
            creation.place(task.job.result, request, target)
"""

EDITED = """
import bmesh
bpy.ops.object.duplicate()
bpy.ops.object.select_all(action="SELECT")
bpy.ops.object.mode_set(mode="EDIT")
for thing in bpy.context.objects_in_mode:
    edited = bmesh.from_edit_mesh(thing.data)
    for face in edited.faces:
        face.select_set(face.index in (1, 3))
    bmesh.update_edit_mesh(thing.data)
"""
SCENES = {
    "new material": ("NEW_MATERIAL", ""),
    "no slot": ("NEW_MATERIAL", "bpy.ops.mesh.primitive_plane_add()"),
    "first material": ("ACTIVE_MATERIAL", "bpy.ops.mesh.primitive_plane_add()"),
    "shared mesh": ("NEW_MATERIAL", "bpy.ops.mesh.primitive_plane_add(); bpy.ops.object.duplicate(linked=True)"),
    "texture of others": (
        "ACTIVE_MATERIAL",
        """
tree = bpy.context.view_layer.objects.active.active_material.node_tree
own = tree.nodes.new("ShaderNodeTexImage")
own.image = bpy.data.images.new("own", 4, 4)
tree.links.new(own.outputs[0], tree.nodes["Principled BSDF"].inputs["Base Color"])
""",
    ),
    "texture of ours": ("ACTIVE_MATERIAL", "place('ACTIVE_MATERIAL')"),
    "image node": ("REPLACE", "place('ACTIVE_MATERIAL')"),
    "image": ("IMAGE", ""),
    "tiles": ("UDIM", ""),
    "faces": ("NEW_MATERIAL", EDITED),
    "first faces": ("NEW_MATERIAL", "bpy.context.object.data.materials.clear()" + EDITED),
    "faces of the active material": ("ACTIVE_MATERIAL", EDITED),
    "beside the .blend": (
        "NEW_MATERIAL",
        """
bpy.ops.wm.save_as_mainfile(filepath=os.path.join(tempfile.mkdtemp(), "saved.blend"))
module("preferences").preferences().storage = "FILE"
""",
    ),
    "tiles beside the .blend": (
        "UDIM",
        """
bpy.ops.wm.save_as_mainfile(filepath=os.path.join(tempfile.mkdtemp(), "saved.blend"))
module("preferences").preferences().storage = "FILE"
""",
    ),
}


@pytest.mark.once
@pytest.mark.parametrize("scene", SCENES)
def test_an_error_in_any_line_of_placing_a_texture_changes_nothing(blender, material_file, scene):
    destination, preparation = SCENES[scene]
    ((lines, differing, left),) = blender(
        FILE
        + EVERY_LINE
        + PLACES
        + """
        def prepare():
            bpy.ops.wm.read_homefile(use_factory_startup=True, app_template="")
            exec(values["preparation"], globals() | {"place": place})
        answer(left_behind(prepare, lambda: place(values["destination"])))
        session.end(task)
        """,
        source=str(material_file),
        udim=destination == "UDIM",
        destination=destination,
        preparation=preparation,
    )
    assert lines > 30 and differing > 10 and left == [], str(left)[:4000]


def test_an_error_at_a_later_one_takes_the_earlier_ones_away(blender, artifact_file):
    """In a list of objects, among variations, in a batch, and where the texture itself is not made."""
    (state,) = blender(
        FILE
        + AFTER
        + """
        api, creation, session = module("api"), module("creation"), module("session")
        for x in (3, 6):
            bpy.ops.mesh.primitive_plane_add(location=(x, 0, 0))
        objects = list(bpy.data.objects)
        for thing in objects:
            thing.select_set(True)
        options = {"source": values["source"], "width": 64, "height": 64}
        actions = {
            "fill": lambda: api.fill(objects, values["source"], size=64, world_size=1.0),
            "textures": lambda: api.textures(values["source"], 4, size=64),
            "materials": lambda: api.materials(values["source"], 4, size=64),
            "variations": lambda: bpy.ops.texnet.generate(count=4, **options),
            "selected": lambda: bpy.ops.texnet.batch(goal="SELECTED", **options),
            "batch": lambda: bpy.ops.texnet.batch(goal="MATERIALS", count=4, **options),
            "batch of two": lambda: bpy.ops.texnet.batch(goal="MATERIALS", **options | {
                "source": ",".join([values["source"], "moss", "bricks", "linen"])}),
        }
        state = {}
        for name, action in actions.items():
            for owner, step in ((creation, "make_images"), (session, "SynthesisTask")):
                before, function = the_file(), getattr(owner, step)
                setattr(owner, step, after(2, function))
                try:
                    action()
                    message = ""
                except (RuntimeError, OSError) as error:
                    message = str(error)
                finally:
                    setattr(owner, step, function)
                state[f"{name}, {step}"] = [message, difference(before, the_file())]
        answer(state)
        """,
        source=str(artifact_file),
    )
    for name, (message, left) in state.items():
        assert "injected" in message and left == [], (name, message, left)


def test_what_is_cancelled_among_variations_takes_the_earlier_ones_away(blender, artifact_file):
    (state,) = blender(
        FILE
        + """
        session = module("session")
        task_of, made = session.SynthesisTask, []
        def second_is_cancelled(request):
            made.append(task_of(request))
            if len(made) == 2:
                made[1].cancel()
            return made[-1]
        before = the_file()
        put(session, "SynthesisTask", second_is_cancelled)
        result = bpy.ops.texnet.generate(source=values["source"], width=64, height=64, count=3)
        answer([list(result), len(made), difference(before, the_file())])
        """,
        source=str(artifact_file),
    )
    assert state == [["CANCELLED"], 2, []]


def test_a_material_follows_what_it_shows_after_a_failure_as_before(blender):
    (names,) = blender(
        """
        creation, ownership, rollback = module("creation"), module("ownership"), module("rollback")
        material = creation.new_material("Moss")
        try:
            with rollback.all_or_nothing(material):
                ownership.follow(material, "Rock")
                during = material.name
                raise OSError
        except OSError:
            after = material.name
        ownership.follow(material, "Bark")
        answer([during, after, material.name])
        """
    )
    assert names == ["Rock", "Moss", "Bark"]
