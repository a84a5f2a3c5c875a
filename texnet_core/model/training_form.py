"""The generator in its training form: circular convolutions and batch norms over one whole period.

`fold` turns its parameters into those of the inference form, which the engines run with valid convolutions over
windows of the inputs. Both make the same image; a test says so.
"""

import math
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from texnet_core.circular import wrap
from texnet_core.model import nodes
from texnet_core.model.design import Design
from texnet_core.model.graph import NO_CLAMP
from texnet_core.model.inputs import InputPlane
from texnet_core.model.operations import Operations, run

_ORDINARY_DEVIATIONS, _ORDINARY_SHARE = 3, 0.995
_NORM_OF_KERNELS = 3**-0.5  # that torch gives a kernel at first, nearly

Noise = Mapping[str, Tensor]  # name of an input -> (N, channels, h, w) in [0, 1]


class Generator(nn.Module, Operations):
    """Inputs -> maps.

    Args:
        design: which convolutions, norms and clamps it has.
        is_gray: whether all channels of the output are the same, as those of a gray exemplar are.
    """

    def __init__(self, design: Design, *, is_gray: bool = False) -> None:
        super().__init__()
        self.graph, self._is_gray = design.graph, is_gray
        self._clamped: dict[str, list[Tensor]] | None = None  # what values are clamped at, while that is measured
        self._adopted: dict[str, Tensor] | None = None  # sizes that norms are to give back, while these are set
        self.convolutions, self.batch_norms = nn.ModuleDict(), nn.ModuleDict()
        for node in self.graph.nodes:
            if isinstance(node, nodes.Convolution):
                self.convolutions[_key(node.name)] = nn.Conv2d(node.in_channels, node.channels, node.kernel)
            elif isinstance(node, nodes.Norm):
                self.batch_norms[_key(node.name)] = nn.BatchNorm2d(node.channels)
            elif isinstance(node, nodes.Clamp):
                self.register_buffer(_key(node.bound), torch.full((node.channels,), NO_CLAMP))
        with torch.no_grad():
            bias = self.convolution_of(self.graph.output.name).bias
            assert bias is not None
            bias.fill_(0.5)

    def forward(self, inputs: Noise) -> Tensor:
        """One whole period of texture.

        Args:
            inputs: name -> whole period of that input, (N, channels, H / 2^level, W / 2^level) in [0, 1].

        Returns:
            (N, channels, H, W); in [0, 1] but for overshoot.
        """
        return run(self.graph, self, inputs)

    def convolution(self, node: nodes.Convolution, x: Tensor) -> Tensor:
        margin = node.kernel // 2
        x = wrap(x, margin, margin) if margin else x
        if self._is_gray and node.name == self.graph.output.name:
            return functional.conv2d(x, *self.weights_of(node.name))
        result: Tensor = self.convolution_of(node.name)(x)
        return result

    def norm(self, node: nodes.Norm, x: Tensor) -> Tensor:
        if self._adopted is not None:
            return _made_transparent(self.norm_of(node.name), x, self._adopted.get(node.inputs[0]))
        result: Tensor = self.norm_of(node.name)(x)
        return result

    def clamp(self, node: nodes.Clamp, x: Tensor) -> Tensor:
        if self._clamped is not None:
            self._clamped[node.bound].append(_largest_ordinary(x))
        return torch.minimum(x, self.bound(node).to(x.dtype)[:, None, None])

    def bound(self, node: nodes.Clamp) -> Tensor:
        """The bounds of a clamp, (channels,); to be changed in place."""
        return self.get_buffer(_key(node.bound))

    @torch.no_grad()
    def set_clamps(self, fields: Iterable[Noise]) -> None:
        """Bound what clamps let through by what it ordinarily is; statistics are frozen then.

        A bound is three standard deviations above the mean of its channel, or higher where more than one value in
        200 would reach it, for what is there in few places only, such as the joint of a tile, is no accident.

        Args:
            fields: inputs as for `forward`, large enough that what is rare in a sample is there.
        """
        self.eval()
        clamps = list(self.graph.of(nodes.Clamp))
        for node in clamps:
            self.bound(node).fill_(NO_CLAMP)
        self._clamped = {node.bound: [] for node in clamps}
        try:
            for inputs in fields:
                self(inputs)
            for node in clamps:
                self.bound(node).copy_(torch.stack(self._clamped[node.bound]).mean(0))
        finally:
            self._clamped = None

    @torch.no_grad()
    def adopt(self, parameters: Mapping[str, npt.NDArray[np.float32]], inputs: Noise) -> None:
        """Begin as a generator that is trained already: make what it makes, with norms that are there to learn.

        Its norms are folded into its convolutions. The norms here get the mean and spread of what they meet, so that
        they leave it as it is. What a norm follows has its size taken out, for a kernel of another size would learn
        at another speed.

        Args:
            parameters: of the inference form, as `fold` names them.
            inputs: as for `forward`, a batch that shows what inputs are like.

        Raises:
            ValueError: they are of another design.
        """
        for conv in self.graph.of(nodes.Convolution):
            module = self.convolution_of(conv.name)
            weight, bias = (torch.from_numpy(parameters[f"{conv.name}.{kind}"].copy()) for kind in ("weight", "bias"))
            if weight.shape != module.weight.shape or module.bias is None:
                raise ValueError(f"{conv.name} has the shape {tuple(weight.shape)}")
            module.weight.copy_(weight)
            module.bias.copy_(bias)
        self._adopted = {
            norm.inputs[0]: _take_size_out(self.convolution_of(norm.inputs[0]))
            for norm in self.graph.of(nodes.Norm)
            if isinstance(self.graph[norm.inputs[0]], nodes.Convolution)
        }
        try:
            self(inputs)
        finally:
            self._adopted = None

    @torch.no_grad()
    def recolor(self, matrix: Tensor, offset: Tensor) -> None:
        """From now on give all that it makes other colors: an affine map, folded into the output's convolution.

        Args:
            matrix: (channels, channels).
            offset: (channels,).
        """
        module = self.convolution_of(self.graph.output.name)
        assert module.bias is not None
        module.weight.copy_(torch.einsum("oc,cikl->oikl", matrix, module.weight))
        module.bias.copy_(matrix @ module.bias + offset)

    def norms(self) -> list[nn.BatchNorm2d]:
        """Every batch norm, for calibrating and freezing their statistics."""
        return [module for module in self.modules() if isinstance(module, nn.BatchNorm2d)]

    def convolution_of(self, name: str) -> nn.Conv2d:
        """The convolution of a node."""
        module = self.convolutions[_key(name)]
        assert isinstance(module, nn.Conv2d)
        return module

    def weights_of(self, name: str) -> tuple[Tensor, Tensor]:
        """Weight and bias that the convolution of a node has: of a gray output, the same in all channels."""
        module = self.convolution_of(name)
        assert module.bias is not None
        if not (self._is_gray and name == self.graph.output.name):
            return module.weight, module.bias
        weight, bias = module.weight.mean(0, keepdim=True), module.bias.mean(0, keepdim=True)
        return weight.expand_as(module.weight), bias.expand_as(module.bias)

    def norm_of(self, name: str) -> nn.BatchNorm2d:
        """The batch norm of a node."""
        module = self.batch_norms[_key(name)]
        assert isinstance(module, nn.BatchNorm2d)
        return module


def fold(generator: Generator) -> dict[str, Tensor]:
    """The parameters of the inference form: batch norms folded into the convolutions around them, exactly.

    A norm that alone reads a convolution is folded into that; any other into the convolution that it leads to, past
    upsamplings and concats.

    Returns:
        Name -> float32 CPU tensor, with the names and shapes of `Graph.parameter_shapes`.

    Raises:
        ValueError: a norm leads to something else than a convolution.
    """
    graph, norms = generator.graph, _Norms(generator)
    folded: dict[str, Tensor] = {}
    for conv in graph.of(nodes.Convolution):
        weight, bias = (tensor.detach().double() for tensor in generator.weights_of(conv.name))
        scale, shift = norms.before(conv.inputs[0])
        bias = bias + (weight * shift[:, None, None]).sum((1, 2, 3))
        weight = weight * scale[:, None, None]
        scale, shift = norms.behind(conv)
        folded[f"{conv.name}.weight"] = weight * scale[:, None, None, None]
        folded[f"{conv.name}.bias"] = bias * scale + shift
    if left := {node.name for node in graph.of(nodes.Norm)} - norms.folded | norms.read_elsewhere():
        raise ValueError(f"not all that reads the norms {', '.join(sorted(left))} is a convolution")
    folded |= {node.bound: generator.bound(node).detach() for node in graph.of(nodes.Clamp)}
    return {name: tensor.float().cpu().contiguous() for name, tensor in folded.items()}


def periodic_inputs(
    design: Design, seeds: list[int], size: int, device: torch.device | str = "cpu"
) -> dict[str, Tensor]:
    """Inputs of whole periods, one per seed: name -> (len(seeds), channels, size / 2^l, size / 2^l)."""
    planes = [design.input_plane(seed, size, size) for seed in seeds]
    return {
        node.name: torch.stack([_whole_period(plane, node.level, size, device) for plane in planes])
        for node in design.graph.of(nodes.Input)
    }


def _whole_period(plane: InputPlane, level: int, size: int, device: torch.device | str) -> Tensor:
    return plane.window_torch(level, 0, 0, size >> level, size >> level, device)


class _Norms:
    """Batch norms with fixed statistics as (scale, shift) of channels, in double.

    Attributes:
        folded: the names of those that were asked for.
    """

    def __init__(self, generator: Generator) -> None:
        self._generator, self._graph = generator, generator.graph
        self.folded: set[str] = set()

    def behind(self, conv: nodes.Convolution) -> tuple[Tensor, Tensor]:
        """The norm that alone reads a convolution."""
        readers = self._graph.consumers(conv.name)
        if len(readers) == 1 and isinstance(readers[0], nodes.Norm):
            return self._affine(readers[0])
        return self._identity(conv)

    def before(self, value: str) -> tuple[Tensor, Tensor]:
        """What norms do to a value that a convolution reads, besides those that are folded into one before them."""
        node = self._graph[value]
        if isinstance(node, nodes.Concat):
            scales, shifts = zip(*map(self.before, node.inputs), strict=True)
            return torch.cat(scales), torch.cat(shifts)
        if isinstance(node, nodes.Upsample):
            return self.before(node.inputs[0])
        if isinstance(node, nodes.Norm) and not self._is_behind_a_convolution(node):
            return self._affine(node)
        return self._identity(node)

    def read_elsewhere(self) -> set[str]:
        """The norms in front of convolutions that something else reads too, for which folding would not do."""
        in_front = (node for node in self._graph.of(nodes.Norm) if not self._is_behind_a_convolution(node))
        return {node.name for node in in_front if not self._leads_to_convolutions(node.name)}

    def _leads_to_convolutions(self, value: str) -> bool:
        return all(
            isinstance(node, nodes.Convolution)
            or (isinstance(node, nodes.Concat | nodes.Upsample) and self._leads_to_convolutions(node.name))
            for node in self._graph.consumers(value)
        )

    def _is_behind_a_convolution(self, node: nodes.Norm) -> bool:
        (read,) = node.inputs
        return isinstance(self._graph[read], nodes.Convolution) and len(self._graph.consumers(read)) == 1

    def _affine(self, node: nodes.Norm) -> tuple[Tensor, Tensor]:
        self.folded.add(node.name)
        norm = self._generator.norm_of(node.name)
        assert norm.running_mean is not None and norm.running_var is not None
        scale = norm.weight.detach().double() / torch.sqrt(norm.running_var.double() + norm.eps)
        return scale, norm.bias.detach().double() - norm.running_mean.double() * scale

    def _identity(self, node: nodes.Node) -> tuple[Tensor, Tensor]:
        like = next(self._generator.parameters()).double()
        return like.new_ones(node.channels), like.new_zeros(node.channels)


def _take_size_out(module: nn.Conv2d) -> Tensor:
    """Give each kernel the norm that torch gives it at first; returns what it was a multiple of that, (channels,)."""
    assert module.bias is not None
    size: Tensor = module.weight.flatten(1).norm(dim=1).clamp_min(1e-6) / _NORM_OF_KERNELS
    module.weight.div_(size[:, None, None, None])
    module.bias.div_(size)
    return size


def _made_transparent(norm: nn.BatchNorm2d, x: Tensor, size: Tensor | None) -> Tensor:
    """Let a norm make nothing of a value but give its channels back the size that was taken out of them."""
    variance, mean = torch.var_mean(x, dim=(0, 2, 3), correction=0)
    size = torch.ones_like(mean) if size is None else size
    norm.weight.copy_((variance + norm.eps).sqrt() * size)
    norm.bias.copy_(mean * size)
    restored: Tensor = x * size[:, None, None]
    return restored


def _largest_ordinary(x: Tensor) -> Tensor:
    """The largest ordinary value of each channel, (channels,)."""
    values = x.float().transpose(0, 1).flatten(1)
    usual = values.mean(1) + _ORDINARY_DEVIATIONS * values.std(1, correction=0)
    rank = math.ceil(_ORDINARY_SHARE * values.shape[1])
    return torch.maximum(usual, values.kthvalue(rank, dim=1).values)


def _key(name: str) -> str:
    """A node's name for torch, which takes dots for modules within modules."""
    return name.replace(".", "_")
