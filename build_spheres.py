"""Spheres of all presets in Blender, as docs/ shows them: what New Material makes, and the bare color before.

Whole materials have a sheet of their own, a sphere and a plane of each.

    python build_spheres.py DIR                    # textures and the pictures by Cycles
    blender --python build_spheres.py -- DIR       # with a window: the pictures by EEVEE
    python build_spheres.py DIR                    # the sheets, with both

The first needs texnet and bpy, the second a Blender. DIR keeps textures and renderings, and what is there is kept.
"""

import hashlib
import math
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

ROOT = Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT)]  # Blender runs this file from elsewhere

import bpy  # noqa: E402

from blender_addon import creation, images, nodes, surface  # noqa: E402
from blender_addon.request import TextureRequest  # noqa: E402
from texnet_core.model.artifact import read_header  # noqa: E402
from texnet_core.presets import list_presets  # noqa: E402

PICTURES = ROOT / "docs" / "images"
ENGINES = ("CYCLES", "EEVEE")

_TEXELS = 1024
_SEED = 1
_EXTENT = 2.0  # scene units that show one exemplar: a sphere and a plane are as wide
_COLUMNS, _SIDE, _LABEL = 6, 192, 22  # of the sheets; the others in pixels
_SEEN = 2.2  # scene units that a picture is wide
_CYCLES_SAMPLES, _EEVEE_SAMPLES = 24, 16
_LIGHT = "interior.exr"  # one of those that come with Blender, CC0

_Shape = Literal["sphere", "plane"]


@dataclass(frozen=True)
class _Thing:
    """What one picture of a sheet shows.

    Attributes:
        preset: whose texture.
        shape: on which.
        is_bare: its color alone, without anything that New Material derives or wires.
    """

    preset: str
    shape: _Shape = "sphere"
    is_bare: bool = False

    def file(self, folder: Path, engine: str) -> Path:
        stage = "-bare" if self.is_bare else ""
        return folder / f"{engine}-{_key(self.preset)}-{self.shape}{stage}.png"


def _key(preset: str) -> str:
    """The name of a preset as it is now: another generator gets other files."""
    return f"{preset}-{hashlib.sha256(list_presets()[preset].read_bytes()).hexdigest()[:12]}"


def _sheets() -> dict[str, list[_Thing]]:
    """Name of a picture in docs/images, with the engine in the place of braces -> what it shows, in rows."""
    presets = list_presets()
    whole = [name for name, path in presets.items() if len(read_header(path).maps) > 1]
    return {
        "materials-{}": [_Thing(name, shape) for name in whole for shape in get_args(_Shape)],
        "spheres-{}-after": [_Thing(name) for name in presets],
        "spheres-{}-before": [_Thing(name, is_bare=True) for name in presets],
    }


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
    """A PNG for each map of each preset, unless it is there."""
    from texnet_core import read_artifact, synthesize
    from texnet_core.pictures.color import quantize
    from texnet_core.pictures.writing import depth_for, write_image
    from texnet_core.synthesis.request import TextureRequest as Request

    for name, path in list_presets().items():
        files = _files(folder, name)
        if all(file.exists() for file in files.values()):
            continue
        artifact = read_artifact(path)
        made = synthesize(artifact, Request(width=_TEXELS, height=_TEXELS, seed=_SEED, engine="onnx", precision="f32"))
        for spec in artifact.maps:
            depth = depth_for(files[spec.name], spec.depth) or 8
            write_image(files[spec.name], quantize(made[spec.name], depth), spec.color_space)


def _files(folder: Path, preset: str) -> dict[str, Path]:
    """Map name -> file."""
    specs = read_header(list_presets()[preset]).maps
    return {spec.name: folder / f"{_key(preset)}_{spec.name}.png" for spec in specs}


def render(folder: Path, engine: str) -> None:
    """A picture of each thing, unless it is there."""
    _clear()
    _light_and_camera()
    _set_up(engine)
    scene: Any = bpy.context.scene
    for thing in dict.fromkeys(thing for things in _sheets().values() for thing in things):
        if thing.file(folder, engine).exists():
            continue
        shown = _sphere() if thing.shape == "sphere" else _plane()
        shown.data.materials.append(_material(thing, folder, shown))
        scene.render.filepath = str(thing.file(folder, engine))
        bpy.ops.render.render(write_still=True)
        bpy.data.objects.remove(shown)


def make_sheets(folder: Path) -> None:
    """The pictures in docs/images, as far as all that they show is rendered."""
    for name, things in _sheets().items():
        for engine in ENGINES:
            files = [thing.file(folder, engine) for thing in things]
            if files and all(file.exists() for file in files):
                labels = [thing.preset for thing in things]
                _make_sheet(files, labels, PICTURES / f"{name.format(engine.lower())}.jpg")


def _make_sheet(files: list[Path], labels: list[str], target: Path) -> None:
    """Pictures in rows, each with its name below."""
    from PIL import Image, ImageDraw

    rows = math.ceil(len(files) / _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * _SIDE, rows * (_SIDE + _LABEL)), "#202020")
    pen = ImageDraw.Draw(sheet)
    for number, (file, label) in enumerate(zip(files, labels, strict=True)):
        left, top = number % _COLUMNS * _SIDE, number // _COLUMNS * (_SIDE + _LABEL)
        picture = Image.open(file).convert("RGBA")
        sheet.paste(picture, (left, top), picture)
        pen.text((left + _SIDE // 2, top + _SIDE + _LABEL // 2), label, fill="#dddddd", anchor="mm", font_size=13)
    sheet.save(target, quality=88)


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
    lens.type, lens.ortho_scale = "ORTHO", _SEEN
    camera = bpy.data.objects.new("Camera", lens)
    camera.location = (0, -50, 0)
    camera.rotation_euler = (math.pi / 2, 0, 0)
    for thing in (key, camera):
        scene.collection.objects.link(thing)
    scene.camera = camera


def _set_up(engine: str) -> None:
    scene: Any = bpy.context.scene
    known = [item.identifier for item in scene.render.bl_rna.properties["engine"].enum_items]
    scene.render.engine = next((name for name in known if engine in name), engine)
    scene.render.resolution_x = scene.render.resolution_y = _SIDE
    scene.render.resolution_percentage = 100
    scene.render.film_transparent = True
    if engine == "CYCLES":
        scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.device = _CYCLES_SAMPLES, True, "CPU"
    else:
        scene.eevee.taa_render_samples = _EEVEE_SAMPLES


def _sphere() -> Any:
    """A sphere whose UV map has square texels along its equator, with the seam behind."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=96, ring_count=48)
    sphere: Any = bpy.context.object
    sphere.rotation_euler = (math.radians(12), 0, math.radians(-100))
    for corner in sphere.data.uv_layers.active.uv:
        corner.vector = (2 * corner.vector[0], corner.vector[1])
    for face in sphere.data.polygons:
        face.use_smooth = True
    return sphere


def _plane() -> Any:
    """A square that leans back, so that the sun grazes it."""
    bpy.ops.mesh.primitive_plane_add(size=_EXTENT)
    plane: Any = bpy.context.object
    plane.rotation_euler = (math.radians(60), 0, 0)
    return plane


def _material(thing: _Thing, folder: Path, target: Any) -> Any:
    request = TextureRequest(thing.preset, _TEXELS, _TEXELS, _SEED)
    files = _files(folder, thing.preset)
    wanted = ["albedo"] if thing.is_bare else list(files)
    loaded = {name: _image(files[name], request, name) for name in wanted}
    width = _EXTENT * _TEXELS / read_header(list_presets()[thing.preset]).texels_per_exemplar
    material = creation.new_material(thing.preset)
    if thing.is_bare:
        nodes.wire(material, loaded)
        nodes.set_mapping_scale(material, surface.mapping_scale(target, width, 1.0))
    else:
        creation.apply(material, loaded, request, target, width)
    return material


def _image(file: Path, request: TextureRequest, map_name: str) -> Any:
    image = bpy.data.images.load(str(file), check_existing=True)
    if map_name != "albedo":
        image.colorspace_settings.is_data = True
    images.set_record(image, request, map_name, request.name, leads=map_name == "albedo")
    return image


if __name__ == "__main__":
    main()
