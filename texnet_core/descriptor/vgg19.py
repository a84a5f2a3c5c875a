"""VGG-19 through relu5_1 as a descriptor. Knows the network, not where its weights come from.

Source: Simonyan & Zisserman 2014; average pooling after Gatys et al. 2015, section 2; mixed after Lee et al. 2016,
"Generalizing Pooling Functions in Convolutional Neural Networks", section 3.1, with a share of one half.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from texnet_core.circular import wrap_by_one
from texnet_core.descriptor.layers import PATCHES, FeatureMaps
from texnet_core.descriptor.weights import CONVOLUTIONS, Convolution, Vgg19Weights
from texnet_core.errors import Range, RequestError
from texnet_core.mapset import HALF
from texnet_core.settings import DescriptorSettings, Padding, Pooling

# The layers of the default recipe: fine detail from the image and the first two blocks, structure above.
DEFAULT_LAYERS = (PATCHES, "relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_2", "relu4_1", "relu5_1")

FEWEST_POSITIONS = 4  # of a layer that must be visible: as many as the smallest picture has

_POOLINGS: dict[Pooling, Callable[[Tensor], Tensor]] = {
    "average": lambda x: F.avg_pool2d(x, 2),
    "max": lambda x: F.max_pool2d(x, 2),
    "mixed": lambda x: (F.avg_pool2d(x, 2) + F.max_pool2d(x, 2)) / 2,
}


class Vgg19(nn.Module):
    """Frozen VGG-19.

    Args:
        weights: parameters with their input convention.
        layers: those to return: "reluB_I", and `PATCHES`.
        pooling: "average" (smoother gradients), "max" (as VGG-19 was trained), or "mixed", the mean of both.
        padding: "valid" sees no border that is not there; "zero" is VGG-19 as trained.
        precision: torch.bfloat16 runs the convolutions in bf16; features are float32 either way.
    """

    def __init__(
        self,
        weights: Vgg19Weights,
        layers: tuple[str, ...] = DEFAULT_LAYERS,
        pooling: Pooling = DescriptorSettings.pooling,
        padding: Padding = DescriptorSettings.padding,
        precision: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        names = [conv.relu for conv in CONVOLUTIONS]
        unknown = set(layers) - {*names, PATCHES}
        if unknown:
            raise ValueError(f"no such layers: {sorted(unknown)}; VGG-19 here has {names} and {PATCHES}")
        self.layers, self.pooling, self.precision = layers, pooling, precision
        self.padding = 1 if padding == "zero" else 0
        self.convolutions = _convolutions_of(layers)
        scale, shift = weights.input_affine()
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift)
        for conv in self.convolutions:
            weight = weights.parameters[f"{conv.key}.weight"].to(precision, memory_format=torch.channels_last)
            self.register_buffer(_buffer(conv.key, "weight"), weight)
            self.register_buffer(_buffer(conv.key, "bias"), weights.parameters[f"{conv.key}.bias"].to(precision))

    def forward(
        self, image: Tensor, *, periodic: bool = False, extend: Callable[[Tensor], Tensor] | None = None
    ) -> FeatureMaps:
        """Feature maps of the layers.

        Args:
            image: (N, 3, H, W) sRGB in [0, 1]; at least `smallest_side` texels a side.
            periodic: the image is one period of a texture, so every convolution wraps and `padding` plays no part:
                no texel is lost at borders, and what lies across the seam is seen like the rest.
            extend: adds one texel on each side of what a convolution sees, for pictures that go on in another way.

        Returns:
            Layer -> (N, C, h, w), float32; layers after their ReLU.
        """
        x = image * self.get_buffer("scale")[:, None, None] + self.get_buffer("shift")[:, None, None]
        x = x.to(self.precision, memory_format=torch.channels_last)
        extend = wrap_by_one if periodic else extend
        padding = 0 if extend else self.padding
        features = {PATCHES: _patches(extend(image) if extend else image)} if PATCHES in self.layers else {}
        for conv in self.convolutions:
            if conv.pool_before:
                x = _POOLINGS[self.pooling](x)
            weight, bias = (self.get_buffer(_buffer(conv.key, kind)) for kind in ("weight", "bias"))
            x = F.relu(F.conv2d(extend(x) if extend else x, weight, bias, padding=padding))
            if conv.relu in self.layers:
                features[conv.relu] = x.float()
        return features


POOLED_TEXELS = 2 ** sum(
    conv.pool_before for conv in CONVOLUTIONS
)  # of the picture, that one texel of relu5_1 stands for


def smallest_side(padding: Padding, layers: tuple[str, ...] = DEFAULT_LAYERS, texels: int = 2) -> int:
    """The least H and W of a picture for which every layer has `texels` a side: one alone has no spread to compare."""
    names = [conv.relu for conv in CONVOLUTIONS]
    deepest = max(0 if layer == PATCHES else names.index(layer) for layer in layers)  # relu1_1 sees 3x3 texels too
    side = texels
    for conv in reversed(CONVOLUTIONS[: 1 + deepest]):
        side += 2 if padding == "valid" else 0
        side *= 2 if conv.pool_before else 1
    return side


def check_side(name: str, side: int, padding: Padding) -> None:
    """Raise RequestError for a short side that is too small for the deepest layers; `name` is the setting's."""
    smallest = smallest_side(padding)
    if side < smallest:
        padded = "" if padding == "zero" else " or zero padding"
        raise RequestError(
            f"{name} {side} is too small for VGG-19 with {padding} padding",
            expected=Range(smallest, None),
            remedy=f"use a larger {name}{padded}",
        )


def visible_positions(
    shares: Tensor, layers: tuple[str, ...] = DEFAULT_LAYERS, padding: Padding = DescriptorSettings.padding
) -> dict[str, Tensor]:
    """Which positions of each layer show what is visible of a picture: layer -> (h, w) bool, of the maps' size.

    A position counts where at least half of its own cell is visible: a square of 1, 2, 4, 8 or 16 texels a side. What
    it sees around the cell is not asked for. A position of relu5_1 depends on 156 texels along each axis, and few
    pictures have holes farther apart than that: nothing would be left. Hidden texels have colors of the surface
    (`pictures.masks`), so that the surroundings look like it. A 3x3 neighborhood counts where all of it is visible.

    Args:
        shares: (H, W) in [0, 1], how much of each texel is visible.
        layers: as for `Vgg19`.
        padding: likewise; of pictures that are not periodic.
    """
    cells = shares[None, None]
    visible = {PATCHES: -F.max_pool2d(-cells, 3, stride=1)} if PATCHES in layers else {}
    for conv in _convolutions_of(layers):
        cells = F.avg_pool2d(cells, 2) if conv.pool_before else cells
        cells = cells[..., 1:-1, 1:-1] if padding == "valid" else cells
        if conv.relu in layers:
            visible[conv.relu] = cells
    return {layer: found[0, 0] >= HALF for layer, found in visible.items()}


def _convolutions_of(layers: tuple[str, ...]) -> tuple[Convolution, ...]:
    """Those up to the deepest of the layers."""
    names = [conv.relu for conv in CONVOLUTIONS]
    return CONVOLUTIONS[: 1 + max(names.index(layer) for layer in layers if layer != PATCHES)]


def _patches(image: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, 9 C, H - 2, W - 2): each texel with its neighbors, borders left out."""
    count, _, height, width = image.shape
    return F.unfold(image, 3).view(count, -1, height - 2, width - 2)


def _buffer(key: str, kind: str) -> str:
    return f"{key.replace('.', '_')}_{kind}"
