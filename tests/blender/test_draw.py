"""Drawing the panels raises nothing, whatever the disk, the file and other people's properties hold."""

import os

import pytest

# A layout that takes everything, and a context as a panel in a sidebar has it. Lists are drawn row by row.
DRAW = """
        class Layout:
            def __init__(self):
                self.__dict__["calls"] = []
            def __getattr__(self, name):
                def called(*arguments, **options):
                    if name == "template_list":
                        draw_list(*arguments)
                    return (Layout(), Layout()) if name in ("panel", "panel_prop") else Layout()
                return called
            def __setattr__(self, name, value):
                pass
            def __bool__(self):
                return True
        class Context:
            from types import SimpleNamespace as Fake
            region = Fake(width=300, height=800)
            space_data = area = None
            preferences = Fake(system=Fake(ui_scale=1.0), addons=bpy.context.preferences.addons)
            def __getattr__(self, name):
                return getattr(bpy.context, name)
        def draw_list(kind, name, data, property, *others):
            rows = getattr(bpy.types, kind)
            fake = Context.Fake(filter_name="", bitflag_filter_item=1, layout_type="DEFAULT")
            flags, order = rows.filter_items(fake, Context(), data, property)
            for flag, item in zip(flags, getattr(data, property)):
                if flag:
                    rows.draw_item(fake, Context(), Layout(), data, item, 0, None, "", 0, 0)
        def panels():
            return [getattr(bpy.types, name) for name in dir(bpy.types) if name.startswith("TEXNET_PT_")]
        def draw():
            for panel in panels():
                panel.draw(Context.Fake(layout=Layout()), Context())
            for scene in bpy.data.scenes:
                scene.texnet.source  # the items of the gallery
        def can_resume():
            found = module("standing").standing_in_panel(settings)
            return found is not None and found.can_resume
        settings = bpy.context.scene.texnet
        module("preferences").preferences().python = sys.executable
"""


def test_panels_are_drawn_with_all_their_sections(blender):
    (state,) = blender(
        DRAW
        + """
        asked = []
        put(module("standing"), "standing_in_panel", lambda settings: asked.append(1))
        draw()
        answer([len(panels()), len(asked)])
        """
    )
    assert state[0] >= 3 and state[1] >= 3


@pytest.mark.parametrize(
    "name", ["", "nosuch", "/", "..", "//x.texnet", "$NOPE/x.texnet", "~nobody/x.texnet", "x" * 900 + ".texnet", "\n"]
)
def test_any_name_of_a_source_is_drawn(blender, name):
    blender(DRAW + "\n        settings.source_name = values['name']\n        draw()", name=name)


@pytest.mark.parametrize(
    "library", ["$NOPE/x", "~nobody/x", "//x", "/dev/null", "/dev/null/x", "/proc/nothing", "FILE"]
)
def test_any_library_is_drawn(blender, tmp_path, library):
    """Also one that cannot be a folder."""
    (tmp_path / "file").write_text("no folder")
    (drawn,) = blender(
        DRAW
        + """
        module("preferences").preferences().library = values["library"]
        settings.exemplar = bpy.data.images.new("wall", 8, 8)
        draw()
        answer(can_resume())
        """,
        library=str(tmp_path / "file") if library == "FILE" else library,
    )
    assert drawn is False


def test_whatever_lies_in_the_library_is_drawn(blender, artifact_file, tmp_path):
    whole = artifact_file.read_bytes()
    for name, data in {
        "empty": b"",
        "noise": os.urandom(4000),
        "truncated": whole[: len(whole) // 2],
        "header alone": whole[:200],
        "deep": b"TEXNET" + b"[" * 100_000,
        "huge length": b"\xff" * 64,
    }.items():
        (tmp_path / f"{name}.texnet").write_bytes(data)
    for at in range(0, 400, 7):
        (tmp_path / f"flipped {at}.texnet").write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
    (tmp_path / "folder.texnet").mkdir()
    (tmp_path / "nowhere.texnet").symlink_to(tmp_path / "nothing")
    (tmp_path / "itself.texnet").symlink_to(tmp_path / "itself.texnet")
    (tmp_path / "wall.texnet.checkpoint").mkdir()
    (tmp_path / "moor.texnet.checkpoint").write_bytes(os.urandom(100))
    (state,) = blender(
        DRAW
        + """
        module("preferences").preferences().library = values["folder"]
        state = []
        for name in ("wall", "moor"):
            settings.exemplar = bpy.data.images.new(name, 8, 8)
            state.append(can_resume())
        for source in module("library").list_sources():
            settings.source_name = source.name
            module("library").card_of(source), module("library").icon_of(source)
        draw()
        answer(state)
        """,
        folder=str(tmp_path),
    )
    assert state == [False, True]


def test_a_training_of_any_name_and_image_is_drawn(blender):
    (state,) = blender(
        DRAW
        + """
        from pathlib import Path
        state = []
        names = ("", "/", "..", "CON", "x" * 300, "\\u00fc" * 300, "a/../b", "\\n", "$NOPE", "~nobody", "a.texnet")
        for image in ("/", "..", ".", "CON", "x" * 60, "a/b", "\\n", "wall.png", " "):
            for name in names:
                settings.exemplar = bpy.data.images.new(image, 8, 8)
                settings.generator_name = name
                can_resume()
        draw()
        bpy.data.images.remove(settings.exemplar)
        state.append(can_resume())
        draw()
        settings.exemplar = bpy.data.images.new("wall", 8, 8)
        settings.generator_name = ""
        for method in ("exists", "is_file", "stat", "mkdir"):  # a folder that may not be read
            function = getattr(Path, method)
            def refuse(path, *arguments, **options):
                if ".checkpoint" in str(path) or method == "mkdir":
                    raise PermissionError(13, "Permission denied")
                return function(path, *arguments, **options)
            setattr(Path, method, refuse)
            try:
                state.append(can_resume())
                draw()
            finally:
                setattr(Path, method, function)
        answer(state)
        """
    )
    assert state == [False] * 5


def test_any_record_on_an_image_is_drawn(blender, artifact_file):
    """Images come from other people's files, and anybody may write properties."""
    (count,) = blender(
        DRAW
        + """
        api = module("api")
        sound = api.texture(values["source"], size=64)["albedo"]["texnet"].to_dict()
        hostile = ["", "x" * 10000, "\\n", -1, 0, 2**31 - 1, -(2**31), 1e308, float("nan"), float("inf"), True, [],
                   [1, 2, 3], [0.5], ["a", "b"], {}, {"a": {"b": 1}}, b"\\xff\\xfe"]
        def image_with(record):
            image = bpy.data.images.new("hostile", 4, 4)
            image["texnet"] = record
            return image
        for value in hostile:
            image_with(value)
            for key in list(sound) + ["udim", "period", "region", "phase"]:
                try:
                    image_with(sound | {key: value})
                except (TypeError, OverflowError):  # Blender takes no such property
                    pass
        for key in sound:
            image_with({one: value for one, value in sound.items() if one != key})
        draw()
        history, titles = module("history"), {}
        for image in bpy.data.images:
            settings.history_image = image.name
            if history.chosen(bpy.context.scene) is not None:
                titles.setdefault(str(history.request_of(image) is None), image.name)
        for name in titles.values():  # one whose record makes sense, and one whose does not
            settings.history_image = name
            draw()
        answer(len(bpy.data.images))
        """,
        source=str(artifact_file),
    )
    assert count > 200


def test_any_active_object_and_material_is_drawn(blender):
    """Materials without nodes too: drawing must not switch them on."""
    (state,) = blender(
        DRAW
        + """
        cube, state = bpy.data.objects["Cube"], []
        bare = bpy.data.materials.new("bare")
        for name in [thing.name for thing in bpy.data.objects] + [""]:
            bpy.context.view_layer.objects.active = bpy.data.objects.get(name)
            for destination in ("NEW_MATERIAL", "ACTIVE_MATERIAL", "REPLACE", "IMAGE", "UDIM"):
                settings.destination = destination
                draw()
        bpy.context.view_layer.objects.active = cube
        for material in (bare, None):
            cube.active_material = material
            before = bare.use_nodes
            draw()
            state.append(bare.use_nodes == before)
        bpy.ops.object.mode_set(mode="EDIT")
        draw()
        answer(state)
        """
    )
    assert state == [True, True]


def test_a_long_name_of_a_material_is_shown_in_full(blender, artifact_file):
    """On lines of its own, since Blender cuts off what does not fit."""
    (lines,) = blender(
        DRAW
        + """
        bpy.ops.texnet.generate(source=values["source"], width=64, height=64)
        bpy.data.objects["Cube"].active_material.name = "North wall of the old mill, above the river"
        lines = []
        class Recording(Layout):
            def label(self, text="", **options):
                lines.append(text)
            def __getattr__(self, name):
                return lambda *arguments, **options: Recording()
        module("panels.assets").draw_shown(Recording(), Context())
        answer(lines)
        """,
        source=str(artifact_file),
    )
    assert " ".join(lines).startswith("North wall of the old mill, above the river: Random, Seed 0, 64 x 64"), lines
    assert max(map(len, lines)) < 40


def test_the_time_that_is_left_fits_the_bar_however_long_a_run_prepared(blender):
    """Also of a run that goes on, and nothing is said while there is nothing to go by."""
    (fresh, resumed) = blender(
        """
        class Job:
            is_stopping = False
            def __init__(self, begun):
                self.started, self.fraction, self.is_preparing = False, begun, True
            def poll(self, timeout_s):
                return False
        session, clock = module("session"), [0.0]
        put(session.time, "monotonic", lambda: clock[0])
        for begun in (0.0, 0.4):
            job, said = Job(begun), []
            task = session.Task("A training", job)
            def after(seconds, done):
                clock[0] += seconds
                job.fraction = begun + done
                task.poll()
                said.append(task.text)
            after(5, 0)
            job.started = True
            after(0, 0)
            after(60, 0)
            job.is_preparing = False
            after(1, 0.01)
            after(10, 0.11)
            answer(said)
        """
    )
    assert fresh == ["Waiting", "Preparing", "Preparing", "1%", "11%, 1 min 29 s left"]
    assert resumed == ["Waiting", "Preparing", "Preparing", "41%", "51%, 49 s left"]
