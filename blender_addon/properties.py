"""What the panel remembers with the scene. Ranges and defaults come from the core's settings."""

from dataclasses import fields
from typing import Any

import bpy

from texnet_core.mapset import ALBEDO
from texnet_core.model.design import Design
from texnet_core.model.graph import parameter_count
from texnet_core.settings import (
    DEFAULT_GENERATOR_SIZE,
    GENERATOR_SIZES,
    MIN_SIZE,
    SynthesisSettings,
    TrainSettings,
)

from . import library, preview, surface
from .request import MAX_INT, TextureRequest, first_preset

_SIDES = (512, 1024, 2048, 4096, 8192)

DESTINATIONS = (
    ("NEW_MATERIAL", "New Material", "A material of its own for the active object"),
    ("ACTIVE_MATERIAL", "Active Material", "Wired into the active material of the active object"),
    ("REPLACE", "Active Image Node", "Replace the image in the active Image Texture node"),
    ("IMAGE", "Image Only", "An image, without a material"),
    ("UDIM", "UDIM Tiles", "As many joining tiles as the UV map of the active object reaches into"),
)
DEPTHS = (
    ("8", "8-bit", "256 steps a channel; smaller files"),
    ("16", "Float", "16 bits a channel in the file, floats in memory"),
)
TILINGS = (
    ("xy", "Both", "Repeats along both axes"),
    ("x", "X", "Repeats sideways only"),
    ("y", "Y", "Repeats upwards only"),
    ("none", "None", "Does not repeat"),
)


def core_number(name: str, label: str = "", kind: Any = SynthesisSettings, **options: Any) -> Any:
    """An Int- or FloatProperty for a field of a core's settings class."""
    field: Any = next(field for field in fields(kind) if field.name == name)
    whole = isinstance(field.default, int)
    text = str(field.metadata["help"])
    make: Any = bpy.props.IntProperty if whole else bpy.props.FloatProperty
    return make(
        name=label or name.capitalize(),
        description=text[0].upper() + text[1:],
        default=options.pop("default", field.default),
        min=field.metadata["low"],
        max=min(field.metadata["high"], MAX_INT) if whole else field.metadata["high"],
        **options,
    )


def core_flag(name: str, label: str, kind: Any) -> Any:
    """A BoolProperty for a field of a core's settings class."""
    field: Any = next(field for field in fields(kind) if field.name == name)
    text = str(field.metadata["help"])
    return bpy.props.BoolProperty(name=label, description=text[0].upper() + text[1:], default=field.default)


def generator_property() -> Any:
    """The sizes of a generator, each with what it costs."""
    graphs = {name: Design(settings, ALBEDO.channels).graph for name, settings in GENERATOR_SIZES.items()}
    least = graphs[DEFAULT_GENERATOR_SIZE].flops_per_texel
    items = []
    for name, graph in graphs.items():
        work = graph.flops_per_texel / least
        cost = f"{parameter_count(graph) / 1000:.0f} thousand parameters, {work:.1f} times the work"
        items.append((name, name.capitalize(), f"{cost} of the smallest for a texture"))
    text = "How much the generator can hold; a larger one takes longer to train and to use"
    return choice(tuple(items), "Detail", text, DEFAULT_GENERATOR_SIZE)


def choice(items: Any, name: str, description: str, default: str | None = None) -> Any:
    return bpy.props.EnumProperty(name=name, description=description, items=items, default=default or items[0][0])


def count_property() -> Any:
    return bpy.props.IntProperty(
        name="Variations", description="How many textures, with this seed and the next ones", default=1, min=1, max=1000
    )


def world_size_property(default: float) -> Any:
    return bpy.props.FloatProperty(
        name="Width",
        description="Width of the texture on the surface; the material's Mapping node is set by it. 0: left alone",
        default=default,
        min=0.0,
        soft_max=100.0,
        unit="LENGTH",
    )


_items: list[tuple[str, str, str, int, int]] = []
_texts: dict[str, str] = {}


def source_items(self: Any, context: Any) -> list[tuple[str, str, str, int, int]]:
    """The generators for a dynamic enum; each has the place in the list as its number."""
    # with the one in use, be it a file elsewhere: what is used must be what is shown
    sources = library.list_sources(also=getattr(self, "source_name", ""))
    _items[:] = [
        (_kept(source.name), _kept(source.title), _kept(_description(source)), library.icon_of(source), number)
        for number, source in enumerate(sources)
    ]
    return _items


def _description(source: library.Source) -> str:
    card = library.card_of(source)
    author = f"after an exemplar by {card.provenance.author}" if card and card.provenance.author else str(source.file)
    return f"{source.title}, {author}"


def _kept(text: str) -> str:
    """The text itself, kept for ever: Blender holds on to the strings of a dynamic enum without owning them."""
    return _texts.setdefault(text, text)


def _chosen_number(settings: Any) -> int:
    names = [item[0] for item in source_items(settings, None)]
    return names.index(settings.source_name) if settings.source_name in names else 0


def _choose_number(settings: Any, number: int) -> None:
    settings.source_name = _items[number][0]


_is_following = False  # one side follows the other, not the other way round as well


def _follow(settings: Any, changed: str) -> None:
    """Let the other side follow where both are linked."""
    global _is_following
    if _is_following or not settings.link_sides:
        return
    _is_following = True
    try:
        if changed == "width":
            settings.height = max(MIN_SIZE, round(settings.width / settings.aspect))
        else:
            settings.width = max(MIN_SIZE, round(settings.height * settings.aspect))
    finally:
        _is_following = False


def _remember_aspect(settings: Any, context: Any) -> None:
    settings.aspect = settings.width / settings.height


def _history_index(settings: Any) -> int:
    return int(bpy.data.images.find(settings.history_image))


def _choose_in_history(settings: Any, index: int) -> None:
    settings.history_image = bpy.data.images[index].name if 0 <= index < len(bpy.data.images) else ""


def _follow_live(settings: Any, context: Any) -> None:
    """Ask for the preview at once: the next time that the panel is drawn may be far."""
    preview.want(settings.request(None))


class TexnetSceneSettings(bpy.types.PropertyGroup):
    """The panel's fields."""

    # The name is what is saved: a number would mean another generator once the library has grown.
    source_name: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Source", description="Generator: a preset's name or a file", default=first_preset(), update=_follow_live
    )
    source: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Source",
        description="Generator: a preset or a file of your library",
        items=source_items,
        get=_chosen_number,
        set=_choose_number,
    )
    side: choice(  # type: ignore[valid-type]
        (*((str(side), str(side), f"{side} x {side} texels") for side in _SIDES), ("CUSTOM", "Custom", "Any size")),
        "Size",
        "Size of the texture in texels",
        "2048",
    )
    width: core_number("width", subtype="PIXEL", update=lambda self, context: _follow(self, "width"))  # type: ignore[valid-type]
    height: core_number("height", subtype="PIXEL", update=lambda self, context: _follow(self, "height"))  # type: ignore[valid-type]
    link_sides: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Link", description="Change both sides in proportion", update=_remember_aspect
    )
    aspect: bpy.props.FloatProperty(name="Aspect", description="Width over height, while linked", default=1.0)  # type: ignore[valid-type]
    seed: core_number("seed", update=_follow_live)  # type: ignore[valid-type]
    count: count_property()  # type: ignore[valid-type]
    tile_x: bpy.props.BoolProperty(name="X", description="Repeat sideways without a seam", default=True)  # type: ignore[valid-type]
    tile_y: bpy.props.BoolProperty(name="Y", description="Repeat upwards without a seam", default=True)  # type: ignore[valid-type]
    scale: core_number("scale", "Feature Scale", subtype="FACTOR", update=_follow_live)  # type: ignore[valid-type]
    use_world_size: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Real-World Size", description="Set the material's Mapping node by a size in scene units"
    )
    world_size: world_size_property(1.0)  # type: ignore[valid-type]
    depth: choice(DEPTHS, "Depth", "Numbers in the image")  # type: ignore[valid-type]
    destination: choice(DESTINATIONS, "Result", "Where the texture goes")  # type: ignore[valid-type]
    # By name, since places among the images change with every new one.
    history_image: bpy.props.StringProperty(name="Image", description="Texture chosen in the history")  # type: ignore[valid-type]
    history_index: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Texture", description="Place of that image", get=_history_index, set=_choose_in_history
    )
    exemplar: bpy.props.PointerProperty(  # type: ignore[valid-type]
        type=bpy.types.Image, name="Image", description="Picture of a surface to learn from"
    )
    generator_name: bpy.props.StringProperty(name="Name", description="Name of the new generator in the library")  # type: ignore[valid-type]
    minutes: core_number("minutes", "Minutes", TrainSettings, default=20.0)  # type: ignore[valid-type]
    train_size: core_number("size", "Size", TrainSettings, subtype="PIXEL")  # type: ignore[valid-type]
    generator: generator_property()  # type: ignore[valid-type]
    flatten: core_flag("flatten", "Even Lighting", TrainSettings)  # type: ignore[valid-type]

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in texels."""
        return (self.width, self.height) if self.side == "CUSTOM" else (int(self.side), int(self.side))

    @property
    def tile(self) -> str:
        return ("x" if self.tile_x else "") + ("y" if self.tile_y else "") or "none"

    @property
    def world_width(self) -> float:
        """Scene units that the texture spans, 0 where the mapping is left alone."""
        return float(self.world_size) if self.use_world_size else 0.0

    def request(self, target: Any) -> TextureRequest:
        """What the panel asks for; UDIM tiles are those of the target."""
        width, height = self.size
        return TextureRequest(
            source=bpy.path.abspath(self.source_name) if self.source_name.startswith("//") else self.source_name,
            width=width,
            height=height,
            seed=self.seed,
            tile=self.tile,  # type: ignore[arg-type]
            scale=round(self.scale, 4),
            depth=self.depth,
            udim=surface.udim_grid(target) if self.destination == "UDIM" else None,
        )

    def take_over(self, request: TextureRequest) -> None:
        """Set the fields to those of a request."""
        self.source_name = request.source
        is_listed = request.width == request.height and request.width in _SIDES
        self.side = str(request.width) if is_listed else "CUSTOM"
        self.link_sides = False
        self.width, self.height, self.seed = request.width, request.height, request.seed
        self.tile_x, self.tile_y = "x" in request.tile, "y" in request.tile
        self.scale, self.depth = request.scale, request.depth


def register() -> None:
    bpy.utils.register_class(TexnetSceneSettings)
    scene_type: Any = bpy.types.Scene
    scene_type.texnet = bpy.props.PointerProperty(type=TexnetSceneSettings)


def unregister() -> None:
    scene_type: Any = bpy.types.Scene
    del scene_type.texnet
    bpy.utils.unregister_class(TexnetSceneSettings)
