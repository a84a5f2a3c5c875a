"""What is measured of Pseudo Optimizers, and of the optimization that they stand for."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from texnet_core import Artifact, TextureRequest, synthesize
from texnet_core.adaptive.network import PseudoOptimizer
from texnet_core.descriptor.vgg19 import Vgg19
from texnet_core.descriptor.weights import load_vgg19
from texnet_core.instant.adapting import adapt
from texnet_core.losses import Sample
from texnet_core.losses.gram import RelativeGramLoss
from texnet_core.optimization import optimize
from texnet_core.optimization.pixels import LAYERS
from texnet_core.settings import DescriptorSettings, OptimizeSettings

DIVERSITY_LAYER = "relu4_2"

Picture = npt.NDArray[np.float32]


class Judge:
    """VGG-19, by which all are measured alike.

    Args:
        vgg19: its file; see `load_vgg19`.
        exemplar: (H, W, 3) in [0, 1], at least 172 a side.
    """

    def __init__(self, vgg19: str, exemplar: Picture) -> None:
        self._network = Vgg19(load_vgg19(vgg19, online=False), (*LAYERS, DIVERSITY_LAYER), "average")
        image = tensor_of(exemplar)
        with torch.no_grad():
            features = self._network(image)
        seen = {layer: features[layer] for layer in LAYERS}
        self._loss = RelativeGramLoss(Sample(image, seen, periodic=False))

    @torch.no_grad()
    def loss(self, picture: Picture) -> float:
        """The texture loss of equation 2, each layer relative to the exemplar's."""
        image = tensor_of(picture)
        return float(self._loss(Sample(image, self._network(image, periodic=True), periodic=True), 0))

    @torch.no_grad()
    def diversity(self, pictures: list[Picture]) -> float:
        """Equation 11: the mean difference of two pictures in conv4_2; here a mean over its values, not a sum."""
        features = [self._network(tensor_of(picture), periodic=True)[DIVERSITY_LAYER] for picture in pictures]
        pairs = [(one, other) for place, one in enumerate(features) for other in features[:place]]
        return float(np.mean([float((one - other).abs().mean()) for one, other in pairs]))


def textures(network: Artifact, exemplar: Picture, side: int, seeds: int) -> tuple[list[Picture], float, float]:
    """Pictures of an exemplar, and the seconds for adapting and for one of them."""
    started = time.perf_counter()
    generator = adapt(network, exemplar)
    adapted = time.perf_counter()
    made = [synthesize(generator, _request(side, seed))["albedo"] for seed in range(seeds)]
    return made, adapted - started, (time.perf_counter() - adapted) / seeds


def stages(network: Artifact, exemplar: Picture, side: int, **changes: str) -> list[Picture]:
    """The noise and what each stage makes of it, with norms of the picture itself; its settings may be changed."""
    form = training_form(network, **changes)
    noise = torch.from_numpy(network.input_plane(0, side, side).window(0, 0, 0, side, side))[None]
    with torch.no_grad():
        made = form(noise, form.targets_of(tensor_of(exemplar)))
    begun = torch.sigmoid(2 * noise - 1)
    return [picture_of(image) for image in (begun, *made.images)]


def training_form(network: Artifact, **changes: str) -> PseudoOptimizer:
    """A network from its file, as it is trained."""
    given = {name: torch.from_numpy(array.copy()) for name, array in network.parameters.items()}
    form = PseudoOptimizer(replace(network.settings, **changes), given)
    with torch.no_grad():
        for name, tensor in given.items():
            if (key := name.replace(".", "_")) in form.learned:
                form.learned[key].copy_(tensor)
    return form


def gatys(exemplar: Picture, vgg19: str, steps: int) -> tuple[Picture, list[list[float]]]:
    """A picture by optimization, and its loss on the way: pairs of seconds and loss."""
    started, curve = time.perf_counter(), []

    def follow(progress):
        if progress.loss is not None:
            curve.append([time.perf_counter() - started, progress.loss])

    settings = OptimizeSettings(exemplar_size=min(exemplar.shape[:2]), steps=steps, device="cpu")
    return optimize(
        exemplar, settings, DescriptorSettings(descriptor="vgg19", vgg19=vgg19), progress=follow
    ).image, curve


def tensor_of(picture: Picture) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None]


def picture_of(image: Tensor) -> Picture:
    return np.clip(image[0].permute(1, 2, 0).numpy(), 0, 1)


def read_exemplar_at(path: Path, side: int) -> Picture:
    """A square of a picture at a short side."""
    from texnet_core.pictures.reading import read_exemplar
    from texnet_core.pictures.resizing import resize_exemplar

    return resize_exemplar(read_exemplar(path).image, side)[:side, :side]


def _request(side: int, seed: int) -> TextureRequest:
    return TextureRequest(width=side, height=side, seed=seed)
