"""What a network that enlarges by two would else draw: rows and columns that differ by turns."""

import torch
from torch import Tensor

_LEAST_STEP = (1 / 255) ** 2  # squared; smaller ones are not compared


def unevenness(windows: Tensor) -> Tensor:
    """How much steps to the next texel differ between those within a coarser texel and those out of it.

    Args:
        windows: (N, channels, size, size) of at least 3 texels; each begins where a coarser texel begins.

    Returns:
        (channels,): distance of the logarithms of mean squared steps, the mean over both axes; about 0 for a picture
        that knows nothing of coarser texels.
    """
    differences = []
    for axis in (2, 3):
        steps = windows.diff(dim=axis).square().mean((0, 5 - axis)) + _LEAST_STEP
        within, beyond = steps[:, ::2].mean(1), steps[:, 1::2].mean(1)
        differences.append((within / beyond).log().abs())
    return torch.stack(differences).mean(0)
