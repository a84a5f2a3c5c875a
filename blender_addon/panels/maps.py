"""Which maps a generator makes, which of them were worked out from the color, and which are wanted."""

from typing import Any

from texnet_core.model.look_maps import derived_maps

from .. import library
from ..map_properties import LABELS
from ..wrapping import wrapped


def draw_maps(layout: Any, settings: Any, context: Any) -> None:
    """A switch for each map; of a generator that makes colors alone, a line."""
    card = library.card_named(settings.source_path)
    if card is None:
        return
    if derived_maps(card):
        layout.prop(settings.map_choice, "material")
    maps = settings.map_choice.maps_of(card)
    if len(maps) < 2:
        wrapped(layout, "makes a color map; relief and roughness follow from it", context, icon="INFO")
        return
    layout.label(text="Maps")
    grid = layout.grid_flow(row_major=True, columns=3, even_columns=True, align=True)
    grid.use_property_split = False
    for spec in maps:
        if spec.name in LABELS:
            grid.prop(settings.map_choice, spec.name, toggle=True)
    if derived := [LABELS.get(spec.name, spec.name) for spec in maps if spec.derived]:
        wrapped(layout, f"worked out from the color: {', '.join(derived)}", context, icon="INFO")
    if not settings.map_choice.chosen(card):
        wrapped(layout, "no map is chosen, so all are made", context, icon="INFO")
