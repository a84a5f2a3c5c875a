"""Maps of one number a texel: from the values of a file to [0, 1], by no color profile and no curve."""

import numpy as np

from texnet_core.errors import ImageError
from texnet_core.mapset import FloatArray, Mask
from texnet_core.materials.habits import Part
from texnet_core.pictures.color import is_gray, linear_to_srgb
from texnet_core.pictures.decoded import Decoded
from texnet_core.pictures.srgb import three_channels

_CHANNELS = {"R": 0, "G": 1, "B": 2}
_STRAY = 0.01  # share of texels out of range that nobody need know of
_NEARBY = 9  # levels beside which one is seen
_LEAST_LEVELS, _LEAST_TEXELS = 24, 30  # that must be seen, and texels of each on average
_CORRELATION = 0.7


def numbers_of(decoded: Decoded, part: Part, label: str) -> tuple[FloatArray, Mask | None, list[str]]:
    """The numbers of a map as their file has them.

    Args:
        decoded: the values of the file.
        part: which map, and which channel.
        label: of the file, for messages.

    Returns:
        (height, width, 1) in [0, 1], which texels are numbers (None for all), and notes.

    Raises:
        ImageError: the file has no such channel, or no number.
    """
    notes: list[str] = []
    values = _channel(decoded, part, label, notes)
    numbers = np.isfinite(values)
    seen = None if numbers.all() else numbers
    if not numbers.any():
        raise ImageError(f"{label} holds no number", expected="a map", remedy="export it again")
    if decoded.unbounded:
        values = _in_range(values, seen, part, label, notes)
    if part.map == "roughness" and decoded.depth == 8 and is_encoded(values):
        notes.append(
            f"the levels of {label} are those of sRGB's curve, as where a picture of numbers was saved as colors; "
            "it is taken as it is: if its surface looks too rough, save it as linear (Non-Color) data"
        )
    return np.ascontiguousarray((1 - values if part.inverted else values)[..., None]), seen, notes


def is_encoded(values: FloatArray) -> bool:
    """Whether numbers of 8 bits went through sRGB's curve, by how often each level occurs.

    The curve spreads the dark levels, so that some are never reached, and lets bright ones fall together, so that some
    occur twice as often. How often each does, beside those around it, is compared with what the curve makes of levels
    that occur equally often. Only files without loss show it. Of 45 maps of roughness as they are, inverted, stretched
    or with other curves none correlates by more than 0.5; of those that went through sRGB's, half do by more than 0.7.

    Args:
        values: (height, width) in [0, 1].
    """
    counts = np.bincount(np.rint(np.clip(values, 0, 1) * 255).astype(np.intp).ravel(), minlength=256)
    every = np.arange(256, dtype=np.float32) / 255
    made = np.bincount(np.rint(linear_to_srgb(every) * 255).astype(np.intp), minlength=256)
    around, made_around = (np.convolve(each, np.ones(_NEARBY) / _NEARBY, "same") for each in (counts, made))
    known = (around >= _LEAST_TEXELS) & (made_around > 0)
    known[: _NEARBY // 2 + 1] = known[-(_NEARBY // 2) - 1 :] = False
    if np.count_nonzero(known) < _LEAST_LEVELS:
        return False
    seen, expected = (
        np.clip(each[known] / mean[known] - 1, -1, 1) for each, mean in ((counts, around), (made, made_around))
    )
    squares = float(np.vdot(seen, seen) * np.vdot(expected, expected))
    return bool(np.vdot(seen, expected) > _CORRELATION * np.sqrt(squares))


def _channel(decoded: Decoded, part: Part, label: str, notes: list[str]) -> FloatArray:
    if part.channels == "A":
        if decoded.alpha is None:
            raise _missing(label, part, "alpha")
        return decoded.alpha
    if not part.channels:
        alpha = decoded.alpha if part.map == "opacity" else None
        if alpha is not None and float(np.ptp(decoded.values)) == 0 < float(np.ptp(alpha)):
            notes.append(f"{label} has one color, and its alpha is taken")
            return alpha
        if decoded.space == "gray":
            return decoded.values[..., 0]
        values = three_channels(decoded)
        if not is_gray(values):
            notes.append(f"{label} has colors, and their mean is taken")
        return np.asarray(values.mean(axis=2, dtype=np.float32))
    if decoded.space == "gray":
        raise _missing(label, part, {"R": "red", "G": "green", "B": "blue"}[part.channels])
    return np.ascontiguousarray(three_channels(decoded)[..., _CHANNELS[part.channels]])


def _missing(label: str, part: Part, channel: str) -> ImageError:
    return ImageError(
        f"{label} has no {channel} channel, where its name says that the {part.map} is",
        expected=f"a file with a {channel} channel",
        remedy="rename it to what it holds, such as wall_ao.png",
    )


def _in_range(values: FloatArray, seen: Mask | None, part: Part, label: str, notes: list[str]) -> FloatArray:
    """Floats: heights are scaled to their range, which is of any unit; all others are shares."""
    shown = values if seen is None else values[seen]
    low, high = float(shown.min()), float(shown.max())
    values = np.where(np.isfinite(values), values, np.float32(low))
    if part.map == "height":
        if high > low:
            notes.append(f"{label} has heights from {low:.4g} to {high:.4g}, which become 0 to 1")
            return np.asarray((values - np.float32(low)) / np.float32(high - low))
        notes.append(f"{label} has the height {low:.4g} everywhere, which becomes 0.5")
        return np.full_like(values, 0.5)
    if float(((shown < 0) | (shown > 1)).mean()) > _STRAY:
        notes.append(f"{label} has values from {low:.4g} to {high:.4g}, which are clipped to 0 to 1")
    return np.clip(values, 0, 1)
