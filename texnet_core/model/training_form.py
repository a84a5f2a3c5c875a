"""The generator in its training form: circular convolutions and batch norms over one whole period.

`fold` turns its parameters into those of the inference form, which the engines run with valid convolutions over
windows of the inputs. Both make the same image; a test says so.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from texnet_core.circular import wrap
from texnet_core.mapset import FloatArray
from texnet_core.model import nodes
from texnet_core.model.design import Design
from texnet_core.model.folding import Affine, folded, largest_ordinary
from texnet_core.model.graph import NO_CLAMP, Graph, cropped
from texnet_core.model.inputs import InputPlane
from texnet_core.model.operations import Operations, run

_NORM_OF_KERNELS = 3**-0.5  # that torch gives a kernel at first, nearly

Noise = Mapping[str, Tensor]  # name of an input -> (N, channels, h, w) in [0, 1]


class Generator(nn.Module, Operations):
    """Inputs -> maps.

    Args:
        graph: which convolutions, norms and clamps it has.
        is_gray: whether the first three channels of the output are the same, as the colors of a gray exemplar are.
    """

    def __init__(self, graph: Graph, *, is_gray: bool = False) -> None:
        super().__init__()
        self.graph, self._is_gray = graph, is_gray
        self._clamped: dict[str, list[FloatArray]] | None = None  # what values are clamped at, while that is measured
        self._adopted: dict[str, Tensor] | None = None  # sizes that norms are to give back, while these are set
        self._wraps = True  # but while a window is made
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

    def window(self, inputs: Noise) -> Tensor:
        """A window of texture, of whatever period.

        Args:
            inputs: name -> window of that input, with the margins of `Graph.windows`.

        Returns:
            (N, channels, h, w); in [0, 1] but for overshoot.
        """
        self._wraps = False
        try:
            return run(self._cropped, self, inputs)
        finally:
            self._wraps = True

    @cached_property
    def _cropped(self) -> Graph:
        return cropped(self.graph)

    def convolution(self, node: nodes.Convolution, x: Tensor) -> Tensor:
        margin = node.kernel // 2 if self._wraps else 0
        x = wrap(x, margin, margin) if margin else x
        if self._is_gray and node.name == self.graph.output.name:
            return functional.conv2d(x, *self.weights_of(node.name))
        result: Tensor = self.convolution_of(node.name)(x)
        return result

    def blur(self, node: nodes.Blur, x: Tensor) -> Tensor:
        return super().blur(node, wrap(x, 1, 1) if self._wraps else x)

    def norm(self, node: nodes.Norm, x: Tensor) -> Tensor:
        if self._adopted is not None:
            return _made_transparent(self.norm_of(node.name), x, self._adopted.get(node.inputs[0]))
        result: Tensor = self.norm_of(node.name)(x)
        return result

    def clamp(self, node: nodes.Clamp, x: Tensor) -> Tensor:
        if self._clamped is not None:
            self._clamped[node.bound].append(largest_ordinary(x.float().transpose(0, 1).cpu().numpy()))
        return torch.minimum(x, self.bound(node).to(x.dtype)[:, None, None])

    def bound(self, node: nodes.Clamp) -> Tensor:
        """The bounds of a clamp, (channels,); to be changed in place."""
        return self.get_buffer(_key(node.bound))

    @torch.no_grad()
    def set_clamps(self, fields: Iterable[Noise]) -> None:
        """Bound what clamps let through by what it ordinarily is; statistics are frozen then.

        See `folding.largest_ordinary` for what counts as ordinary.

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
                self.bound(node).copy_(torch.from_numpy(np.mean(self._clamped[node.bound], axis=0)))
        finally:
            self._clamped = None

    @torch.no_grad()
    def adopt(self, parameters: Mapping[str, npt.NDArray[np.float32]], inputs: Noise) -> None:
        """Begin as a generator that is trained already: make what it makes, with norms that are there to learn.

        Its activation clamps are not taken over; they are measured when training ends.

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

    def output_parameters(self) -> tuple[nn.Parameter, nn.Parameter]:
        """Kernels and biases of the last convolution, (channels, ...) each."""
        module = self.convolution_of(self.graph.output.name)
        assert isinstance(module.weight, nn.Parameter) and isinstance(module.bias, nn.Parameter)
        return module.weight, module.bias

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
        return _same_colors(module.weight), _same_colors(module.bias)

    def norm_of(self, name: str) -> nn.BatchNorm2d:
        """The batch norm of a node."""
        module = self.batch_norms[_key(name)]
        assert isinstance(module, nn.BatchNorm2d)
        return module


def _same_colors(values: Tensor) -> Tensor:
    """With the mean of the first three rows in place of each of them."""
    colors = values[:3]
    return torch.cat([colors.mean(0, keepdim=True).expand_as(colors), values[3:]])


def fold(generator: Generator) -> dict[str, Tensor]:
    """The parameters of the inference form: batch norms folded into the convolutions around them; see `folding`.

    Returns:
        Name -> float32 CPU tensor, with the names and shapes of `Graph.parameter_shapes`.

    Raises:
        ValueError: a norm leads to something else than a convolution.
    """
    graph = generator.graph
    convolutions = {conv.name: _arrays(*generator.weights_of(conv.name)) for conv in graph.of(nodes.Convolution)}
    norms = {norm.name: _affine_of(generator.norm_of(norm.name)) for norm in graph.of(nodes.Norm)}
    parameters = {name: torch.from_numpy(array) for name, array in folded(graph, convolutions, norms).items()}
    bounds = {node.bound: generator.bound(node).detach().float().cpu() for node in graph.of(nodes.Clamp)}
    return {name: tensor.contiguous() for name, tensor in (parameters | bounds).items()}


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


def _arrays(*tensors: Tensor) -> tuple[FloatArray, FloatArray]:
    weight, bias = (tensor.detach().float().cpu().numpy() for tensor in tensors)
    return weight, bias


def _affine_of(norm: nn.BatchNorm2d) -> Affine:
    """What a batch norm with fixed statistics does to each channel."""
    assert norm.running_mean is not None and norm.running_var is not None
    weight, bias, mean, variance = (
        tensor.detach().double().cpu().numpy()
        for tensor in (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    )
    scale = weight / np.sqrt(variance + norm.eps)
    return scale, bias - mean * scale


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


def _key(name: str) -> str:
    """A node's name for torch, which takes dots for modules within modules."""
    return name.replace(".", "_")
