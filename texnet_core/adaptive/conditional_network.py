"""A conditional pyramid in its training form. Its graph is the one that files state."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from texnet_core.adaptive.conditional_codes import Codes, Named, Predictor
from texnet_core.adaptive.conditional_exemplars import Exemplar
from texnet_core.circular import wrap
from texnet_core.instant.conditional import LEAST_DEVIATION
from texnet_core.model import nodes
from texnet_core.model.design import Design
from texnet_core.model.families import CONDITIONAL, TEXTURES
from texnet_core.model.families.conditional import COLORS, ConditionalSettings, PredictingSettings
from texnet_core.model.operations import Operations, run

# of the first parameters
_SHARES_SPREAD = 0.3  # of the shares of kernels, over random codes
_NORMS_SPREAD = 0.05  # of scales and shifts


class ConditionalNetwork(Named, Operations):
    """Exemplars and noise -> textures. Norms are over all samples of a texture.

    Args:
        settings: its shape.
        codes: what says the code of an exemplar.
    """

    def __init__(self, settings: ConditionalSettings, codes: Codes | Predictor) -> None:
        family = CONDITIONAL if isinstance(settings, PredictingSettings) else TEXTURES
        self.design = Design(settings, COLORS, family=family.name)
        self.graph = self.design.graph
        first: dict[str, Tensor] = {}
        for node in self.graph.nodes:
            if isinstance(node, nodes.MixedConvolution):
                first |= _first_kernels(node)
            elif isinstance(node, nodes.CodedNorm):
                first |= _first_norm(node)
        super().__init__(first)
        self.codes = codes
        self._mixed: dict[str, Tensor] = {}

    def forward(self, exemplar: Exemplar, inputs: Mapping[str, Tensor], rng: torch.Generator | None = None) -> Tensor:
        """Whole periods of one texture.

        Args:
            exemplar: which texture.
            inputs: name -> whole periods of that input, (N, channels, H / 2^level, W / 2^level) in [0, 1].
            rng: on the CPU, decides what training leaves to chance of a code; None: nothing.

        Returns:
            (N, 3, H, W), in [0, 1] but for overshoot.
        """
        return colored(self.at(self.codes(exemplar, rng), inputs), exemplar.axes, exemplar.mean)

    def at(self, code: Tensor, inputs: Mapping[str, Tensor]) -> Tensor:
        """What a code, (size,), makes before it is `colored`: (N, 3, H, W), of any mean and spread."""
        self._mixed = self.at_code(code)
        try:
            return run(self.graph, self, inputs)
        finally:
            self._mixed = {}

    def by_name(self) -> dict[str, Tensor]:
        return super().by_name() | self.codes.by_name()

    def at_code(self, code: Tensor) -> dict[str, Tensor]:
        """The kernels, scales and shifts of a code, as `instant.conditional.at_code` names them."""
        found: dict[str, Tensor] = {}
        for conv in self.graph.of(nodes.MixedConvolution):
            bank = self.named(f"{conv.name}.bank")
            shares = F.linear(code, self.named(f"{conv.name}.shares.weight"), self.named(f"{conv.name}.shares.bias"))
            found[f"{conv.name}.weight"] = (shares @ bank.flatten(1)).view(bank.shape[1:])
        for norm in self.graph.of(nodes.CodedNorm):
            both = F.linear(code, self.named(f"{norm.name}.weight"), self.named(f"{norm.name}.bias"))
            found[f"{norm.name}.scale"], found[f"{norm.name}.shift"] = both.chunk(2)
        return found

    def mixed_convolution(self, node: nodes.MixedConvolution, x: Tensor) -> Tensor:
        margin = node.kernel // 2
        return F.conv2d(wrap(x, margin, margin) if margin else x, self._mixed[f"{node.name}.weight"])

    def coded_norm(self, node: nodes.CodedNorm, x: Tensor) -> Tensor:
        scale, shift = (self._mixed[f"{node.name}.{kind}"] for kind in ("scale", "shift"))
        return F.batch_norm(x, None, None, scale, shift, training=True, eps=node.epsilon)

    def banks(self) -> list[nn.Parameter]:
        """The banks of kernels, (kernels, out, in, k, k) each."""
        return [self.named(f"{conv.name}.bank") for conv in self.graph.of(nodes.MixedConvolution)]

    def rest(self) -> list[nn.Parameter]:
        """All other parameters that are learned."""
        banks = set(map(id, self.banks()))
        return [each for each in self.parameters() if each.requires_grad and id(each) not in banks]


def colored(made: Tensor, axes: Tensor, mean: Tensor) -> Tensor:
    """What the network makes, in the colors of a texture: each number standardized, along an axis of its own.

    Args:
        made: (N, 3, H, W), all of one texture.
        axes: (3, 3), and
        mean: (3,), see `PrincipalColors`.
    """
    deviation, average = torch.std_mean(made, (0, 2, 3), keepdim=True)
    standard = (made - average) / (deviation + LEAST_DEVIATION)
    return torch.einsum("ij,njhw->nihw", axes, standard) + mean[:, None, None]


def _first_kernels(node: nodes.MixedConvolution) -> dict[str, Tensor]:
    """Random kernels; the first has a share of 1 on average, the others of 0."""
    shapes = node.parameter_shapes
    bank, weight, bias = (f"{node.name}.{kind}" for kind in ("bank", "shares.weight", "shares.bias"))
    largest = 1 / math.sqrt(node.in_channels * node.kernel**2)
    return {
        bank: torch.empty(shapes[bank]).uniform_(-largest, largest),
        weight: torch.randn(shapes[weight]) * _SHARES_SPREAD / math.sqrt(node.code),
        bias: F.one_hot(torch.tensor(0), node.kernels).float(),
    }


def _first_norm(node: nodes.CodedNorm) -> dict[str, Tensor]:
    """Scales of about 1, shifts of about 0."""
    weight, bias = f"{node.name}.weight", f"{node.name}.bias"
    return {
        weight: torch.randn(node.parameter_shapes[weight]) * _NORMS_SPREAD / math.sqrt(node.code),
        bias: torch.cat([torch.ones(node.channels), torch.zeros(node.channels)]),
    }
