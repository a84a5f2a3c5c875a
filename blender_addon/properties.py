"""What the panel remembers with the scene."""

from typing import Any

import bpy

from texnet_core.settings import MIN_SIZE
from texnet_core.synthesis.extent import usual_covers

from . import instant, library, preview, surface
from .choice_properties import TexnetChoiceSettings
from .fields import (
    choice,
    content_property,
    core_number,
    count_property,
    covers_property,
    depth_property,
    derive_property,
    descriptor_property,
    destination_property,
    detail_property,
    flatten_property,
    generator_name_property,
    generator_size_property,
    learn_from_property,
    learns_property,
    minutes_property,
    path_property,
    quality_property,
    real_width_property,
    set_mapping_property,
    start_from_property,
    training_size_property,
)
from .gallery import enum_of, gallery_of, listed, parts
from .instant_methods import FIRST_METHOD
from .map_properties import TexnetMapChoice
from .preferences import preferences, save_later
from .registration import registration
from .request import CHOICE, MAX_INT, TextureRequest, first_preset, options_of, rounded
from .style_properties import TexnetStyleSettings

_SIDES = (512, 1024, 2048, 4096, 8192)

_PREVIEWS = (
    ("SPHERE", "Sphere", "All maps on a sphere, under light"),
    ("PLANE", "Plane", "All maps on a plane, under light that shows relief"),
    ("CORNER", "Corner", "The upper left corner of the texture, texel by texel"),
    ("WHOLE", "Tile", "All of the texture, made smaller; a large one takes some seconds"),
)

source_items = gallery_of(library.list_sources, "source_name")[0]
_shown_items, _chosen_number, _choose_number = gallery_of(
    lambda also: listed(preferences().gallery_part, also), "source_name"
)
_part_items, _part_number, _choose_part = enum_of(lambda settings: parts(), "gallery_part_name")
_method_items, _method_number, _choose_method = enum_of(
    lambda settings: instant.methods(also=settings.method_name), "method_name"
)

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


def _shown_covers(settings: Any) -> float:
    meters = settings.covered or settings.stated_covers
    return surface.scene_units(meters, settings.id_data)


def _state_covers(settings: Any, value: float) -> None:
    settings.stated_covers = value / surface.scene_units(1.0, settings.id_data)


def _history_index(settings: Any) -> int:
    return int(bpy.data.images.find(settings.history_image))


def _choose_in_history(settings: Any, index: int) -> None:
    settings.history_image = bpy.data.images[index].name if 0 <= index < len(bpy.data.images) else ""


def _follow_live(settings: Any, context: Any) -> None:
    settings.follow_live()


def _begin_source(settings: Any, context: Any) -> None:
    settings.file_choice.forget_unknown()
    settings.follow_live()


class TexnetSceneSettings(bpy.types.PropertyGroup):
    """The panel's fields."""

    # The name is what is saved: a number would mean another generator once the library has grown.
    source_name: bpy.props.StringProperty(
        name="Source",
        description="Preset name or file path of the generator",
        default=first_preset(),
        update=_begin_source,
    )
    source: bpy.props.EnumProperty(
        name="Generator",
        description="Preset or generator from your library",
        items=_shown_items,
        get=_chosen_number,
        set=_choose_number,
    )
    # Kept in the preferences: it is the same for all files.
    gallery_part: bpy.props.EnumProperty(
        name="Gallery",
        description="Which generators the gallery shows",
        items=_part_items,
        get=_part_number,
        set=_choose_part,
    )
    file_choice: bpy.props.PointerProperty(
        type=TexnetChoiceSettings, name="Textures of the File", description="Fields for files of several textures"
    )
    map_choice: bpy.props.PointerProperty(
        type=TexnetMapChoice, name="Maps", description="Which of the maps that the generator makes are wanted"
    )
    side: choice(
        (
            *((str(side), str(side), f"{side} x {side} texels") for side in _SIDES),
            ("CUSTOM", "Custom", "Choose any width and height"),
        ),
        "Resolution",
        "Width and height of the texture in texels; with Covers, it decides only how sharp the texture is",
        "2048",
    )
    width: core_number("width", subtype="PIXEL", update=lambda self, context: _follow(self, "width"))
    height: core_number("height", subtype="PIXEL", update=lambda self, context: _follow(self, "height"))
    link_sides: bpy.props.BoolProperty(
        name="Keep Aspect Ratio", description="Change width and height in proportion", update=_remember_aspect
    )
    aspect: bpy.props.FloatProperty(
        name="Aspect Ratio", description="Width divided by height while both change in proportion", default=1.0
    )
    seed: core_number("seed", update=_follow_live)
    preview_shows: choice(_PREVIEWS, "Live Preview", "What the live preview shows")
    first_seed: bpy.props.IntProperty(
        name="First Seed", description="Seed of the first picture in the grid of seeds", default=0, min=0, max=MAX_INT
    )
    count: count_property()
    tile_x: bpy.props.BoolProperty(name="X", description="Repeat horizontally without a seam", default=True)
    tile_y: bpy.props.BoolProperty(name="Y", description="Repeat vertically without a seam", default=True)
    scale: core_number("scale", "Feature Scale", subtype="FACTOR", update=_follow_live)
    use_covers: bpy.props.BoolProperty(
        name="Use Covers",
        description="Give features their real size: the texture shows so much surface, whatever its resolution",
        default=True,
        update=_follow_live,
    )
    stated_covers: bpy.props.FloatProperty(
        name="Stated Covers",
        description="Meters that the texture covers; 0 takes a round number that suits the generator",
        min=0.0,
        update=_follow_live,
    )
    covers: covers_property(get=_shown_covers, set=_state_covers, soft_max=100.0, unit="LENGTH")
    covers_is_usual: bpy.props.BoolProperty(
        name="Automatic Width",
        description="Cover as much as suits the generator's detail at 2048 texels",
        get=lambda self: not self.stated_covers,
        set=lambda self, value: setattr(self, "stated_covers", 0.0 if value else self.covered),
    )
    set_mapping: set_mapping_property()
    depth: depth_property()
    destination: destination_property()
    # By name, since places among the images change with every new one.
    history_image: bpy.props.StringProperty(
        name="History Image", description="Name of the texture selected in the history"
    )
    history_index: bpy.props.IntProperty(
        name="History Index",
        description="Position of the selected texture among the images of the file",
        get=_history_index,
        set=_choose_in_history,
    )
    exemplar: bpy.props.PointerProperty(
        type=bpy.types.Image, name="Exemplar", description="Image of a surface to learn from"
    )
    learn_from: learn_from_property()
    exemplar_path: path_property(
        "Folder or Zip", "Folder or .zip with the maps of a material, whose names say which map they are"
    )
    mask: bpy.props.PointerProperty(
        type=bpy.types.Image,
        name="Mask",
        description="Image of the exemplar's size that is white where it takes part; what is transparent never does",
    )
    generator_name: generator_name_property()
    quality: quality_property()
    minutes: minutes_property(default=20.0)
    start_from: start_from_property()
    train_size: training_size_property()
    detail: detail_property()
    generator: generator_size_property()
    flatten: flatten_property()
    derive: derive_property()
    picture_width: real_width_property(soft_max=100.0, unit="LENGTH")
    learns: learns_property()
    method_name: bpy.props.StringProperty(
        name="Method Name", description="Method, or file path of a network", default=FIRST_METHOD
    )
    method: bpy.props.EnumProperty(
        name="Method",
        description="How a generator is made of the image at once",
        items=_method_items,
        get=_method_number,
        set=_choose_method,
    )
    content: content_property()
    descriptor: descriptor_property()
    stylize: bpy.props.PointerProperty(
        type=TexnetStyleSettings, name="Stylize", description="Fields of the section Stylize"
    )

    @property
    def gallery_part_name(self) -> str:
        """The part of the gallery that is shown."""
        return str(preferences().gallery_part)

    @gallery_part_name.setter
    def gallery_part_name(self, name: str) -> None:
        preferences().gallery_part = name
        save_later()

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in texels."""
        return (self.width, self.height) if self.side == "CUSTOM" else (int(self.side), int(self.side))

    @property
    def tile(self) -> str:
        return ("x" if self.tile_x else "") + ("y" if self.tile_y else "") or "none"

    @property
    def covered(self) -> float:
        """Meters that the texture is to cover, 0 where Feature Scale alone decides."""
        if not self.use_covers:
            return 0.0
        card = None if self.stated_covers else library.card_named(self.source_path)
        return usual_covers(card) if card is not None else rounded(self.stated_covers)

    @property
    def real_width(self) -> float:
        """Meters that the exemplar's width shows, 0 where nobody said it."""
        return rounded(self.picture_width / surface.scene_units(1.0, self.id_data))

    @property
    def start(self) -> str:
        """What a training begins with, as the core says it; "" where the core decides."""
        known = {"DEFAULT": "", "SELECTED": self.source_path}
        chosen = str(self.start_from)
        return known.get(chosen, chosen.lower())

    @property
    def source_path(self) -> str:
        """The source, wherever it lies."""
        return str(bpy.path.abspath(self.source_name))

    def choose(self, name: str, kind: library.Kind) -> None:
        """Select a file where its kind is chosen."""
        if kind == "STYLE":
            self.stylize.style_name = name
        elif kind == "NETWORK":
            self.method_name = name
        else:
            self.source_name = name

    def follow_live(self) -> None:
        """Ask for the preview at once: the next time that the panel is drawn may be far."""
        preview.want(self.request(None), self.preview_shows)

    def request(self, target: Any) -> TextureRequest:
        """What the panel asks for; UDIM tiles are those of the target."""
        width, height = self.size
        card = library.card_named(self.source_path)
        return TextureRequest(
            source=self.source_path,
            width=width,
            height=height,
            seed=self.seed,
            tile=self.tile,  # type: ignore[arg-type]
            scale=rounded(self.scale),
            covers=self.covered,
            depth=int(self.depth),  # type: ignore[arg-type]
            udim=surface.udim_grid(target) if self.destination == "UDIM" else None,
            **self.map_choice.options(card),
            **self.file_choice.options(),
        )

    def options(self) -> dict[str, Any]:
        """The panel's fields as properties of the operator that generates."""
        own = {"count": self.count, "destination": self.destination, "set_mapping": self.set_mapping}
        return options_of(self.request(None)) | own

    def instant_options(self) -> dict[str, Any]:
        """The panel's fields as properties of the operator that makes a texture of an image at once."""
        found = {"image": self.exemplar, "mask": self.mask}
        names = {key: image.name if image is not None else "" for key, image in found.items()}
        usual = self.use_covers and not self.stated_covers
        own = {"method": self.method, "real_width": self.real_width, "covers_usual": usual, "source": ""}
        # of the file that is chosen, and of no other
        own |= dict.fromkeys((*CHOICE, "maps"), "") | {"material": False}
        return self.options() | names | own | ({"covers": 0.0} if usual else {})

    def take_over(self, request: TextureRequest, destination: str = "", world_size: float = 0.0) -> None:
        """Set the fields to those of a request.

        Args:
            request: what to take.
            destination: what the texture was for; "" where that is not known.
            world_size: scene units that it was to span there, 0 where the mapping was left alone.
        """
        self.destination = destination or self.destination
        if request.covers and destination in ("NEW_MATERIAL", "ACTIVE_MATERIAL"):
            self.set_mapping = world_size > 0
        self.source_name = request.source
        self.file_choice.take_over(request)
        self.map_choice.take_over(request)
        is_listed = request.width == request.height and request.width in _SIDES
        self.side = str(request.width) if is_listed else "CUSTOM"
        self.link_sides = False
        self.width, self.height, self.seed = request.width, request.height, request.seed
        self.tile_x, self.tile_y = "x" in request.tile, "y" in request.tile
        self.scale, self.depth = request.scale, str(request.depth)
        self.use_covers, self.stated_covers = bool(request.covers), 0.0
        if request.covers != self.covered:
            self.stated_covers = request.covers


register, unregister = registration(TexnetSceneSettings, pointers={(bpy.types.Scene, "texnet"): TexnetSceneSettings})
