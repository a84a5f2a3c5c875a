"""The stylizer: the pyramid, whose levels take in a picture and the strength beside the noise.

Each level reads [noise | content | strength]. Content and strength are averages over the cells of the level, cut on
one absolute grid, so that any block has the same inputs as within the whole picture.

Source: Texture Networks (Ulyanov et al. 2016), section 4.3: g(y, z) takes the content at every scale. Differs: the
strength is an input too (Kitov et al. 2019, arXiv 1904.08643), and as elsewhere here norms have fixed statistics.
"""

from dataclasses import dataclass
from functools import partial

from texnet_core.model.families.family import Family, PlaneFacts
from texnet_core.model.families.pyramid import graph
from texnet_core.model.noise import NoisePlane
from texnet_core.settings import Checked, setting

CONTENT_CHANNELS = 3  # sRGB

_generator = partial(setting, group="generator")


@dataclass(frozen=True)
class StylizerSettings(Checked):
    """The shape of a stylizer. Everything that decides which parameters exist."""

    levels: int = _generator(6, "how many scales the style is painted at", low=1, high=8)
    channels: int = _generator(8, "feature channels that each level adds", low=1, high=64)
    noise_channels: int = _generator(3, "noise channels at each level", low=1, high=16)
    strength_channels: int = setting(1, "", low=0, high=1)  # 0 in the recipe as published: one strength, learned
    leak: float = _generator(0.01, "slope of the LeakyReLU", low=0.0, high=1.0)

    @property
    def input_channels(self) -> int:
        """Channels that each level takes in: noise, content, strength."""
        return self.noise_channels + CONTENT_CHANNELS + self.strength_channels

    @property
    def cell_texels(self) -> int:
        """Side of the coarsest cell, in texels of the output."""
        return 1 << (self.levels - 1)


def noise_plane(settings: StylizerSettings, facts: PlaneFacts) -> NoisePlane:
    """The noise beside the content; `stylization.inputs` adds the others."""
    return NoisePlane(facts.seed, settings.noise_channels, facts.height, facts.width, facts.phase)


STYLIZER = Family("stylizer", StylizerSettings, graph, noise_plane, reads_content=True)
