"""Maps as a surface that can be looked up anywhere: in linear light, with defaults for what is missing."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import FloatArray, MapSpec, split_channels
from texnet_core.pictures.color import srgb_to_linear
from texnet_core.rendering.light import dot

# What a map that is missing is taken to be all over; the normal follows from the height.
DEFAULTS: dict[str, tuple[float, ...]] = {
    "albedo": (0.5, 0.5, 0.5),
    "roughness": (0.6,),
    "metallic": (0.0,),
    "ao": (1.0,),
    "opacity": (1.0,),
    "emission": (0.0, 0.0, 0.0),
}
USUAL_RELIEF = 0.02  # from height 0 to 1, as a share of the maps' short side, where nobody knows it
_NORMAL = "normal"
_LAYOUT = (MapSpec("normal", 3, "data"), *(MapSpec(name, len(value), "data") for name, value in DEFAULTS.items()))
_CHANNELS = sum(spec.channels for spec in _LAYOUT)


class Surface:
    """Maps of one size at the resolution at which they will be seen.

    Args:
        maps: name -> (height, width, channels) in [0, 1].
        specs: what they are; maps without one, and ones that are not part of a material, are left out.
        relief: from height 0 to 1, as a share of the short side; 0 takes what is usual.
        across: how many points will be looked up along the short side: finer detail is averaged.
    """

    def __init__(
        self, maps: Mapping[str, npt.NDArray[Any]], specs: Iterable[MapSpec], relief: float, across: float
    ) -> None:
        known = {spec.name: spec for spec in specs if spec.name in maps}
        height, width = next(iter(maps.values())).shape[:2]
        factor = max(1, int(min(height, width) / max(across, 1)))
        self.height, self.width = height // factor, width // factor
        self._texels = np.empty((self.height, self.width, _CHANNELS), np.float32)
        parts = split_channels(self._texels, _LAYOUT)
        parts[_NORMAL][...] = _reduced(_normals(maps, known, relief), factor)
        for name, default in DEFAULTS.items():
            parts[name][...] = _reduced(_linear(maps[name], known[name]), factor) if name in known else default

    def at(self, rows: FloatArray, columns: FloatArray) -> dict[str, FloatArray]:
        """Values between texels, whose middles have whole coordinates; the maps repeat.

        Returns:
            What DEFAULTS names, each (..., channels); `normal` as unit vectors, and `alpha` (...) of GGX with the
            roughness that averaged normals had.
        """
        top, left = np.floor(rows), np.floor(columns)
        down, right = (rows - top)[..., None], (columns - left)[..., None]
        y, x = top.astype(np.intp), left.astype(np.intp)
        y0, y1, x0, x1 = y % self.height, (y + 1) % self.height, x % self.width, (x + 1) % self.width
        texels = self._texels
        upper = texels[y0, x0] * (1 - right) + texels[y0, x1] * right
        lower = texels[y1, x0] * (1 - right) + texels[y1, x1] * right
        values: dict[str, FloatArray] = split_channels(upper * (1 - down) + lower * down, _LAYOUT)  # type: ignore[assignment]
        return values | _unit_and_alpha(values[_NORMAL], values["roughness"][..., 0])


def _reduced(values: npt.NDArray[Any], factor: int) -> npt.NDArray[Any]:
    """Means over boxes of texels; what is left over at the ends is dropped. One vector for all stays as it is."""
    if factor == 1 or values.ndim == 1:
        return values
    height, width = (side // factor for side in values.shape[:2])
    boxes = values[: height * factor, : width * factor]
    means: npt.NDArray[Any] = boxes.reshape(height, factor, width, factor, -1).mean(axis=(1, 3))
    return means


def _unit_and_alpha(mean: FloatArray, roughness: FloatArray) -> dict[str, FloatArray]:
    """Averaged normals at unit length, and what their spread adds to the roughness.

    Source: Toksvig, "Mipmapping Normal Maps" (2005), for the spread that follows from the length.
    """
    length = np.clip(np.sqrt(dot(mean, mean)), 0.1, 1)
    spread = (1 - length) / length
    alpha = np.sqrt(np.clip(roughness, 0, 1) ** 4 + 2 * np.minimum(spread, 0.2))
    return {_NORMAL: mean / length[..., None], "alpha": np.minimum(alpha, 1).astype(np.float32)}


def _normals(maps: Mapping[str, npt.NDArray[Any]], known: Mapping[str, MapSpec], relief: float) -> FloatArray:
    """(h, w, 3) unit vectors: x right, y up, z out of the surface."""
    if _NORMAL in known:
        vectors = 2 * np.asarray(maps[_NORMAL], np.float32) - 1
        if known[_NORMAL].normal_convention == "directx":
            vectors = vectors * np.array((1, -1, 1), np.float32)
    elif "height" in known:
        vectors = _slopes(np.asarray(maps["height"], np.float32)[..., 0], relief or USUAL_RELIEF)
    else:
        return np.array((0, 0, 1), np.float32)
    result: FloatArray = vectors / np.maximum(np.sqrt(dot(vectors, vectors)), 1e-6)[..., None]
    return result


def _slopes(height: FloatArray, relief: float) -> FloatArray:
    """Vectors across a height that repeats, by central differences."""
    steep = relief * min(height.shape)
    right, down = ((np.roll(height, -1, axis) - np.roll(height, 1, axis)) * (steep / 2) for axis in (1, 0))
    return np.stack((-right, down, np.ones_like(height)), axis=-1)


def _linear(values: npt.NDArray[Any], spec: MapSpec) -> npt.NDArray[Any]:
    """Colors in linear light; one channel serves for three."""
    return srgb_to_linear(values) if spec.color_space == "sRGB" else values
