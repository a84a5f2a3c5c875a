"""What the walk through the add-on is made of; see `walkthrough.py`. Runs inside a Blender with a window.

Steps are generators: they yield the seconds until they want to go on, so that Blender draws meanwhile. The script
outside clicks and takes pictures.
"""

import functools
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import bpy

FOLDER = Path(os.environ["TEXNET_WALK"])
HEIGHT = 1200
ASIDE = "700 1185"  # where the mouse is on nothing that shows a tooltip
HALF_ROW = 10  # pixels from the middle of a row to its upper edge
PANELS = {"NODE_EDITOR": "TEXNET_PT_shader_editor", "IMAGE_EDITOR": "TEXNET_PT_image_editor"}


def say(text):
    print(text, flush=True)


def module(name):
    return sys.modules[f"bl_ext.user_default.texnet.{name}"]


def ask(what):
    """Ask the script outside for something, and wait until it is done; what it answers."""
    request = FOLDER / f"{time.time():.6f}.request"
    request.with_suffix(".part").write_text(what)
    request.with_suffix(".part").rename(request)
    while request.exists():
        yield 0.1
    return request.with_suffix(".answer").read_text()


def wait_for(state, seconds=600.0):
    """Wait until `state` is true."""
    deadline = time.monotonic() + seconds
    while not state():
        assert time.monotonic() < deadline, "it never came to that"
        yield 0.1


def idle():
    """Wait until nothing is being made."""
    yield 0.3
    yield from wait_for(lambda: not module("session").tasks, 1800)


def settled(followed):
    """Wait until a preview shows what was last asked for."""
    yield 0.5
    yield from wait_for(lambda: followed.caption and not (followed._steps or followed._job))


def drawn_at_rest(seconds):
    """Wait until Blender draws the same again and again: materials are compiled while others show in their place."""
    yield seconds
    yield from ask("still")


def shot(name, box=(0, 0, 1600, HEIGHT)):
    yield from ask(f"move {ASIDE}")
    yield 1
    yield from ask(f"shot addon-{name} {geometry(box)}")


def geometry(box):
    left, top, width, height = (round(value) for value in box)
    return f"{width}x{height}+{left}+{top}"


def layout():
    """The window, its 3D view, and the editor beside it; undo gives them new addresses."""
    window = bpy.context.window_manager.windows[0]
    view = next(area for area in window.screen.areas if area.type == "VIEW_3D")
    beside = ("NODE_EDITOR", "IMAGE_EDITOR", "FILE_BROWSER")
    return window, view, next(area for area in window.screen.areas if area.type in beside)


def region_of(area, kind):
    return next(region for region in area.regions if region.type == kind)


def box_of(place):
    """(left, top, width, height) of an area or a region on the screen."""
    return place.x, HEIGHT - place.y - place.height, place.width, place.height


def panel():
    """The region of the panel beside the 3D view."""
    return region_of(layout()[2], "UI")


def context_of(area, kind="WINDOW"):
    """What an operator sees with the mouse there."""
    return bpy.context.temp_override(window=layout()[0], area=area, region=region_of(area, kind))


def invoke(operator, **options):
    """An operator as its button in the panel runs it, to its end."""
    with context_of(layout()[2], "UI"):
        operator("INVOKE_DEFAULT", **options)
    yield 0.5
    yield from idle()
    assert module("session").problem is None, module("session").problem


def undo():
    with bpy.context.temp_override(window=layout()[0]):
        bpy.ops.ed.undo()


def choose(**values):
    """Set fields of the panel, which is drawn again; Blender leaves a button alone that the mouse is on."""
    yield from ask(f"move {ASIDE}")
    for name, value in values.items():
        setattr(bpy.context.scene.texnet, name, value)
    panel().tag_redraw()
    yield 2.5


def scroll(way, pages=4):
    """Show another part of a panel that is higher than its editor."""
    with context_of(layout()[2], "UI"):
        for _ in range(pages):
            getattr(bpy.ops.view2d, f"scroll_{way}")(page=True)
    yield 1


class Marked:
    """A layout that draws a mark in the place of one thing: a button, a field, or before the title of a section."""

    def __init__(self, own, wanted):
        self.__dict__.update(own=own, wanted=wanted)

    def __setattr__(self, name, value):
        setattr(self.own, name, value)

    def __getattr__(self, name):
        found = getattr(self.own, name)
        return functools.partial(self._draw, name, found) if callable(found) else found

    def _draw(self, name, function, *arguments, **options):
        is_wanted = any(isinstance(one, str) and one == self.wanted for one in arguments)
        if is_wanted and name != "panel":
            self.own.label(text="", icon_value=mark())
            return SimpleNamespace()  # takes what a button would be told
        made = function(*arguments, **options)
        if is_wanted:
            made[0].label(text="", icon_value=mark())
        return self._around(made)

    def _around(self, made):
        if isinstance(made, tuple):
            return tuple(map(self._around, made))
        return Marked(made, self.wanted) if isinstance(made, bpy.types.UILayout) else made


@functools.cache
def _pictures():
    import bpy.utils.previews

    return bpy.utils.previews.new()


@functools.cache
def mark():
    """Number of an icon in a color that nothing else has, which `window.py` finds on the screen."""
    picture = _pictures().new("mark")
    picture.icon_size = picture.image_size = (32, 32)
    picture.icon_pixels_float = picture.image_pixels_float = [1.0, 0.0, 1.0, 1.0] * 32**2
    return picture.icon_id


def look_for(wanted):
    """Where the panel draws a thing, (x, y) on the screen, or None where that is out of sight.

    Args:
        wanted: name of an operator, a property, or a section's panel. For a moment a mark is drawn in its place.
    """
    region, drawn = panel(), []
    kind = getattr(bpy.types, PANELS[layout()[2].type])
    draw = kind.draw

    def draw_marked(self, context):
        draw(SimpleNamespace(layout=Marked(self.layout, wanted)), context)
        drawn.append(True)

    yield from ask(f"move {ASIDE}")
    kind.draw = draw_marked
    region.tag_redraw()
    yield from wait_for(lambda: drawn, 60)
    yield 0.7  # until it is on the screen
    found = yield from ask(f"find {geometry(box_of(panel()))}")
    del kind.draw
    panel().tag_redraw()
    yield 0.7
    return tuple(map(int, found.split())) or None


def reach(wanted):
    """Scroll the panel until a thing is in sight; where that is."""
    place = yield from look_for(wanted)
    if place is None:
        yield from scroll("up")
        place = yield from look_for(wanted)
    for _ in range(4):
        if place is not None:
            break
        yield from scroll("down", 1)
        place = yield from look_for(wanted)
    assert place is not None, f"the panel shows no {wanted}"
    return place


def click(wanted):
    """Click a button, a field or the title of a section with the mouse."""
    x, y = yield from reach(wanted)
    yield from ask(f"click {x} {y}")
    yield 1


def shot_panel(name, end):
    """A picture of the panel from its beginning to a section, or as much of it as there is room for."""
    yield from scroll("up")
    place = yield from look_for(end)
    left, top, width, height = box_of(panel())
    yield from shot(name, (left, top, width, place[1] - HALF_ROW - top if place else height))


def shot_section(name, section, following="", rows_above=0):
    """A picture of an open section, or from any button on, up to what follows or to the panel's end."""
    yield from scroll("down")
    left, top, width, height = box_of(panel())
    first = yield from look_for(section)
    last = (yield from look_for(following)) if following else None
    upper = first[1] - HALF_ROW - 2 * HALF_ROW * rows_above if first else top
    lower = last[1] - HALF_ROW if last else top + height
    yield from shot(name, (left, upper, width, lower - upper))
    yield from scroll("up")


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


def textures():
    """The textures and pictures in the file, one for all maps of each, as the History lists them."""
    return sorted(image.name for image in bpy.data.images if module("history").is_entry(image))
