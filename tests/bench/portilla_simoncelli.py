"""Portilla and Simoncelli's texture model: a picture is moved until its wavelet statistics are the exemplar's.

Source: Portilla & Simoncelli 2000, "A Parametric Texture Model Based on Joint Statistics of Complex Wavelet
Coefficients"; Vacher & Briand 2021 (IPOL 2021.324), from which the periodic component of the exemplar comes.
Statistics, with four scales and four orientations:

- of the picture: mean, variance, skewness, kurtosis, least and largest value;
- of the lowpass picture of each scale: skewness, kurtosis, and its autocorrelation over 9x9 texels;
- of what is finer than the first scale: the variance;
- of the magnitudes of each band: mean, and autocorrelation over 9x9 texels;
- of the magnitudes of bands in one scale, and in a scale and the next coarser one: correlations between all bands;
- of each band's real part with the bands of the next coarser scale, their phases doubled: correlations.

Differs: statistics are matched by the gradient of their squared differences (L-BFGS) instead of by projections on
one after the other. Colors, of which the paper knows none, are the exemplar's principal components, each with all
statistics; correlations between magnitudes, and between values of one scale, are taken across components too.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tests.bench.steerable import Pyramid, SteerablePyramid, doubled, periodic_component
from texnet_core.optimization.search import Search, to_tensor
from texnet_core.progress import ignore_progress
from texnet_core.settings import OptimizeSettings

SCALES, ORIENTATIONS, NEIGHBORHOOD = 4, 4, 9
_LEAST = 1e-6  # of a variance, in units of the component's: there are pictures without any blue

Picture = npt.NDArray[np.float32]


class PortillaSimoncelli:
    """What an exemplar measures.

    Args:
        exemplar: (side, side, 3) in [0, 1]; `side` is a multiple of 32.
        steps: evaluations of L-BFGS a picture.
    """

    def __init__(self, exemplar: Picture, steps: int) -> None:
        self.side, self.steps = len(exemplar), steps
        colors = to_tensor(exemplar, torch.device("cpu"))[0]
        self.mean = colors.mean((1, 2))
        variances, axes = torch.linalg.eigh(torch.cov(colors.flatten(1)))
        self.unmix = axes * variances.clamp(min=1e-8).sqrt()  # components of variance 1 -> colors
        components = torch.einsum("kc,chw->khw", torch.linalg.inv(self.unmix), colors - self.mean[:, None, None])
        self.least, self.most = (components.amin((1, 2)), components.amax((1, 2)))
        self.pyramid = SteerablePyramid(self.side, SCALES, ORIENTATIONS)
        periodic = periodic_component(components)
        self.units = _Units(periodic, self.pyramid(periodic))
        self.wanted = self._statistics(periodic)

    @property
    def parameters(self) -> int:
        """How many numbers it keeps of the exemplar."""
        return sum(values.numel() for values in self.wanted.values()) + 2 * len(self.least)

    def draw(self, seed: int) -> Picture:
        """A picture that tiles, (side, side, 3) in [0, 1]."""
        start = torch.randn(1, 3, self.side, self.side, generator=torch.Generator().manual_seed(seed))
        settings = OptimizeSettings(width=self.side, height=self.side, steps=self.steps)
        search = Search(start, lambda image, _: self.distance(image[0]), settings, ignore_progress)
        search.to_the_end()
        colors = torch.einsum("ck,khw->hwc", self.unmix, search.best[0]) + self.mean
        return np.ascontiguousarray(colors.clamp(0, 1).numpy())

    def distance(self, components: Tensor) -> Tensor:
        """Squared differences of all statistics, and of what lies beyond the exemplar's range, summed."""
        found = self._statistics(components)
        total = sum((found[name] - wanted).square().sum() for name, wanted in self.wanted.items())
        below = (self.least[:, None, None] - components).clamp(min=0)
        above = (components - self.most[:, None, None]).clamp(min=0)
        return total + (below.square() + above.square()).mean((1, 2)).sum()

    def _statistics(self, components: Tensor) -> dict[str, Tensor]:
        pyramid, units = self.pyramid(components), self.units
        found = {"mean": components.mean((1, 2)), "highpass": pyramid.highpass.square().mean((1, 2))}
        found["moments"] = _moments(components, units.picture)
        for scale, (low, unit) in enumerate(zip(pyramid.lows, units.lows, strict=True)):
            found[f"low {scale} moments"] = _moments(low, unit)
            found[f"low {scale} autocorrelation"] = _autocorrelation(low) / unit[:, None, None]
            found[f"low {scale} colors"] = _correlations(low, low, unit, unit)
        for scale, band in enumerate(pyramid.bands):
            magnitude, real = _magnitude(band).flatten(0, 1), band.real.flatten(0, 1)
            unit, real_unit = units.magnitudes[scale], units.reals[scale]
            found[f"band {scale} mean"] = magnitude.mean((1, 2)) / unit.sqrt()
            found[f"band {scale} autocorrelation"] = _autocorrelation(magnitude) / unit[:, None, None]
            found[f"band {scale} orientations"] = _correlations(magnitude, magnitude, unit, unit)
            if scale + 1 < SCALES:
                parent = doubled(pyramid.bands[scale + 1]).flatten(0, 1)
                size, parent_unit = _magnitude(parent), units.magnitudes[scale + 1]
                found[f"band {scale} coarser"] = _correlations(magnitude, size, unit, parent_unit)
                turned = parent.square() / size  # twice the phase, the same magnitude
                parent_unit = units.reals[scale + 1]
                for part, values in (("real", turned.real), ("imaginary", turned.imag)):
                    found[f"band {scale} phases, {part}"] = _correlations(real, values, real_unit, parent_unit)
        return found


class _Units:
    """The exemplar's variances, in which everything is measured: (C,) or, of bands, (C orientations,)."""

    def __init__(self, components: Tensor, pyramid: Pyramid) -> None:
        self.picture = _variance(components)
        self.lows = [_variance(low) for low in pyramid.lows]
        self.magnitudes = [_variance(_magnitude(band).flatten(0, 1)) for band in pyramid.bands]
        self.reals = [_variance(band.real.flatten(0, 1)) for band in pyramid.bands]


def _magnitude(values: Tensor) -> Tensor:
    """Never quite 0, where it would have no gradient."""
    return (values.real.square() + values.imag.square() + 1e-10).sqrt()


def _variance(maps: Tensor) -> Tensor:
    """(n, h, w) -> (n,)."""
    return maps.var((1, 2), correction=0).clamp(min=_LEAST)


def _moments(maps: Tensor, unit: Tensor) -> Tensor:
    """(n, h, w) -> (n, 3): variance, skewness and kurtosis in powers of the unit, which is a variance."""
    standard = (maps - maps.mean((1, 2), keepdim=True)) / unit.sqrt()[:, None, None]
    return torch.stack([standard.pow(power).mean((1, 2)) for power in (2, 3, 4)], dim=1)


def _correlations(first: Tensor, second: Tensor, first_unit: Tensor, second_unit: Tensor) -> Tensor:
    """(n, h, w) and (m, h, w) -> (n, m)."""
    first, second = (maps.flatten(1) - maps.flatten(1).mean(1, keepdim=True) for maps in (first, second))
    return first @ second.T / first.shape[1] / (first_unit[:, None] * second_unit).sqrt()


def _autocorrelation(maps: Tensor) -> Tensor:
    """(n, h, w) -> (n, 5, 9) or less: of half the neighborhood, for the other half is the same; not normalized."""
    height, width = maps.shape[1:]
    power = torch.fft.fft2(maps - maps.mean((1, 2), keepdim=True)).abs().square() / (height * width) ** 2
    reach = min(NEIGHBORHOOD // 2, min(height, width) // 2 - 1)
    rows, columns = torch.arange(reach + 1), torch.arange(-reach, reach + 1)
    return (_waves(rows, height) @ power.to(torch.complex64) @ _waves(columns, width).T).real


def _waves(shifts: Tensor, length: int) -> Tensor:
    """(shifts, length): what a shift does to each frequency."""
    return torch.exp(2j * torch.pi * shifts[:, None] * torch.fft.fftfreq(length))
