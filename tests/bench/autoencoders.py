"""Decoders of the light descriptor, for AdaIN and WCT: `python -m tests.bench.autoencoders FOLDER... -o FILE`.

The encoder is the light descriptor's trunk up to relu4_1. A decoder mirrors it, with nearest upsampling for poolings.
One a level learns to give back the picture (for WCT), and one of relu4_1 to show features with another's mean and
spread (for AdaIN). A run that was stopped goes on when it is started again; with more minutes, a finished one too.

Sources: Li et al. 2017, "Universal Style Transfer via Feature Transforms", section 3.1; Huang & Belongie 2017,
"Arbitrary Style Transfer in Real-Time with Adaptive Instance Normalization", section 6. Differs: the encoder; all
convolutions wrap, and windows of photographs are taken for tiles, with a step across their edges; the losses are
relative to the spread of the features; AdaIN's contents are noise in the colors of its style, for which it is used
here; Adam at 5e-4, falling with the time that is left, in place of 1e-4 for 160,000 steps.
"""

import argparse
import copy
import math
import random
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from texnet_core.atomic import replacing
from texnet_core.circular import wrap_by_one
from texnet_core.descriptor.light import LIGHT, LightWeights, load_light
from texnet_core.engines.torch_device import choose_device
from texnet_core.errors import TexnetError, WeightsError
from texnet_core.pictures.reading import read_exemplar

LEVELS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
ADAIN = "adain"
# The decoder of each step, in turn: deep ones have more to learn, shallow ones cost a tenth.
_TURNS = (LEVELS[0], ADAIN, *LEVELS, ADAIN, *LEVELS, ADAIN, *LEVELS, ADAIN)
_STYLE_WEIGHT, _LR, _LEAST_LR, _WARM_UP_STEPS = 10.0, 5e-4, 1e-5, 300
_FLAT_SHARE, _FIRST_CONTRAST, _LEAST_DEVIATION = 0.05, 0.1, 0.1
_SIDE, _BATCH, _SHORTEST = 64, 4, 512  # texels of windows; windows; texels that pictures are reduced to
_TYPICAL = 64  # windows
_SAVE_EVERY_S = 60
_KINDS = ("weight", "bias")
_SUFFIXES = (".jpg", ".jpeg", ".png")

Features = dict[str, Tensor]


class Trunk(nn.Module):
    """The light descriptor without its heads, frozen."""

    def __init__(self, weights: LightWeights) -> None:
        super().__init__()
        for conv in _convolutions(LEVELS[-1]):
            for kind in _KINDS:
                self.register_buffer(f"{conv.key}_{kind}", weights.parameters[f"{conv.key}.{kind}"])

    def forward(self, image: Tensor, *, periodic: bool, level: str = LEVELS[-1]) -> Features:
        """(N, 3, H, W) in [0, 1] -> the levels up to one, (N, C, h, w), after their ReLU."""
        x, features = _centered(image), {}
        for conv in _convolutions(level):
            if conv.pool_before:
                x = (F.avg_pool2d(x, 2) + F.max_pool2d(x, 2)) / 2
            weight, bias = (self.get_buffer(f"{conv.key}_{kind}") for kind in _KINDS)
            x = F.relu(F.conv2d(wrap_by_one(x) if periodic else x, weight, bias))
            if conv.relu in LEVELS:
                features[conv.relu] = x
        return features

    def size(self, level: str) -> int:
        """Parameters up to a level."""
        return sum(self.get_buffer(f"{conv.key}_{kind}").numel() for conv in _convolutions(level) for kind in _KINDS)


class Decoder(nn.Module):
    """Features of a level -> a picture that wraps as they do: (N, C, h, w) -> (N, 3, H, W) in about [0, 1]."""

    def __init__(self, level: str) -> None:
        super().__init__()
        self.doubles = [conv.pool_before for conv in reversed(_convolutions(level))]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(conv.out_channels, conv.in_channels, 3) for conv in reversed(_convolutions(level))
        )
        for conv in self.convolutions:
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            nn.init.zeros_(conv.bias)
        with torch.no_grad():
            self.convolutions[-1].weight.mul_(_FIRST_CONTRAST)
        channels = self.convolutions[0].in_channels
        self.register_buffer("mean", torch.zeros(1, channels, 1, 1))
        self.register_buffer("deviation", torch.ones(1, channels, 1, 1))

    def standardize(self, features: Tensor) -> None:
        """Take these features for typical: as they come, channels differ a hundredfold, and few would be heard."""
        variance, mean = torch.var_mean(features, (0, 2, 3), correction=0, keepdim=True)
        least = _LEAST_DEVIATION * variance.mean().sqrt()
        self.get_buffer("mean").copy_(mean)
        self.get_buffer("deviation").copy_(variance.sqrt().clamp(min=least))

    def forward(self, x: Tensor) -> Tensor:
        x = (x - self.get_buffer("mean")) / self.get_buffer("deviation")
        for number, (conv, doubles) in enumerate(zip(self.convolutions, self.doubles, strict=True)):
            x = conv(wrap_by_one(F.relu(x) if number else x))
            x = F.interpolate(x, scale_factor=2, mode="nearest") if doubles else x
        return _uncentered(x)


def _convolutions(level: str):
    names = [conv.relu for conv in LIGHT.convolutions]
    return LIGHT.convolutions[: 1 + names.index(level)]


def _centered(image: Tensor) -> Tensor:
    return 4 * image - 1.8


def _uncentered(x: Tensor) -> Tensor:
    return (x + 1.8) / 4


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel, (N, C, 1, 1) each."""
    variance, mean = torch.var_mean(features, (2, 3), correction=0, keepdim=True)
    return mean, (variance + 1e-8).sqrt()


def adapted(features: Tensor, style: tuple[Tensor, Tensor]) -> Tensor:
    """Adaptive instance normalization: the features with the moments of others."""
    mean, deviation = moments(features)
    return (features - mean) / deviation * style[1] + style[0]


def colored_noise(colors: Tensor, side: int, rng: torch.Generator) -> Tensor:
    """Uniform noise with the mean and covariance of the colors of each picture: (N, 3, h, w) -> (N, 3, side, side)."""
    noise = (torch.rand(len(colors), 3, side, side, generator=rng).to(colors.device) - 0.5) * math.sqrt(12)
    mean = colors.mean((2, 3))
    centered = colors.flatten(2) - mean[:, :, None]
    variances, axes = torch.linalg.eigh(centered @ centered.transpose(1, 2) / centered.shape[2])
    return torch.einsum("nck,nkhw->nchw", axes * variances.clamp(min=0).sqrt()[:, None], noise) + mean[..., None, None]


class Autoencoders:
    """The trunk and all decoders, as they are while they learn.

    Args:
        weights: of the encoder.
        device: of torch.

    Attributes:
        step: how many were taken.
        minutes: that they took.
    """

    def __init__(self, weights: LightWeights, device: str = "cpu") -> None:
        torch.manual_seed(0)
        self.device, self.encoder = device, weights.sha256()
        self.trunk = Trunk(weights).to(device)
        self.decoders = {name: Decoder(name).to(device) for name in LEVELS}
        self.decoders[ADAIN] = copy.deepcopy(self.decoders[LEVELS[-1]])
        self.adams = {name: torch.optim.Adam(decoder.parameters()) for name, decoder in self.decoders.items()}
        self.step, self.minutes = 0, 0.0

    def learn(self, windows: Tensor, lr: float) -> float:
        """One step of one decoder on (N, 3, side, side) in [0, 1]; the loss."""
        name, windows = _TURNS[self.step % len(_TURNS)], windows.to(self.device)
        loss = self._of_styles(windows) if name == ADAIN else self._of_pictures(windows, name)
        adam = self.adams[name]
        adam.param_groups[0]["lr"] = lr
        adam.zero_grad()
        loss.backward()
        adam.step()
        self.step += 1
        return float(loss.detach())

    @torch.no_grad()
    def standardize(self, windows: Tensor) -> None:
        """Take the features of these windows, (N, 3, side, side), for typical."""
        features = self.trunk(windows.to(self.device), periodic=True)
        for name, decoder in self.decoders.items():
            decoder.standardize(features[LEVELS[-1] if name == ADAIN else name])

    def _of_pictures(self, windows: Tensor, level: str) -> Tensor:
        """Squared differences of texels, in units of what `_centered` makes of them, and of features."""
        with torch.no_grad():
            features = self.trunk(windows, periodic=True, level=level)[level]
        made = self.decoders[level](features)
        again = self.trunk(made, periodic=True, level=level)[level]
        return (_centered(made) - _centered(windows)).square().mean() + _relative(again, features)

    def _of_styles(self, windows: Tensor) -> Tensor:
        deepest = LEVELS[-1]
        rng = torch.Generator().manual_seed(self.step)
        with torch.no_grad():
            style = {level: moments(maps) for level, maps in self.trunk(windows, periodic=True).items()}
            noise = self.trunk(colored_noise(windows, windows.shape[-1], rng), periodic=True)[deepest]
            wanted = adapted(noise, style[deepest])
        found = self.trunk(self.decoders[ADAIN](wanted), periodic=True)
        return _relative(found[deepest], wanted) + _STYLE_WEIGHT * _style_distance(found, style)

    def state(self) -> dict:
        parts = {"decoders": self.decoders, "adams": self.adams}
        states = {part: {name: each.state_dict() for name, each in of.items()} for part, of in parts.items()}
        return states | {"encoder": self.encoder, "step": self.step, "minutes": self.minutes}

    def restore(self, state: Mapping) -> None:
        """Raises WeightsError where the decoders have learned from another encoder."""
        if state["encoder"] != self.encoder:
            raise WeightsError(
                "these decoders belong to another light descriptor",
                expected="decoders of the one that ships",
                remedy="train them again, in another file",
            )
        for name, decoder in self.decoders.items():
            decoder.load_state_dict(state["decoders"][name])
            self.adams[name].load_state_dict(state["adams"][name])
        self.step, self.minutes = state["step"], state["minutes"]


def _relative(found: Tensor, wanted: Tensor) -> Tensor:
    """Mean squared difference over what the features vary by."""
    return (found - wanted).square().mean() / _unit(*moments(wanted))


def _unit(mean: Tensor, deviation: Tensor) -> Tensor:
    """The mean variance of the channels; a flat picture's is so small that its share of the mean stands in for it."""
    return deviation.square().mean() + _FLAT_SHARE * mean.square().mean()


def _style_distance(found: Features, style: Mapping[str, tuple[Tensor, Tensor]]) -> Tensor:
    distances = []
    for level, (mean, deviation) in style.items():
        found_mean, found_deviation = moments(found[level])
        squares = (found_mean - mean).square() + (found_deviation - deviation).square()
        distances.append(squares.mean() / _unit(mean, deviation))
    return torch.stack(distances).sum()


def load_autoencoders(file: Path, device: str = "cpu") -> Autoencoders:
    """As they were saved last."""
    autoencoders = Autoencoders(load_light(), device)
    autoencoders.restore(torch.load(file, map_location="cpu", weights_only=True))
    return autoencoders


def train(pictures: list[Tensor], file: Path, minutes: float, device: str = "cpu") -> Autoencoders:
    """Learn until `minutes` are spent, those of earlier runs included.

    Args:
        pictures: (3, H, W) in [0, 1], at least 64 texels a side.
        file: where the state is saved; what is there is gone on with.
        minutes: by the clock.
        device: of torch.
    """
    autoencoders = load_autoencoders(file, device) if file.exists() else Autoencoders(load_light(), device)
    if autoencoders.step == 0:
        autoencoders.standardize(_windows(pictures, _TYPICAL, random.Random(0)))
    before, started = autoencoders.minutes, time.monotonic()
    saved, losses = started, dict.fromkeys((*LEVELS, ADAIN), math.nan)
    while autoencoders.minutes < minutes:
        windows = _windows(pictures, _BATCH, random.Random(autoencoders.step))
        name = _TURNS[autoencoders.step % len(_TURNS)]
        losses[name] = autoencoders.learn(windows, _lr(autoencoders.step, autoencoders.minutes / minutes))
        autoencoders.minutes = before + (time.monotonic() - started) / 60
        if time.monotonic() - saved > _SAVE_EVERY_S:
            saved = time.monotonic()
            _save(autoencoders, file)
            told = ", ".join(f"{name} {loss:.3f}" for name, loss in losses.items())
            print(f"{autoencoders.step} steps, {autoencoders.minutes:.1f} min: {told}", flush=True)  # noqa: T201
    _save(autoencoders, file)
    return autoencoders


def _lr(step: int, spent: float) -> float:
    """Of a step, where that share of the time is spent."""
    falling = (1 + math.cos(math.pi * min(1, spent))) / 2
    return (_LEAST_LR + (_LR - _LEAST_LR) * falling) * min(1, (step + 1) / _WARM_UP_STEPS)


def _save(autoencoders: Autoencoders, file: Path) -> None:
    with replacing(file) as temporary:
        torch.save(autoencoders.state(), temporary)


def _windows(pictures: list[Tensor], count: int, rnd: random.Random) -> Tensor:
    return torch.stack([_window(rnd.choice(pictures), rnd) for _ in range(count)])


def _window(picture: Tensor, rnd: random.Random) -> Tensor:
    """A square anywhere, at anything from the picture's own scale to the whole of it."""
    height, width = picture.shape[1:]
    side = round(math.exp(rnd.uniform(math.log(_SIDE), math.log(min(height, width)))))
    top, left = rnd.randint(0, height - side), rnd.randint(0, width - side)
    window = picture[None, :, top : top + side, left : left + side]
    return F.interpolate(window, size=(_SIDE, _SIDE), mode="bicubic", antialias=True).clamp(0, 1)[0]


def read_pictures(folders: list[Path], without: list[str]) -> list[Tensor]:
    """Every picture of the folders but those of these names, (3, H, W), small ones left out."""
    files = sorted(file for folder in folders for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES)
    found = (read_exemplar(file).image for file in files if file.stem not in without)
    return [_reduced(image) for image in found if min(image.shape[:2]) >= _SIDE]


def _reduced(image: np.ndarray) -> Tensor:
    tensor = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)
    scale = _SHORTEST / min(tensor.shape[1:])
    if scale >= 1:
        return tensor
    size = [round(length * scale) for length in tensor.shape[1:]]
    return F.interpolate(tensor[None], size=size, mode="bicubic", antialias=True).clamp(0, 1)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="of pictures to learn from, .jpg and .png")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the decoders; goes on from what is there")
    parser.add_argument("--minutes", type=float, default=60, help="of all runs together")
    parser.add_argument("--without", default="", help="names of pictures to leave out, by commas: those of the table")
    parser.add_argument("--device", default="auto", help="of torch; auto takes the accelerator, where there is one")
    given = parser.parse_args()
    try:
        pictures = read_pictures(given.folders, given.without.split(","))
        if not pictures:
            parser.error(f"no picture of {_SIDE} texels or more in {', '.join(map(str, given.folders))}")
        train(pictures, given.output, given.minutes, choose_device(given.device))
    except (OSError, TexnetError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
