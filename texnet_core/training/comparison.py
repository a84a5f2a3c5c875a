"""What compares a run's samples with its exemplar: the layers of a network, or patches."""

from collections.abc import Callable
from dataclasses import replace

import torch

from texnet_core.descriptor.choice import (
    BY_PREFERENCE,
    Weights,
    candidates,
    network_of,
    settle,
    structure_of,
)
from texnet_core.descriptor.octaves import Octaves
from texnet_core.descriptor.patches import FINEST, PatchPyramid
from texnet_core.descriptor.structure import FEWEST_POSITIONS
from texnet_core.errors import ImageError, Range, RequestError
from texnet_core.losses import Sample
from texnet_core.mapset import Mask
from texnet_core.settings import MIN_EXEMPLAR_SIDE, DescriptorSettings, LossSettings, TrainSettings

Descriptor = Octaves | PatchPyramid

_TOO_LITTLE = "the mask leaves too little of the exemplar for"


def check_descriptor(descriptor: DescriptorSettings, loss: LossSettings, train: TrainSettings) -> None:
    """Raise RequestError for what no search for weights could make right."""
    if train.exemplar_side < MIN_EXEMPLAR_SIDE:
        raise RequestError(
            f"exemplar size {train.exemplar_size} is too small",
            expected=Range(MIN_EXEMPLAR_SIDE, None),
            remedy="use a larger one, or 0 for the training size",
        )
    *_, last = candidates(descriptor, (descriptor, loss, train), BY_PREFERENCE)
    if descriptor.descriptor == "patches":
        return
    if loss.diversity_weight and train.batch < 2:
        found = f"a diversity weight needs at least 2 samples a step, and batch is {train.batch}"
        raise RequestError(found, expected="2 samples or more", remedy="set batch to 2, or leave the weight out")
    if not loss.compares():
        raise RequestError(
            "no loss compares samples with the exemplar", expected="one or more", remedy="give one a weight above 0"
        )
    _check_size(replace(descriptor, descriptor=last), train)


def settle_descriptor(
    descriptor: DescriptorSettings,
    loss: LossSettings,
    train: TrainSettings,
    mask: Mask | None = None,
    *,
    online: bool,
    announce: Callable[[str], None],
) -> tuple[DescriptorSettings, Weights | None]:
    """The settings with auto decided, and the weights that they need.

    Auto means the first that has all settings which are changed and can do with the exemplar: VGG-19 where its weights
    are on this computer, the light descriptor, patches. Where only VGG-19 has these settings, its weights may be
    downloaded.

    Args:
        descriptor: what was asked for, as `check_descriptor` lets it pass.
        loss: its losses.
        train: its loop.
        mask: of the exemplar as the run sees it, or None.
        online: whether weights may be downloaded.
        announce: called with one sentence before a download, and where another takes VGG-19's place.

    Raises:
        ImageError: the mask leaves too little for what was asked for.
        WeightsError: weights that were asked for are not there, or wrong.
    """
    names = candidates(descriptor, (descriptor, loss, train), BY_PREFERENCE)
    if len(names) == 1:
        _check_visible(descriptor, mask)  # before anything is downloaded

    def trouble(settled: DescriptorSettings) -> str:
        if train.exemplar_side < least_side(settled):
            return f"an exemplar of {train.exemplar_side} texels is too small for"
        return _TOO_LITTLE if _hides_too_much(mask, settled) else ""

    settled, weights = settle(descriptor, names, trouble, online=online, announce=announce)
    _check_visible(settled, mask)
    return settled, weights


def least_side(descriptor: DescriptorSettings) -> int:
    """The smallest side in texels that an exemplar may have."""
    structure = structure_of(descriptor)
    return MIN_EXEMPLAR_SIDE if structure is None else structure.smallest_side(descriptor.padding)


def make_descriptor(
    settings: DescriptorSettings,
    weights: Weights | None,
    size: int,
    exemplar_side: int,
    precision: torch.dtype,
) -> Descriptor:
    """The descriptor of a run whose samples have `size` texels a side, and its exemplar at least `exemplar_side`."""
    if weights is None:
        return PatchPyramid(size, exemplar_side)
    return Octaves(network_of(settings, weights, precision), settings.octaves or 1, min(size, exemplar_side))


def check_patches(mask: Mask, size: int, exemplar_side: int) -> None:
    """Raise ImageError where an exemplar's mask leaves too few patches to compare; for the sides see above."""
    if FINEST not in PatchPyramid(size, exemplar_side).visible(torch.from_numpy(mask).float()):
        raise _too_little("patches")


def see_exemplar(descriptor: Descriptor, image: torch.Tensor, mask: torch.Tensor | None) -> Sample:
    """What losses learn of an exemplar.

    Args:
        descriptor: what looks at it.
        image: (1, 3, H, W) in [0, 1].
        mask: (H, W) bool, True where a texel takes part; None where all do.
    """
    features = descriptor(image)
    if mask is None:
        return Sample(image, features, periodic=False)
    visible = descriptor.visible(mask.float())
    return Sample(image, {layer: features[layer] for layer in visible}, periodic=False, visible=visible)


def _check_visible(descriptor: DescriptorSettings, mask: Mask | None) -> None:
    structure = structure_of(descriptor)
    if structure is not None and _hides_too_much(mask, descriptor):
        raise _too_little(structure.name)


def _hides_too_much(mask: Mask | None, descriptor: DescriptorSettings) -> bool:
    structure = structure_of(descriptor)
    if structure is None or mask is None:
        return False
    visible = structure.visible_positions(torch.from_numpy(mask).float(), descriptor.padding)
    return any(int(positions.sum()) < FEWEST_POSITIONS for positions in visible.values())


def _too_little(kind: str) -> ImageError:
    other = " or a larger exemplar size" if kind == "patches" else ", a larger exemplar size, or the descriptor patches"
    return ImageError(
        f"{_TOO_LITTLE} {kind}",
        expected="more that is visible in one piece",
        remedy=f"use a mask that hides less{other}",
    )


def _check_size(descriptor: DescriptorSettings, train: TrainSettings) -> None:
    """Of the exemplar only: samples wrap, so that theirs does not matter."""
    structure = structure_of(descriptor)
    if structure is None or train.exemplar_side >= least_side(descriptor):
        return
    has_padding = len(structure.paddings) > 1
    padded = ", or zero padding" if has_padding and descriptor.padding != "zero" else ""
    raise RequestError(
        f"{'exemplar size' if train.exemplar_size else 'size'} {train.exemplar_side} is too small for {structure.name}"
        + (f" with {descriptor.padding} padding" if has_padding else ""),
        expected=Range(least_side(descriptor), None),
        remedy=f"use an exemplar size of 256{padded}, or the descriptor patches",
    )
