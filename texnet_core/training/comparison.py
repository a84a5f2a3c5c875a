"""What compares a run's samples with its exemplar: VGG-19, or patches where its weights cannot be had."""

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch

from texnet_core.descriptor.octaves import Octaves
from texnet_core.descriptor.patches import FINEST, PatchPyramid
from texnet_core.descriptor.structure import FEWEST_POSITIONS
from texnet_core.descriptor.vgg19 import VGG19, Vgg19
from texnet_core.descriptor.weights import Vgg19Weights, load_vgg19
from texnet_core.errors import ImageError, MissingWeightsError, Range, RequestError
from texnet_core.losses import Sample
from texnet_core.mapset import Mask
from texnet_core.settings import MIN_EXEMPLAR_SIDE, DescriptorSettings, LossSettings, TrainSettings
from texnet_core.training.checkpoint import stored_descriptor

Descriptor = Octaves | PatchPyramid


def check_descriptor(descriptor: DescriptorSettings, loss: LossSettings, train: TrainSettings) -> None:
    """Raise RequestError for what no search for weights could make right."""
    asked = _asked_of_vgg19(descriptor, loss, train)
    if train.exemplar_side < MIN_EXEMPLAR_SIDE:
        raise RequestError(
            f"exemplar size {train.exemplar_size} is too small",
            expected=Range(MIN_EXEMPLAR_SIDE, None),
            remedy="use a larger one, or 0 for the training size",
        )
    if descriptor.descriptor == "patches":
        if asked:
            raise RequestError(
                f"{', '.join(asked)} cannot be combined with the descriptor patches",
                expected="no settings of VGG-19",
                remedy="leave out what only VGG-19 has, or choose the descriptor vgg19",
            )
        return
    if loss.diversity_weight and train.batch < 2:
        found = f"a diversity weight needs at least 2 samples a step, and batch is {train.batch}"
        raise RequestError(found, expected="2 samples or more", remedy="set batch to 2, or leave the weight out")
    if not loss.compares():
        raise RequestError(
            "no loss compares samples with the exemplar", expected="one or more", remedy="give one a weight above 0"
        )
    if asked or descriptor.descriptor == "vgg19":
        _check_size_for_vgg19(descriptor, train)


def as_begun(descriptor: DescriptorSettings, checkpoint: Path) -> DescriptorSettings:
    """The settings with auto decided as it was when the run began, whatever weights there are by now.

    Raises:
        TrainingError: the checkpoint is damaged.
    """
    if descriptor.descriptor != "auto":
        return descriptor
    begun: Any = stored_descriptor(checkpoint)
    return replace(descriptor, descriptor=begun)


def settle_descriptor(
    descriptor: DescriptorSettings,
    loss: LossSettings,
    train: TrainSettings,
    mask: Mask | None = None,
    *,
    online: bool,
    announce: Callable[[str], None],
) -> tuple[DescriptorSettings, Vgg19Weights | None]:
    """The settings with auto decided, and the weights that they need.

    Auto means VGG-19 where its weights are here or can be downloaded and where one of its settings is changed, else
    patches.

    Args:
        descriptor: what was asked for, as `check_descriptor` lets it pass.
        loss: its losses.
        train: its loop.
        mask: of the exemplar as the run sees it, or None.
        online: whether weights may be downloaded.
        announce: called with one sentence before a download, and where patches take VGG-19's place.

    Raises:
        ImageError: the mask leaves too little for VGG-19, which was asked for.
        WeightsError: weights that were asked for are not there, or wrong.
    """
    if descriptor.descriptor == "patches":
        return descriptor, None
    asked = descriptor.descriptor == "vgg19" or _asked_of_vgg19(descriptor, loss, train)
    if not asked and _is_too_small_for_vgg19(descriptor, train):
        announce(f"an exemplar of {train.exemplar_side} texels is too small for VGG-19: training by patches instead")
        return replace(descriptor, descriptor="patches"), None
    if mask is not None and _hides_too_much(mask, descriptor):
        if asked:
            raise _too_little("VGG-19", "a mask that hides less, a larger exemplar size, or the descriptor patches")
        announce("the mask leaves too little of the exemplar for VGG-19: training by patches instead")
        return replace(descriptor, descriptor="patches"), None
    try:
        weights = load_vgg19(descriptor.vgg19, descriptor.vgg19_input, online=online, announce=announce)
    except MissingWeightsError as error:
        if asked:
            raise
        announce(f"{error.found}: training by patches instead, which need none; for VGG-19, {error.remedy}")
        return replace(descriptor, descriptor="patches"), None
    return replace(descriptor, descriptor="vgg19"), weights


def least_side(descriptor: DescriptorSettings) -> int:
    """The smallest side in texels that an exemplar may have."""
    return MIN_EXEMPLAR_SIDE if descriptor.descriptor == "patches" else VGG19.smallest_side(descriptor.padding)


def make_descriptor(
    settings: DescriptorSettings,
    weights: Vgg19Weights | None,
    size: int,
    exemplar_side: int,
    precision: torch.dtype,
) -> Descriptor:
    """The descriptor of a run whose samples have `size` texels a side, and its exemplar at least `exemplar_side`."""
    if weights is None:
        return PatchPyramid(size, exemplar_side)

    def network(layers: tuple[str, ...]) -> Vgg19:
        return Vgg19(weights, layers, settings.pooling, settings.padding, precision)

    return Octaves(network, settings.octaves, min(size, exemplar_side))


def check_patches(mask: Mask, size: int, exemplar_side: int) -> None:
    """Raise ImageError where an exemplar's mask leaves too few patches to compare; for the sides see above."""
    if FINEST not in PatchPyramid(size, exemplar_side).visible(torch.from_numpy(mask).float()):
        raise _too_little("patches", "a mask that hides less or a larger exemplar size")


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


def _hides_too_much(mask: Mask, descriptor: DescriptorSettings) -> bool:
    visible = VGG19.visible_positions(torch.from_numpy(mask).float(), descriptor.padding)
    return any(int(positions.sum()) < FEWEST_POSITIONS for positions in visible.values())


def _too_little(kind: str, remedy: str) -> ImageError:
    found = f"the mask leaves too little of the exemplar for {kind}"
    return ImageError(found, expected="more that is visible in one piece", remedy=f"use {remedy}")


def _asked_of_vgg19(descriptor: DescriptorSettings, loss: LossSettings, train: TrainSettings) -> list[str]:
    """Names of settings that only VGG-19 has and that are not at their defaults."""
    specs = [(part, spec) for part in (descriptor, loss, train) for spec in fields(part)]
    names = [
        spec.name.replace("_", " ")
        for part, spec in specs
        if spec.metadata["descriptor"] == "vgg19" and getattr(part, spec.name) != spec.default
    ]
    return names + ["precision bf16"] * (train.precision == "bf16")  # f32, its other choice, is what patches have


def _check_size_for_vgg19(descriptor: DescriptorSettings, train: TrainSettings) -> None:
    """Of the exemplar only: samples wrap, so that theirs does not matter."""
    if not _is_too_small_for_vgg19(descriptor, train):
        return
    padded = "" if descriptor.padding == "zero" else ", or zero padding"
    raise RequestError(
        f"{'exemplar size' if train.exemplar_size else 'size'} {train.exemplar_side} is too small for VGG-19 "
        f"with {descriptor.padding} padding",
        expected=Range(VGG19.smallest_side(descriptor.padding), None),
        remedy=f"use an exemplar size of 256{padded}, or the descriptor patches",
    )


def _is_too_small_for_vgg19(descriptor: DescriptorSettings, train: TrainSettings) -> bool:
    return train.exemplar_side < VGG19.smallest_side(descriptor.padding)
