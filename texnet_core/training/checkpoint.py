"""A run on disk: written whole or not at all, read back only by the same run."""

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from texnet_core.atomic import replacing
from texnet_core.errors import OtherRunError, TrainingError
from texnet_core.model.families.pyramid import PyramidSettings
from texnet_core.settings import DescriptorSettings, LossSettings, TrainSettings, as_record
from texnet_core.start_settings import COLD_START
from texnet_core.training.curve import Curve
from texnet_core.training.divergence import DivergenceMonitor
from texnet_core.training.optimizer import Optimizer

_VERSION = 11  # of what a checkpoint holds, and of the noise that its run has seen
_BUDGET = ("steps", "minutes")  # what may be another when a run goes on
_SETTINGS = (PyramidSettings, DescriptorSettings, LossSettings, TrainSettings)
_DEFAULTS = {key: value for kind in _SETTINGS for key, value in as_record(kind()).items()}
_DEFAULTS["start"] = COLD_START  # as all runs began before there was a choice, whatever today's default is


@dataclass
class RunState:
    """Everything of a run that changes, besides what lives in the generator and the optimizer.

    Attributes:
        precision: number format of the convolutions, fixed when the run began: "f32" or "bf16".
        step: steps taken.
        elapsed_s: seconds of training so far, over all sittings.
        frozen: whether statistics are calibrated and frozen.
        average: state of the average of the generator's parameters over the frozen phase; empty before.
        best_loss: lowest validation loss so far, of that average.
        best_parameters: state of the averaged generator at that loss; empty before.
        balance: weights that the objective changes on its way; name -> weight.
        curve: the losses of all steps so far.
        restart: 0, and one more each time that the run had to start again.
        restart_step: the step at which it last began.
        restart_fraction: the share of the budget that was spent by then.
        monitor: what notices that the run goes wrong.
        warnings: what went wrong so far and what was done about it, since the first step of all.
        ended: whether one of them ended the run before its budget was spent.
    """

    precision: str
    step: int = 0
    elapsed_s: float = 0.0
    frozen: bool = False
    average: dict[str, Tensor] = field(default_factory=dict)
    best_loss: float = float("inf")
    best_parameters: dict[str, Tensor] = field(default_factory=dict)
    balance: dict[str, float] = field(default_factory=dict)
    curve: Curve = field(default_factory=list)
    restart: int = 0
    restart_step: int = 0
    restart_fraction: float = 0.0
    monitor: DivergenceMonitor = field(default_factory=DivergenceMonitor)
    warnings: list[str] = field(default_factory=list)
    ended: bool = False

    def thaw(self) -> None:
        """Leave the last part of the run, whose budget has grown: what is frozen and averaged is so again later."""
        fresh = RunState(self.precision)
        for name in ("frozen", "average", "best_loss", "best_parameters", "ended"):
            setattr(self, name, getattr(fresh, name))


def save_checkpoint(
    path: Path,
    fingerprint: dict[str, Any],
    state: RunState,
    generator: torch.nn.Module,
    optimizer: Optimizer,
    kept: dict[str, Tensor],
) -> None:
    """Write the run to `path`, atomically; `kept` is what its plan is made of beside request and exemplar."""
    content = {
        "version": _VERSION,
        "fingerprint": fingerprint,
        "state": dict(vars(state)) | {"monitor": asdict(state.monitor)},
        "generator": generator.state_dict(),
        "optimizer": optimizer.state_dict(),
        "kept": kept,
    }
    write_content(path, content)


def write_content(path: Path, content: dict[str, Any]) -> None:
    """Write what a checkpoint holds, atomically.

    Python writes it, since torch's own writer tells of a full disk in words that name neither the disk nor the file.

    Raises:
        OutputError: the place cannot be written, or has no room.
    """
    made = io.BytesIO()
    torch.save(content, made)
    with replacing(path) as temporary:
        temporary.write_bytes(made.getbuffer())


def stored_record(path: Path) -> dict[str, Any]:
    """The settings that the run of a checkpoint began with, and what was decided then.

    Raises:
        TrainingError: the file is damaged.
    """
    return {"start": COLD_START} | _stored(path, "fingerprint")


def stored_parts(path: Path) -> dict[str, Tensor]:
    """What the plan of a checkpoint's run was made of beside request and exemplar.

    Raises:
        TrainingError: the file is damaged.
    """
    return _stored(path, "kept")


def _stored(path: Path, part: str) -> dict[str, Any]:
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)[part]
        return {str(key): value for key, value in stored.items()}
    except Exception as error:  # a file of another kind can be wrong in any way
        raise unreadable(path) from error


def load_checkpoint(
    path: Path, fingerprint: dict[str, Any], generator: torch.nn.Module, optimizer: Optimizer
) -> RunState:
    """Bring a run back to where its checkpoint left it.

    Raises:
        OtherRunError: the file belongs to a run with other settings or another exemplar, or to another version.
        TrainingError: the file is damaged.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        version, stored = content["version"], content["fingerprint"]
        changed = differing(fingerprint, stored, _DEFAULTS, _BUDGET)
        if version == _VERSION and not changed:
            generator.load_state_dict(content["generator"])
            optimizer.load_state_dict(content["optimizer"])
            state = content["state"]
            return RunState(**state | {"monitor": DivergenceMonitor(**state["monitor"])})
    except Exception as error:  # a file of another kind can be wrong in any way
        raise unreadable(path) from error
    raise of_another_version(path) if version != _VERSION else of_another_run(path, changed)


def differing(
    fingerprint: Mapping[str, Any], stored: Mapping[str, Any], defaults: Mapping[str, Any], free: Collection[str] = ()
) -> list[str]:
    """The keys in which two runs differ, but for those that are free to. What is younger counts as at its default."""
    other = [key for key, value in fingerprint.items() if stored.get(key, defaults.get(key)) != value]
    return [key for key in other if key not in free]


def of_another_version(path: Path) -> OtherRunError:
    """What to raise for a checkpoint of another version."""
    return OtherRunError(
        f"{path} is of another version of TexNet",
        expected="one of this version",
        remedy="finish it with that version, or delete the file and start again",
    )


def of_another_run(path: Path, changed: Sequence[str]) -> OtherRunError:
    """What to raise for a checkpoint of a run in which that was other."""
    return OtherRunError(
        f"{path} is of a run with other {', '.join(changed)}",
        expected="the same settings and exemplar",
        remedy="resume with the settings of that run, or delete the file and start again",
    )


def unreadable(path: Path) -> TrainingError:
    """What to raise for a checkpoint that is damaged."""
    return TrainingError(f"{path} cannot be read", expected="a checkpoint", remedy="delete it and start again")
