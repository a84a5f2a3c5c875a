"""A frozen chain of convolutions and poolings that turns a picture into feature maps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from texnet_core.circular import wrap_by_one
from texnet_core.descriptor.layers import PATCHES, FeatureMaps
from texnet_core.descriptor.structure import Structure
from texnet_core.settings import Padding, Pooling

_POOLINGS: dict[Pooling, Callable[[Tensor], Tensor]] = {
    "average": lambda x: F.avg_pool2d(x, 2),
    "max": lambda x: F.max_pool2d(x, 2),
    "mixed": lambda x: (F.avg_pool2d(x, 2) + F.max_pool2d(x, 2)) / 2,
}


@dataclass(frozen=True)
class Parameters:
    """The numbers of a network.

    Attributes:
        tensors: "KEY.weight" (out, in, 3, 3) and "KEY.bias" (out,) of each convolution, and of each head, whose key is
            its layer's name, (out, in, 1, 1) and (out,).
        scale: (3,), and
        shift: (3,), what takes RGB in [0, 1] to what the first convolution expects: scale x + shift.
    """

    tensors: Mapping[str, Tensor]
    scale: Tensor
    shift: Tensor


class Network(nn.Module):
    """Some layers of a network.

    Args:
        structure: its convolutions.
        parameters: of them; a layer that has a head of 1x1 there is what that makes of it, others are as they are.
        layers: those to return.
        pooling: "average" (smoother gradients), "max" (as VGG-19 was trained), or "mixed", the mean of both.
        padding: "valid" sees no border that is not there; "zero" is VGG-19 as trained.
        precision: torch.bfloat16 runs the convolutions in bf16; heads and features are float32 either way.

    Attributes:
        structure: as given.
        layers: as given.
        padding: as given.
    """

    def __init__(
        self,
        structure: Structure,
        parameters: Parameters,
        layers: tuple[str, ...],
        *,
        pooling: Pooling,
        padding: Padding,
        precision: torch.dtype,
    ) -> None:
        super().__init__()
        self.structure, self.layers, self.padding = structure, layers, padding
        self._pooling, self._precision = _POOLINGS[pooling], precision
        self._convolutions = structure.up_to(layers)
        self.register_buffer("scale", parameters.scale)
        self.register_buffer("shift", parameters.shift)
        for conv in self._convolutions:
            self._keep(conv.key, parameters, precision)
        self._heads = {layer for layer in layers if f"{layer}.weight" in parameters.tensors}
        for layer in self._heads:
            self._keep(layer, parameters, torch.float32)

    def forward(
        self, image: Tensor, *, periodic: bool = False, extend: Callable[[Tensor], Tensor] | None = None
    ) -> FeatureMaps:
        """Feature maps of the layers.

        Args:
            image: (N, 3, H, W) sRGB in [0, 1]; at least the structure's `smallest_side` texels a side.
            periodic: the image is one period of a texture, so every convolution wraps and `padding` plays no part:
                no texel is lost at borders, and what lies across the seam is seen like the rest.
            extend: adds one texel on each side of what a convolution sees, for pictures that go on in another way.

        Returns:
            Layer -> (N, C, h, w), float32; layers after their ReLU and, where they have one, their head.
        """
        x = image * self.get_buffer("scale")[:, None, None] + self.get_buffer("shift")[:, None, None]
        x = x.to(self._precision, memory_format=torch.channels_last)
        extend = wrap_by_one if periodic else extend
        padding = 1 if self.padding == "zero" and not extend else 0
        features = {PATCHES: neighborhoods(extend(image) if extend else image)} if PATCHES in self.layers else {}
        for conv in self._convolutions:
            if conv.pool_before:
                x = self._pooling(x)
            x = F.relu(F.conv2d(extend(x) if extend else x, *self._kept(conv.key), padding=padding))
            if conv.relu in self.layers:
                features[conv.relu] = self._headed(conv.relu, x.float())
        return features

    def visible_positions(self, shares: Tensor) -> dict[str, Tensor]:
        """Which positions of its layers show what is visible of a picture; see `Structure.visible_positions`."""
        return self.structure.visible_positions(shares, self.padding, self.layers)

    def _headed(self, layer: str, maps: Tensor) -> Tensor:
        return F.conv2d(maps, *self._kept(layer)) if layer in self._heads else maps

    def _keep(self, key: str, parameters: Parameters, precision: torch.dtype) -> None:
        weight = parameters.tensors[f"{key}.weight"].to(precision, memory_format=torch.channels_last)
        self.register_buffer(_buffer(key, "weight"), weight)
        self.register_buffer(_buffer(key, "bias"), parameters.tensors[f"{key}.bias"].to(precision))

    def _kept(self, key: str) -> tuple[Tensor, Tensor]:
        return self.get_buffer(_buffer(key, "weight")), self.get_buffer(_buffer(key, "bias"))


def neighborhoods(image: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, 9 C, H - 2, W - 2): each texel with its neighbors, borders left out."""
    count, _, height, width = image.shape
    return F.unfold(image, 3).view(count, -1, height - 2, width - 2)


def _buffer(key: str, kind: str) -> str:
    return f"{key.replace('.', '_')}_{kind}"
