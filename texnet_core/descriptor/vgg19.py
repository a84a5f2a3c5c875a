"""VGG-19 through relu5_1 as a descriptor. Knows the network, not where its weights come from.

Source: Simonyan & Zisserman 2014; average pooling after Gatys et al. 2015, section 2; mixed after Lee et al. 2016,
"Generalizing Pooling Functions in Convolutional Neural Networks", section 3.1, with a share of one half.
"""

import torch

from texnet_core.descriptor.layers import DEFAULT_LAYERS
from texnet_core.descriptor.network import Network, Parameters
from texnet_core.descriptor.structure import Structure
from texnet_core.descriptor.weights import CONVOLUTIONS, Vgg19Weights
from texnet_core.settings import DescriptorSettings, Padding, Pooling

VGG19 = Structure("VGG-19", CONVOLUTIONS, paddings=("valid", "zero"))


class Vgg19(Network):
    """Frozen VGG-19.

    Args:
        weights: parameters with their input convention.
        layers: those to return: "reluB_I", and `PATCHES`.
        pooling: see `Network`.
        padding: likewise.
        precision: likewise.
    """

    def __init__(
        self,
        weights: Vgg19Weights,
        layers: tuple[str, ...] = DEFAULT_LAYERS,
        pooling: Pooling = DescriptorSettings.pooling,
        padding: Padding = DescriptorSettings.padding,
        precision: torch.dtype = torch.float32,
    ) -> None:
        parameters = Parameters(weights.parameters, *weights.input_affine())
        super().__init__(VGG19, parameters, layers, pooling=pooling, padding=padding, precision=precision)
