"""MultiTexture: one network for many textures, each chosen by a selection unit: `python -m tests.bench.multitexture`.

Source: Li et al. 2017, "Diversified Texture Synthesis with Feed-forward Networks". A picture begins as 8x8 cells that
two numbers make of a texture's own maps. A second, smaller stream of maps, chosen likewise, is joined to it at each of
five scales. Losses: Gram matrices of centered features, over channels and positions, in L1, each layer with a
gradient of norm 1; and diversity, the mean difference of a deep layer from another sample of the batch, with weight
-1. Textures come one by one, and all that have come take turns.
Widths and the two numbers are those of the published model. Differs: all convolutions wrap, so that pictures tile;
batch norms always have the statistics of their batch, so that a picture is one of a batch when it is drawn, too; the
light descriptor, where that is asked for, has no relu4_2, and diversity is taken at relu4_1; its features have no ReLU.
"""

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.bench.figures import center_square
from texnet_core.atomic import replacing
from texnet_core.circular import wrap_by_one
from texnet_core.descriptor.layers import FeatureMaps
from texnet_core.descriptor.light import Light
from texnet_core.descriptor.vgg19 import Vgg19
from texnet_core.descriptor.weights import load_vgg19
from texnet_core.engines.torch_device import choose_device
from texnet_core.errors import TexnetError
from texnet_core.losses.diversity import derangement
from texnet_core.model.noise import derive_seed
from texnet_core.optimization.search import to_array, to_tensor
from texnet_core.pictures.reading import read_exemplar

_CELLS, _NUMBERS = 8, 2  # a side of the first maps; of noise
_WIDTHS = (256, 256, 128, 128, 64, 32)
_SELECTION_SHARE, _LEAK = 8, 0.01  # the selection stream has an eighth of the channels
_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
_DIVERSE_LAYER = {"vgg19": "relu4_2", "light": "relu4_1"}
_LR, _DECAY, _LEAST_LR = 1e-2, 0.8, 1e-4
_SAVE_EVERY_S = 60
_SUFFIXES = (".jpg", ".jpeg", ".png")

Picture = npt.NDArray[np.float32]
Descriptor = Callable[..., FeatureMaps]


@dataclass(frozen=True)
class MultiTextureSettings:
    """How it is trained.

    Attributes:
        descriptor: what compares, "vgg19" or "light".
        narrow: what the published widths are divided by.
        each: steps from one texture to the next.
        batch: samples a step, of one texture; at least 2.
        side: texels of samples and exemplars; a multiple of 256, or a smaller power of 2 from 16.
    """

    descriptor: str = "vgg19"
    narrow: int = 1
    each: int = 1000
    batch: int = 4
    side: int = 256

    @property
    def doublings(self) -> int:
        """Scales from the first maps to the picture; the deepest of five are those that are left out."""
        return min(len(_WIDTHS) - 1, (self.side // _CELLS).bit_length() - 1)


class MultiTextureNetwork(nn.Module):
    """Noise and a texture's number -> pictures of about [0, 1].

    Args:
        textures: how many.
        settings: widths and size.
    """

    def __init__(self, textures: int, settings: MultiTextureSettings) -> None:
        super().__init__()
        widths = [width // settings.narrow for width in _WIDTHS[len(_WIDTHS) - 1 - settings.doublings :]]
        chosen = [max(1, width // _SELECTION_SHARE) for width in widths]
        cells = settings.side >> settings.doublings
        self.first = nn.Parameter(_of_cells(textures, _NUMBERS, widths[0], cells))
        self.selection = nn.Parameter(_of_cells(textures, chosen[0], cells))
        pairs = zip(widths, chosen, widths[1:], chosen[1:], strict=False)
        self.joins, self.choices = nn.ModuleList(), nn.ModuleList()
        for width, choice, next_width, next_choice in pairs:
            self.joins.append(_Block(width + choice, next_width))
            self.choices.append(_Block(choice, next_choice))
        self.last = nn.Conv2d(widths[-1] + chosen[-1], 3, 3)

    def forward(self, noise: Tensor, texture: int) -> Tensor:
        """(N, 2), which sums to 1, -> (N, 3, side, side)."""
        x = torch.einsum("nk,kchw->nchw", noise, self.first[texture])
        chosen = self.selection[texture].expand(len(noise), -1, -1, -1)
        for join, choice in zip(self.joins, self.choices, strict=True):
            x = _doubled(join(torch.cat((x, chosen), 1)))
            chosen = _doubled(choice(chosen))
        return self.last(wrap_by_one(torch.cat((x, chosen), 1))) / 4 + 0.5


class _Block(nn.Module):
    """Convolutions of 3x3, 3x3 and 1x1 texels that wrap, each with a norm of its batch."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels, after, side, bias=False) for channels, side in ((before, 3), (after, 3), (after, 1))
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(after, track_running_stats=False) for _ in self.convolutions)

    def forward(self, x: Tensor) -> Tensor:
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = wrap_by_one(x) if convolution.kernel_size == (3, 3) else x
            x = F.leaky_relu(norm(convolution(x)), _LEAK)
        return x


def _of_cells(textures: int, *shape: int) -> Tensor:
    return torch.randn(textures, *shape, shape[-1]) * 0.5


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


class MultiTexture:
    """The network with what it knows of its textures.

    Args:
        names: of the textures.
        settings: of network and training.
        device: of torch.

    Attributes:
        step: how many were taken.
    """

    def __init__(self, names: list[str], settings: MultiTextureSettings, device: str = "cpu") -> None:
        torch.manual_seed(0)
        self.names, self.settings, self.device, self.step = names, settings, device, 0
        self.network = MultiTextureNetwork(len(names), settings).to(device)
        self.adam = torch.optim.Adam(self.network.parameters(), lr=_LR)

    @property
    def parameters(self) -> int:
        """Of the network, and of all its textures."""
        return sum(values.numel() for values in self.network.parameters())

    def draw(self, name: str, seed: int) -> Picture:
        """The first of a batch, (side, side, 3) in [0, 1]; it tiles."""
        with torch.no_grad():
            return to_array(self.network(self._noise(derive_seed(1, seed)), self.names.index(name))[:1])

    def learn(self, critic: "Critic") -> tuple[str, float]:
        """One step; the name of the texture whose turn it was, and the loss."""
        seed = derive_seed(0, self.step)
        texture = self._turn()
        decays = self.step // (self.settings.each * len(self.names))
        self.adam.param_groups[0]["lr"] = max(_LEAST_LR, _LR * _DECAY**decays)
        loss = critic(self.network(self._noise(seed), texture), texture, seed)
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        self.step += 1
        return self.names[texture], float(loss.detach())

    def _turn(self) -> int:
        """Each `each` steps one texture more; all that are there take turns."""
        there = min(len(self.names), 1 + self.step // self.settings.each)
        return self.step % there

    def _noise(self, seed: int) -> Tensor:
        noise = torch.rand(self.settings.batch, _NUMBERS, generator=torch.Generator().manual_seed(seed))
        return (noise / noise.sum(1, keepdim=True)).to(self.device)

    def save(self, file: Path) -> None:
        state = {"names": self.names, "settings": asdict(self.settings), "step": self.step}
        state |= {"network": self.network.state_dict(), "adam": self.adam.state_dict()}
        with replacing(file) as temporary:
            torch.save(state, temporary)

    @classmethod
    def load(cls, file: Path, device: str = "cpu") -> "MultiTexture":
        state: Mapping = torch.load(file, map_location="cpu", weights_only=True)
        found = cls(state["names"], MultiTextureSettings(**state["settings"]), device)
        found.network.load_state_dict(state["network"])
        found.adam.load_state_dict(state["adam"])
        found.step = state["step"]
        return found


class Critic:
    """How far samples are from the exemplar of their texture.

    Args:
        exemplars: (side, side, 3) in [0, 1], in the order of the textures.
        descriptor: called with pictures and `periodic`.
        diverse_layer: where samples should differ.
        device: of torch, where the descriptor is.
    """

    def __init__(
        self, exemplars: list[Picture], descriptor: Descriptor, diverse_layer: str, device: str = "cpu"
    ) -> None:
        self.descriptor, self.diverse_layer = descriptor, diverse_layer
        self.targets = []
        for exemplar in exemplars:
            with torch.no_grad():
                features = descriptor(to_tensor(exemplar, torch.device(device)), periodic=False)
            self.targets.append({layer: _centered_gram(features[layer]) for layer in _LAYERS})

    def __call__(self, pictures: Tensor, texture: int, seed: int) -> Tensor:
        features = self.descriptor(pictures, periodic=True)
        style = [(_centered_gram(_of_norm_1(features[layer])), self.targets[texture][layer]) for layer in _LAYERS]
        maps = features[self.diverse_layer]
        order = derangement(len(maps), torch.Generator().manual_seed(seed)).to(maps.device)
        diversity = (maps - maps.detach()[order]).abs().mean()
        return torch.stack([(found - wanted).abs().mean() for found, wanted in style]).sum() - diversity


def _centered_gram(features: Tensor) -> Tensor:
    """(N, C, h, w) -> (N, C, C), of what is left when each channel's mean is taken away, over C h w."""
    flat = features.flatten(2)
    flat = flat - flat.mean(2, keepdim=True)
    return flat @ flat.transpose(1, 2) / (flat.shape[1] * flat.shape[2])


def _of_norm_1(features: Tensor) -> Tensor:
    return _NormalizedGradient.apply(features)


class _NormalizedGradient(torch.autograd.Function):
    """The same values; their gradient is divided by its L1 norm."""

    @staticmethod
    def forward(ctx, features: Tensor) -> Tensor:
        return features.view_as(features)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return gradient / (gradient.abs().sum() + 1e-8)


def open_descriptor(name: str, device: str) -> Descriptor:
    layers = tuple(dict.fromkeys((*_LAYERS, _DIVERSE_LAYER[name])))
    return (Light(layers=layers) if name == "light" else Vgg19(load_vgg19(), layers, pooling="max")).to(device)


def train(
    exemplars: Mapping[str, Picture],
    file: Path,
    settings: MultiTextureSettings,
    steps: int,
    minutes: float,
    descriptor: Descriptor | None = None,
    device: str = "cpu",
) -> MultiTexture:
    """Learn for so many steps in all, or so many minutes of this run; goes on with what is in the file.

    On a CPU, a run that was stopped and went on ends as one that was not.

    Args:
        exemplars: name -> (H, W, 3) in [0, 1], at least `settings.side` a side.
        file: where the state is saved.
        settings: those in the file must be the same.
        steps: of all runs together.
        minutes: by the clock.
        descriptor: None: the one of the settings.
        device: of torch.
    """
    names = list(exemplars)
    model = MultiTexture.load(file, device) if file.exists() else MultiTexture(names, settings, device)
    if model.names != names or model.settings != settings:
        raise SystemExit(f"{file} has other textures or settings: {', '.join(model.names)}; {model.settings}")
    squares = [center_square(exemplar, settings.side) for exemplar in exemplars.values()]
    descriptor = descriptor or open_descriptor(settings.descriptor, device)
    critic = Critic(squares, descriptor, _DIVERSE_LAYER[settings.descriptor], device)
    started = saved = time.monotonic()
    while model.step < steps and time.monotonic() - started < 60 * minutes:
        name, loss = model.learn(critic)
        if time.monotonic() - saved > _SAVE_EVERY_S:
            saved = time.monotonic()
            model.save(file)
            print(f"step {model.step}, {name}: {loss:.4g}", flush=True)  # noqa: T201
    model.save(file)
    return model


def main() -> None:
    defaults = MultiTextureSettings()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="one .jpg or .png for each texture, named as in the table")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the network; goes on from what is there")
    parser.add_argument("--steps", type=int, default=1_000_000, help="of all runs together")
    parser.add_argument("--minutes", type=float, default=60, help="of this run, at most")
    parser.add_argument("--descriptor", choices=list(_DIVERSE_LAYER), default=defaults.descriptor)
    parser.add_argument(
        "--narrow", type=int, choices=(1, 2, 4, 8), default=defaults.narrow, help="divides the published widths"
    )
    parser.add_argument("--each", type=int, default=defaults.each, help="steps from one texture to the next")
    parser.add_argument("--batch", type=int, default=defaults.batch)
    parser.add_argument("--device", default="auto", help="of torch; auto takes the accelerator, where there is one")
    given = parser.parse_args()
    settings = MultiTextureSettings(given.descriptor, given.narrow, given.each, given.batch)
    try:
        files = sorted(file for file in given.folder.iterdir() if file.suffix.lower() in _SUFFIXES)
        if not files:
            parser.error(f"no picture in {given.folder}")
        exemplars = {file.stem: read_exemplar(file).image for file in files}
        device = choose_device(given.device)
        train(exemplars, given.output, settings, given.steps, given.minutes, device=device)
    except (OSError, TexnetError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
