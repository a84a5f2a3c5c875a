"""The collage: pieces of one picture, blended so that neither colors nor contrast change. Nothing is learned.

The plane is covered by triangles. Each corner shows a piece of the picture, somewhere by its hash, and each texel is a
mean of the three pieces around it. The picture is kept with its colors on decorrelated axes, each made Gaussian, so
that a mean weighted by w and divided by sqrt(sum of w^2) is Gaussian again. A table takes it back to the axis, and the
convolution of the graph, of one texel, from the axes to colors.

Source: Heitz and Neyret 2018, "High-Performance By-Example Noise using a Histogram-Preserving Blending Operator".
Differs: the triangles fit the period, so that the plane wraps; pieces never reach over the picture's edge, so that it
need not tile; the weights are squared first, which leaves less room for ghosts (Burley 2019, "On Histogram-Preserving
Blending for Randomized Texture Tiling", raises them too).
"""

from dataclasses import dataclass
from typing import Self

from texnet_core.errors import Range, RequestError
from texnet_core.model.families.family import Family, PlaneFacts
from texnet_core.model.graph import Graph, GraphBuilder
from texnet_core.model.parameters import Shapes, as_kept
from texnet_core.model.pieces import PiecesPlane
from texnet_core.settings import Checked, setting

AXES = 3
MOST_SIDE = 2**19


@dataclass(frozen=True)
class CollageSettings(Checked):
    """The picture that a collage is made of. All of it follows from the exemplar.

    Attributes:
        height: of the picture in texels.
        width: likewise.
        cell: texels between the corners of triangles, as far as the period allows.
        entries: numbers in the table of each axis.
        shares: parts of the picture a side, of each of which is known how much of it may be shown.
    """

    height: int = setting(256, "", low=32, high=MOST_SIDE)
    width: int = setting(256, "", low=32, high=MOST_SIDE)
    cell: int = setting(64, "", low=8, high=MOST_SIDE // 4)
    entries: int = setting(4096, "", low=2, high=65536)
    shares: int = setting(64, "", low=1, high=1024)

    def check(self) -> Self:
        super().check()
        most = min(self.height, self.width) // 4
        if self.cell > most:
            raise RequestError(
                f"cell {self.cell} is too large for a picture of {self.width}x{self.height}",
                expected=Range(8, most),
                remedy="choose a smaller one",
            )
        return self


def graph(settings: CollageSettings, channels: int) -> Graph:
    """From the axes to colors."""
    builder = GraphBuilder()
    builder.convolution(builder.input("pieces", AXES, 0), "output", channels, 1)
    return builder.graph()


def stored(settings: CollageSettings) -> Shapes:
    """The picture on Gaussian axes, the way back from each, and what of it is visible."""
    return {
        "picture": (AXES, settings.height, settings.width),
        "table": (AXES, settings.entries),
        "visible": (settings.shares, settings.shares),
    }


def input_plane(settings: CollageSettings, facts: PlaneFacts) -> PiecesPlane:
    """The blended pieces; no loop moves them."""
    picture, table = as_kept(facts.parameters, "picture"), facts.parameters["table"]
    visible = facts.parameters["visible"]
    return PiecesPlane(picture, table, visible, settings.cell, facts.seed, facts.height, facts.width)


COLLAGE = Family("collage", CollageSettings, graph, input_plane, stored=stored, moves=False, copies=True)
