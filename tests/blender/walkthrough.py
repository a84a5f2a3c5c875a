"""Runs inside a Blender with a window; see `window.py`. Every step is checked; the figures are printed."""

import contextlib
import os
import sys
import time
import traceback
from pathlib import Path

import bpy

from texnet_core.model.real_size import texels_per_meter

sys.path.insert(0, os.environ["TEXNET_WALK"])

from walk_tools import (
    Stalls,
    Timed,
    ask,
    box_of,
    choose,
    click,
    context_of,
    drawn_at_rest,
    idle,
    invoke,
    layout,
    module,
    panel,
    region_of,
    say,
    settled,
    shot,
    shot_panel,
    shot_section,
    textures,
    undo,
    wait_for,
)

GENERATE, GALLERY = "texnet.generate", "source"
SEEDS, STYLIZE, HISTORY, ASSETS = "TEXNET_seeds", "TEXNET_stylize", "TEXNET_history", "TEXNET_assets"
INSTANT, TRAINING = "TEXNET_instant", "TEXNET_training"
ONLY = os.environ["ONLY"].split()

bpy.context.preferences.view.show_splash = False


def walk():
    unknown = set(ONLY) - {scene.__name__ for scene in SCENES}
    assert not unknown, f"no scene is called {', '.join(unknown)}"
    window = bpy.context.window_manager.windows[0]
    yield 1.5
    view = max((area for area in window.screen.areas if area.type == "VIEW_3D"), key=lambda area: area.width)
    with bpy.context.temp_override(window=window, area=view):
        bpy.ops.screen.area_split(direction="VERTICAL", factor=0.36)
    yield 0.3
    _, editor = sorted((area for area in window.screen.areas if area.type == "VIEW_3D"), key=lambda area: area.x)
    yield from show_nodes(editor)
    properties = next(area for area in window.screen.areas if area.type == "PROPERTIES")
    properties.spaces.active.context = "MATERIAL"
    yield 2
    yield from first_texture()
    for scene in SCENES:
        if not ONLY or scene.__name__ in ONLY:
            yield from play(scene)
    assert not FAILED, f"failed: {', '.join(FAILED)}"


def play(scene):
    """One scene; where it fails, the next one may still show something."""
    started = time.monotonic()
    try:
        yield from scene()
    except Exception:
        traceback.print_exc()
        FAILED.append(scene.__name__)
    say(f"{scene.__name__}: {time.monotonic() - started:.0f} s")


class First:
    """What the panel shows a new user: the first of the presets."""

    def __init__(self):
        settings = bpy.context.scene.texnet
        self.request, self.name = settings.request(None), settings.source_name
        self.title = self.request.title

    def image(self, seed):
        """Name of the image that stands for the texture of a seed."""
        return f"{self.request.stem}_albedo_{seed}"


def active_material():
    return bpy.context.view_layer.objects.active.active_material


def show_nodes(editor):
    """An area becomes a Shader Editor with the panel."""
    editor.ui_type = "ShaderNodeTree"
    editor.spaces.active.show_region_ui = True
    yield 0.5
    region_of(editor, "UI").active_panel_category = "TexNet"
    yield 1


def first_texture():
    """The first click, one undo that takes all of it, and one redo that brings it back."""
    global FIRST
    FIRST = First()
    card = module("library").card_named(FIRST.name)
    yield from choose(side="1024", covers=1024 / texels_per_meter(card))  # with all detail that the generator has
    yield from click(GENERATE)
    yield from idle()
    assert textures() == [FIRST.image(0)], textures()
    assert active_material().name == FIRST.title, active_material().name
    say(f"from Blender's start to the first texture: {time.time() - float(os.environ['WALK_STARTED']):.1f} s")
    view = layout()[1]
    assert view.spaces.active.shading.color_type == "TEXTURE", "a Solid view does not show it"
    assert bpy.context.scene.texnet.history_image == FIRST.image(0), "the history does not show it"
    assert bpy.data.materials["Material"].use_fake_user, "the material that was replaced would not be saved"
    undo()
    assert not textures(), "undo left an image"
    assert active_material().name == "Material"
    with bpy.context.temp_override(window=layout()[0]):
        bpy.ops.ed.redo()
    assert active_material().name == FIRST.title, "redo lost the material"


def result():
    """The whole window and the panel after the first click."""
    yield from settled(module("preview")._follower)
    assert bpy.context.scene.texnet.preview_shows == "SPHERE", "the first preview is not under light"
    view = layout()[1]
    with context_of(view):
        view.spaces.active.shading.type = "MATERIAL"
        bpy.ops.view3d.view_selected()
    yield from drawn_at_rest(30)
    yield from shot("result")
    yield from shot_panel("panel", SEEDS)
    view.spaces.active.shading.type = "SOLID"


def whole_material():
    """All maps of the first preset, wired, on a sphere; and the material as an asset of the file."""
    made = {node.label: node.image for node in active_material().node_tree.nodes if node.type == "TEX_IMAGE"}
    assert len(made) >= 4, f"no whole material: {sorted(made)}"
    for image in made.values():
        is_color = image["texnet"]["map"] == "albedo"
        assert image.colorspace_settings.is_data != is_color, image.name
    _, view, editor = layout()
    cube = bpy.context.view_layer.objects.active
    with context_of(view):
        bpy.ops.mesh.primitive_uv_sphere_add(segments=96, ring_count=48, location=(0, 0, 4))
        bpy.ops.object.shade_smooth()
    sphere = bpy.context.view_layer.objects.active
    yield from click(GENERATE)
    yield from idle()
    assert textures() == [FIRST.image(0)], "equal settings made it again"
    assert sphere.active_material is not cube.active_material
    with context_of(view):
        view.spaces.active.shading.type = "MATERIAL"
        view.spaces.active.overlay.show_overlays = False
        bpy.ops.view3d.view_selected()
    editor.spaces.active.show_region_ui = False
    yield 1
    with context_of(editor):
        bpy.ops.node.view_all()
    yield from drawn_at_rest(20)
    left, top, width, height = box_of(view)
    yield from shot("material", (left, top, width + editor.width, height))
    view.spaces.active.shading.type = "SOLID"
    view.spaces.active.overlay.show_overlays = True
    bpy.data.materials.remove(sphere.active_material)
    bpy.data.objects.remove(sphere)
    cube.select_set(True)
    bpy.context.view_layer.objects.active = cube
    yield from show_nodes(editor)
    yield from invoke(bpy.ops.texnet.save_as_asset)
    yield from ask("key Return")  # the dialog asks for tags and more
    yield from idle()
    asset = active_material().asset_data
    assert asset is not None and asset.license, "the material is no asset"
    yield from click("texnet.dismiss")  # the note that the catalog appears once the file is saved
    assert not module("session").note, "the note stays"


def gallery():
    """All generators as spheres."""
    yield from click(GALLERY)
    drawer = module("library")._drawer
    yield from wait_for(lambda: not drawer._wanted, 900)
    yield from ask("key Escape")
    yield 1
    yield from click(GALLERY)
    yield 2
    yield from shot("gallery", (270, 40, 1030, 900))
    yield from ask("key Escape")
    yield 1


def favorites():
    """The star, and the parts of the gallery."""
    preferences, favorites = module("preferences").preferences(), module("favorites")
    was = favorites.is_favorite(FIRST.name)
    yield from click("texnet.toggle_favorite")
    assert favorites.is_favorite(FIRST.name) is not was, "the star does nothing"
    if was:
        yield from click("texnet.toggle_favorite")
    settings, listed = bpy.context.scene.texnet, module("gallery").listed
    for part in ("FAVORITES", "RECENT", "Wood"):
        yield from choose(gallery_part=part)
        names = [source.name for source in listed(preferences.gallery_part, settings.source_name)]
        assert FIRST.name in names, names
    assert len(names) > 2, "no wood"
    yield from choose(gallery_part="ALL")
    yield from click("texnet.toggle_favorite")
    assert not favorites.is_favorite(FIRST.name)


def previews():
    """The shapes under light, all of a tile made smaller, and nine seeds."""
    preview = module("preview")
    for shows, caption in (("PLANE", "Lit"), ("CORNER", "Upper Left"), ("WHOLE", "All 1024 x 1024 Texels")):
        yield from choose(preview_shows=shows)
        yield from settled(preview._follower)
        assert caption in preview.caption(), preview.caption()
    yield from shot_panel("whole-tile", "use_covers")
    yield from choose(preview_shows="SPHERE")
    yield from click(SEEDS)
    yield from wait_for(lambda: not preview._follower._seeds)
    yield from shot_section("seeds", SEEDS, STYLIZE)
    yield from click(SEEDS)


def dialog():
    """What the menus and F3 open."""
    editor = layout()[2]
    yield from ask(f"move {editor.x + 300} 400")
    with context_of(editor):
        bpy.ops.texnet.seamless_texture("INVOKE_DEFAULT")
    yield 3
    yield from ask(f"move {editor.x + 310} 410")
    yield from ask("key Escape")
    yield 1


def stylize():
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
    yield from click(STYLIZE)
    yield from settled(preview._follower)
    yield from shot_section("stylize", STYLIZE, HISTORY)
    fields.preview_shows, fields.strength = "WHOLE", 0.6
    panel().tag_redraw()
    yield 3
    yield from settled(preview._follower)
    assert preview.caption() == "All of the Picture", preview.caption()
    stylizing, operator = module("stylizing"), module("operators.stylize").TEXNET_OT_stylize
    stalls, ours = Stalls(), [Timed(stylizing.PaintingTask, "_read"), Timed(operator, "_place")]
    yield from invoke(bpy.ops.texnet.stylize, **fields.options())
    say(f"main thread while 1024x1024 was painted: longest breaks {stalls}")
    say(f"  of that TexNet: reading the image {ours[0]}; the result into the file {ours[1]}")
    assert shown_node().image.name.startswith(f"{FIRST.image(0)} "), shown_node().image.name
    undo()
    assert shown_node().image.name == FIRST.image(0), "undo left the node changed"
    assert len([image for image in bpy.data.images if "texnet_style" in image]) == 0, "undo left a picture"
    yield from click(STYLIZE)


def large_ones_and_many():
    """The interface stays live under a large texture and a queue; variations are an undo step each; Esc ends one."""
    # without a material, since the first draw of one takes Blender seconds with software OpenGL
    yield from choose(side="4096", destination="IMAGE")
    generate = module("operators.generate").TEXNET_OT_generate
    stalls, ours = Stalls(), [Timed(generate, "_advance"), Timed(generate, "_place")]
    yield from click(GENERATE)
    yield from choose(side="1024", seed=7)
    yield from click(GENERATE)
    assert len(module("session").tasks) == 2, "no queue"
    yield from shot_section("queue", "destination", SEEDS)
    yield from idle()
    say(f"main thread while 4096x4096 was made: longest breaks {stalls}")
    say(f"  of that TexNet: a look at the worker {ours[0]}; the result into the file {ours[1]}")
    assert len(textures()) == 3

    yield from choose(side="512", seed=20, count=2)
    yield from click(GENERATE)
    yield from idle()
    assert len(textures()) == 5, "no variations"
    for left in (4, 3):
        undo()
        assert len(textures()) == left, "no undo step of its own"

    yield from choose(side="8192", count=1, seed=7)
    yield from click(GENERATE)
    yield from wait_for(lambda: module("session").tasks)
    yield 2
    yield from ask(f"move {layout()[2].x + 100} 600")
    yield from ask("key Escape")
    yield from idle()
    assert len(textures()) == 3, "Esc did not cancel"


def history():
    """The history with a texture that is chosen."""
    yield from choose(destination="NEW_MATERIAL")
    yield from click(HISTORY)
    yield from choose(history_image=textures()[-1])
    yield from shot_section("history", HISTORY, ASSETS)
    yield from click(HISTORY)
    yield from choose(side="512")


def instant():
    """A new surface like an image, and a collage of it: generators in the library, first textures in the material."""
    settings = bpy.context.scene.texnet
    settings.exemplar = bpy.data.images[FIRST.image(0)]
    yield from click(INSTANT)
    yield 2
    yield from shot_section("instant", INSTANT, TRAINING)
    for settings.method, called in (("collage", "Collage"), ("instant", "Generated")):
        started = time.monotonic()
        yield from invoke(bpy.ops.texnet.from_image_now, **settings.instant_options())
        say(f"{called} from an image, and {settings.side} texels of it: {time.monotonic() - started:.1f} s")
        assert called in Path(settings.source_name).stem, settings.source_name
    yield from click(INSTANT)


def several():
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
    yield from settled(module("preview")._follower)
    yield from shot_panel("textures", "use_covers")
    yield from invoke(bpy.ops.texnet.generate, **settings.options())
    assert bpy.data.images[settings.history_image]["texnet_mix_mask"] == choice.mask, "the texture forgot its mask"
    yield from choose(preview_shows="SPHERE", source_name=FIRST.name, use_covers=True)


def maps_as_images():
    """A generator of colors alone, and images of what its look says."""
    settings = bpy.context.scene.texnet
    was = settings.destination
    yield from choose(source_name="bricks", destination="NEW_MATERIAL", side="512", preview_shows="PLANE")
    settings.map_choice.material = True
    panel().tag_redraw()
    yield 1
    yield from settled(module("preview")._follower)
    yield from shot_panel("maps-as-images", "use_covers")
    yield from click(GENERATE)
    yield from idle()
    made = sorted(node.image["texnet"]["map"] for node in active_material().node_tree.nodes if node.type == "TEX_IMAGE")
    assert made == ["albedo", "height", "normal", "roughness"], made
    settings.map_choice.material = False
    yield from choose(source_name=FIRST.name, destination=was, preview_shows="SPHERE")


def tile_check():
    """The Image Editor shows a tile three times each way."""
    editor = layout()[2]
    editor.type = "IMAGE_EDITOR"
    editor.spaces.active.image = bpy.data.images[FIRST.image(0)]
    editor.spaces.active.show_region_ui = True
    yield 1
    region_of(editor, "UI").active_panel_category = "TexNet"
    yield 1
    with context_of(editor):
        bpy.ops.texnet.tile_check()
    assert editor.spaces.active.show_repeat
    yield 2
    yield from shot("tile-check", box_of(editor))
    yield from show_nodes(editor)


def asset_browser():
    """The library is made, shown, and one material of it dragged onto the cube with the mouse."""
    if os.environ["QUICK"]:
        yield from invoke(bpy.ops.texnet.update_asset_library, source=FIRST.name)
    else:
        yield from click(ASSETS)
        yield from click("texnet.update_asset_library")
        started = time.monotonic()
        yield from idle()
        say(f"the library for the Asset Browser, with what was missing: {time.monotonic() - started:.0f} s")
        yield from click(ASSETS)
    _, view, editor = layout()
    cube = bpy.context.view_layer.objects.active
    before, known = cube.active_material, set(bpy.data.materials)
    with context_of(view):
        bpy.ops.view3d.view_selected()
    editor.ui_type = "ASSETS"
    yield 2
    browser = editor.spaces.active
    browser.params.asset_library_reference = module("asset_library").registered().name
    yield 5
    yield from shot("assets", box_of(editor))
    browser.params.filter_search = FIRST.title
    editor.tag_redraw()
    yield 3
    left, top, *_ = box_of(region_of(editor, "WINDOW"))
    x, y, width, height = box_of(view)
    yield from ask(f"drag {left + 55} {top + 55} {x + width // 2} {y + height // 2}")
    yield from wait_for(lambda: cube.active_material != before, 20)
    dropped = cube.active_material
    assert dropped not in known and dropped.name.startswith(FIRST.title), dropped.name
    assert dropped.library is None, "what was dragged is linked"
    browser.params.filter_search = ""
    yield from show_nodes(editor)

    shown = module("shown")
    first = shown.request_on(dropped)
    assert (first.seed, first.width) == (0, module("assets").SIDE), first
    yield from click("texnet.vary_material")
    yield from idle()
    second = shown.request_on(active_material())
    assert active_material().name == dropped.name and second.seed != first.seed, "the same seed"
    yield from invoke(bpy.ops.texnet.vary_material, seed=-2, width=first.width // 2, height=first.height // 2)
    third = shown.request_on(active_material())
    assert (third.seed, third.width) == (second.seed, first.width // 2), third
    say(f"{dropped.name} was dragged onto {cube.name}, and got seed {third.seed} and {third.width} texels")


def shown_node():
    return active_material().node_tree.nodes.active


def show_preferences():
    """As an artist has them, whatever the backend is called here, and where the add-on lies."""
    module("backend").report = ()
    preferences = module("preferences").preferences()
    preferences.python, preferences.vgg19 = "/home/artist/texnet-backend/bin/python", ""
    with contextlib.suppress(RuntimeError):  # Blender complains that its own repository was never synchronized
        bpy.ops.preferences.addon_show(module="bl_ext.user_default.texnet")
    yield 3
    yield from shot("preferences", (280, 490, 690, 345))
    preferences.python = ""


def train():
    """Learn from a picture for a minute and a half: too short to be good, long enough to see."""
    if not os.environ["BACKEND"]:
        say("no backend to train with")
        return
    preferences = module("preferences").preferences()
    preferences.python = os.environ["BACKEND"]
    preferences.vgg19_input, preferences.vgg19 = "oxford", os.environ["VGG19"]
    settings = bpy.context.scene.texnet
    settings.exemplar = bpy.data.images.load(os.environ["EXEMPLAR"])
    settings.quality, settings.minutes, settings.train_size = "CUSTOM", 1.5, 192
    settings.generator_name = module("request").title_of(os.environ["EXEMPLAR"])
    yield from click(TRAINING)
    with context_of(layout()[2], "UI"):
        bpy.ops.texnet.train("INVOKE_DEFAULT", image=settings.exemplar.name, name=settings.generator_name,
                             minutes=settings.minutes, size=settings.train_size)  # fmt: skip
    run = module("training").running()
    while not (module("run_icons").icon_of("sample") and len(run.losses) > 2):
        assert module("training").running() is run, module("session").problem or module("session").note
        yield 0.5
    yield 15
    yield from shot_section("training", "texnet.cancel", rows_above=1)  # the title of the run
    yield from idle()
    assert module("session").problem is None, module("session").problem
    assert settings.source_name.endswith(f"{settings.generator_name}.texnet"), settings.source_name
    there = module("standing").standing_in_panel(settings)
    assert there.kind == "SHORT", there
    yield 3
    yield from shot_section("training-short", TRAINING)
    bpy.ops.texnet.discard_training(name=settings.generator_name)
    assert module("standing").standing_in_panel(settings).kind == "FREE", "Discard left something"
    stalls = Stalls()
    with bpy.context.temp_override(window=layout()[0]):
        bpy.ops.texnet.test_backend("INVOKE_DEFAULT")
    while module("backend").tested_since is not None:
        yield 0.2
    say(f"main thread while the backend was tested: longest breaks {stalls}")
    assert "can train" in module("backend").report[-1], module("backend").report


def switched_off():
    """Switched off during a job, the add-on takes everything along."""
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


# After the first texture, in this order.
SCENES = (
    result,
    whole_material,
    gallery,
    favorites,
    previews,
    dialog,
    stylize,
    large_ones_and_many,
    history,
    instant,
    several,
    maps_as_images,
    tile_check,
    asset_browser,
    train,
    show_preferences,
    switched_off,
)
FAILED = []
STEPS = walk()
bpy.app.timers.register(step, first_interval=1.0, persistent=True)
