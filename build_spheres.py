"""Spheres of all presets in Blender, as docs/ shows them: what New Material makes, and the bare color before.

    python build_spheres.py DIR                    # textures and the spheres in Cycles
    blender --python build_spheres.py -- DIR       # with a window: the spheres in EEVEE
    python build_spheres.py DIR                    # the sheets, with both

The first needs texnet and bpy, the second a Blender. DIR keeps textures and renderings, and what is there is kept.
"""

import math
import sys
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT)]  # Blender runs this file from elsewhere

import bpy  # noqa: E402

from blender_addon import creation, images, nodes, surface  # noqa: E402
from blender_addon.request import TextureRequest  # noqa: E402
from texnet_core.presets import list_presets  # noqa: E402

PICTURES = ROOT / "docs" / "images"
STAGES = ("before", "after")

_TEXELS = 1024
_SEED = 1
_WIDTH = 8.0  # scene units that a texture spans, four exemplars: one for each sphere, which is two wide
_COLUMNS, _SIDE, _LABEL = 6, 192, 22  # of the sheets; the others in pixels
_APART, _BEHIND = 2.2, 3.0  # from one to the next; upper and right ones lie behind and take no light away
_CYCLES_SAMPLES, _EEVEE_SAMPLES = 24, 16
_LIGHT = "interior.exr"  # one of those that come with Blender, CC0


def main() -> None:
    folder = Path(sys.argv[-1])
    if not bpy.app.background and bpy.context.window is not None:
        bpy.app.timers.register(partial(_render_and_quit, folder), first_interval=1)  # once the window is drawn
        return
    folder.mkdir(parents=True, exist_ok=True)
    make_textures(folder)
    render(folder, "CYCLES")
    make_sheets(folder)


def _render_and_quit(folder: Path) -> None:
    render(folder, "EEVEE")
    bpy.ops.wm.quit_blender()


def make_textures(folder: Path) -> None:
    """A PNG for each preset, unless it is there."""
    from texnet_core import read_artifact, synthesize
    from texnet_core.pictures.color import quantize
    from texnet_core.pictures.writing import write_image
    from texnet_core.synthesis.request import TextureRequest as Request

    for name, path in list_presets().items():
        file = folder / f"{name}.png"
        if not file.exists():
            request = Request(width=_TEXELS, height=_TEXELS, seed=_SEED, engine="onnx", precision="f32")
            write_image(file, quantize(synthesize(read_artifact(path), request)["albedo"], 8))


def render(folder: Path, engine: str) -> None:
    """ENGINE-STAGE.png for both stages, unless it is there: spheres in rows, the first preset at the top left."""
    scene: Any = bpy.context.scene
    _clear()
    _light_and_camera()
    _set_up(engine)
    spheres = {name: _sphere(number) for number, name in enumerate(list_presets())}
    for stage in STAGES:
        file = folder / f"{engine}-{stage}.png"
        if file.exists():
            continue
        for name, sphere in spheres.items():
            sphere.data.materials.clear()
            sphere.data.materials.append(_material(name, folder / f"{name}.png", sphere, stage))
        scene.render.filepath = str(file)
        bpy.ops.render.render(write_still=True)


def make_sheets(folder: Path) -> None:
    """docs/images/spheres-ENGINE-STAGE.jpg, with names below the spheres."""
    from PIL import Image, ImageDraw

    for file in sorted(folder.glob("*-*.png")):
        engine, stage = file.stem.split("-")[0], file.stem.split("-")[-1]
        if engine not in ("CYCLES", "EEVEE") or stage not in STAGES:
            continue
        spheres = Image.open(file).convert("RGBA")
        sheet = Image.new("RGB", (spheres.width, _rows() * (_SIDE + _LABEL)), "#202020")
        pen = ImageDraw.Draw(sheet)
        for number, name in enumerate(list_presets()):
            row, column = divmod(number, _COLUMNS)
            left, top = column * _SIDE, row * _SIDE
            sphere = spheres.crop((left, top, left + _SIDE, top + _SIDE))
            sheet.paste(sphere, (left, row * (_SIDE + _LABEL)), sphere)
            middle = (left + _SIDE // 2, row * (_SIDE + _LABEL) + _SIDE + _LABEL // 2)
            pen.text(middle, name, fill="#dddddd", anchor="mm", font_size=13)
        sheet.save(PICTURES / f"spheres-{engine.lower()}-{stage}.jpg", quality=88)


def _rows() -> int:
    return math.ceil(len(list_presets()) / _COLUMNS)


def _clear() -> None:
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)


def _light_and_camera() -> None:
    scene: Any = bpy.context.scene
    world = bpy.data.worlds.new("Studio")
    scene.world = world
    if bpy.app.version < (5, 0, 0):
        world.use_nodes = True
    tree: Any = world.node_tree
    background = next(node for node in tree.nodes if node.type == "BACKGROUND")
    light = tree.nodes.new("ShaderNodeTexEnvironment")
    utils: Any = bpy.utils
    lights = Path(utils.system_resource("DATAFILES", path="studiolights/world"))
    light.image = bpy.data.images.load(str(lights / _LIGHT))
    tree.links.new(light.outputs["Color"], background.inputs["Color"])
    sun: Any = bpy.data.lights.new("Key", "SUN")
    sun.energy, sun.angle = 1.5, math.radians(12)
    key = bpy.data.objects.new("Key", sun)
    key.rotation_euler = (math.radians(48), 0, math.radians(38))
    lens: Any = bpy.data.cameras.new("Camera")
    lens.type, lens.ortho_scale, lens.clip_end = "ORTHO", _COLUMNS * _APART, 200.0
    camera = bpy.data.objects.new("Camera", lens)
    camera.location = ((_COLUMNS - 1) * _APART / 2, -50, -(_rows() - 1) * _APART / 2)
    camera.rotation_euler = (math.pi / 2, 0, 0)
    for thing in (key, camera):
        scene.collection.objects.link(thing)
    scene.camera = camera


def _set_up(engine: str) -> None:
    scene: Any = bpy.context.scene
    known = [item.identifier for item in scene.render.bl_rna.properties["engine"].enum_items]
    scene.render.engine = next((name for name in known if engine in name), engine)
    scene.render.resolution_x, scene.render.resolution_y = _COLUMNS * _SIDE, _rows() * _SIDE
    scene.render.resolution_percentage = 100
    scene.render.film_transparent = True
    if engine == "CYCLES":
        scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.device = _CYCLES_SAMPLES, True, "CPU"
    else:
        scene.eevee.taa_render_samples = _EEVEE_SAMPLES


def _sphere(number: int) -> Any:
    """A sphere whose UV map has square texels along its equator, with the seam behind."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=96, ring_count=48)
    sphere: Any = bpy.context.object
    row, column = divmod(number, _COLUMNS)
    sphere.location = (column * _APART, (column - row) * _BEHIND, -row * _APART)
    sphere.rotation_euler = (math.radians(12), 0, math.radians(-100))
    for corner in sphere.data.uv_layers.active.uv:
        corner.vector = (2 * corner.vector[0], corner.vector[1])
    for face in sphere.data.polygons:
        face.use_smooth = True
    return sphere


def _material(name: str, file: Path, sphere: Any, stage: str) -> Any:
    request = TextureRequest(name, _TEXELS, _TEXELS, _SEED)
    image = bpy.data.images.load(str(file), check_existing=True)
    images.set_record(image, request, "albedo", name, leads=True)
    material = creation.new_material(name)
    if stage == "before":
        nodes.wire(material, {"albedo": image})
        nodes.set_mapping_scale(material, surface.mapping_scale(sphere, _WIDTH, 1.0))
    else:
        creation.apply(material, {"albedo": image}, request, sphere, _WIDTH)
    return material


if __name__ == "__main__":
    main()
