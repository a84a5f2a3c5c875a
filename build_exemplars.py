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

Field = npt.NDArray[np.float64]  # (SIDE, SIDE), or (SIDE, SIDE, 3) for colours in [0, 1], sRGB
Colour = tuple[float, float, float]

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


def lit(height: Field, strength: float) -> Field:
    """How much light from the upper left a relief takes, about 1 where it is flat; height in texels."""
    down, across = np.roll(height, -1, 0) - np.roll(height, 1, 0), np.roll(height, -1, 1) - np.roll(height, 1, 1)
    return 1 + strength * (down + across) / 2


def between(share: Field, first: Colour, second: Colour) -> Field:
    """Colours from the first, at 0, to the second, at 1."""
    weight = np.clip(share, 0, 1)[..., None]
    return (1 - weight) * np.array(first) + weight * np.array(second)


def concrete(rng: np.random.Generator) -> Field:
    """Grey cast concrete: stains, fine grain, and the holes of air bubbles."""
    stains = 0.6 * cloud(rng, 1.6, 6, 220) + 0.4 * cloud(rng, 1.0, 3, 40)
    colour = between(0.5 + 0.25 * stains, (0.66, 0.65, 0.63), (0.52, 0.515, 0.505))
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
    return colour * (lit(relief, 0.09) * (1 - 0.45 * holes))[..., None]


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
    fibres = of_top(lambda: cloud(rng, 0.4, 2, 12, stretch=5.0))
    tone = 0.5 + 0.2 * of_top(lambda: cloud(rng, 1.0, 4, 60, stretch=3.0)) + np.where(over, 0.3, -0.3)
    light = 0.34 + 0.66 * round_ + 0.05 * fibres
    return between(tone, (0.60, 0.50, 0.38), (0.93, 0.88, 0.78)) * light[..., None]


DRAWINGS: dict[str, Callable[[np.random.Generator], Field]] = {
    "concrete": concrete,
    "linen": linen,
}


def draw(name: str) -> npt.NDArray[np.uint8]:
    """One of `DRAWINGS`, (SIDE, SIDE, 3) uint8 sRGB."""
    colour = DRAWINGS[name](np.random.default_rng(0))
    return np.uint8(np.rint(255 * np.clip(colour, 0, 1)))


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
