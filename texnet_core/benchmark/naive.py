"""The naive peer: what one would write first. Eager torch, whole frames, inputs drawn, circular padding everywhere."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from texnet_core.model import nodes
from texnet_core.model.artifact import Artifact
from texnet_core.model.graph import without_norms
from texnet_core.model.operations import Operations, run


class NaivePeer(Operations):
    """Makes square textures of a generator, each of other noise."""

    def __init__(self, artifact: Artifact, threads: int) -> None:
        torch.set_num_threads(threads)
        self._graph = without_norms(artifact.graph)
        self._parameters = {name: torch.from_numpy(array) for name, array in artifact.parameters.items()}
        self._convolutions = {conv.name: self._convolution(conv) for conv in self._graph.of(nodes.Convolution)}

    @torch.inference_mode()
    def make(self, size: int) -> Tensor:
        """One texture of `size` texels a side, (1, channels, size, size) uint8."""
        drawn = {
            node.name: torch.rand(1, node.channels, size >> node.level, size >> node.level)
            for node in self._graph.of(nodes.Input)
        }
        maps = run(self._graph, self, drawn)
        return (maps.clamp(0, 1) * 255 + 0.5).to(torch.uint8)

    def convolution(self, node: nodes.Convolution, x: Tensor) -> Tensor:
        result: Tensor = self._convolutions[node.name](x)
        return result

    def blur(self, node: nodes.Blur, x: Tensor) -> Tensor:
        return super().blur(node, functional.pad(x, (1, 1, 1, 1), mode="circular"))

    def clamp(self, node: nodes.Clamp, x: Tensor) -> Tensor:
        return torch.minimum(x, self._parameters[node.bound][:, None, None])

    def _convolution(self, node: nodes.Convolution) -> nn.Conv2d:
        margin = node.kernel // 2
        module = nn.Conv2d(node.in_channels, node.channels, node.kernel, padding=margin, padding_mode="circular")
        module.weight.data = self._parameters[f"{node.name}.weight"]
        assert module.bias is not None
        module.bias.data = self._parameters[f"{node.name}.bias"]
        return module
