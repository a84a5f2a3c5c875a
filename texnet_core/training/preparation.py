"""From the picture that the user gave to the exemplar that a run sees, with the waves of its pattern."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from texnet_core.mapset import (
    ALBEDO,
    FloatArray,
    MapSpec,
    Mask,
    channels_of,
    is_picture,
    shown_channels,
)
from texnet_core.patterns.waves import MOST_STRETCH, Grid, Wave, find_waves, fitted_side, rows_first
from texnet_core.pictures.masks import resized, resized_maps, told, visible_part, visible_share
from texnet_core.pictures.surface import check_surface, find_warnings, flattened_maps
from texnet_core.settings import DescriptorSettings, TrainSettings
from texnet_core.training.comparison import least_side
from texnet_core.training.meanrepeat import Origin, origin_of_tiles
from texnet_core.training.resolution import octaves_between

_PATTERN_SIDE = 512  # texels at which patterns are looked for
_FINEST = 0.25  # cycles a texel that a wave may have


@dataclass(frozen=True)
class Exemplar:
    """What a run learns from.

    Attributes:
        image: (height, width, channels) in [0, 1], of all maps.
        waves: of its pattern, in cycles per texel of the image.
        tiles: where the pattern is of tiles that have tones of their own, these waves again and where tiles begin.
        mask: (height, width), True where a texel takes part; None where all do.
        octaves: how many levels of detail are learned.
        detailed: the exemplar with twice the texels along each side for each of these; the image where there are none.
        detailed_mask: its mask.
        maps: what the channels are.
    """

    image: FloatArray
    waves: tuple[Wave, ...]
    tiles: tuple[Grid, Origin] | None
    mask: Mask | None
    octaves: int
    detailed: FloatArray
    detailed_mask: Mask | None
    maps: tuple[MapSpec, ...] = (ALBEDO,)

    @property
    def side(self) -> int:
        """The short side in texels."""
        return min(self.image.shape[:2])

    @property
    def colors(self) -> FloatArray:
        """What of it is shown as a picture, (height, width, 3) in [0, 1]."""
        return _shown(self.image, self.maps)


def prepare_exemplar(
    image: FloatArray,
    settings: TrainSettings,
    descriptor: DescriptorSettings,
    announce: Callable[[str], None],
    mask: Mask | None = None,
    detail_side: int = 0,
    maps: tuple[MapSpec, ...] = (ALBEDO,),
) -> Exemplar:
    """Scale a picture for a run, and see what is special about it.

    Args:
        image: (height, width, channels) in [0, 1], of all maps.
        settings: of the run.
        descriptor: what will look at it, and how small it may be for that.
        announce: called with a sentence about each warning of the picture, and about a pattern.
        mask: (height, width), True where a texel takes part; None where all do. The smallest rectangle that holds all
            of these, and is no smaller than the exemplar, is the picture.
        detail_side: texels of the short side up to which detail is learned.
        maps: what the channels are. Warnings, patterns and light are of the one that is shown as a picture.

    Raises:
        ImageError: this is no picture, smaller than the run wants its exemplar, or it shows nothing or too few texels.
    """
    whole = mask
    image, mask = visible_part(image, mask, settings.exemplar_side, channels_of(maps))
    small, small_mask = resized_maps(image, mask, settings.exemplar_side, maps)
    check_surface(small, small_mask)
    shown = _shown(image, maps)
    for warning in find_warnings(shown, mask, flatten=settings.flatten):
        announce(warning)
    finest = _FINEST * settings.exemplar_side / MOST_STRETCH  # what is finer is texture at this scale
    found = _waves_per_side(shown, mask) if settings.pattern == "auto" else ()
    waves = tuple(wave for wave in found if max(map(abs, wave)) <= finest)
    octaves = octaves_between(settings.exemplar_side, min(detail_side, *image.shape[:2]))  # whatever is fitted below
    if waves:
        smallest_sample = settings.size // 2 if settings.half_share else settings.size
        least, most = min(least_side(descriptor), settings.exemplar_side), min(image.shape[:2]) >> octaves
        fitting = fitted_side(waves, settings.exemplar_side, smallest_sample, least, most)
        small, small_mask = resized_maps(image, mask, fitting, maps)
        announce(_told(waves))
    if (share := visible_share(whole)) < 1:
        announce(told(small, small_mask, share))
    side = min(small.shape[:2])
    detailed, detailed_mask = resized_maps(image, mask, side << octaves, maps) if octaves else (small, small_mask)
    if settings.flatten:
        small, detailed = flattened_maps(small, small_mask, maps), flattened_maps(detailed, detailed_mask, maps)
    waves = tuple((down / side, across / side) for down, across in waves)
    tiles = _find_tiles(_shown(small, maps), waves, small_mask)
    if tiles is not None:
        waves = tiles[0]
        announce("its tiles differ in tone: each tile of a texture gets a tone of its own")
    return Exemplar(small, waves, tiles, small_mask, octaves, detailed, detailed_mask, maps)


def _shown(image: FloatArray, maps: tuple[MapSpec, ...]) -> FloatArray:
    """What of maps is shown as a picture, (height, width, 3); the very array where that is all."""
    return image if is_picture(maps) else np.ascontiguousarray(image[..., shown_channels(maps)])


def _find_tiles(image: FloatArray, waves: tuple[Wave, ...], mask: Mask | None) -> tuple[Grid, Origin] | None:
    if len(waves) < 2:
        return None
    grid = rows_first((waves[0], waves[1]), image, mask)
    origin = origin_of_tiles(image, grid, mask)
    return None if origin is None else (grid, origin)


def _waves_per_side(image: FloatArray, mask: Mask | None) -> tuple[Wave, ...]:
    """The waves of an image in cycles per short side."""
    side = min(_PATTERN_SIDE, *image.shape[:2])
    waves = find_waves(*resized(image, mask, side))
    return tuple((down * side, across * side) for down, across in waves)


def _told(waves: tuple[Wave, ...]) -> str:
    repeats = [f"{np.hypot(*wave):.0f}" for wave in waves]
    if len(waves) == 1:
        return f"stripes that repeat {repeats[0]} times across the picture: textures keep to them"
    return f"a pattern that repeats {' by '.join(repeats)} times in the picture: textures keep to it"
