"""A texture of all maps under light, for previews."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import MapSet, MapSpec
from texnet_core.model.header import Header
from texnet_core.model.look_maps import lit_maps, relief_within
from texnet_core.pictures.color import quantize
from texnet_core.rendering import lit_plane, lit_sphere
from texnet_core.settings import Checked, setting


@dataclass(frozen=True)
class Light(Checked):
    """On what shape a preview is shown; on none, texels are shown as they are."""

    lit: Literal["", "sphere", "plane"] = setting("", "shape that is lit")

    def picture(self, made: MapSet, specs: Iterable[MapSpec], header: Header, side: int) -> npt.NDArray[Any]:
        """Maps on the shape: map name -> (height, width, channels) in [0, 1], as specs say, to (side, side, 3) uint8.

        What the generator does not make follows from its look.
        """
        height, width = next(iter(made.values())).shape[:2]
        relief = relief_within(header, min(height, width))
        maps, shown = lit_maps(made, specs, header, relief)
        draw = lit_sphere if self.lit == "sphere" else lit_plane
        return quantize(np.asarray(draw(maps, shown, side, relief=relief), np.float32), 8)
