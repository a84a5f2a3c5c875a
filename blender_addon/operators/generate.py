"""The operator `texnet.generate`: synchronous from scripts and in background, modal from the interface."""

from typing import Any

import bpy

from texnet_core.errors import Cancelled
from texnet_core.synthesis.choice import first_note

from .. import creation, favorites, history, library, masks, reuse, reveal, session, slots, surface
from ..fields import (
    core_number,
    count_property,
    covers_property,
    depth_property,
    destination_property,
    look_property,
    maps_property,
    roughness_property,
    set_mapping_property,
    tiling_property,
    world_size_property,
)
from ..map_properties import maps_as_images_property
from ..registration import registration
from ..request import (
    LOOK_OPTIONS,
    OPTIONS,
    SetLook,
    TextureRequest,
    check_look,
    first_preset,
    options_of,
    rounded,
    told_look,
)
from ..rollback import all_or_nothing
from .base import CANCELLED, FINISHED, Status
from .modal import Modal


class TextureOptions:
    """The properties of operators that make textures."""

    source: bpy.props.StringProperty(
        name="Source",
        description="Name of a preset or path of a .texnet file; leave empty to use the first preset",
    )
    width: core_number("width")
    height: core_number("height")
    seed: core_number("seed")
    tile: tiling_property()
    scale: core_number("scale", "Feature Scale")
    covers: covers_property(default=0.0, min=0.0, precision=3)
    depth: depth_property()
    texture: bpy.props.StringProperty(
        name="Texture", description="Name of one of the textures of a file that holds several; empty for the first"
    )
    mix: bpy.props.StringProperty(
        name="Mix", description="Textures of a file that are mixed, with their shares, such as slate=0.3,chalk=0.7"
    )
    mix_to: bpy.props.StringProperty(
        name="Mix To", description="Texture or mix that white of the mix mask shows; black shows the one before"
    )
    mix_mask: bpy.props.StringProperty(
        name="Mix Mask", description="Name of an image that says where which of two textures or mixes is shown"
    )
    set_mapping: set_mapping_property()
    world_size: world_size_property(0.0)
    maps: maps_property()
    material: maps_as_images_property()
    bump: look_property("bump")
    roughness: roughness_property()
    metallic: look_property("metallic")
    relief: look_property("relief", SetLook)
    true_displacement: look_property("true_displacement", SetLook)
    multiply_ao: look_property("multiply_ao", SetLook)

    def look(self) -> dict[str, Any]:
        """What somebody has set of the look."""
        given: Any = self
        names = [name for name in LOOK_OPTIONS if given.properties.is_property_set(name)]
        return {name: _meant(getattr(self, name)) for name in names}

    def request(self, **changes: Any) -> TextureRequest:
        """What the properties ask for."""
        values = {name: getattr(self, name) for name in OPTIONS}
        values |= {"scale": rounded(self.scale), "covers": rounded(self.covers)}
        values["depth"] = int(self.depth)
        source = bpy.path.abspath(self.source) if self.source else first_preset()
        return TextureRequest(source=source, **values | changes)

    @property
    def mapped_width(self) -> float:
        """Scene units that the texture is to span on a surface, 0 where the mapping is left alone."""
        if self.world_size or not (self.covers and self.set_mapping):
            return float(self.world_size)
        return surface.scene_units(rounded(self.covers))


def _meant(value: Any) -> Any:
    """What was meant by a value of Blender's."""
    if isinstance(value, bool):
        return value
    return rounded(value) if isinstance(value, float) else [rounded(number) for number in value]


def set_options(properties: Any, request: TextureRequest) -> None:
    """Set the properties of a button to what a request asks for."""
    for name, value in options_of(request).items():
        setattr(properties, name, value)


class Generating(TextureOptions, Modal):
    """What operators do that make textures and put them where Destination says."""

    count: count_property()
    udim: bpy.props.IntVectorProperty(
        name="UDIM Tiles",
        description="Columns and rows of UDIM tiles; 0 makes those that the UV map covers",
        size=2,
        min=0,
    )
    destination: destination_property("ACTIVE_MATERIAL")

    _task: session.SynthesisTask
    _target: creation.Target
    _tiles: tuple[int, int] | None

    def _aim(self, context: Any) -> None:
        """Note where textures go, as it is now; raises TexnetError where there is no place."""
        target = context.view_layer.objects.active
        creation.check_target(self.destination, target)
        self._tiles = None
        if self.destination == "UDIM":
            self._tiles = tuple(self.udim) if all(self.udim) else surface.udim_grid(target)
        faces = slots.selected_faces(context.view_layer)
        look = told_look(**self.look())
        self._target = creation.target_of(self.destination, target, self.mapped_width, look, faces)

    def _requests(self) -> list[TextureRequest]:
        """All textures that are wanted; raises TexnetError before anything is begun."""
        requests = self.request(udim=self._tiles).variations(self.count)
        for request in (requests[0], requests[-1]):
            request.file()
        masks.kept(requests[0].mix_mask)
        creation.check_packable(requests[0])
        check_look(self._target.look, requests[0])
        return requests

    def run(self, context: Any) -> Status:
        session.clear_problem()
        self._aim(context)
        return self._make_all()

    def _make_all(self) -> Status:
        requests = self._requests()
        try:
            with all_or_nothing(*creation.changed_by(self._target)):
                for number, request in enumerate(requests):
                    self._make(request, number)
        except Cancelled:
            return CANCELLED
        return FINISHED

    def _make(self, request: TextureRequest, number: int) -> None:
        task = reuse.task_for(request)
        with session.finished(task):
            self._place(task, number)

    def begin(self, context: Any, event: Any) -> Status:
        self._aim(context)
        requests = self._requests()
        session.clear_problem()
        return self._watch(context, self._first(requests))

    def _first(self, requests: list[TextureRequest]) -> session.SynthesisTask:
        """Begin with the first of all."""
        self._waiting, self._made = requests, 0
        return self._next()

    def _next(self) -> session.SynthesisTask:
        task = reuse.task_for(self._waiting.pop(0))
        session.start(task)
        return task

    def _take_in(self, context: Any) -> Status:
        self._place(self._task, self._made)
        self._made += 1
        if not self._waiting:
            return FINISHED
        bpy.ops.ed.undo_push(message=self.bl_label)  # type: ignore[attr-defined]
        session.end(self._task)
        self._task = self._next()
        return {"PASS_THROUGH"}

    def _place(self, task: session.SynthesisTask, number: int) -> None:
        """Take in one of the variations; the first is shown."""
        result = task.job.result
        assert result is not None
        target = self._target
        material = creation.find_material(target.material_uid)
        nodes_before = reveal.node_count(material)
        with all_or_nothing(*creation.changed_by(target)):
            placed = creation.place(result, task.request, target, show=number == 0)
            made = placed.images.values()
            history.remember(made, target.destination, target.world_size, variation=(number, self.count))
        slots.include_all_in_undo(bpy.context.view_layer)
        if number == 0:
            favorites.try_to_note_use(task.request.source)
            leader = next(iter(made))
            settings: Any = bpy.context.scene.texnet  # type: ignore[union-attr]
            settings.history_image = leader.name
            reveal.show_image(leader)
            self._reveal(placed.material, is_new=placed.material != material, nodes_before=nodes_before)
        card = library.card_named(task.request.source)
        chosen = first_note(task.request, card.textures) if card is not None else ""
        self._tell([note for note in (task.note, chosen, placed.note) if note])
        name = f"{task.request.title}, {task.request.size_text}"
        again = reuse.is_found(result)
        self._say(f"{name}, is used again" if again else f"Generated {name}, in {result['seconds']:.1f} s")

    def _say(self, text: str) -> None:
        self.report({"INFO"}, text)  # type: ignore[attr-defined]

    def _reveal(self, material: Any, *, is_new: bool, nodes_before: int) -> None:
        """Let the user see what has come to a material, wherever one is looked at."""
        if material is None:
            return
        if reveal.show_textures():
            self._say("Solid views show textures now")
        if is_new or reveal.node_count(material) != nodes_before:
            reveal.frame_nodes(material)


class TEXNET_OT_generate(Generating, bpy.types.Operator):
    """Generate seamless textures and put them where Destination says"""

    bl_idname = "texnet.generate"
    bl_label = "Generate Texture"
    bl_options = {"UNDO"}


register, unregister = registration(TEXNET_OT_generate)
