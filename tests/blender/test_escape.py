"""Esc cancels a texture only where nothing else listens to it."""

import pytest

# A window with two editors side by side, as Blender's own would look to the operator.
WINDOW = """
        from types import SimpleNamespace as Fake
        def area(kind, x, image=None):
            return Fake(type=kind, x=x, y=20, width=500, height=400, spaces=Fake(active=Fake(image=image)))
        def is_heard(areas=("VIEW_3D", "NODE_EDITOR"), mouse=(100, 100), playing=False, others=(), image=None):
            found = [area(kind, 500 * number, image) for number, kind in enumerate(areas)]
            screen = Fake(is_animation_playing=False, areas=found)
            names = ("TEXNET_OT_generate", *others)
            window = Fake(screen=screen, modal_operators=[Fake(bl_idname=name) for name in names])
            other = Fake(screen=Fake(is_animation_playing=playing))
            context = Fake(window=window, window_manager=Fake(windows=[window, other]))
            return module("escape").is_meant(context, Fake(mouse_x=mouse[0], mouse_y=mouse[1]))
"""


@pytest.mark.parametrize(
    ("surroundings", "heard"),
    [
        ("", True),
        ("mouse=(700, 100)", True),
        ("areas=('PROPERTIES', 'IMAGE_EDITOR'), mouse=(700, 100)", True),
        ("others=('TEXNET_OT_generate',)", True),
        ("playing=True", False),
        ("others=('TRANSFORM_OT_translate',)", False),
        ("others=('RENDER_OT_render',)", False),
        ("mouse=(100, 5)", False),
        ("areas=('FILE_BROWSER', 'VIEW_3D')", False),
        ("areas=('OUTLINER', 'VIEW_3D')", False),
        ("areas=('CONSOLE', 'VIEW_3D')", False),
        ("areas=('IMAGE_EDITOR',), image=Fake(type='RENDER_RESULT')", False),
        ("areas=('IMAGE_EDITOR',), image=Fake(type='IMAGE')", True),
    ],
)
def test_escape_is_heard_where_nothing_else_listens(blender, surroundings, heard):
    (found,) = blender(WINDOW + f"\n        answer(is_heard({surroundings}))")
    assert found is heard


def test_blenders_windows_say_what_is_asked_of_them(blender):
    (found,) = blender(
        """
        window = bpy.context.window_manager.windows[0]
        area = window.screen.areas[0]
        context = {"window": window, "screen": window.screen}
        with bpy.context.temp_override(**context):
            from types import SimpleNamespace as Fake
            event = Fake(mouse_x=area.x + 1, mouse_y=area.y + 1)
            answer([bool(module("escape").is_meant(bpy.context, event)), area.type])
        """
    )
    heard, kind = found
    assert heard is (kind in ("VIEW_3D", "NODE_EDITOR", "IMAGE_EDITOR", "PROPERTIES"))


def test_the_operator_leaves_the_key_to_others(blender, artifact_file):
    """The method that Blender calls, on an operator with a task: cancelled, or passed on."""
    (state,) = blender(
        WINDOW
        + """
        session, generate = module("session"), module("operators.generate")
        task = session.SynthesisTask(module("request").TextureRequest(values["source"], 4096, 4096))
        session.start(task)
        operator = Fake(_task=task, _is_first=lambda: True)
        key = Fake(type="ESC", value="PRESS", mouse_x=0, mouse_y=0)
        state = []
        for meant in (False, True):
            put(module("escape"), "is_meant", lambda context, event: meant)
            status = generate.TEXNET_OT_generate.modal(operator, None, key)
            state.append([list(status), task.job.is_stopping])
        session.end(task)
        answer(state)
        """,
        source=str(artifact_file),
    )
    assert state == [[["PASS_THROUGH"], False], [["RUNNING_MODAL"], True]]
