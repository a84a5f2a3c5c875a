"""Descriptors as parts of a graph: which convolutions, poolings and taps they have. Their weights are not known here.

A tap is what a descriptor says of a picture at one scale: level 0 has the picture's texels, and each further level
cells of twice the side.

Source of the taps of VGG-19: Gatys et al. 2015, "Texture Synthesis Using Convolutional Neural Networks", section 3:
conv1_1 and the four poolings, which are averages. The light descriptor's are VGG-19's first layers of each block, as
its heads tell them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from texnet_core.model.graph import GraphBuilder
from texnet_core.model.nodes import Halving

DescribedBy = Literal["light", "vgg19"]
LEVELS = 5  # that each descriptor has a tap of
PREFIX = "descriptor."  # of the names of its parameters
INPUT = f"{PREFIX}input"  # the convolution that takes colors in [0, 1] to what the first one expects


@dataclass(frozen=True)
class DescriptorShape:
    """The layers of a descriptor.

    Attributes:
        blocks: width and number of the 3x3 convolutions of each scale; "conv2_1" is the first of the second, "pool2"
            what halves the scale after it.
        taps: the layers that are tapped, in order; of those in `DESCRIPTORS`, one at each level.
        heads: channels of the 1x1 convolution on each tap, "head0" and so on; none where taps are as they are.
        halving: how the scale is halved.
    """

    blocks: tuple[tuple[int, int], ...]
    taps: tuple[str, ...]
    heads: tuple[int, ...]
    halving: Halving

    def layers(self) -> Iterator[tuple[str, int]]:
        """Name and width of each layer in order; the width of a pooling is 0."""
        for block, (width, count) in enumerate(self.blocks, 1):
            yield from ((f"conv{block}_{number}", width) for number in range(1, count + 1))
            yield f"pool{block}", 0


DESCRIPTORS: dict[DescribedBy, DescriptorShape] = {
    "light": DescriptorShape(
        blocks=((32, 2), (64, 2), (112, 3), (128, 2), (128, 2)),
        taps=("conv1_1", "conv2_1", "conv3_1", "conv4_2", "conv5_2"),
        heads=(12, 40, 64, 96, 96),
        halving="mixed",
    ),
    "vgg19": DescriptorShape(
        blocks=((64, 2), (128, 2), (256, 4), (512, 4)),
        taps=("conv1_1", "pool1", "pool2", "pool3", "pool4"),
        heads=(),
        halving="average",
    ),
}


def describe(builder: GraphBuilder, shape: DescriptorShape, image: str, prefix: str, count: int) -> list[str]:
    """Write a descriptor over a picture.

    Args:
        builder: of the graph.
        shape: of the descriptor.
        image: the value in [0, 1] that it looks at.
        prefix: of the names of the new nodes. Their parameters are the descriptor's, wherever it stands.
        count: how many taps are wanted, from the finest on.

    Returns:
        The taps, finest first.
    """
    taps: list[str] = []
    value = builder.convolution(image, f"{prefix}.input", 3, 1, shared=INPUT)
    for layer, width in shape.layers():
        name = f"{prefix}.{layer}"
        if width:
            value = builder.convolution(value, name, width, 3, shared=PREFIX + layer)
            value = builder.leaky_relu(value, 0.0)
        else:
            value = builder.pool(value, name, shape.halving)
        if layer in shape.taps:
            taps.append(_headed(builder, shape, value, prefix, len(taps)))
        if len(taps) == count:
            break
    return taps


def _headed(builder: GraphBuilder, shape: DescriptorShape, value: str, prefix: str, number: int) -> str:
    if not shape.heads:
        return value
    return builder.convolution(value, f"{prefix}.head{number}", shape.heads[number], 1, shared=f"{PREFIX}head{number}")
