"""Which descriptor compares, and what it needs: VGG-19, the light descriptor, or patches."""

from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from typing import Any

import torch

from texnet_core.descriptor.light import LIGHT, Light, LightWeights, load_light
from texnet_core.descriptor.network import Network
from texnet_core.descriptor.structure import Structure
from texnet_core.descriptor.vgg19 import VGG19, Vgg19
from texnet_core.descriptor.weights import Vgg19Weights, load_vgg19
from texnet_core.errors import MissingWeightsError, RequestError
from texnet_core.settings import DescriptorName, DescriptorSettings, belongs_to

Weights = Vgg19Weights | LightWeights

BY_PREFERENCE: tuple[DescriptorName, ...] = ("vgg19", "light", "patches")

_STRUCTURES: dict[DescriptorName, Structure] = {"vgg19": VGG19, "light": LIGHT}
_NO_WEIGHTS = "there are no weights here of"
_FOR_VGG19 = "for VGG-19, choose the descriptor vgg19, which downloads them (548 MB, once), or name a file with them"


def candidates(
    descriptor: DescriptorSettings, parts: Iterable[Any], names: tuple[DescriptorName, ...]
) -> tuple[DescriptorName, ...]:
    """What may be taken of these names: what is asked for, or all that have the settings which are changed.

    Args:
        descriptor: what is asked for.
        parts: settings dataclasses, all that are given.
        names: what would do, the best first.

    Raises:
        RequestError: what is asked for would not do, or lacks a setting that is changed.
    """
    asked = descriptor.descriptor
    if asked not in ("auto", *names):
        raise RequestError(
            f"the descriptor {asked} cannot be used here", expected=("auto", *names), remedy="choose one of these"
        )
    parts = tuple(parts)
    lacking = {name: _foreign(name, parts) for name in (names if asked == "auto" else (asked,))}
    found = tuple(name for name, foreign in lacking.items() if not foreign)
    if not found:
        raise RequestError(
            f"{', '.join(lacking[asked])} cannot be combined with the descriptor {asked}",
            expected=f"settings that {asked} has",
            remedy="leave out what others have, or choose the descriptor vgg19",
        )
    return found


def settle(
    descriptor: DescriptorSettings,
    names: tuple[DescriptorName, ...],
    trouble: Callable[[DescriptorSettings], str],
    *,
    online: bool,
    announce: Callable[[str], None],
) -> tuple[DescriptorSettings, Weights | None]:
    """The settings with auto decided, and the weights that they need: the first that can be had.

    Args:
        descriptor: what was asked for.
        names: of `candidates`. Only where there is one alone may weights be downloaded.
        trouble: why a network can do nothing, as the beginning of a clause that ends with its name; "" where it can.
            The last one is not asked.
        online: whether weights may be downloaded.
        announce: called with one sentence before a download, and where another takes VGG-19's place.

    Raises:
        WeightsError: weights that were asked for are not there, or wrong.
    """
    *others, last = names
    troubles: dict[str, list[str]] = {}
    for name in others:
        settled = replace(descriptor, descriptor=name)
        why = trouble(settled)
        if not why:
            try:
                weights = _load(settled, online=False, announce=announce)
            except MissingWeightsError:
                why = _NO_WEIGHTS
            else:
                _tell(troubles, name, announce)
                return settled, weights
        troubles.setdefault(why, []).append(_STRUCTURES[name].name)
    _tell(troubles, last, announce)
    settled = replace(descriptor, descriptor=last)
    return settled, None if last == "patches" else _load(settled, online=online, announce=announce)


def structure_of(descriptor: DescriptorSettings) -> Structure | None:
    """Of the network that is asked for, or looked for first; None where patches are compared."""
    return None if descriptor.descriptor == "patches" else _STRUCTURES.get(descriptor.descriptor, VGG19)


def network_of(
    settings: DescriptorSettings, weights: Weights, precision: torch.dtype
) -> Callable[[tuple[str, ...]], Network]:
    """What makes a network with these weights that returns given layers."""

    def make(layers: tuple[str, ...]) -> Network:
        if isinstance(weights, LightWeights):
            return Light(weights, layers, precision)
        return Vgg19(weights, layers, settings.pooling, settings.padding, precision)

    return make


def _foreign(name: DescriptorName, parts: tuple[Any, ...]) -> list[str]:
    """Names of settings that a descriptor does not have and that are not at their defaults."""
    given = [(part, spec) for part in parts for spec in fields(part)]
    foreign = [
        spec.name.replace("_", " ")
        for part, spec in given
        if not belongs_to(name, spec) and getattr(part, spec.name) != spec.default
    ]
    # f32, its other choice, is what patches have
    has_bf16 = any(spec.name == "precision" and part.precision == "bf16" for part, spec in given)
    return foreign + ["precision bf16"] * (name == "patches" and has_bf16)


def _load(descriptor: DescriptorSettings, *, online: bool, announce: Callable[[str], None]) -> Weights:
    if descriptor.descriptor == "light":
        return load_light()
    return load_vgg19(descriptor.vgg19, descriptor.vgg19_input, online=online, announce=announce)


def _tell(troubles: dict[str, list[str]], chosen: DescriptorName, announce: Callable[[str], None]) -> None:
    """Say why the first ones are not taken: beginning of a clause -> networks."""
    if not troubles:
        return
    found = ", ".join(f"{clause} {' and '.join(names)}" for clause, names in troubles.items())
    how = "through the light descriptor" if chosen == "light" else "by patches"
    remedy = f"; {_FOR_VGG19}" if _NO_WEIGHTS in troubles else ""
    announce(f"{found}: comparing {how} instead{remedy}")
