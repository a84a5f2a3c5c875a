"""A Pseudo Optimizer in its training form: it sees whole pictures, so it can ask for Gram matrices and norms of them.

Its graph is the one that files state; here is what its nodes do where all of a picture is there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from texnet_core.adaptive.gram import Differences, Targets, differences, gradient, loss_of, statistics
from texnet_core.circular import wrap
from texnet_core.model import nodes
from texnet_core.model.families.pseudo_optimizer import (
    PseudoOptimizerSettings,
    adaptive_graph,
    description_graph,
    image_name,
    is_learned,
    layers_of,
)
from texnet_core.model.graph import Graph
from texnet_core.model.operations import Operations

CHANNELS = 3


@dataclass(frozen=True)
class Made:
    """What a network made of noise.

    Attributes:
        images: (N, 3, H, W) in [0, 1] behind each stage, the last one last.
        losses: (N, stages), the loss of each picture behind each stage over the levels of that stage.
    """

    images: list[Tensor]
    losses: Tensor


class PseudoOptimizer(nn.Module, Operations):
    """Noise and the Gram matrices of an exemplar -> pictures.

    Args:
        settings: its shape.
        given: the parameters that are not learned, name -> tensor.
        stop_gradients: whether learning ignores that gradients of the Gram loss depend on the stages before.
    """

    def __init__(
        self, settings: PseudoOptimizerSettings, given: Mapping[str, Tensor], *, stop_gradients: bool = False
    ) -> None:
        super().__init__()
        self.settings, self._stops = settings, stop_gradients
        self.graph = adaptive_graph(settings, CHANNELS)
        self._comparing, self._layers = description_graph(settings)
        self.learned = nn.ParameterDict()
        for name, shape in self.graph.parameter_shapes.items():
            if is_learned(name):
                self.learned[_key(name)] = nn.Parameter(_begun(name, shape))
            else:
                self.register_buffer(_key(name), given[name].clone())
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # in which CPUs are faster
        self._walk = _Walk({})
        self._extend: Callable[[Tensor, int], Tensor] = _EXTENSIONS[settings.padding]

    def forward(self, noise: Tensor, targets: Targets) -> Made:
        """Whole pictures.

        Args:
            noise: (N, 3, H, W), uniform in [0, 1); the sides are multiples of the coarsest cell.
            targets: of the exemplars; see `targets_of`.
        """
        self._walk = _Walk(targets)
        noise = noise.contiguous(memory_format=torch.channels_last)
        values = self._values(self.graph, {"noise": noise}, keep=self._image_names())
        images = [values[name] for name in self._image_names()]
        stages = self.settings.stages
        final = self._described(images[-1], self._extend)
        last = differences(statistics(final, self._shift), targets)
        losses = []
        for number, levels in enumerate(stages, 1):  # the next stage has looked at what this one made
            found = last if number == len(stages) else self._walk.found[number + 1]
            layers = layers_of(self.settings, levels)
            losses.append(torch.stack([loss_of(found[layer]) for layer, _ in layers]).sum(0))
        return Made(images, torch.stack(losses, dim=1))

    @torch.no_grad()
    def targets_of(self, exemplar: Tensor, *, periodic: bool = False) -> Targets:
        """The Gram matrices that pictures are to have, of exemplars, (N, 3, H, W) in [0, 1].

        An exemplar does not repeat: as the padding of the settings says, its borders are left out or seen with zeros.
        """
        extend = _wrapped if periodic else _EXTENSIONS["zero"] if self.settings.padding == "zero" else _nothing
        return statistics(self._described(exemplar, extend), self._shift, periodic=periodic)

    @property
    def _shift(self) -> int:
        return next(self.graph.of(nodes.GramGradient)).shift

    def _image_names(self) -> list[str]:
        return [image_name(number) for number in range(1, 1 + len(self.settings.stages))]

    def _described(self, image: Tensor, extend: Callable[[Tensor, int], Tensor]) -> dict[str, Tensor]:
        """Layer -> (N, C, h, w) of all that is compared."""
        before, self._extend = self._extend, extend
        try:
            values = self._values(self._comparing, {"image": image}, keep=list(self._layers.values()))
        finally:
            self._extend = before
        return {layer: values[name] for layer, name in self._layers.items()}

    def _values(self, graph: Graph, given: dict[str, Tensor], keep: list[str]) -> dict[str, Tensor]:
        """The values of those names."""
        values, kept = dict(given), {}
        for node in graph.nodes:
            if node.name in values:
                continue
            method: Callable[..., Tensor] = getattr(self, node.operation)
            values[node.name] = method(node, *(values[name] for name in node.inputs))
            if node.name in keep:
                kept[node.name] = values[node.name]
            for name in graph.last_uses.get(node.name, ()):
                del values[name]
        return kept

    def convolution(self, node: nodes.Convolution, x: Tensor) -> Tensor:
        weight, bias = (*(self._parameter(name) for name in node.parameter_shapes), None)[:2]
        assert weight is not None
        if node.kernel == 1:  # a product of matrices, for which torch has no fast convolution here
            return F.linear(x.permute(0, 2, 3, 1), weight.flatten(1), bias).permute(0, 3, 1, 2)
        return F.conv2d(self._extend(x, node.kernel // 2), weight, bias)

    def instance_norm(self, node: nodes.InstanceNorm, x: Tensor) -> Tensor:
        scale, shift = (self._parameter(name) for name in node.parameter_shapes)
        if len(x) == 1:  # the same function, which leaves channels-last what it was
            return F.batch_norm(x, None, None, scale, shift, training=True, eps=node.epsilon)
        return F.instance_norm(x, weight=scale, bias=shift, eps=node.epsilon)

    def gram_gradient(self, node: nodes.GramGradient, x: Tensor) -> Tensor:
        found = differences({node.layer: self._statistics_of(x)}, self._walk.targets)[node.layer]
        self._walk.found.setdefault(node.stage, {})[node.layer] = found
        pulled = gradient(x, found, node)
        return pulled.detach() if self._stops else pulled

    def _statistics_of(self, x: Tensor) -> Tensor:
        return statistics({"": x}, self._shift)[""]

    def _parameter(self, name: str) -> Tensor:
        return self.learned[_key(name)] if is_learned(name) else self.get_buffer(_key(name))

    def parameters_by_name(self) -> dict[str, Tensor]:
        """All parameters as a file has them: name -> float32 on the CPU."""
        names = self.graph.parameter_shapes
        return {name: self._parameter(name).detach().float().cpu().contiguous() for name in names}


class _Walk:
    """What is found on one way through the graph."""

    def __init__(self, targets: Targets) -> None:
        self.targets = targets
        self.found: dict[int, Differences] = {}


def _begun(name: str, shape: tuple[int, ...]) -> Tensor:
    """A parameter before it has learned: norms do nothing, kernels have the spread that keeps that of values."""
    if name.endswith(".scale"):
        return torch.ones(shape)
    if len(shape) == 1:
        return torch.zeros(shape)
    return nn.init.kaiming_uniform_(torch.empty(shape), a=5**0.5)


def _wrapped(x: Tensor, margin: int) -> Tensor:
    return wrap(x, margin, margin) if margin else x


def _zeros(x: Tensor, margin: int) -> Tensor:
    return F.pad(x, [margin] * 4) if margin else x


def _nothing(x: Tensor, margin: int) -> Tensor:
    return x


_EXTENSIONS = {"wrap": _wrapped, "zero": _zeros}


def _key(name: str) -> str:
    """A parameter's name for torch, which takes dots for modules within modules."""
    return name.replace(".", "_")
