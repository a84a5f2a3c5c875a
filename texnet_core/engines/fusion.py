"""Rearranging the inference form so that it does less work and gives the same numbers.

The first convolution of a join reads the concat of upsampled features and noise features. A convolution over a
concat is the sum of two convolutions, and nearest x2 followed by a 3x3 convolution is one transposed convolution
of stride 2 with a 4x4 kernel on the coarse grid. That saves 5 of 9 multiplications of its larger half and never
writes the upsampled features nor the concat to memory.

The plain form (`onnx_graph.build_model`) is what the fused one is tested against.
"""

import numpy as np
import numpy.typing as npt

from texnet_core.model import architecture
from texnet_core.model.artifact import Artifact
from texnet_core.settings import GeneratorSettings

Floats = npt.NDArray[np.float32]

_BF16_LEVELS = 2


def bf16_convolutions(settings: GeneratorSettings) -> frozenset[str]:
    """The names of the convolutions that may run in bf16: some 95% of the multiplications.

    What reads noise, and what is coarse, stays in float32, because an error there is carried through everything that
    follows: with all convolutions in bf16 single texels of a shipped preset were off by 40 of 255 levels, with this
    choice by 2. So does what writes the texels, which would round each: 2 to 3% of the time.
    """
    names: list[str] = []
    for level in range(min(_BF16_LEVELS, settings.levels - 1)):  # the coarsest level has no join
        names += [conv.name for conv in architecture.join(settings, level)]
    if names:
        names += [conv.name for conv in architecture.noise_branch(settings, 0)[1:]]
    return frozenset(names)


def fused_join(artifact: Artifact, level: int) -> tuple[Floats, Floats, Floats]:
    """The first convolution of a join in its fused form.

    Returns:
        Kernel (in, out, 4, 4) of the transposed convolution over the coarser features, stride 2; its output is
        to be cropped by `fused_crop` cells a side. Kernel (out, noise features, 3, 3) of the convolution over
        the noise branch, and the bias (out,) of their sum.
    """
    conv = architecture.join(artifact.settings, level)[0]
    weight = artifact.parameters[f"{conv.name}.weight"]
    coarse_channels = conv.in_channels - artifact.settings.channels
    upsampling = _kernel_after_upsampling(weight[:, :coarse_channels])
    return upsampling, np.ascontiguousarray(weight[:, coarse_channels:]), artifact.parameters[f"{conv.name}.bias"]


def fused_crop(crop: int) -> int:
    """Cells to cut from every side of the transposed convolution, where the plain form cuts `crop`.

    It makes 2n + 2 cells of n; the first and last two of them miss the contribution of a neighbor.
    """
    return crop + 2


def _kernel_after_upsampling(weight: Floats) -> Floats:
    """(out, in, 3, 3) after nearest x2 -> (in, out, 4, 4): a place sums the taps that see the coarse cell from it."""
    kernel = np.zeros((weight.shape[1], weight.shape[0], 4, 4), np.float32)
    taps = [[tap for tap in range(3) if place + tap in (2, 3)] for place in range(4)]
    for row in range(4):
        for column in range(4):
            kernel[:, :, row, column] = weight[:, :, taps[row]][:, :, :, taps[column]].sum((2, 3)).T
    return kernel
