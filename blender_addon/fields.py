"""Blender properties that several classes have, each described once. Ranges and defaults are the core's settings."""

from dataclasses import fields
from typing import Any, Literal

import bpy

from texnet_core.mapset import ALBEDO
from texnet_core.model.design import Design
from texnet_core.model.families.pyramid import DEFAULT_GENERATOR_SIZE, GENERATOR_SIZES
from texnet_core.model.graph import parameter_count
from texnet_core.model.look import Look
from texnet_core.settings import TrainSettings
from texnet_core.start_settings import QUALITIES

from .request import MAX_INT, StylizeRequest, TextureRequest
from .wording import sentence

_DESTINATIONS = (
    ("NEW_MATERIAL", "New Material", "Create a material for the active object"),
    ("ACTIVE_MATERIAL", "Active Material", "Connect the texture to the active material of the active object"),
    ("REPLACE", "Active Image Node", "Replace the image in the active Image Texture node"),
    ("IMAGE", "Image Only", "Create an image without a material"),
    ("UDIM", "UDIM Tiles", "Create tiles that join without a seam, as many as the UV map of the active object covers"),
)
DESTINATIONS = tuple(item[0] for item in _DESTINATIONS)
_WORDS = {"ao": "AO"}
_DEPTHS = (
    ("8", "8-Bit", "256 steps of brightness per channel; smaller files"),
    ("16", "16-Bit", "65536 steps of brightness per channel, for displacement and strong grading; larger files"),
)
_TILINGS = (
    ("xy", "X and Y", "Repeat along both axes"),
    ("x", "X", "Repeat horizontally only"),
    ("y", "Y", "Repeat vertically only"),
    ("none", "None", "Do not repeat"),
)
_DESCRIPTORS = (
    ("auto", "Automatic", "VGG-19 where its weights are on this computer, else the light network"),
    ("vgg19", "VGG-19", "A large network that knows photographs; its weights (548 MB) are downloaded once"),
    ("light", "Light", "A small network that VGG-19 has taught; it comes with the add-on and takes less time"),
    ("patches", "Patches", "Small patches of the image itself, for images that are too small for networks"),
)
_WRAPS = (
    ("auto", "Automatic", "Repeat along the axes on which the edges of the image fit each other"),
    *_TILINGS,
)
_GOALS = (
    ("NODE", "Active Image Node", "The image in the active Image Texture node, which then shows the result"),
    ("EDITOR", "Image Editor", "The image in the Image Editor, which then shows the result"),
    (
        "OBJECTS",
        "Selected Objects",
        "The images behind the Base Color of all selected objects, which all get the same colors",
    ),
    ("RENDER", "Render Result", "The rendered picture as it is shown; the result opens in the Image Editor"),
)

_QUALITIES = (
    (
        "STANDARD",
        "Standard",
        f"{TrainSettings.steps} steps, 4 to 9 minutes on two cores; natural surfaces need no more",
    ),
    (
        "QUICK",
        "Quick",
        f"{QUALITIES['quick']['steps']} steps from parameters that fit the image, one to two minutes on two cores; "
        "shows whether an image will do, with rougher detail",
    ),
    (
        "BEST",
        "Best",
        f"{QUALITIES['best']['steps']} steps, 9 to 20 minutes on two cores; for tiles, bricks and large structures",
    ),
    ("CUSTOM", "Custom", "So many minutes, from parameters of your choice"),
)
_STARTS = (
    ("DEFAULT", "Default", "What trainings begin with where nothing is said"),
    ("AUTO", "Best Fit", "Parameters that fit best of what ships: those of From Image, Now, else the nearest preset's"),
    ("INSTANT", "From Image, Now", "Parameters of what From Image, Now generates of the image, of the default detail"),
    ("COLD", "Random", "Random parameters"),
    ("SELECTED", "Selected Generator", "Parameters of the generator that is selected at the top, of the same detail"),
)


_DETAILS = (
    ("auto", "Automatic", "All detail that the image has, up to 1024 texels of its short side"),
    ("256", "256", "Detail up to 256 texels of the image's short side: quickest to train, soft from near"),
    ("512", "512", "Detail up to 512 texels of the image's short side"),
    ("1024", "1024", "Detail up to 1024 texels of the image's short side"),
    ("full", "Full", "All detail that the image has; each doubling beyond 512 takes half as long again"),
)


def path_property(name: str, description: str, subtype: Literal["FILE_PATH", "DIR_PATH"] = "FILE_PATH") -> Any:
    """A StringProperty for a path, which may start with //, next to the .blend: since 4.5, properties must say so."""
    options: Any = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()
    return bpy.props.StringProperty(name=name, description=description, subtype=subtype, options=options)


def choice(items: Any, name: str, description: str, default: str | None = None) -> Any:
    return bpy.props.EnumProperty(name=name, description=description, items=items, default=default or items[0][0])


def core_number(name: str, label: str = "", kind: Any = TextureRequest, **options: Any) -> Any:
    """An Int- or FloatProperty for a field of a core's settings class."""
    field = _field(kind, name)
    whole = isinstance(field.default, int)
    make: Any = bpy.props.IntProperty if whole else bpy.props.FloatProperty
    return make(
        name=label or name.capitalize(),
        description=sentence(field.metadata["help"]),
        default=options.pop("default", field.default),
        min=field.metadata["low"],
        max=min(field.metadata["high"], MAX_INT) if whole else field.metadata["high"],
        **options,
    )


def count_property() -> Any:
    return bpy.props.IntProperty(
        name="Variations",
        description="Number of textures to generate, with this seed and the ones that follow",
        default=1,
        min=1,
        max=1000,
    )


def depth_property() -> Any:
    return choice(_DEPTHS, "Bit Depth", "Bits per channel of the image")


def destination_property(default: str | None = None) -> Any:
    return choice(_DESTINATIONS, "Destination", "Where to put the texture", default)


def tiling_property() -> Any:
    return choice(_TILINGS, "Tiling", sentence(_field(TextureRequest, "tile").metadata["help"]))


def world_size_property(default: float) -> Any:
    return bpy.props.FloatProperty(
        name="Real-World Width",
        description="Width of the texture on the surface, which sets the scale of the Mapping node; 0 leaves it alone",
        default=default,
        min=0.0,
        soft_max=100.0,
        unit="LENGTH",
    )


def covers_property(**options: Any) -> Any:
    return bpy.props.FloatProperty(
        name="Covers",
        description="Width of surface that the texture shows, whatever its resolution; scripts give it in meters, "
        "and 0 leaves the size of the features to Feature Scale",
        **options,
    )


def set_mapping_property() -> Any:
    return bpy.props.BoolProperty(
        name="Size on Surface",
        description="Scale the mapping of the material so that the texture has the width that it covers on the object",
        default=True,
    )


def style_number(name: str, label: str, **options: Any) -> Any:
    """A number of a picture in a style."""
    return core_number(name, label, StylizeRequest, **options)


def wrap_property() -> Any:
    return choice(_WRAPS, "Tiling", "Axes along which the image repeats, and the result with it")


def goal_property() -> Any:
    return choice(_GOALS, "Target", "What to paint")


def from_original_property() -> Any:
    return bpy.props.BoolProperty(
        name="From Original",
        description="Where a picture in a style is shown already, paint the image that it was painted from, so that "
        "settings can be tried one after the other; off, strokes come upon strokes",
        default=True,
    )


def keep_colors_property() -> Any:
    text = sentence(_field(StylizeRequest, "keep_colors").metadata["help"])
    return bpy.props.BoolProperty(name="Keep Colors", description=text)


def look_property(name: str, kind: Any = Look) -> Any:
    """A value of the look, for an operator: not remembered, and left to the generator where nobody sets it."""
    once: Any = {"SKIP_SAVE", "HIDDEN"}
    if isinstance(_field(kind, name).default, bool):
        return core_switch(name, kind, options=once)
    return core_number(name, kind=kind, options=once)


def core_switch(name: str, kind: Any, **options: Any) -> Any:
    """A BoolProperty for a field of a settings class."""
    field = _field(kind, name)
    label = " ".join(_WORDS.get(word, word.capitalize()) for word in name.split("_"))
    return bpy.props.BoolProperty(
        name=label, description=sentence(field.metadata["help"]), default=field.default, **options
    )


def maps_property() -> Any:
    return bpy.props.StringProperty(
        name="Maps", description="Names of the maps to make, such as albedo,normal; empty for all that there are"
    )


def roughness_property() -> Any:
    low, high = _field(Look, "roughness_dark"), _field(Look, "roughness_bright")
    return bpy.props.FloatVectorProperty(
        name="Roughness",
        description="Roughness of the darkest and of the brightest places",
        default=(low.default, high.default),
        size=2,
        min=low.metadata["low"],
        max=low.metadata["high"],
        options={"SKIP_SAVE", "HIDDEN"},
    )


def own_source_property() -> Any:
    return bpy.props.StringProperty(
        name="Source", description="File in your library; leave empty to use the generator selected in the panel"
    )


def generator_name_property() -> Any:
    return bpy.props.StringProperty(
        name="Name", description="Name of the new generator in your library; leave empty to use the name of the image"
    )


def minutes_property(**options: Any) -> Any:
    return core_number("minutes", "Minutes", TrainSettings, **options)


def quality_property(default: str | None = None) -> Any:
    return choice(_QUALITIES, "Quality", "How long to train, and from which parameters", default)


def start_from_property() -> Any:
    return choice(_STARTS, "Start From", "Parameters to begin with; trained ones need fewer steps")


def training_size_property() -> Any:
    return core_number("size", "Sample Size", TrainSettings, subtype="PIXEL")


def detail_property() -> Any:
    return choice(_DETAILS, "Detail", "Up to which resolution of the image its detail is learned")


def real_width_property(**options: Any) -> Any:
    return bpy.props.FloatProperty(
        name="Picture Width",
        description="Width of surface that the image shows, which gives textures their real size; scripts give it in "
        "meters, and 0 leaves it unknown",
        default=0.0,
        min=0.0,
        **options,
    )


def flatten_property() -> Any:
    field = _field(TrainSettings, "flatten")
    text = sentence(field.metadata["help"])
    return bpy.props.BoolProperty(name="Even Out Lighting", description=text, default=field.default)


def derive_property() -> Any:
    return bpy.props.BoolProperty(
        name="Derive Maps",
        description="Guess normals, roughness, height and ambient occlusion of the image, and learn them with its "
        "colors; they are marked as derived",
    )


def learns_property() -> Any:
    return choice(
        (
            ("TEXTURE", "Texture", "A generator that makes textures of this surface"),
            ("STYLE", "Style", "A style that paints other pictures as this one is painted"),
        ),
        "Learn",
        "What to learn from the image",
    )


def learn_from_property() -> Any:
    return choice(
        (
            ("IMAGE", "Image", "An image of a surface, of which colors are learned"),
            (
                "MATERIAL",
                "Material",
                "All maps of the active material: what is behind its color, normal and so on",
            ),
            ("FOLDER", "Folder", "A folder or .zip with the maps of a material, as libraries of materials serve them"),
        ),
        "Learn From",
        "What to learn from",
    )


def content_property() -> Any:
    return path_property(
        "Pictures to Paint",
        "Folder of pictures that a style paints while it is trained, such as photographs or the maps of a scene; leave "
        "empty to use drawn ones",
        "DIR_PATH",
    )


def generator_size_property() -> Any:
    """The sizes of a generator, each with what it costs."""
    graphs = {name: Design(settings, ALBEDO.channels).graph for name, settings in GENERATOR_SIZES.items()}
    least = graphs[DEFAULT_GENERATOR_SIZE].flops_per_texel
    items = []
    for name, graph in graphs.items():
        work = f"{graph.flops_per_texel / least:.1f} times the computation of the smallest"
        items.append((name, name.capitalize(), f"{parameter_count(graph) / 1000:.0f} thousand parameters, {work}"))
    text = "How much of a surface the generator can hold; a larger one takes longer to train and to use"
    return choice(tuple(items), "Generator Size", text, DEFAULT_GENERATOR_SIZE)


def descriptor_property() -> Any:
    return choice(_DESCRIPTORS, "Compare By", "What compares samples with the image while a generator is trained")


def _field(kind: Any, name: str) -> Any:
    return next(field for field in fields(kind) if field.name == name)
