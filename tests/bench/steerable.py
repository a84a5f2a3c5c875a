"""A steerable pyramid by Fourier transforms, complex and periodic by nature.

Source: Portilla & Simoncelli 2000, "A Parametric Texture Model Based on Joint Statistics of Complex Wavelet
Coefficients", section 1.1; the periodic component of a picture after Moisan 2011, "Periodic plus Smooth Image
Decomposition". Differs: lowpasses have gain 1 instead of 2, so that each level has the amplitude of the picture.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.fft import fft2, ifft2


@dataclass(frozen=True)
class Pyramid:
    """What a picture consists of.

    Attributes:
        highpass: (C, H, W), what is finer than the first scale.
        bands: from fine to coarse, (C, orientations, h, w) complex; their real parts are the usual bands.
        lows: (C, h, w) a scale, with the scale's own bands in it; last what is coarser than all of them.
    """

    highpass: Tensor
    bands: list[Tensor]
    lows: list[Tensor]


class SteerablePyramid:
    """Takes pictures of one size apart.

    Args:
        side: texels of the pictures; once more divisible by 2 than there are scales.
        scales: octaves.
        orientations: bands a scale.
    """

    def __init__(self, side: int, scales: int, orientations: int) -> None:
        assert side % 2 ** (scales + 1) == 0
        radius, _ = _polar(side)
        self.first_low, self.first_high = _low(radius / 2), _high(radius / 2)
        self.levels = []
        for scale in range(scales):
            radius, angle = _polar(side >> scale)
            oriented = torch.stack([_one_sided(angle, k, orientations) for k in range(orientations)])
            self.levels.append((_low(radius), _high(radius) * oriented))

    def __call__(self, image: Tensor) -> Pyramid:
        """(C, side, side) -> its pyramid."""
        spectrum = fft2(image)
        highpass = ifft2(spectrum * self.first_high).real
        # twice the filter: a picture that is put together again goes through it when taken apart and when added
        low, again = spectrum * self.first_low, spectrum * self.first_low**2
        bands, lows = [], []
        for lowpass, oriented in self.levels:
            bands.append(ifft2(low[:, None] * oriented))
            lows.append(ifft2(again).real)
            low, again = _halved(low * lowpass), _halved(again * lowpass**2)
        return Pyramid(highpass, bands, [*lows, ifft2(again).real])


def doubled(coarse: Tensor) -> Tensor:
    """Complex values at twice the size, by zeros round their spectrum: (..., h, w) -> (..., 2 h, 2 w)."""
    height, width = coarse.shape[-2:]
    spectrum = torch.fft.fftshift(fft2(coarse), dim=(-2, -1))
    margins = (width // 2, width // 2, height // 2, height // 2)
    return 4 * ifft2(torch.fft.ifftshift(torch.nn.functional.pad(spectrum, margins), dim=(-2, -1)))


def periodic_component(image: Tensor) -> Tensor:
    """(C, H, W) less the smooth picture that has its steps across the edges: one that goes on at its own edges."""
    height, width = image.shape[-2:]
    steps = torch.zeros_like(image)
    across = image[:, -1] - image[:, 0]
    steps[:, 0] += across
    steps[:, -1] -= across
    across = image[:, :, -1] - image[:, :, 0]
    steps[:, :, 0] += across
    steps[:, :, -1] -= across
    rows, columns = (2 * torch.cos(2 * math.pi * torch.fft.fftfreq(length)) for length in (height, width))
    laplacian = rows[:, None] + columns - 4
    laplacian[0, 0] = 1  # the smooth part has no mean
    smooth = fft2(steps) / laplacian
    smooth[:, 0, 0] = 0
    return image - ifft2(smooth).real


def _polar(side: int) -> tuple[Tensor, Tensor]:
    """Radius and angle of each frequency, (side, side); pi is half a cycle a texel."""
    frequencies = 2 * math.pi * torch.fft.fftfreq(side)
    y, x = frequencies[:, None], frequencies[None]
    return torch.hypot(x, y), torch.atan2(y.expand(side, side), x.expand(side, side))


def _octaves(radius: Tensor) -> Tensor:
    """From 0 at a quarter of pi to 1 at half of it."""
    return torch.log2(radius.clamp(min=1e-9) * 4 / math.pi).clamp(0, 1)


def _low(radius: Tensor) -> Tensor:
    return torch.cos(math.pi / 2 * _octaves(radius))


def _high(radius: Tensor) -> Tensor:
    return torch.sin(math.pi / 2 * _octaves(radius))


def _one_sided(angle: Tensor, k: int, orientations: int) -> Tensor:
    """The angular part, twice on one half of the plane and nothing on the other: the real part is the usual band."""
    order = orientations - 1
    gain = math.factorial(order) / math.sqrt(orientations * math.factorial(2 * order))
    cosine = torch.cos(angle - math.pi * k / orientations)
    return 2 * (-1j) ** order * gain * (2 * cosine.clamp(min=0)) ** order


def _halved(spectrum: Tensor) -> Tensor:
    """The inner half of the frequencies, as the spectrum of a picture of half the size with the same values."""
    for dim in (-2, -1):
        quarter = spectrum.shape[dim] // 4
        spectrum = torch.cat((spectrum.narrow(dim, 0, quarter), spectrum.narrow(dim, -quarter, quarter)), dim)
    return spectrum / 4
