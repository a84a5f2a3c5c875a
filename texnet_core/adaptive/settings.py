"""The settings of training a network that adapts. Its shape is the family's business."""

from dataclasses import dataclass
from functools import partial
from typing import Literal

from texnet_core.settings import MAX_SEED, MIN_EXEMPLAR_SIDE, Checked, setting

_picture = partial(setting, group="picture")
_budget = partial(setting, group="budget")
_losses = partial(setting, group="losses")
_machine = partial(setting, group="machine", machine=True)

FEWEST_PICTURES = 8


@dataclass(frozen=True)
class AdaptiveTrainSettings(Checked):
    """The training loop.

    Source of the defaults: Shi & Qiao 2020, section 4.1, and the published code: a short side of 256, crops of 224,
    batch 1, Adam with a learning rate that falls to nothing in the second half.
    """

    size: int = _picture(224, "side of the training samples in texels, a multiple of 16", low=32, high=1024)
    exemplar_size: int = _picture(
        256,
        "short side to which pictures are scaled, which sets the scale of textures",
        low=MIN_EXEMPLAR_SIDE,
        high=2048,
    )
    crop: int = _picture(
        224, "side of the crops of pictures that samples are compared with", low=MIN_EXEMPLAR_SIDE, high=2048
    )
    steps: int = _budget(800_000, "number of training steps", low=10, high=10**8)
    minutes: float = _budget(0.0, "train for this many minutes instead of a number of steps", low=0.0, high=10**6)
    batch: int = _budget(1, "samples a step, each of a picture of its own, over all processes", low=1, high=256)
    lr: float = _budget(2e-4, "learning rate before it falls", low=1e-6, high=1.0)
    decay_from: float = _budget(
        0.5, "share of the run after which the learning rate falls to 0 in a straight line", low=0.0, high=1.0
    )
    objectives: Literal["own", "last"] = _losses(
        "own", "own compares each stage at its own levels, as published; last compares the end alone"
    )
    stop_gradients: bool = _losses(
        False, "learn as if the gradients that the network reads did not depend on the stages before"
    )
    seed: int = setting(
        0, "seed of the initial parameters and of every random choice", low=0, high=MAX_SEED, group="generator"
    )
    device: str = _machine("auto", "where to train: auto, cpu, cuda, mps or xpu")
