"""Draws surfaces whose relief is known, to learn from and to look at: `python build_reliefs.py DIR`.

Each is made of noise and arithmetic alone: walls and pavings, stones, rough ground, cloth, boards and tiles in rows,
leaves and grass, and flat paint. Colors go with the relief in many ways and in none, as in real materials: joints may
be darker or brighter than what they part, deep places are mostly darker, and stains mean nothing.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from texnet_core.atomic import as_output_error
from texnet_core.errors import OutputError
from texnet_core.pictures.color import quantize
from texnet_core.pictures.writing import write_image

SIDE = 384  # of every drawing, in texels
SHADOWS = (1.5, 4.0, 10.0, 25.0)  # texels round a place that may stand between it and the sky

Field = npt.NDArray[np.float32]  # (SIDE, SIDE)
# Height in texels, how much a texel belongs to what stands out (0 to 1), and its tone about 0.
Sketch = tuple[Field, Field, Field]
# Texels to the edge of a cell, its number, how many there are, their size, and the place in it from -0.5 to 0.5.
Cells = tuple[Field, npt.NDArray[np.int64], int, float, tuple[Field, Field]]

_ROWS, _COLUMNS = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)


def cloud(rng: np.random.Generator, slope: float, low: float, high: float, stretch: float = 1.0) -> Field:
    """Noise of mean 0 and deviation 1 whose amplitude falls as frequency**-slope between two sizes in texels."""
    down, across = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None] * stretch
    frequency = np.hypot(down, across)
    frequency[0, 0] = 1
    band = np.exp(-((frequency * low / 2) ** 4)) * (1 - np.exp(-((frequency * high) ** 4))) * frequency**-slope
    band[0, 0] = 0
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((SIDE, SIDE))) * band, s=(SIDE, SIDE))
    return ((field - field.mean()) / (field.std() + 1e-9)).astype(np.float32)


def blurred(field: Field, deviation: float) -> Field:
    down, across = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None]
    band = np.exp(-2 * np.pi**2 * (down**2 + across**2) * deviation**2)
    return np.fft.irfft2(np.fft.rfft2(field) * band, s=(SIDE, SIDE)).astype(np.float32)


def ease(share: Field) -> Field:
    """From 0, at 0 and below, to 1, at 1 and above, level at both ends."""
    share = np.clip(share, 0, 1)
    return share * share * (3 - 2 * share)


def sky(height: Field) -> Field:
    """How much of the sky each place sees, about: 1 where nothing round it is higher on the whole."""
    walls = sum(np.maximum(blurred(height, size) - height, 0) / size for size in SHADOWS)
    return (1 / (1 + 1.2 * walls)).astype(np.float32)


def _bent(rng: np.random.Generator, texels: float) -> tuple[Field, Field]:
    """Rows and columns, bent by so many texels."""
    size = rng.uniform(30, 120)
    return _ROWS + texels * cloud(rng, 1.5, 10, size), _COLUMNS + texels * cloud(rng, 1.5, 10, size)


def _grid(rng: np.random.Generator) -> Cells:
    rows, columns = int(rng.choice([4, 6, 8, 10, 12])), int(rng.choice([2, 3, 4, 6, 8]))
    in_bond = rng.integers(3) > 0
    down, across = _bent(rng, rng.uniform(0, 2.5))
    high, wide = SIDE / rows, SIDE / columns
    row = np.floor(down / high)
    across = across + wide / 2 * (row % 2) * in_bond
    to_edge = np.minimum(np.minimum(down % high, -down % high), np.minimum(across % wide, -across % wide))
    number = (row % rows * columns + np.floor(across / wide) % columns).astype(int)
    return to_edge, number, rows * columns, min(high, wide), (down % high / high - 0.5, across % wide / wide - 0.5)


def _stones(rng: np.random.Generator) -> Cells:
    """Cells round points that lie one in each square."""
    count = int(rng.choice([5, 7, 10, 14, 20]))
    corners = np.stack(np.meshgrid(np.arange(count), np.arange(count), indexing="ij"), -1)
    points = (corners + rng.uniform(0.1, 0.9, (count, count, 2))) * SIDE / count
    down, across = _bent(rng, rng.uniform(0, 3))
    square_row, square_column = (np.floor(place * count / SIDE).astype(int) for place in (down, across))
    nearest = np.full((SIDE, SIDE), 1e9, np.float32)
    second, number = nearest.copy(), np.zeros((SIDE, SIDE), int)
    from_row, from_column = np.zeros_like(nearest), np.zeros_like(nearest)
    for step in np.ndindex(3, 3):
        row, column = square_row + step[0] - 1, square_column + step[1] - 1
        point = points[row % count, column % count]
        to_row = down - point[..., 0] - (row // count) * SIDE
        to_column = across - point[..., 1] - (column // count) * SIDE
        distance = np.hypot(to_row, to_column)
        nearer = distance < nearest
        second = np.where(nearer, nearest, np.minimum(second, distance))
        number = np.where(nearer, row % count * count + column % count, number)
        from_row, from_column = np.where(nearer, to_row, from_row), np.where(nearer, to_column, from_column)
        nearest = np.where(nearer, distance, nearest)
    size = SIDE / count
    return (second - nearest) / 2, number, count * count, size, (from_row / size, from_column / size)


def _parted(rng: np.random.Generator, cells: Cells) -> Sketch:
    """Bricks, tiles or stones with joints between them."""
    to_edge, number, count, size, (down, across) = cells
    joint = rng.uniform(0.01, 0.07) * size
    bevel = rng.uniform(0.02, 0.5 if rng.random() < 0.5 else 0.15) * size + 1
    to_edge = to_edge + rng.uniform(0, 0.04) * size * cloud(rng, 1, 3, size)
    face = ease((to_edge - joint) / bevel)

    def of_each(deviation: float) -> Field:
        return (rng.standard_normal(count) * deviation).astype(np.float32)[number]

    depth = rng.uniform(0.03, 0.2) * size
    dome = rng.uniform(0, 0.5) * depth * (1 - 2 * (down**2 + across**2))
    tilt = (of_each(1) * down + of_each(1) * across) * depth * rng.uniform(0, 0.5)
    height = face * (depth + of_each(0.25 * depth * rng.random()) + dome + tilt)
    height = height + rng.uniform(0, 0.12) * depth * cloud(rng, rng.uniform(0.5, 1.5), 2, 30)
    return height, face, of_each(1)


def _rough(rng: np.random.Generator) -> Sketch:
    height = cloud(rng, rng.uniform(1.0, 2.2), 2, rng.uniform(20, 200))
    kind = rng.integers(4)
    if kind == 1:
        height = -np.abs(height)  # ridges
    if kind == 2:
        height = np.where(height > 0, height, 0.4 * height)
    if kind == 3:
        height = np.minimum(height, rng.uniform(-0.5, 0.7))  # flat with pits
    return height * rng.uniform(2, 8), np.clip(0.5 + 0.3 * height, 0, 1), cloud(rng, 1.5, 4, 150)


def _cloth(rng: np.random.Generator) -> Sketch:
    pitch = SIDE / int(rng.choice([16, 24, 32, 48, 64]))
    down, across = (place / pitch for place in _bent(rng, rng.uniform(0, 0.08) * pitch))
    weave = int(rng.choice([2, 3, 4]))
    over = (np.floor(down) + np.floor(across)) % weave == 0
    if weave == 2 and rng.random() < 0.3:
        over = np.ones_like(over)  # cords side by side
    place, along = np.where(over, down, across) % 1 - 0.5, np.where(over, across, down) % 1
    round_ = np.sqrt(np.clip(1 - (place / 0.5) ** 2, 0, 1)) * (0.55 + 0.45 * np.sin(np.pi * along))
    tone = np.where(over, 1, -1) * rng.uniform(0, 1) * (rng.random() < 0.5) + 0.5 * cloud(rng, 1, 2, 12)
    return round_ * pitch * rng.uniform(0.1, 0.3), round_, tone.astype(np.float32)


def _in_rows(rng: np.random.Generator) -> Sketch:
    """Boards, shingles, corrugated sheets and roof tiles."""
    rows, columns = int(rng.choice([4, 6, 8, 12])), int(rng.choice([2, 4, 6, 8]))
    down, across = _bent(rng, rng.uniform(0, 2))
    high, wide = SIDE / rows, SIDE / columns
    row = np.floor(down / high)
    across = across + wide / 2 * (row % 2)
    number = (row % rows * columns + np.floor(across / wide) % columns).astype(int)
    tones = rng.standard_normal(rows * columns).astype(np.float32)[number]
    down, across = down % high / high, across % wide / wide
    seam = ease(np.minimum(down, 1 - down) * high / 4)
    kind = rng.integers(4)
    if kind == 0:
        height, face = ease(down / rng.uniform(0.7, 0.95)), seam
    elif kind == 1:
        gap = ease(np.minimum(across, 1 - across) * wide / 3)
        height, face = (ease(down) + 0.2 * tones) * (0.6 + 0.4 * gap), gap * seam
    elif kind == 2:
        height = 0.5 + 0.5 * np.sin(2 * np.pi * down)
        face, tones = 0.3 + 0.7 * height, 0.3 * tones
    else:
        height = 0.5 - 0.5 * np.cos(2 * np.pi * across) + ease(down)
        face = seam * (0.5 + 0.5 * ease(np.minimum(across, 1 - across) * wide / 6))
    return height * high * rng.uniform(0.06, 0.25) + rng.uniform(0, 0.8) * cloud(rng, 1, 2, 30), face, tones


def _leaves(rng: np.random.Generator, *, are_broad: bool) -> Sketch:
    """Leaves or blades that lie on each other."""
    height, order = np.zeros((SIDE, SIDE), np.float32), np.zeros((SIDE, SIDE), np.float32)
    tone = cloud(rng, 1, 4, 60) - 1
    count = int(rng.integers(250, 700) if are_broad else rng.integers(900, 1500))
    usual, slim = rng.uniform(14, 40), rng.uniform(0.3, 0.7) if are_broad else rng.uniform(0.06, 0.15)
    for step in range(count):
        angle, top, left = rng.uniform(0, 2 * np.pi), rng.integers(SIDE), rng.integers(SIDE)
        length = usual * rng.uniform(0.6, 1.3)
        near = np.arange(-int(length) - 1, int(length) + 2)
        along = np.cos(angle) * near[:, None] + np.sin(angle) * near[None]
        beside = -np.sin(angle) * near[:, None] + np.cos(angle) * near[None]
        inside = 1 - (along / length) ** 2 - (beside / (length * slim)) ** 2
        spot = np.ix_((top + near) % SIDE, (left + near) % SIDE)
        bulge = np.sqrt(np.clip(inside, 0, 1)) * length * slim * 0.25
        lies = step / count * usual * 0.35 + bulge
        lies = lies + rng.uniform(-0.15, 0.15) * along + rng.uniform(-0.2, 0.2) * beside
        color = rng.standard_normal() * 0.5 - 0.4 * np.exp(-np.abs(beside)) * are_broad + 0.8 * step / count
        for field, value in ((height, np.maximum(lies, 0)), (tone, color), (order, step / count)):
            field[spot] = np.where(inside > 0, value, field[spot])
    return height, 0.3 + 0.7 * order, tone


def _flat(rng: np.random.Generator) -> Sketch:
    """Paint, veneer or metal: colors that mean nothing, or a little where a layer peels."""
    height = cloud(rng, rng.uniform(0.3, 1.5), 2, 40) * rng.uniform(0, 0.15)
    spread = rng.uniform(0.5, 3)
    patches = ease(0.5 + spread * cloud(rng, 1.5, 4, 150, stretch=rng.choice([1, 1, 4])))
    height = height + rng.uniform(-0.3, 0.6) * patches * (rng.random() < 0.5)
    tone = cloud(rng, rng.uniform(0.5, 2), 2, 200, stretch=rng.choice([1, 1, 6]))
    return height.astype(np.float32), patches, tone


SKETCHES: tuple[Callable[[np.random.Generator], Sketch], ...] = (
    lambda rng: _parted(rng, _grid(rng)),
    lambda rng: _parted(rng, _stones(rng)),
    _rough,
    _cloth,
    _in_rows,
    lambda rng: _leaves(rng, are_broad=True),
    lambda rng: _leaves(rng, are_broad=False),
    _flat,
    lambda rng: _parted(rng, _grid(rng)),
    _rough,
    _flat,
    lambda rng: _parted(rng, _stones(rng)),
)


def draw(number: int) -> tuple[npt.NDArray[np.float32], Field, Field]:
    """A drawing, which tiles: colors (SIDE, SIDE, 3) sRGB in [0, 1], height in texels, how much sky each place sees."""
    rng = np.random.default_rng([77, number])
    sketch = SKETCHES[number % len(SKETCHES)]
    height, face, tone = sketch(rng)
    if rng.random() < 0.35:
        crack = 1 - ease(np.abs(cloud(rng, 1.8, 4, 120)) / rng.uniform(0.01, 0.06))
        height, face = height - crack * rng.uniform(0.5, 3), face * (1 - 0.9 * crack)
    grain = rng.uniform(0, 0.5) * cloud(rng, rng.uniform(0, 1), 2, 8)
    if sketch is not _flat:
        height = (height + grain) * np.exp(rng.uniform(-1.1, 0.35))
    seen = sky(height)
    return _colored(rng, height, face, tone, seen), height.astype(np.float32), seen


def _colored(rng: np.random.Generator, height: Field, face: Field, tone: Field, seen: Field) -> Field:
    stains = cloud(rng, rng.uniform(0.8, 2), 3, 150)
    high, low = rng.uniform(0.15, 0.9, 3), rng.uniform(0.05, 0.9, 3)
    if rng.random() < 0.6:
        gray = rng.uniform(0, 0.8)
        high, low = (gray * color.mean() + (1 - gray) * color for color in (high, low))
    colors = low + (high - low) * face[..., None]
    light = 1 + rng.uniform(0.02, 0.3) * tone + rng.uniform(0, 0.2) * stains
    light = light + rng.uniform(0, 0.1) * cloud(rng, 0.5, 2, 10)
    stands_out = (height - blurred(height, 12)) / (height.std() + 0.05)
    light = light + rng.uniform(-0.05, 0.3) * stands_out * (rng.random() < 0.6)
    light = light * seen ** rng.uniform(0, 1)
    hues = 1 + rng.uniform(0, 0.06) * np.stack([cloud(rng, 1, 3, 100) for _ in range(3)], -1)
    return np.clip(colors * np.maximum(light, 0.05)[..., None] * hues, 0, 1).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to put them")
    parser.add_argument("--count", type=int, default=24, help="how many; default: %(default)s")
    arguments = parser.parse_args()
    try:
        with as_output_error(arguments.folder):
            arguments.folder.mkdir(parents=True, exist_ok=True)
        for number in range(arguments.count):
            colors, height, _ = draw(number)
            raised = (height - height.min()) / max(float(np.ptp(height)), 1e-6)
            write_image(arguments.folder / f"{number:03}_albedo.png", quantize(colors, 8))
            write_image(arguments.folder / f"{number:03}_height.png", quantize(raised[..., None], 16), "data")
    except OutputError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
