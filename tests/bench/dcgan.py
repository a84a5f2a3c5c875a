"""DCGAN on the windows of one exemplar, as the Texture Networks paper compares with it.

Source: Radford et al. 2016, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
Networks"; Ulyanov et al. 2016, section 4, trains it on sliding 64x64 windows of a 256x256 exemplar and draws larger
pictures from larger tensors of noise. Adam at 2e-4 with beta1 0.5, batches of 64, LeakyReLU 0.2, weights from
N(0, 0.02). Differs: kernels of 4x4 texels, which divide by the stride, instead of 5x5. For a picture that tiles, the
noise wraps and so does every convolution. Batch norms take the statistics of the picture that is drawn, as they do in
training: where noise is a tensor, each cell of the first layer hears 16 of its vectors instead of one.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from texnet_core.circular import wrap_by_one
from texnet_core.model.noise import derive_seed
from texnet_core.optimization.search import to_array, to_tensor

WIDTH, BATCH = 64, 64  # as published: channels of the finest layer; windows a step
WINDOW = 64
_NOISE, _KERNEL, _CELL = 100, 4, 16  # channels; texels of all kernels; texels of the picture a vector of noise
_LR, _BETAS, _LEAK, _SPREAD = 2e-4, (0.5, 0.999), 0.2, 0.02

Picture = npt.NDArray[np.float32]


class DcganGenerator(nn.Module):
    """Noise (N, 100, h, w) -> pictures in [-1, 1].

    Args:
        width: channels of the last layer but one.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        widths = [_NOISE, 8 * width, 4 * width, 2 * width, width, 3]
        pairs = list(pairwise(widths))
        self.kernels = nn.ParameterList([nn.Parameter(_normal(a, b, _KERNEL, _KERNEL)) for a, b in pairs])
        self.norms = nn.ModuleList([_norm(b) for _, b in pairs[:-1]])
        self.bias = nn.Parameter(torch.zeros(3))

    def forward(self, noise: Tensor, *, periodic: bool) -> Tensor:
        """One vector makes a window of 64 texels; a tensor that wraps, (N, 3, 16 h, 16 w)."""
        x = _first_on_torus(noise, self.kernels[0]) if periodic else F.conv_transpose2d(noise, self.kernels[0])
        for norm, kernel in zip(self.norms, self.kernels[1:], strict=True):
            x = F.relu(norm(x))
            x = _doubled_on_torus(x, kernel) if periodic else F.conv_transpose2d(x, kernel, stride=2, padding=1)
        return torch.tanh(x + self.bias[:, None, None])


class DcganDiscriminator(nn.Module):
    """Windows (N, 3, 64, 64) in [-1, 1] -> (N,), high for real ones."""

    def __init__(self, width: int) -> None:
        super().__init__()
        widths = [3, width, 2 * width, 4 * width, 8 * width]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            convolution = nn.Conv2d(before, after, _KERNEL, 2, 1, bias=False)
            layers += [convolution, _norm(after) if before > 3 else nn.Identity(), nn.LeakyReLU(_LEAK)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(8 * width, 1, _KERNEL, bias=False))
        for layer in self.layers:
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, 0, _SPREAD)

    def forward(self, windows: Tensor) -> Tensor:
        return self.layers(windows).flatten()


class Dcgan:
    """Learns an exemplar in `steps` steps.

    Args:
        exemplar: (H, W, 3) in [0, 1], at least 64 a side.
        steps: of both networks.
        width: the published 64, or fewer channels.
        batch: the published 64, or fewer windows.
    """

    def __init__(self, exemplar: Picture, steps: int, width: int = WIDTH, batch: int = BATCH) -> None:
        torch.manual_seed(0)
        self.generator, discriminator = DcganGenerator(width), DcganDiscriminator(width)
        adams = [torch.optim.Adam(net.parameters(), lr=_LR, betas=_BETAS) for net in (self.generator, discriminator)]
        for real in _windows(exemplar, steps, batch):
            made = self.generator(torch.randn(batch, _NOISE, 1, 1), periodic=False)
            _step(adams[1], F.softplus(-discriminator(real)).mean() + F.softplus(discriminator(made.detach())).mean())
            _step(adams[0], F.softplus(-discriminator(made)).mean())

    @property
    def parameters(self) -> int:
        """Of the generator."""
        return sum(values.numel() for values in self.generator.parameters())

    @torch.no_grad()
    def draw(self, side: int, seed: int) -> Picture:
        """A picture that tiles, (side, side, 3) in [0, 1]; `side` is a multiple of 16, at least 32."""
        assert side % _CELL == 0
        rng = torch.Generator().manual_seed(derive_seed(1, seed))
        noise = torch.randn(1, _NOISE, side // _CELL, side // _CELL, generator=rng)
        return to_array((self.generator(noise, periodic=True) + 1) / 2)


def _windows(exemplar: Picture, steps: int, batch: int) -> Iterator[Tensor]:
    """Batches of windows in [-1, 1], from anywhere."""
    image = 2 * to_tensor(exemplar, torch.device("cpu"))[0] - 1
    height, width = image.shape[1:]
    for _ in range(steps):
        tops = torch.randint(height - WINDOW + 1, (batch,)).tolist()
        lefts = torch.randint(width - WINDOW + 1, (batch,)).tolist()
        corners = zip(tops, lefts, strict=True)
        yield torch.stack([image[:, top : top + WINDOW, left : left + WINDOW] for top, left in corners])


def _step(adam: torch.optim.Adam, loss: Tensor) -> None:
    adam.zero_grad()
    loss.backward()
    adam.step()


def _first_on_torus(noise: Tensor, kernel: Tensor) -> Tensor:
    """The full convolution, what reaches beyond an edge coming in at the other: as many cells as vectors."""
    height, width = noise.shape[-2:]
    full = F.conv_transpose2d(noise, kernel)  # 3 cells more
    for dim, length in ((-2, height), (-1, width)):
        inner, rest = full.narrow(dim, 0, length).clone(), full.narrow(dim, length, _KERNEL - 1)
        for start in range(0, _KERNEL - 1, length):  # a tensor of one or two vectors wraps more than once
            part = rest.narrow(dim, start, min(length, _KERNEL - 1 - start))
            inner.narrow(dim, 0, part.shape[dim]).add_(part)
        full = inner
    return full


def _doubled_on_torus(x: Tensor, kernel: Tensor) -> Tensor:
    """Stride 2: (N, C, h, w) -> (N, C', 2 h, 2 w); a texel depends on three of its neighbors at most."""
    return F.conv_transpose2d(wrap_by_one(x), kernel, stride=2, padding=1)[..., 2:-2, 2:-2]


def _normal(*shape: int) -> Tensor:
    return torch.randn(*shape) * _SPREAD


def _norm(channels: int) -> nn.BatchNorm2d:
    """Of the batch at hand always; its scale from N(1, 0.02)."""
    norm = nn.BatchNorm2d(channels, track_running_stats=False)
    nn.init.normal_(norm.weight, 1, _SPREAD)
    return norm
