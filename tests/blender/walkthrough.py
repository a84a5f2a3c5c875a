"""Runs inside a Blender with a window; see `window.py`. Every step is checked; the figures are printed."""

import contextlib
import os
import sys
import time
import traceback
from pathlib import Path

import bpy

FOLDER = Path(os.environ["TEXNET_WALK"])
HEIGHT = 1200
# Places in the panel at interface scale 1, in pixels right of its left edge and below its upper one.
# Nothing above the sections moves, whatever is chosen.
# The sections are where they are below the sliders of a material that TexNet made.
GALLERY, GENERATE, SEEDS, STYLIZE, HISTORY = (63, 74), (133, 625), (58, 803), (58, 824), (58, 845)
INSTANT, TRAINING = (58, 866), (58, 887)

bpy.context.preferences.view.show_splash = False


def say(text):
    print(text, flush=True)


def module(name):
    return sys.modules[f"bl_ext.user_default.texnet.{name}"]


def ask(what):
    """Ask the script outside for a click or a picture, and wait until it is done."""
    request = FOLDER / f"{time.time():.6f}.request"
    request.with_suffix(".part").write_text(what)
    request.with_suffix(".part").rename(request)
    while request.exists():
        yield 0.1


def shot(name, box=(0, 0, 1600, HEIGHT)):
    yield from ask("move 700 1185")  # no tooltips
    yield 1
    left, top, width, height = (round(value) for value in box)
    yield from ask(f"shot addon-{name} {width}x{height}+{left}+{top}")


def click(region, place):
    yield from ask(f"click {region.x + place[0]} {HEIGHT - (region.y + region.height) + place[1]}")


def region_of(area, kind):
    return next(region for region in area.regions if region.type == kind)


def box_of(region, height=None):
    """(left, top, width, height) on the screen."""
    return region.x, HEIGHT - region.y - region.height, region.width, height or region.height


def idle():
    """Wait until nothing is being made."""
    yield 0.3
    while module("session").tasks:
        yield 0.1


def invoke(operator, panel, **options):
    """An operator as its button runs it, to its end."""
    window, _, area, _ = layout()
    with bpy.context.temp_override(window=window, area=area, region=panel):
        operator("INVOKE_DEFAULT", **options)
    yield 0.5
    yield from idle()
    assert module("session").problem is None, module("session").problem


def choose(**values):
    """Set fields of the panel, which is drawn again; Blender leaves a button alone that the mouse is on."""
    yield from ask("move 700 1185")
    for name, value in values.items():
        setattr(bpy.context.scene.texnet, name, value)
    layout()[2].tag_redraw()
    yield 2.5


def layout():
    """The window, its 3D view, the editor beside it, and the panel's region there."""
    window = bpy.context.window_manager.windows[0]
    view = next(area for area in window.screen.areas if area.type == "VIEW_3D")
    editor = next(area for area in window.screen.areas if area.type in ("NODE_EDITOR", "IMAGE_EDITOR"))
    return window, view, editor, region_of(editor, "UI")


class Stalls:
    """How long the main thread was away: a timer that should come every 2 ms."""

    def __init__(self):
        self.worst, self._last, self._on = [], time.perf_counter(), True
        bpy.app.timers.register(self._beat)

    def _beat(self):
        now = time.perf_counter()
        self.worst.append(now - self._last)
        self._last = now
        return 0.002 if self._on else None

    def __str__(self):
        self._on = False
        return ", ".join(f"{1000 * value:.0f}" for value in sorted(self.worst)[-5:]) + " ms"


class Timed:
    """How long each call of a function takes that runs in Blender's main thread."""

    def __init__(self, owner, name):
        self.seconds = []
        function = getattr(owner, name)

        def timed(*arguments, **options):
            started = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds.append(time.perf_counter() - started)

        setattr(owner, name, timed)

    def __str__(self):
        return f"{len(self.seconds)} calls, at most {1000 * max(self.seconds):.1f} ms"


def walk():
    window = bpy.context.window_manager.windows[0]
    yield 1.5
    view = max((area for area in window.screen.areas if area.type == "VIEW_3D"), key=lambda area: area.width)
    with bpy.context.temp_override(window=window, area=view):
        bpy.ops.screen.area_split(direction="VERTICAL", factor=0.36)
    yield 0.3
    view, editor = sorted((area for area in window.screen.areas if area.type == "VIEW_3D"), key=lambda area: area.x)
    editor.ui_type = "ShaderNodeTree"
    editor.spaces.active.show_region_ui = True
    yield 0.5
    panel = region_of(editor, "UI")
    panel.active_panel_category = "TexNet"
    properties = next(area for area in window.screen.areas if area.type == "PROPERTIES")
    properties.spaces.active.context = "MATERIAL"
    yield 2
    yield from choose(side="1024", covers=4.0)  # one texel of the texture is one of the generator

    # the first click
    yield from click(panel, GENERATE)
    yield from idle()
    material = bpy.context.view_layer.objects.active.active_material
    assert [image.name for image in bpy.data.images if "texnet" in image] == ["bark_albedo_0"], "Generate made nothing"
    assert material.name == "Bark", material.name
    say(f"from Blender's start to the first texture: {time.time() - float(os.environ['WALK_STARTED']):.1f} s")
    assert view.spaces.active.shading.color_type == "TEXTURE", "a Solid view does not show it"
    assert bpy.context.scene.texnet.history_image == "bark_albedo_0", "the history does not show it"
    assert bpy.data.materials["Material"].use_fake_user, "the material that was replaced would not be saved"

    # one undo takes all of it, one redo brings it back
    with bpy.context.temp_override(window=window):
        bpy.ops.ed.undo()
        assert not any("texnet" in image for image in bpy.data.images), "undo left an image"
        assert bpy.context.view_layer.objects.active.active_material.name == "Material"
        bpy.ops.ed.redo()
        assert bpy.context.view_layer.objects.active.active_material.name == "Bark", "redo lost the material"
    # undo gives screens and scenes new addresses
    window, view, editor, panel = layout()
    with bpy.context.temp_override(window=window, area=view, region=region_of(view, "WINDOW")):
        view.spaces.active.shading.type = "MATERIAL"
        bpy.ops.view3d.view_selected()
    yield 45  # the first draw of a material, with software OpenGL
    yield from shot("result")
    yield from shot("panel", box_of(panel, 901))
    view.spaces.active.shading.type = "SOLID"

    yield from click(panel, GALLERY)
    yield 2
    yield from shot("gallery", (270, 40, 1030, 650))
    yield from ask("key Escape")
    yield 1
    yield from previews(editor, panel)
    yield from dialog(window, editor)
    yield from stylize(editor, panel)
    window, view, editor, panel = layout()

    # a large one and a queue; the interface must stay live
    # without a material, since the first draw of one takes Blender seconds with software OpenGL
    yield from choose(side="4096", destination="IMAGE")
    generate = module("operators.generate").TEXNET_OT_generate
    stalls, ours = Stalls(), [Timed(generate, "_advance"), Timed(generate, "_place")]
    yield from click(panel, GENERATE)
    yield 1.5
    yield from choose(side="1024", seed=7)
    yield from click(panel, GENERATE)
    yield 2
    assert len(module("session").tasks) == 2, "no queue"
    yield from shot("queue", box_of(panel, 1011))
    yield from idle()
    say(f"main thread while 4096x4096 was made: longest breaks {stalls}")
    say(f"  of that TexNet: a look at the worker {ours[0]}; the result into the file {ours[1]}")
    assert len([image for image in bpy.data.images if "texnet" in image]) == 3

    # variations are an undo step each
    yield from choose(side="512", seed=20, count=2)
    yield from click(panel, GENERATE)
    yield from idle()
    assert len([image for image in bpy.data.images if "texnet" in image]) == 5, "no variations"
    for left in (4, 3):
        with bpy.context.temp_override(window=layout()[0]):
            bpy.ops.ed.undo()
        assert len([image for image in bpy.data.images if "texnet" in image]) == left, "no undo step of its own"
    window, view, editor, panel = layout()

    # Esc ends the one that runs
    yield from choose(side="8192", count=1, seed=7)
    yield from click(panel, GENERATE)
    yield 3
    yield from ask("key Escape")
    yield from idle()
    assert len([image for image in bpy.data.images if "texnet" in image]) == 3, "Esc did not cancel"

    yield from choose(destination="NEW_MATERIAL")
    yield from click(panel, HISTORY)
    yield from choose(history_image="bark_albedo_7")
    yield from scroll(editor, panel, "down")
    yield from shot("history", (panel.x, HEIGHT - panel.y - 360, panel.width, 360))
    yield from scroll(editor, panel, "up")
    yield from click(panel, HISTORY)
    yield from choose(side="512")
    yield from instant(editor, panel)
    yield from several(*layout()[2:])
    window, view, editor, panel = layout()

    editor.type = "IMAGE_EDITOR"
    editor.spaces.active.image = bpy.data.images["bark_albedo_7"]
    editor.spaces.active.show_region_ui = True
    yield 1
    region_of(editor, "UI").active_panel_category = "TexNet"
    yield 1
    with bpy.context.temp_override(window=window, area=editor, region=region_of(editor, "WINDOW")):
        bpy.ops.texnet.tile_check()
    assert editor.spaces.active.show_repeat
    yield 2
    yield from shot("tile-check", (editor.x, HEIGHT - editor.y - editor.height, editor.width, editor.height))

    if os.environ["BACKEND"]:
        yield from train(window, editor)
    yield from show_preferences()

    # switched off during a job, it takes everything along
    from bl_ui.space_statusbar import STATUSBAR_HT_header

    worker = module("worker_client").bundled()
    with bpy.context.temp_override(window=layout()[0]):
        bpy.ops.texnet.generate("INVOKE_DEFAULT", width=8192, height=8192, destination="IMAGE")
        yield 2
        bpy.ops.preferences.addon_disable(module="bl_ext.user_default.texnet")
    assert STATUSBAR_HT_header.draw.__module__ == "bl_ui.space_statusbar", "the status bar is not Blender's own again"
    assert not worker.process.is_alive(), "the worker goes on"
    assert not [name for name in dir(bpy.types) if "TEXNET" in name.upper()]
    bpy.ops.preferences.addon_enable(module="bl_ext.user_default.texnet")
    assert list(bpy.ops.texnet.generate(width=64, height=64, destination="IMAGE")) == ["FINISHED"]


def scroll(area, region, way):
    """Show the end of a panel that is higher than its editor, or its beginning again."""
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0], area=area, region=region):
        for _ in range(4):
            getattr(bpy.ops.view2d, f"scroll_{way}")(page=True)
    yield 1


def previews(editor, panel):
    """All of a tile made smaller, and nine seeds."""
    preview = module("preview")
    yield from choose(preview_shows="WHOLE")
    while preview._follower._steps or preview._follower._job:
        yield 0.2
    assert preview.caption() == "All 1024 x 1024 Texels", preview.caption()
    yield from shot("whole-tile", box_of(panel, 400))
    yield from choose(preview_shows="CORNER")
    yield from click(panel, SEEDS)
    yield 1
    while preview._follower._seeds:
        yield 0.2
    yield from scroll(editor, panel, "down")
    yield from shot("seeds", (panel.x, HEIGHT - panel.y - 395, panel.width, 336))
    yield from scroll(editor, panel, "up")
    yield from click(panel, SEEDS)
    yield 1


def dialog(window, editor):
    """What the menus and F3 open."""
    yield from ask(f"move {editor.x + 300} 400")
    with bpy.context.temp_override(window=window, area=editor, region=region_of(editor, "WINDOW")):
        bpy.ops.texnet.seamless_texture("INVOKE_DEFAULT")
    yield 3
    yield from ask(f"move {editor.x + 310} 410")
    yield from ask("key Escape")
    yield 1


def stylize(editor, panel):
    """The texture of the cube in a style: preview, result in its place, one undo."""
    library, preview = module("library"), module("style_preview")
    if os.environ["STYLE"]:
        library.import_file(Path(os.environ["STYLE"]))
    styles = library.list_own_styles()
    if not styles:
        say("no style to walk through")
        return
    fields = bpy.context.scene.texnet.stylize
    fields.style_name = styles[-1 if os.environ["STYLE"] else 0].name
    yield from click(panel, STYLIZE)
    yield 2
    while not preview._follower.caption or preview._follower._job:
        yield 0.2
    yield from scroll(editor, panel, "down")
    yield 2
    yield from shot("stylize", (panel.x, HEIGHT - panel.y - 668, panel.width, 668))
    fields.preview_shows, fields.strength = "WHOLE", 0.6
    layout()[2].tag_redraw()
    yield 3
    while preview._follower._steps or preview._follower._job:
        yield 0.2
    assert preview.caption() == "All of the Picture", preview.caption()
    yield from shot("stylize-whole", (panel.x, HEIGHT - panel.y - 668, panel.width, 668))
    stylizing, operator = module("stylizing"), module("operators.stylize").TEXNET_OT_stylize
    stalls, ours = Stalls(), [Timed(stylizing.PaintingTask, "_read"), Timed(operator, "_place")]
    yield from invoke(bpy.ops.texnet.stylize, panel, **fields.options())
    say(f"main thread while 1024x1024 was painted: longest breaks {stalls}")
    say(f"  of that TexNet: reading the image {ours[0]}; the result into the file {ours[1]}")
    node = shown_node()
    assert node.image.name.startswith("bark_albedo_0 "), node.image.name
    yield 20  # the first draw of the texture
    yield from shot("stylized")
    with bpy.context.temp_override(window=layout()[0]):
        bpy.ops.ed.undo()
    assert shown_node().image.name == "bark_albedo_0", "undo left the node changed"
    assert len([image for image in bpy.data.images if "texnet_style" in image]) == 0, "undo left a picture"
    _, _, editor, panel = layout()
    yield from scroll(editor, panel, "up")
    yield from click(panel, STYLIZE)
    yield 1


def instant(editor, panel):
    """A new surface like an image, and a collage of it: generators in the library, first textures in the material."""
    settings = bpy.context.scene.texnet
    settings.exemplar = bpy.data.images["bark_albedo_7"]
    yield from click(panel, INSTANT)
    yield 2
    yield from scroll(editor, panel, "down")
    yield from shot("instant", (panel.x, HEIGHT - panel.y - 372, panel.width, 372))
    for settings.method, called in (("collage", "Collage"), ("instant", "Generated")):
        started = time.monotonic()
        yield from invoke(bpy.ops.texnet.from_image_now, panel, **settings.instant_options())
        say(f"{called} from an image, and {settings.side} texels of it: {time.monotonic() - started:.1f} s")
        assert called in Path(settings.source_name).stem, settings.source_name
    yield 20  # the first draw of the texture
    yield from shot("instant-result")
    _, _, editor, panel = layout()
    yield from scroll(editor, panel, "up")
    yield from click(panel, INSTANT)
    yield 1


def several(editor, panel):
    """A mix of two textures of one file, and a third where a mask is white."""
    if not os.environ["TEXTURES"]:
        say("no file of several textures to walk through")
        return
    bpy.ops.texnet.import_generator(filepath=os.environ["TEXTURES"])
    settings = bpy.context.scene.texnet
    choice = settings.file_choice
    assert len(choice.names) > 2, choice.names
    choice.mask = bpy.data.images.new("Worn", 256, 256)
    across = [index % 256 / 255 for index in range(256 * 256)]
    choice.mask.pixels.foreach_set([value for share in across for value in (share, share, share, 1.0)])
    choice.mask.pack()
    bpy.ops.texnet.add_to_mix()
    choice.black.others[0].share = 0.6
    choice.white.first.texture = choice.names[2]
    yield from choose(preview_shows="WHOLE", side="512", use_covers=False)
    preview = module("preview")
    while preview._follower._steps or preview._follower._job:
        yield 0.2
    yield from shot("textures", box_of(panel, 480))
    yield from invoke(bpy.ops.texnet.generate, panel, **settings.options())
    assert bpy.data.images[settings.history_image]["texnet_mix_mask"] == choice.mask, "the texture forgot its mask"
    yield from choose(preview_shows="CORNER", source_name="bark", use_covers=True)


def shown_node():
    return bpy.context.view_layer.objects.active.active_material.node_tree.nodes.active


def show_preferences():
    """As an artist has them, whatever the backend is called here, and where the add-on lies."""
    module("backend").report = ()
    preferences = module("preferences").preferences()
    preferences.python, preferences.vgg19 = "/home/artist/texnet-backend/bin/python", "/home/artist/vgg19.safetensors"
    with contextlib.suppress(RuntimeError):  # Blender complains that its own repository was never synchronized
        bpy.ops.preferences.addon_show(module="bl_ext.user_default.texnet")
    yield 3
    yield from shot("preferences", (280, 490, 690, 345))
    preferences.python = preferences.vgg19 = ""


def train(window, editor):
    """Learn from a picture for a minute and a half: too short to be good, long enough to see."""
    preferences = module("preferences").preferences()
    preferences.python = os.environ["BACKEND"]
    preferences.vgg19_input, preferences.vgg19 = "oxford", os.environ["VGG19"]
    editor.ui_type = "ShaderNodeTree"
    yield 1
    panel = region_of(editor, "UI")
    panel.active_panel_category = "TexNet"
    yield 1
    settings = bpy.context.scene.texnet
    settings.exemplar = bpy.data.images.load(os.environ["EXEMPLAR"])
    settings.quality, settings.minutes, settings.train_size = "CUSTOM", 1.5, 192
    settings.generator_name = module("request").title_of(os.environ["EXEMPLAR"])
    yield from click(panel, TRAINING)
    yield 1
    with bpy.context.temp_override(window=window, area=editor, region=panel):
        bpy.ops.texnet.train("INVOKE_DEFAULT", image=settings.exemplar.name, name=settings.generator_name,
                             minutes=settings.minutes, size=settings.train_size)  # fmt: skip
    run = module("training").running()
    while not (module("run_icons").icon_of("sample") and len(run.losses) > 2):
        assert module("training").running() is run, module("session").problem or module("session").note
        yield 0.5
    yield 15
    yield from scroll(editor, panel, "down")
    yield from shot("training", (panel.x, HEIGHT - panel.y - 640, panel.width, 640))
    yield from idle()
    assert module("session").problem is None, module("session").problem
    assert settings.source_name.endswith(f"{settings.generator_name}.texnet"), settings.source_name
    there = module("standing").standing_in_panel(settings)
    assert there.kind == "SHORT", there
    yield 3
    yield from scroll(editor, panel, "down")
    yield from shot("training-short", (panel.x, HEIGHT - panel.y - 500, panel.width, 500))
    bpy.ops.texnet.discard_training(name=settings.generator_name)
    assert module("standing").standing_in_panel(settings).kind == "FREE", "Discard left something"
    stalls = Stalls()
    with bpy.context.temp_override(window=window):
        bpy.ops.texnet.test_backend("INVOKE_DEFAULT")
    while module("backend").tested_since is not None:
        yield 0.2
    say(f"main thread while the backend was tested: longest breaks {stalls}")
    assert "can train" in module("backend").report[-1], module("backend").report


def step():
    try:
        return next(STEPS)
    except StopIteration:
        say("the walk is done")
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


STEPS = walk()
bpy.app.timers.register(step, first_interval=1.0, persistent=True)
