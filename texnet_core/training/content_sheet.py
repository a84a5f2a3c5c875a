"""A sheet that drawn content is put on, shape over shape, and how light falls there."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from texnet_core.training.content_paints import SUPERSAMPLING, Drawing, Grid, Labels

Points = Sequence[tuple[float, float]]  # (x, y) in shares of the picture's side
Stencil = npt.NDArray[np.bool_]


class Sheet:
    """A sheet that shapes are put on, the later ones over the earlier."""

    def __init__(self, side: int, rng: np.random.Generator) -> None:
        self.side, self.rng = side * SUPERSAMPLING, rng
        self.labels: Labels = np.zeros((self.side, self.side), np.int32)
        self.light: Grid = np.ones((self.side, self.side), np.float32)
        self.y, self.x = ((np.mgrid[0 : self.side, 0 : self.side] + 0.5) / self.side).astype(np.float32)

    def put(self, stencil: Stencil, light: Grid | float = 1.0, *, label: int | None = None) -> int:
        """Lay a shape over what is there; a new one, or one more part of an earlier one."""
        label = int(self.labels.max()) + 1 if label is None else label
        self.labels[stencil] = label
        self.light[stencil] = light[stencil] if isinstance(light, np.ndarray) else light
        return label

    def polygon(self, points: Points) -> Stencil:
        from PIL import Image, ImageDraw

        image = Image.new("1", (self.side, self.side))
        ImageDraw.Draw(image).polygon([(x * self.side, y * self.side) for x, y in points], fill=1)
        return np.asarray(image)

    def line(self, points: Points, width: float) -> Stencil:
        """A line with round ends and joints; the width as a share of the side."""
        from PIL import Image, ImageDraw

        image = Image.new("1", (self.side, self.side))
        draw, texels = ImageDraw.Draw(image), [(x * self.side, y * self.side) for x, y in points]
        thick = max(1, round(width * self.side))
        draw.line(texels, fill=1, width=thick)
        for x, y in texels if thick > 2 else []:
            draw.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), fill=1)
        return np.asarray(image)

    def ellipse(self, x: float, y: float, rx: float, ry: float) -> Stencil:
        stencil: Stencil = ((self.x - x) / rx) ** 2 + ((self.y - y) / ry) ** 2 < 1
        return stencil

    def ball(self, x: float, y: float, rx: float, ry: float, sun: tuple[float, float, float]) -> Grid:
        """Light on the ellipsoid over an ellipse."""
        nx, ny = (self.x - x) / rx, (self.y - y) / ry
        nz = np.sqrt(np.clip(1 - nx**2 - ny**2, 0, 1))
        return lit(nx, ny, nz, sun)

    def shadow(self, stencil: Stencil, dx: float, dy: float, strength: float = 0.45) -> None:
        """Darken what lies beside a shape that is to come, softly."""
        from PIL import Image, ImageFilter

        moved = Image.new("L", (self.side, self.side))
        moved.paste(Image.fromarray(np.uint8(255 * stencil)), (round(dx * self.side), round(dy * self.side)))
        soft = moved.filter(ImageFilter.GaussianBlur(self.side / 80))
        self.light *= 1 - np.float32(strength / 255) * np.asarray(soft, np.float32)

    def drawing(self, depth: Grid | None = None, plain: Sequence[int] = ()) -> Drawing:
        """The sheet as it is; shapes that nothing is left of are no more."""
        found, labels = np.unique(self.labels, return_inverse=True)
        kept = frozenset(int(np.searchsorted(found, label)) for label in plain if label in found)
        return Drawing(labels.reshape(self.labels.shape).astype(np.int32), self.light, depth, kept)


def lit(nx: Grid, ny: Grid, nz: Grid, sun: tuple[float, float, float]) -> Grid:
    """Light on a surface with these normals: some from all around, most from the sun."""
    direction = np.array(sun) / np.linalg.norm(sun)
    facing = np.clip(nx * direction[0] + ny * direction[1] + nz * direction[2], 0, 1)
    return np.asarray(0.35 + 0.85 * facing, np.float32)


def sun_from(rng: np.random.Generator) -> tuple[float, float, float]:
    """Towards the light: from above, left or right."""
    return rng.choice([-1.0, 1.0]) * rng.uniform(0.3, 1.0), -rng.uniform(0.3, 1.0), rng.uniform(0.4, 1.0)
