"""A run of a network that adapts, on disk: written whole or not at all, read back only by the same run."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from texnet_core.settings import as_record
from texnet_core.training.checkpoint import differing, of_another_run, of_another_version, unreadable, write_content
from texnet_core.training.curve import Curve

_VERSION = 1
_FREE = ("steps", "minutes", "device")  # what may be another when a run goes on


class Stateful(Protocol):
    """What has a state that a file can hold."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any], /) -> Any: ...


@dataclass(frozen=True)
class Kind:
    """A kind of run.

    Attributes:
        name: as checkpoints have it.
        settings: dataclasses whose defaults stand for what is younger than a checkpoint.
    """

    name: str
    settings: tuple[type, ...]

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The defaults of all settings."""
        return {key: value for kind in self.settings for key, value in as_record(kind()).items()}


@dataclass
class AdaptiveState:
    """What changes in a run, besides what lives in the network and the optimizer.

    Attributes:
        step: steps taken.
        elapsed_s: seconds of training so far, over all sittings.
        curve: the losses of all steps so far.
    """

    step: int = 0
    elapsed_s: float = 0.0
    curve: Curve = field(default_factory=list)


def save(
    path: Path,
    kind: Kind,
    fingerprint: Mapping[str, Any],
    state: AdaptiveState,
    network: nn.Module,
    optimizer: Stateful,
) -> None:
    """Write the run to `path`, atomically."""
    content = {
        "kind": kind.name,
        "version": _VERSION,
        "fingerprint": dict(fingerprint),
        "state": asdict(state),
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    write_content(path, content)


def load(
    path: Path, kind: Kind, fingerprint: Mapping[str, Any], network: nn.Module, optimizer: Stateful
) -> AdaptiveState:
    """Bring a run back to where its checkpoint left it.

    Raises:
        OtherRunError: the file belongs to another run or another version.
        TrainingError: the file is damaged.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        name, version, stored = content.get("kind"), content["version"], content["fingerprint"]
        changed = differing(fingerprint, stored, kind.defaults, _FREE)
        if (name, version) == (kind.name, _VERSION) and not changed:
            network.load_state_dict(content["network"])
            optimizer.load_state_dict(content["optimizer"])
            return AdaptiveState(**content["state"])
    except Exception as error:  # a file of another kind can be wrong in any way
        raise unreadable(path) from error
    if name != kind.name:
        raise of_another_run(path, ["kind of network"])
    raise of_another_run(path, changed) if changed else of_another_version(path)
