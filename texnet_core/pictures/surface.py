"""Exemplars from life: what in a photograph will spoil a generator, and lighting made even. No torch here.

A texture network learns statistics that are the same everywhere in the picture. Light that falls off, perspective and
frames break that, and a structure that is seen once gives no statistics at all.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.errors import ImageError
from texnet_core.mapset import HALF, FloatArray, MapSpec, Mask, split_channels
from texnet_core.pictures.color import LUMINANCE, linear_to_srgb, srgb_to_linear
from texnet_core.pictures.masks import check_enough, faded, resized, texels_of, told, visible_part, visible_share

_LEAST_SPREAD = 1e-4  # of a channel whose range is 1; resampling one color leaves less

# flatten_lighting
_CELLS = 64  # along the short side, of the coarse picture in which light is estimated
_BLUR_SHARE = 1 / 8  # standard deviation of the blur, of the short side
_LARGEST_GAIN = 4.0  # two stops: noise in deeper shadows would become a texture of its own

# find_warnings; the thresholds lie between the measures of 33 clean textures and those of the same after damage
_SIDE = 512  # pictures are measured at this short side or smaller
_BLUR_SIDE = 256  # sharpness counts at the usual training size, not beyond
_SMALLEST = 128  # below, there are too few texels to say anything
_UNIFORM_ROW = 0.01  # spread of tone in a row of a frame
_THINNEST_FRAME = 3  # texels
_UNIFORM = 0.006  # spread of tone in a picture without contrast
_LIGHT_CELLS = 12  # a side, coarse enough to average the texture away
_UNEVEN_STOPS, _UNEVEN_SHARE = 0.5, 0.35
_STRIPS = 6
_SCALE_OCTAVES, _SCALE_SHARE = 0.4, 0.4
_LEAST_UNLIKENESS = 0.003  # of strips; below, as in white noise, any shift explains chance
_LARGE_CYCLES, _LARGE_SHARE = 3, 0.28
_FINE_CYCLES, _FINE_SHARE = 32, 0.02

# what little is visible of a picture says nothing
_LEAST_VISIBLE = 0.25  # of a row, or of a part in shares of the part of which most is visible
_LEAST_WEIGHT = 1e-9
_FEWEST_STRIPS = 3
_Doubles = npt.NDArray[np.float64]


def flatten_lighting(image: FloatArray, mask: Mask | None = None) -> FloatArray:
    """Take slow changes of brightness out of a picture.

    In linear light each texel is divided by its surroundings' luminance: the plane and bowl that fit the picture best,
    which is right up to the borders, times what a Gaussian blur finds besides, with a standard deviation of 1/8 of the
    short side, reflected at the borders. What repeats three times or more across the short side stays as it is, one
    slow change across the picture goes, and in between structures fade. Gains are held within 1/4 and 4 before the
    mean is restored, so that noise in deep shadow stays noise. Colors keep their hue, the picture its mean luminance
    but for what is clipped at white.

    Args:
        image: (height, width, 3) sRGB in [0, 1].
        mask: (height, width), True where a texel takes part; light is not looked at in others. None: all do.

    Returns:
        The same shape and range.
    """
    linear = srgb_to_linear(image)
    light = linear @ LUMINANCE
    lighting = _lighting(light, mask)[2]
    surroundings = lighting * _blurred(light / lighting, mask)
    mean = texels_of(light, mask).mean()
    gain = np.clip(mean / np.maximum(surroundings, 1e-6), 1 / _LARGEST_GAIN, _LARGEST_GAIN)
    gain *= mean / max(float(texels_of(light * gain, mask).mean()), 1e-6)
    return linear_to_srgb(linear * gain[..., None])


def flattened_maps(image: FloatArray, mask: Mask | None, maps: tuple[MapSpec, ...]) -> FloatArray:
    """Maps, (height, width, channels), with the light of their colors made even; see `flatten_lighting`."""
    parts = split_channels(image, maps)
    for spec in maps:
        if spec.role == "color" and spec.channels == 3:
            parts[spec.name] = flatten_lighting(parts[spec.name], mask)  # type: ignore[arg-type]
    return np.concatenate([parts[spec.name] for spec in maps], axis=2)


def reduced_surface(
    image: FloatArray, mask: Mask | None, side: int, announce: Callable[[str], None]
) -> tuple[FloatArray, Mask | None]:
    """What is visible of a picture of a surface, at a short side of `side` texels, and its mask.

    Args:
        image: (height, width, 3) sRGB in [0, 1].
        mask: (height, width), True where a texel takes part; None where all do.
        side: in texels.
        announce: told how much takes part, where that is not all.

    Raises:
        ImageError: the picture is smaller, has one color only, or too little of it takes part.
    """
    share = visible_share(mask)
    small, small_mask = resized(*visible_part(image, mask, side), side)
    check_surface(small, small_mask)
    if share < 1:
        announce(told(small, small_mask, share))
    return small, small_mask


def check_surface(image: FloatArray, mask: Mask | None = None) -> None:
    """Raise ImageError for a picture of one color, with which no statistics can agree, or of too few texels.

    Args:
        image: (height, width, 3).
        mask: (height, width), True where a texel takes part; None where all do.
    """
    check_enough(mask)
    texels = texels_of(image, mask).reshape(-1, image.shape[2])
    away = texels - texels[0]  # small where all are alike, so that float32 has digits to spare
    variances = np.einsum("tc,tc->c", away, away) / len(away) - away.mean(0) ** 2
    if variances.max() < _LEAST_SPREAD**2:
        raise ImageError("the picture has one color only", expected="a surface", remedy="take another picture")


def find_warnings(image: FloatArray, mask: Mask | None = None, *, flatten: bool = False) -> list[str]:
    """Say what in a picture will keep a generator from learning its surface.

    Looked for are frames, a lack of contrast, blur, uneven lighting, perspective, and structures too large for the
    picture. Each is a guess from statistics: pictures of natural surfaces can have any of them for good.

    Args:
        image: (height, width, 3) sRGB in [0, 1].
        mask: (height, width), True where a texel takes part; None where all do.
        flatten: its lighting will be flattened, so nothing need be said of it, and contrast is measured without.

    Returns:
        A warning each, as a sentence without a full stop, with its remedy; [] for pictures under 128 texels.
    """
    if min(image.shape[:2]) < _SMALLEST:
        return []
    light, mask = _luminance(image, mask, _SIDE)
    inside, framed = _inside_frame(light, mask), light.shape
    light, mask = light[inside], None if mask is None else mask[inside]
    found = ["the picture has a border of one color; crop it away"] if light.shape != framed else []
    if min(light.shape) < _SMALLEST:
        return found
    stops, share, lighting = _lighting(light, mask)
    tone = np.sqrt(light / lighting)
    if texels_of(tone if flatten else np.sqrt(light), mask).std() < _UNIFORM:
        return [*found, "the picture is nearly of one color; take one with more contrast"]
    if not flatten and stops > _UNEVEN_STOPS and share > _UNEVEN_SHARE:
        found.append(f"the lighting is uneven by {stops:.1f} stops; set flatten, or take a picture in even light")
    turned = None if mask is None else mask.T
    for strips, strips_mask, direction in ((tone, mask, "top to bottom"), (tone.T, turned, "left to right")):
        octaves, share = _scale_change(strips, strips_mask)
        if abs(octaves) >= _SCALE_OCTAVES and share > _SCALE_SHARE:
            found.append(
                f"details change in size {2 ** abs(octaves):.1f} times from {direction}, as in perspective; "
                "rectify the picture, or crop to a part seen straight on"
            )
    if _energy_share(tone, mask, 0, _LARGE_CYCLES) > _LARGE_SHARE:
        found.append(
            "much of the structure is larger than a third of the picture; take one that shows more of the surface"
        )
    small, small_mask = _shrunk(tone, _BLUR_SIDE), None if mask is None else _shrunk(mask, _BLUR_SIDE) >= HALF
    if _energy_share(small, small_mask, _FINE_CYCLES, _SIDE) < _FINE_SHARE:
        found.append("the picture is blurred; take a sharper one")
    return found


def _luminance(image: FloatArray, mask: Mask | None, side: int) -> tuple[FloatArray, Mask | None]:
    """(h, w) in linear light, with at most `side` texels on the short side."""
    small, mask = resized(image, mask, min(side, *image.shape[:2]))
    light: FloatArray = srgb_to_linear(small) @ LUMINANCE
    return light, mask


def _shrunk(values: npt.NDArray[Any], side: int) -> FloatArray:
    """The same at a short side of `side` texels or less, by averaging."""
    short = min(values.shape)
    if short <= side:
        return values
    height, width = values.shape
    return _resized(values, round(height * side / short), round(width * side / short))


def _resized(values: npt.NDArray[Any], height: int, width: int) -> FloatArray:
    """Averages where it shrinks, cubic curves where it grows."""
    from PIL import Image

    method = Image.Resampling.BOX if height < values.shape[0] else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(values.astype(np.float32)).resize((width, height), method))


def _blurred(light: FloatArray, mask: Mask | None) -> FloatArray:
    """The light of each texel's surroundings, computed in a coarse picture since it is smooth."""
    height, width = light.shape
    coarse = _shrunk(light if mask is None else light * mask, _CELLS)
    deviation = _BLUR_SHARE * min(coarse.shape)
    down, across = (_smoothing(cells, deviation) for cells in coarse.shape)
    blurred = down @ coarse @ across.T
    if mask is not None:
        blurred /= np.maximum(down @ _shrunk(mask, _CELLS) @ across.T, _LEAST_WEIGHT)
    return _resized(blurred, height, width)


def _smoothing(cells: int, deviation: float) -> npt.NDArray[np.float64]:
    """A Gaussian blur along one axis as a matrix; beyond a border lies the mirror image of what is inside."""
    place = np.arange(cells)
    mirrored = (place, -1 - place, 2 * cells - 1 - place)
    kernel = sum(np.exp(-(((place[:, None] - other) / deviation) ** 2) / 2) for other in mirrored)
    matrix: npt.NDArray[np.float64] = kernel / np.sum(kernel, axis=1, keepdims=True)
    return matrix


def _inside_frame(light: FloatArray, mask: Mask | None) -> tuple[slice, slice]:
    """What is left without rows and columns of one color along the edges."""
    rows = _textured(np.sqrt(light), mask)
    columns = _textured(np.sqrt(light[rows]).T, None if mask is None else mask[rows].T)
    return rows, columns


def _textured(tone: FloatArray, mask: Mask | None) -> slice:
    """The rows between uniform ones at both ends, if these are far more than at a time inside, as joints of tiles."""
    textured = np.flatnonzero(_spread_of_rows(tone, mask) >= _UNIFORM_ROW)
    if not len(textured):
        return slice(0, len(tone))
    longest_joint = int(np.diff(textured, prepend=textured[0] - 1).max()) - 1
    frame = max(_THINNEST_FRAME, 2 * longest_joint)
    above, below = int(textured[0]), len(tone) - 1 - int(textured[-1])
    return slice(above if above >= frame else 0, len(tone) - (below if below >= frame else 0))


def _spread_of_rows(tone: FloatArray, mask: Mask | None) -> npt.NDArray[np.floating[Any]]:
    """The standard deviation of each row; infinite where too little of it is visible to call it uniform."""
    if mask is None:
        whole: npt.NDArray[np.floating[Any]] = tone.std(axis=1)
        return whole
    counts = np.maximum(mask.sum(axis=1, keepdims=True), 1)
    means = (tone * mask).sum(axis=1, keepdims=True) / counts
    spread = np.sqrt((np.square(tone - means) * mask).sum(axis=1) / counts[:, 0])
    return np.where(mask.mean(axis=1) >= _LEAST_VISIBLE, spread, np.inf)


def _lighting(light: FloatArray, mask: Mask | None) -> tuple[float, float, FloatArray]:
    """Light as a plane plus a bowl, fitted to the logarithm of a coarse picture.

    Returns:
        Its range in stops, the share of the coarse picture's variance that it explains, and its factor per texel.
    """
    cells = _resized(light if mask is None else light * mask, _LIGHT_CELLS, _LIGHT_CELLS).ravel()
    basis = _plane_and_bowl(_LIGHT_CELLS, _LIGHT_CELLS)
    if mask is not None:
        shares = _resized(mask, _LIGHT_CELLS, _LIGHT_CELLS).ravel()
        seen = shares >= _LEAST_VISIBLE * shares.max()
        cells, basis = cells[seen] / shares[seen], basis[seen]
    cells = np.log2(np.maximum(cells, 1e-3))
    weights = np.linalg.lstsq(basis, cells, rcond=None)[0]
    fit = basis @ weights
    share = 1 - (cells - fit).var() / max(float(cells.var()), 1e-9)
    height, width = light.shape
    factor = 2 ** (_plane_and_bowl(height, width) @ weights - fit.mean())
    return float(np.ptp(fit)), float(share), factor.reshape(height, width).astype(np.float32)


def _plane_and_bowl(height: int, width: int) -> npt.NDArray[np.float64]:
    """(height * width, 4): 1, y, x and y^2 + x^2, with y and x from -1 to 1 at the borders."""
    y, x = ((2 * np.arange(side) + 1) / side - 1 for side in (height, width))
    rows, columns = (grid.ravel() for grid in np.meshgrid(y, x, indexing="ij"))
    return np.stack([np.ones_like(rows), rows, columns, rows**2 + columns**2], axis=1)


def _scale_change(tone: FloatArray, mask: Mask | None) -> tuple[float, float]:
    """How much coarser the last rows are than the first.

    Rows are taken together in strips. On a logarithmic axis of frequency a change of scale shifts a strip's spectrum;
    the steady shift that makes all strips most alike is the answer. Textures that look alike at all scales have none.

    Returns:
        Octaves from the first row to the last, negative where details grow, and the share of the differences
        between strips that this explains.
    """
    octaves, places, spectra = _strip_spectra(tone, mask)
    if len(places) < _FEWEST_STRIPS:
        return 0.0, 0.0
    shifts = np.arange(-16, 17) / 10
    costs = [_unlikeness(octaves, places, spectra, shift, abs(shift)) for shift in shifts]
    best = float(shifts[int(np.argmin(costs))])
    unshifted = _unlikeness(octaves, places, spectra, 0.0, abs(best))
    return best, 1 - min(costs) / unshifted if unshifted > _LEAST_UNLIKENESS else 0.0


def _strip_spectra(tone: FloatArray, mask: Mask | None) -> tuple[_Doubles, _Doubles, _Doubles]:
    """Places on an axis of octaves (from four cycles across up); of the strips, from -1/2 to 1/2; the energy of each.

    Strips of which little is visible are left out.
    """
    width = tone.shape[1]
    frequencies = np.log2(np.arange(1, width // 2))
    octaves = np.arange(2, np.log2(0.45 * width), 1 / 6)
    spread = np.exp(-(((octaves[:, None] - frequencies) / 0.18) ** 2) / 2)
    weights = np.array_split(np.ones_like(tone) if mask is None else faded(mask), _STRIPS)
    shown = np.array([weight.mean() for weight in weights])
    kept = np.flatnonzero(shown >= _LEAST_VISIBLE * shown.max())
    strips, spectra = np.array_split(tone, _STRIPS), []
    for number in kept:
        rows = _centered(strips[number], weights[number]) * np.hanning(width)
        energy = (np.abs(np.fft.rfft(rows, axis=1)) ** 2).mean(axis=0)[1 : width // 2]
        spectra.append(spread @ energy + 1e-9)
    return octaves, np.linspace(-0.5, 0.5, _STRIPS)[kept], np.array(spectra)


def _centered(rows: FloatArray, weights: FloatArray) -> FloatArray:
    """Each row without its mean, times its weights."""
    centered: FloatArray
    if (weights == 1).all():
        centered = rows - rows.mean(axis=1, keepdims=True)
        return centered
    totals = np.maximum(weights.sum(axis=1, keepdims=True), _LEAST_WEIGHT)
    centered = (rows - (rows * weights).sum(axis=1, keepdims=True) / totals) * weights
    return centered


def _unlikeness(octaves: _Doubles, places: _Doubles, spectra: _Doubles, shift: float, margin: float) -> float:
    """How far strips differ once they are shifted in proportion to their place, by `shift` from first to last.

    The same band counts for all: the axis without `margin`, half at each end. 0: all alike.
    """
    band = np.arange(octaves[0] + margin / 2, octaves[-1] - margin / 2, 1 / 6)
    shifted = np.array([np.interp(band + shift * place, octaves, s) for s, place in zip(spectra, places, strict=True)])
    amplitudes = np.sqrt(shifted / shifted.sum(axis=1, keepdims=True))
    return 1 - float((amplitudes.mean(axis=0) ** 2).sum())


def _energy_share(tone: FloatArray, mask: Mask | None, low: float, high: float) -> float:
    """Share of the picture's energy with `low` or more and less than `high` cycles across its short side."""
    height, width = tone.shape
    window = np.hanning(height)[:, None] * np.hanning(width)
    mean = tone.mean()
    if mask is not None:
        weights = faded(mask)
        window, mean = window * weights, np.average(tone, weights=weights)
    energy = np.abs(np.fft.fft2((tone - mean) * window)) ** 2
    energy[0, 0] = 0
    down, across = (np.fft.fftfreq(side) * min(height, width) for side in (height, width))
    cycles = np.hypot(down[:, None], across)
    return float(energy[(cycles >= low) & (cycles < high)].sum() / max(float(energy.sum()), 1e-12))
