"""OpenEXR files as pictures of linear light."""

import io
import os
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.errors import ImageError
from texnet_core.mapset import FloatArray
from texnet_core.pictures.decoded import Decoded, Encoding, undo_premultiplied
from texnet_core.pictures.primaries import SRGB, Chromaticities, name_of, same_primaries
from texnet_core.pictures.transfer import LINEAR_LIGHT, by_primaries, linear

MAGIC = b"\x76\x2f\x31\x01"
_PREFERRED = ("combined", "beauty", "rgba", "color", "albedo", "diffuse")  # words in names of layers, the first first


def read_exr(path: Path, check_size: Any) -> Decoded:
    """Read the picture of an EXR file: what its data window has inside its display window.

    Of several layers it is the one without a name, else the one that is called like a whole picture, else the first.

    Args:
        path: the file.
        check_size: called with width and height before pixels are read.

    Raises:
        ImageError: no part of it has colors.
        ValueError: it is damaged.
    """
    import OpenEXR

    said = io.StringIO()  # the library prints what is wrong with pixels, and leaves them out
    with OpenEXR.File(os.fspath(path), header_only=True) as file:
        for part in file.parts:
            low, high = part.header["dataWindow"]
            check_size(*(high.astype(np.int64) - low + 1))
    with redirect_stdout(said), OpenEXR.File(os.fspath(path), separate_channels=True) as file:
        if said.getvalue():
            raise ValueError(said.getvalue())
        parts = [part for part in file.parts if "deep" not in str(part.header.get("type"))]
        found = [layer for part in parts for layer in _layers(part)]
        if not found:
            raise ImageError(
                f"{path} has no channels of colors",
                expected="R, G and B, or Y",
                remedy="save the picture itself as EXR",
            )
        layer = min(found, key=_rank)
        notes = [f"of its layers {layer.name} is read"] if layer.name else []
        return layer.decoded(notes)


class _Layer:
    """Channels of one part whose names have the same words before the last dot."""

    def __init__(self, name: str, part: Any, channels: dict[str, str]) -> None:
        self.name, self._part, self._channels = name, part, channels

    @property
    def has_colors(self) -> bool:
        return {"R", "G", "B"} <= self._channels.keys() or "Y" in self._channels

    @property
    def is_single(self) -> bool:
        return len(self._channels.keys() - {"A", "Z"}) == 1

    def decoded(self, notes: list[str]) -> Decoded:
        colors = self._colors()
        alpha = self._pixels("A") if "A" in self._channels else None
        if alpha is not None:
            alpha = np.nan_to_num(alpha, nan=0.0)
            colors = undo_premultiplied(colors, alpha)
        is_gray = colors.shape[2] == 1
        return Decoded(
            colors,
            "gray" if is_gray else "RGB",
            alpha,
            encoding=_encoding(self._part.header),
            unbounded=True,
            depth=0,
            notes=notes,
        )

    def _colors(self) -> FloatArray:
        names: Sequence[str] = ("R", "G", "B")
        if "R" not in self._channels or "G" not in self._channels:
            names = ("Y",) if "Y" in self._channels else sorted(self._channels.keys() - {"A", "Z"})[:1]
        colors = np.stack([self._pixels(name) for name in names], axis=-1)
        if names == ("Y",) and {"RY", "BY"} <= self._channels.keys():
            return _from_luminance(colors[..., 0], self._pixels("RY"), self._pixels("BY"))
        return colors

    def _pixels(self, name: str) -> FloatArray:
        """A channel inside of both windows, float32; channels of fewer samples have each several times."""
        channel = self._part.channels[self._channels[name]]
        pixels = np.asarray(channel.pixels, np.float32)
        across, down = channel.xSampling, channel.ySampling
        if (across, down) != (1, 1):
            pixels = np.repeat(np.repeat(pixels, down, axis=0), across, axis=1)
        return pixels[_inside(self._part.header)]


def _layers(part: Any) -> list[_Layer]:
    """The layers of a part that can be a picture: those with colors, or with nothing but one channel."""
    groups: dict[str, dict[str, str]] = {}
    for name, channel in part.channels.items():
        if channel.pixels is None or channel.pixels.dtype == np.uint32:  # numbers of objects
            continue
        layer, _, last = name.rpartition(".")
        last = {"RED": "R", "GREEN": "G", "BLUE": "B", "ALPHA": "A"}.get(last.upper(), last.upper())
        groups.setdefault(layer, {})[last] = name
    found = [_Layer(name, part, channels) for name, channels in groups.items()]
    return [layer for layer in found if layer.has_colors] or [layer for layer in found if layer.is_single]


def _rank(layer: _Layer) -> tuple[bool, bool, int]:
    words = [number for number, word in enumerate(_PREFERRED) if word in layer.name.lower()]
    return not layer.has_colors, layer.name != "", min(words, default=len(_PREFERRED))


def _inside(header: dict[str, Any]) -> tuple[slice, slice]:
    """Rows and columns of the data window that the display window shows, or all where that is nothing."""
    (low, high), (display_low, display_high) = header["dataWindow"], header["displayWindow"]
    first, last = np.maximum(low, display_low) - low, np.minimum(high, display_high) - low
    if (first > last).any():
        return slice(None), slice(None)
    (left, top), (right, bottom) = first, last + 1
    return slice(int(top), int(bottom)), slice(int(left), int(right))


def _from_luminance(luminance: FloatArray, red: FloatArray, blue: FloatArray) -> FloatArray:
    """Colors from luminance and the differences of red and blue from it, over it. Source: ImfRgbaYca of OpenEXR."""
    height, width = luminance.shape
    r = (1 + red[:height, :width]) * luminance
    b = (1 + blue[:height, :width]) * luminance
    g = (luminance - 0.2126 * r - 0.0722 * b) / 0.7152
    return np.asarray(np.stack((r, g, b), axis=-1), np.float32)


def _encoding(header: dict[str, Any]) -> Encoding:
    given: npt.NDArray[Any] | None = header.get("chromaticities")
    if given is None:
        return LINEAR_LIGHT
    pairs = np.asarray(given, np.float64).reshape(4, 2)
    red, green, blue, white = ((float(x), float(y)) for x, y in pairs)
    primaries: Chromaticities = (red, green, blue, white)
    if same_primaries(primaries, SRGB):
        return LINEAR_LIGHT
    try:
        return by_primaries(name_of(primaries), primaries, linear)
    except ValueError:  # nonsense, as some writers leave there
        return LINEAR_LIGHT
