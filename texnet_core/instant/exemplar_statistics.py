"""What a network is told of an exemplar: its colors, and statistics of what the light descriptor sees of it.

Of the colors: means, logarithms of deviations, correlations. Of each layer: means and logarithms of deviations of its
components; of the leading ones also how they go together, how they go with themselves some cells further down and
across, and how skewed they are. It takes onnxruntime and no torch.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from texnet_core.descriptor.light_file import ALL_LAYERS, COMPONENTS, light_parameters
from texnet_core.engines.onnx_graph import OUTPUT, GraphWriter
from texnet_core.errors import ImageError
from texnet_core.instant.measuring import run_once, visible_shares
from texnet_core.mapset import HALF, FloatArray, Mask
from texnet_core.model.families.conditional import STATISTICS
from texnet_core.model.families.described import describe
from texnet_core.model.graph import Graph, GraphBuilder
from texnet_core.pictures.color import is_gray
from texnet_core.pictures.masks import too_few

SIDE = 256  # texels of the short side; what is smaller is continued by its mirror image
_MOST = 512  # texels of the long side that are looked at, in its middle
_TOGETHER, _LEADING = 12, 10  # leading components: of correlations, and of all else
_STEPS = (1, 2, 4)  # cells
_LEAST_DEVIATION = 1e-3
_LEAST_COLOR = 1e-4
_MOST_SKEWED = 5.0
_FEWEST_POSITIONS = 16  # of a layer, that must be visible

_Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PrincipalColors:
    """The colors of a texture as a mean and axes.

    Attributes:
        mean: (3,) sRGB.
        axes: (3, 3), in columns, each as long as the deviation along it, the longest first. The sum of each is
            positive, so that those of like textures are alike.
    """

    mean: FloatArray
    axes: FloatArray

    @classmethod
    def of(cls, image: FloatArray, mask: Mask | None = None) -> "PrincipalColors":
        """Those of a picture, (height, width, 3) sRGB, where it is visible."""
        texels = (image.reshape(-1, 3) if mask is None else image[mask]).astype(np.float64)
        if is_gray(texels[None]):
            texels = np.repeat(texels.mean(1, keepdims=True), 3, axis=1)
            first = np.full(3, texels[:, 0].std(ddof=1))
            axes = np.stack([first, np.zeros(3), np.zeros(3)], axis=1)
        else:
            variances, axes = np.linalg.eigh(np.cov(texels.T))
            axes = (axes * np.where(axes.sum(0) < 0, -1, 1) * np.sqrt(variances.clip(0)))[:, ::-1]
        return cls(texels.mean(0).astype(np.float32), axes.astype(np.float32))


def statistics_of(image: FloatArray, mask: Mask | None = None) -> FloatArray:
    """What is told of an exemplar, (`STATISTICS`,).

    Args:
        image: (height, width, 3) sRGB in [0, 1], at the size at which it is to be learned.
        mask: (height, width), True where a texel takes part; None: all do.

    Raises:
        ImageError: too little of it is visible.
        EngineError: onnxruntime failed.
    """
    image, mask = _looked_at(image, mask)
    shown = np.ones(image.shape[:2], bool) if mask is None else mask
    told = [*_of_colors(image, shown)]
    graph, names = _description()
    visible = visible_shares(graph, shown)
    for (layer, features), name in zip(_features(graph, names, image), names, strict=True):
        seen = visible[name] >= HALF
        if (left := int(seen.sum())) < _FEWEST_POSITIONS:
            raise _too_little(layer, left, image, mask)
        told += _of_layer(features, seen)
    found = np.concatenate(told).astype(np.float32)
    assert found.shape == (STATISTICS,)
    return found


def _looked_at(image: FloatArray, mask: Mask | None) -> tuple[FloatArray, Mask | None]:
    """The middle of what is long, and what is small with its mirror images."""
    middle = tuple(slice(max(0, side - _MOST) // 2, max(0, side - _MOST) // 2 + _MOST) for side in image.shape[:2])
    more = [(0, max(0, SIDE - side)) for side in image.shape[:2]]
    image = np.pad(image[middle], [*more, (0, 0)], mode="symmetric")
    return image, None if mask is None else np.pad(mask[middle], more, mode="symmetric")


def _description() -> tuple[Graph, list[str]]:
    """The light descriptor as a graph over "image", and the values of its layers."""
    builder = GraphBuilder()
    names = describe(builder, ALL_LAYERS, builder.input("image", 3, 0), "exemplar", len(COMPONENTS))
    return builder.graph(), names


def _features(graph: Graph, names: list[str], image: FloatArray) -> Iterator[tuple[str, FloatArray]]:
    """Each layer with its components, (components, h, w); borders are left out."""
    writer = GraphWriter(graph, light_parameters(COMPONENTS))
    writer.write()
    for name in names[:-1]:
        writer.also_return(name)
    image = np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32)
    found = run_once(writer, [*names[:-1], OUTPUT], {"image": image})
    return ((layer, features[0]) for layer, features in zip(COMPONENTS, found, strict=True))


def _of_colors(image: FloatArray, seen: Mask) -> Iterator[_Doubles]:
    texels = image[seen].astype(np.float64).T
    covariance = np.cov(texels)
    deviations = np.sqrt(covariance.diagonal().clip(_LEAST_COLOR**2))
    yield texels.mean(1)
    yield np.log(deviations)
    yield (covariance / np.outer(deviations, deviations))[np.triu_indices(3, 1)]


def _of_layer(features: FloatArray, seen: Mask) -> Iterator[_Doubles]:
    """Statistics of (components, h, w) where they are visible. Values are standardized and then zero where hidden."""
    count = int(seen.sum())
    mean = (features if count == seen.size else features * seen).sum((1, 2), dtype=np.float64) / count
    whole = (features - mean[:, None, None].astype(np.float32)) * seen
    deviation = np.sqrt(_products(whole, whole) / (count - 1)) + _LEAST_DEVIATION
    yield mean
    yield np.log(deviation)
    whole = whole[:_TOGETHER] / deviation[:_TOGETHER, None, None].astype(np.float32)
    flat = whole.reshape(len(whole), -1)
    yield (flat @ flat.T / count).astype(np.float64)[np.triu_indices(_TOGETHER, 1)]
    whole = whole[:_LEADING]
    for step in _STEPS:
        yield _alike(whole[:, step:], whole[:, :-step], seen[step:] & seen[:-step])
        yield _alike(whole[:, :, step:], whole[:, :, :-step], seen[:, step:] & seen[:, :-step])
    yield (_products(whole, whole * whole) / count).clip(-_MOST_SKEWED, _MOST_SKEWED)


def _alike(here: FloatArray, there: FloatArray, seen: Mask) -> _Doubles:
    """The mean product of standardized values of two places, where both are visible; 0 where none are."""
    return _products(here, there) / max(1, int(seen.sum()))


def _products(here: FloatArray, there: FloatArray) -> _Doubles:
    """The sum over all places of the product of two values, of each channel."""
    found: _Doubles = np.einsum("chw,chw->c", here, there).astype(np.float64)
    return found


def _too_little(layer: str, left: int, image: FloatArray, mask: Mask | None) -> ImageError:
    if mask is not None:
        return too_few(f"{left} places for {layer}", f"at least {_FEWEST_POSITIONS}")
    return ImageError(
        f"{image.shape[1]}x{image.shape[0]} texels show {left} places for {layer}",
        expected=f"at least {_FEWEST_POSITIONS}",
        remedy="take a larger exemplar",
    )
