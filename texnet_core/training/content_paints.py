"""Paints for drawn content: flat colors, gradients, and the surfaces of the presets.

A drawing says which shape each texel belongs to. Here each shape gets a paint, in colors that are far apart in
luminance and hue, so that every picture has edges to keep, flat parts and texture.
"""

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import FloatArray
from texnet_core.model.artifact import read_artifact
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.textures import synthesize

TILE = 384  # side of a surface in texels, a whole number of the coarsest cells of every preset
SUPERSAMPLING = 2  # texels of a drawing, each way, that a texel of the picture is the mean of

Grid = npt.NDArray[np.float32]  # (h, w)
Labels = npt.NDArray[np.int32]  # (h, w), the number of the shape that each texel belongs to
Places = npt.NDArray[np.intp]  # (n,) rows or columns of texels

_SURFACES = 3  # of one picture
_SHARES = (*[0.2] * _SURFACES, 0.15, 0.25)  # of the shapes that have each of them, a gradient, and one color
_OWN_COLORS = 0.35  # share of the shapes whose surface keeps the colors that it has


def surfaces(files: Sequence[Path], rng: np.random.Generator) -> list[FloatArray]:
    """One tile of each generator, (TILE, TILE, 3) sRGB in [0, 1], with seeds from `rng`.

    On one engine and in one number format, so that a seed gives the same content with whatever else is installed.
    """
    tiles = []
    for file in files:
        artifact = read_artifact(file)
        seed = int(rng.integers(2**32))
        request = TextureRequest(width=TILE, height=TILE, seed=seed, engine="onnx", precision="f32")
        made = synthesize(artifact, request)
        colors = next(spec.name for spec in artifact.maps if spec.role == "color")
        tiles.append(np.clip(made[colors], 0, 1).astype(np.float32))
    return tiles


@dataclass(frozen=True)
class Drawing:
    """Shapes, before they have colors. Arrays are of the drawing's size, `SUPERSAMPLING` times the picture's.

    Attributes:
        labels: the shape of each texel, counted from 0; 0 is the ground.
        light: what colors are multiplied by.
        depth: how many times farther away than the nearest part; surfaces look smaller there. None: all is flat.
        plain: shapes that are to have one color, whatever is drawn.
    """

    labels: Labels
    light: Grid
    depth: Grid | None = None
    plain: frozenset[int] = frozenset()


class _Paint(Protocol):
    """What a shape is painted with: detail that is added to a color.

    Attributes:
        has_colors: whether it can do without one.
        mean: (3,), the color that it has then.
    """

    has_colors: bool
    mean: FloatArray

    def __call__(self, drawing: Drawing, rows: Places, columns: Places) -> FloatArray:
        """(n, 3) at n texels of the drawing."""
        ...


def painted(drawing: Drawing, tiles: Sequence[FloatArray], rng: np.random.Generator) -> FloatArray:
    """Give each shape a paint.

    Args:
        drawing: the shapes.
        tiles: surfaces to paint with.
        rng: which paints, and their colors.

    Returns:
        (h, w, 3) sRGB in [0, 1], smaller than the drawing by `SUPERSAMPLING`.
    """
    count = int(drawing.labels.max()) + 1
    paints: list[_Paint] = [_Surface(tiles[rng.integers(len(tiles))], rng) for _ in range(_SURFACES)]
    paints.append(_Gradient(rng))
    kinds = rng.choice(1 + len(paints), count, p=_SHARES)  # the last is flat
    kinds[list(drawing.plain)] = len(paints)
    own = rng.random(count) < _OWN_COLORS
    contrast = rng.uniform(0.6, 1.5, count).astype(np.float32)
    image = _apart(count, rng)[drawing.labels]
    for kind, paint in enumerate(paints):
        places = np.nonzero((kinds == kind)[drawing.labels])
        labels = drawing.labels[places]
        detail = paint(drawing, *places)
        tinted = image[places] + contrast[labels, None] * detail
        image[places] = np.where(own[labels, None] & paint.has_colors, paint.mean + detail, tinted)
    return reduced(np.clip(image * drawing.light[..., None], 0, 1))


def reduced(image: FloatArray) -> FloatArray:
    """(h, w, 3) of a drawing to that of the picture, by means."""
    height, width, channels = image.shape
    n = SUPERSAMPLING
    return np.ascontiguousarray(image.reshape(height // n, n, width // n, n, channels).mean((1, 3)))


def _apart(count: int, rng: np.random.Generator) -> FloatArray:
    """(count, 3) colors of one scheme; neighbors in the list differ boldly in luminance."""
    hue, spread = rng.random(), rng.choice([0.06, 0.2, 0.5])
    saturation = rng.uniform(0.05, 0.85)
    third = rng.integers(3) + np.arange(count) * rng.choice([1, 2])
    lightness = (third % 3 + rng.random(count)) / 3  # dark, middle and light in turns
    colors = []
    for light in lightness:
        shade = colorsys.hls_to_rgb(
            (hue + spread * rng.uniform(-1, 1)) % 1, 0.04 + 0.92 * light, saturation * rng.uniform(0.5, 1.2)
        )
        colors.append(shade)
    return np.clip(np.array(colors, np.float32), 0, 1)


class _Gradient:
    """A slow change along a direction, or from a middle."""

    has_colors = False
    mean: FloatArray = np.full(3, 0.5, np.float32)

    def __init__(self, rng: np.random.Generator) -> None:
        self.middle, self.change = rng.uniform(-0.2, 1.2, 2), rng.uniform(-0.7, 0.7, 3).astype(np.float32)
        self.angle = rng.uniform(0, 2 * np.pi) if rng.random() < 0.6 else None

    def __call__(self, drawing: Drawing, rows: Places, columns: Places) -> FloatArray:
        y, x = (at.astype(np.float32) / len(drawing.labels) for at in (rows, columns))
        if self.angle is None:
            way = np.hypot(x - self.middle[1], y - self.middle[0]) - 0.5
        else:
            way = np.cos(self.angle) * (x - 0.5) + np.sin(self.angle) * (y - 0.5)
        return np.asarray(way[:, None] * self.change, np.float32)


class _Surface:
    """A tile, turned, at some scale and from some place on; smaller where the drawing is farther away."""

    has_colors = True

    def __init__(self, tile: FloatArray, rng: np.random.Generator) -> None:
        self.tile = np.rot90(tile, rng.integers(4))
        self.mean: FloatArray = tile.mean((0, 1))
        self.step = np.float32(2 ** rng.uniform(-0.8, 1.0) / SUPERSAMPLING)  # texels of the tile, one of the drawing
        self.start = rng.uniform(0, TILE, 2).astype(np.float32)

    def __call__(self, drawing: Drawing, rows: Places, columns: Places) -> FloatArray:
        y, x = (at.astype(np.float32) * self.step for at in (rows, columns))
        if drawing.depth is None:
            return _looked_up(self.tile, y + self.start[0], x + self.start[1]) - self.mean
        depth = drawing.depth[rows, columns]
        middle = self.step * len(drawing.labels) / 2
        y, x = self.start[0] + 2 * middle * depth, (x - middle) * depth + middle
        fine, coarse = (_looked_up(tile, y, x) for tile in (self.tile, _averaged(self.tile, 8)))
        share = np.clip((self.step * depth - 1) / 6, 0, 1)[:, None]
        mixed: FloatArray = fine + share * (coarse - fine) - self.mean
        return mixed


def _looked_up(tile: FloatArray, y: FloatArray, x: FloatArray) -> FloatArray:
    """(n, 3), the tile, which repeats, at n places between its texels."""
    side = len(tile)
    top, left = np.floor(y), np.floor(x)
    down, right = (y - top)[..., None], (x - left)[..., None]
    rows, columns = top.astype(np.int32) % side, left.astype(np.int32) % side
    rows_after, columns_after = (rows + 1) % side, (columns + 1) % side
    above = tile[rows, columns] * (1 - right) + tile[rows, columns_after] * right
    below = tile[rows_after, columns] * (1 - right) + tile[rows_after, columns_after] * right
    looked_up: FloatArray = above * (1 - down) + below * down
    return looked_up


def _averaged(tile: FloatArray, cell: int) -> FloatArray:
    """The tile with the means of its cells."""
    side = len(tile) // cell
    means: FloatArray = tile.reshape(side, cell, side, cell, 3).mean((1, 3))
    return means.repeat(cell, 0).repeat(cell, 1)
