"""The settings of training conditional pyramids. Their shapes are the family's business."""

from dataclasses import dataclass
from functools import partial

from texnet_core.paths import user_path
from texnet_core.settings import MAX_SEED, Checked, setting
from texnet_core.start_settings import AUTO_START, COLD_START

_picture = partial(setting, group="picture")
_budget = partial(setting, group="budget")
_losses = partial(setting, group="losses")
_machine = partial(setting, group="machine", machine=True)

FEWEST_TEXTURES = 2
LEAST_EXEMPLAR_SIDE = 164  # texels: what the light descriptor asks of an exemplar


@dataclass(frozen=True)
class ConditionalTrainSettings(Checked):
    """The training loop, whatever codes are made of."""

    size: int = _picture(
        128, "side of the training samples in texels, of which the first part of a run has half", low=32, high=1024
    )
    exemplar_size: int = _picture(
        256,
        "short side to which pictures are scaled, which sets the scale of textures",
        low=LEAST_EXEMPLAR_SIDE,
        high=2048,
    )
    steps: int = _budget(20_000, "number of training steps", low=10, high=10**8)
    minutes: float = _budget(0.0, "train for this many minutes instead of a number of steps", low=0.0, high=10**6)
    batch: int = _budget(3, "textures a step, over all processes", low=1, high=256)
    lr: float = _budget(0.007, "learning rate at its peak", low=1e-6, high=1.0)
    seed: int = setting(
        0, "seed of the initial parameters and of every random choice", low=0, high=MAX_SEED, group="generator"
    )
    device: str = _machine("auto", "where to train: auto, cpu, cuda, mps or xpu")


@dataclass(frozen=True)
class InstantTrainSettings(ConditionalTrainSettings):
    """The same where codes are predicted."""

    start: str = _budget(
        COLD_START,
        "parameters to begin with: cold takes random ones, instant those of the network that ships, "
        "a .texnet file that network's",
    )


@dataclass(frozen=True)
class TexturesTrainSettings(ConditionalTrainSettings):
    """The same where each texture has a code of its own."""

    steps: int = _budget(1000, "number of training steps", low=10, high=10**8)
    start: str = _budget(
        AUTO_START,
        "parameters and codes to begin with: instant takes what the network that ships predicts, a .texnet file that "
        "network's, cold random ones; auto instant where it fits",
    )
    incremental: float = _budget(
        0.0, "share of the run over which textures come in one after the other", low=0.0, high=1.0
    )
    diversity_weight: float = _losses(
        0.0, "weight of the reward for samples of a texture that differ", low=0.0, high=1e6
    )


def label_of(start: str) -> str:
    """A start as records name it: a file without its folders."""
    return user_path(start).name.encode("utf-8", "replace").decode()  # a file's name can be no text
