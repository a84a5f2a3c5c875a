"""Draws the exemplars of surfaces that no free photograph was at hand for: `python build_exemplars.py DIR/drawn`.

Each is a picture of 1024x1024 texels, made of noise and arithmetic alone, and under CC0 like the photographs that the
other presets come from. The versions of constraints.txt draw the same texels again.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from texnet_core.atomic import as_output_error, replacing
from texnet_core.errors import OutputError

SIDE = 1024  # of every picture, in texels

Field = npt.NDArray[np.float64]  # (SIDE, SIDE), or (SIDE, SIDE, 3) for colors in [0, 1], sRGB
Color = tuple[float, float, float]

_ROWS, _COLUMNS = np.mgrid[0:SIDE, 0:SIDE].astype(np.float64)


def cloud(rng: np.random.Generator, slope: float, low: float, high: float, stretch: float = 1.0) -> Field:
    """Noise of mean 0 and deviation 1 whose amplitude falls as frequency**-slope between two sizes.

    Args:
        rng: what it is drawn from.
        slope: 0 for white noise within the band; larger is smoother.
        low: size of the finest detail, in texels.
        high: size of the coarsest, in texels.
        stretch: how many times as long as high the shapes are along the columns.
    """
    down, across = np.fft.fftfreq(SIDE)[:, None] * stretch, np.fft.rfftfreq(SIDE)[None, :]  # cycles a texel
    frequency = np.hypot(down, across)
    frequency[0, 0] = 1
    band = np.exp(-((frequency * low / 2) ** 4)) * (1 - np.exp(-((frequency * high) ** 4)))
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((SIDE, SIDE))) * band * frequency**-slope, s=(SIDE, SIDE))
    return (field - field.mean()) / field.std()


def slanted(field: Field) -> Field:
    """Sheared by one column a row, so that what ran down the columns runs to the lower left; it still tiles."""
    return np.stack([np.roll(row, -index) for index, row in enumerate(field)])


def lit(height: Field, strength: float) -> Field:
    """How much light from the upper left a relief takes, about 1 where it is flat; height in texels."""
    down, across = np.roll(height, -1, 0) - np.roll(height, 1, 0), np.roll(height, -1, 1) - np.roll(height, 1, 1)
    return 1 + strength * (down + across) / 2


def between(share: Field, first: Color, second: Color) -> Field:
    """Colors from the first, at 0, to the second, at 1."""
    weight = np.clip(share, 0, 1)[..., None]
    return (1 - weight) * np.array(first) + weight * np.array(second)


def ease(share: Field) -> Field:
    """From 0, at 0 and below, to 1, at 1 and above, level at both ends."""
    share = np.clip(share, 0, 1)
    return share * share * (3 - 2 * share)


def bricks(rng: np.random.Generator) -> Field:
    """A wall of red bricks in half bond: rough faces, worn edges, pale mortar that lies deeper."""
    courses, across, joint = 10, 4, 13.0  # the joint in texels
    high, long = SIDE / courses, SIDE / across
    row, column = (at + 1.7 * cloud(rng, 1.4, 14, 120) for at in (_ROWS, _COLUMNS))
    course = np.floor(row / high)
    column = column + long / 2 * (course % 2)
    to_edge = np.minimum(np.minimum(row % high, -row % high), np.minimum(column % long, -column % long)) - joint / 2
    face = ease(0.5 + to_edge / 9 + 0.16 * cloud(rng, 1.0, 6, 40))
    brick = course % courses * across + np.floor(column / long) % across
    tone = 0.5 + 0.1 * rng.standard_normal(courses * across)[brick.astype(int)] + 0.16 * cloud(rng, 1.2, 3, 50)
    clay = between(tone, (0.66, 0.33, 0.24), (0.45, 0.20, 0.15))
    mortar = between(0.5 + 0.2 * cloud(rng, 1.0, 3, 60), (0.74, 0.71, 0.66), (0.62, 0.59, 0.54))
    relief = 9 * face + 0.9 * cloud(rng, 0.7, 3, 16)
    return (mortar + face[..., None] * (clay - mortar)) * np.clip(lit(relief, 0.1), 0.4, 1.4)[..., None]


def concrete(rng: np.random.Generator) -> Field:
    """Gray cast concrete: stains, fine grain, and the holes of air bubbles."""
    stains = 0.6 * cloud(rng, 1.6, 6, 220) + 0.4 * cloud(rng, 1.0, 3, 40)
    color = between(0.5 + 0.25 * stains, (0.66, 0.65, 0.63), (0.52, 0.515, 0.505))
    grain = cloud(rng, 0.5, 2, 10)
    holes = np.zeros((SIDE, SIDE))
    for _ in range(900):
        y, x = rng.integers(0, SIDE, 2)
        radius = 1.6 + 4.5 * rng.random() ** 5
        reach = int(2 * radius) + 2
        near = np.arange(-reach, reach + 1)
        ellipse = np.hypot(near[:, None] * rng.uniform(0.8, 1.3), near[None, :]) / radius
        rows, columns = (y + near) % SIDE, (x + near) % SIDE
        spot = np.ix_(rows, columns)
        holes[spot] = np.maximum(holes[spot], np.clip(1.5 - ellipse, 0, 1))
    relief = 0.5 * grain - 3.0 * holes + 1.2 * cloud(rng, 1.2, 5, 60)
    return color * (lit(relief, 0.09) * (1 - 0.45 * holes))[..., None]


def linen(rng: np.random.Generator) -> Field:
    """Coarse linen in plain weave: threads of uneven thickness, over and under in turn."""
    threads = 32  # each way
    pitch = SIDE / threads
    down, across = (0.07 * pitch * cloud(rng, 1.6, 16, 200) for _ in range(2))
    weft, warp = (_ROWS + down) / pitch, (_COLUMNS + across) / pitch
    over = (np.floor(weft) + np.floor(warp)) % 2 == 0  # whether the weft is on top

    def of_top(field: Callable[[], Field]) -> Field:
        """What runs down the columns for the warp and along the rows for the weft."""
        return np.where(over, field().T, field())

    place = np.where(over, weft, warp) % 1 - 0.5  # across the thread on top
    arch = np.sin(np.pi * (np.where(over, warp, weft) % 1))  # along it, 1 where it is highest
    thickness = 0.47 + 0.035 * of_top(lambda: cloud(rng, 1.2, 10, 100, stretch=2.0))
    round_ = np.sqrt(np.clip(1 - (place / thickness) ** 2, 0, 1)) * (0.55 + 0.45 * np.sqrt(arch))
    fibers = of_top(lambda: cloud(rng, 0.4, 2, 12, stretch=5.0))
    tone = 0.5 + 0.2 * of_top(lambda: cloud(rng, 1.0, 4, 60, stretch=3.0)) + np.where(over, 0.3, -0.3)
    light = 0.34 + 0.66 * round_ + 0.05 * fibers
    return between(tone, (0.60, 0.50, 0.38), (0.93, 0.88, 0.78)) * light[..., None]


def marble(rng: np.random.Generator) -> Field:
    """White marble: streaks of pale gray, and darker veins where waves cross zero, wide here and thin there."""
    streaks = slanted(cloud(rng, 1.9, 12, 260, stretch=3.0))
    color = between(0.5 + 0.25 * streaks, (0.95, 0.945, 0.935), (0.82, 0.825, 0.83))
    crinkle = 4 * cloud(rng, 1.8, 24, 90)
    for slope, high, reach, tone in ((2.6, 200, 20, (0.40, 0.41, 0.44)), (2.4, 110, 12, (0.52, 0.53, 0.55))):
        wave = slanted(cloud(rng, slope, 30, high, stretch=3.0))
        distance = np.abs(wave / np.hypot(*np.gradient(wave)).mean() + crinkle)  # from the line, about in texels
        strength = ease(0.45 + 0.5 * slanted(cloud(rng, 2.2, 40, 220, stretch=2.0)))
        vein = 0.75 * strength * np.exp(-distance / (3 + reach * strength))
        color = color + vein[..., None] * (np.array(tone) - color)
    return color + 0.008 * cloud(rng, 0.5, 3, 12)[..., None]


def plaster(rng: np.random.Generator) -> Field:
    """Roughcast: grains of plaster thrown at a wall."""
    height = 1.6 * cloud(rng, 0.6, 12, 48)
    height = np.where(height > 0, height, 0.45 * height) + 0.5 * cloud(rng, 1.2, 5, 24) + 0.6 * cloud(rng, 1.5, 30, 200)
    color = between(0.5 + 0.2 * cloud(rng, 1.6, 10, 220), (0.86, 0.82, 0.74), (0.72, 0.67, 0.58))
    return color * (np.clip(lit(height, 0.4), 0.4, 1.3) * (0.85 + 0.05 * np.tanh(height)))[..., None]


DRAWINGS: dict[str, Callable[[np.random.Generator], Field]] = {
    "bricks": bricks,
    "concrete": concrete,
    "linen": linen,
    "marble": marble,
    "plaster": plaster,
}


def draw(name: str) -> npt.NDArray[np.uint8]:
    """One of `DRAWINGS`, (SIDE, SIDE, 3) uint8 sRGB."""
    color = DRAWINGS[name](np.random.default_rng(0))
    return np.uint8(np.rint(255 * np.clip(color, 0, 1)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to put them")
    folder = parser.parse_args().folder
    try:
        with as_output_error(folder):
            folder.mkdir(parents=True, exist_ok=True)
        for name in DRAWINGS:
            with replacing(folder / f"{name}.png") as temporary:
                Image.fromarray(draw(name)).save(temporary)
    except OutputError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
