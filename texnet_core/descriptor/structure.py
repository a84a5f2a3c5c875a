"""What follows from a list of convolutions and poolings: how small a picture may be, and what layers see of a mask."""

from collections.abc import Iterable
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from texnet_core.descriptor.layers import DEFAULT_LAYERS, PATCHES
from texnet_core.errors import Range, RequestError
from texnet_core.mapset import HALF
from texnet_core.settings import Padding

FEWEST_POSITIONS = 4  # of a layer that must be visible: as many as the smallest picture has


@dataclass(frozen=True)
class Convolution:
    """A convolution of 3x3 with its ReLU.

    Attributes:
        key: of its parameters.
        relu: the layer that it is, or "" where no loss looks at it.
        in_channels: that it reads.
        out_channels: that it makes.
        pool_before: whether what it reads was halved.
    """

    key: str
    relu: str
    in_channels: int
    out_channels: int
    pool_before: bool


@dataclass(frozen=True)
class Structure:
    """A chain of convolutions and poolings.

    Attributes:
        name: as sentences have it.
        convolutions: in order.
        paddings: those that it knows for pictures that are not periodic.
    """

    name: str
    convolutions: tuple[Convolution, ...]
    paddings: tuple[Padding, ...]

    @property
    def layers(self) -> tuple[str, ...]:
        """All layers, with the 3x3 neighborhoods of the image itself."""
        return PATCHES, *(conv.relu for conv in self.convolutions if conv.relu)

    def up_to(self, layers: Iterable[str]) -> tuple[Convolution, ...]:
        """The convolutions up to the deepest of the layers.

        Raises:
            ValueError: there is no such layer.
        """
        layers = set(layers)
        if unknown := layers.difference(self.layers):
            raise ValueError(f"no such layers: {sorted(unknown)}; {self.name} here has {list(self.layers)}")
        numbers = [number for number, conv in enumerate(self.convolutions, 1) if conv.relu in layers]
        return self.convolutions[: max(numbers, default=0)]

    def smallest_side(self, padding: Padding, layers: tuple[str, ...] = DEFAULT_LAYERS, texels: int = 2) -> int:
        """The least H and W of a picture for which every layer has `texels` a side: one has no spread to compare."""
        side = texels
        # neighborhoods alone lose as much at borders as one convolution
        for conv in reversed(self.up_to(layers) or self.convolutions[:1]):
            side += 2 if padding == "valid" else 0
            side *= 2 if conv.pool_before else 1
        return side

    def check_side(self, name: str, side: int, padding: Padding) -> None:
        """Raise RequestError for a short side that is too small for the deepest layers; `name` is the setting's."""
        smallest = self.smallest_side(padding)
        if side >= smallest:
            return
        with_padding = f" with {padding} padding" if len(self.paddings) > 1 else ""
        other = " or zero padding" if "zero" in self.paddings and padding != "zero" else ""
        raise RequestError(
            f"{name} {side} is too small for {self.name}{with_padding}",
            expected=Range(smallest, None),
            remedy=f"use a larger {name}{other}",
        )

    def visible_positions(
        self, shares: Tensor, padding: Padding, layers: tuple[str, ...] = DEFAULT_LAYERS
    ) -> dict[str, Tensor]:
        """Which positions of each layer show what is visible of a picture: layer -> (h, w) bool, of the maps' size.

        A position counts where at least half of its own cell is visible: a square of 1, 2, 4, 8 or 16 texels a side.
        What it sees around the cell is not asked for. A position of VGG-19's relu5_1 depends on 156 texels along each
        axis, and few pictures have holes farther apart than that: nothing would be left. Hidden texels have colors of
        the surface (`pictures.masks`), so that the surroundings look like it. A 3x3 neighborhood counts where all of
        it is visible.

        Args:
            shares: (H, W) in [0, 1], how much of each texel is visible.
            padding: of pictures that are not periodic.
            layers: which.
        """
        cells = shares[None, None]
        visible = {PATCHES: -F.max_pool2d(-cells, 3, stride=1)} if PATCHES in layers else {}
        for conv in self.up_to(layers):
            cells = F.avg_pool2d(cells, 2) if conv.pool_before else cells
            cells = cells[..., 1:-1, 1:-1] if padding == "valid" else cells
            if conv.relu in layers:
                visible[conv.relu] = cells
        return {layer: found[0, 0] >= HALF for layer, found in visible.items()}
