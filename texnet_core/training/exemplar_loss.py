"""How far samples are from an exemplar, be that one picture or several maps.

Maps must be right each and right together. A step on small samples compares the colors and another view of all maps
(`views`), one on large samples the colors or a view. And it compares neighborhoods of all channels at once, without a
network.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from texnet_core.circular import wrap_by_one
from texnet_core.descriptor.layers import PATCHES, octave_layer
from texnet_core.descriptor.network import neighborhoods
from texnet_core.descriptor.patches import PatchPyramid
from texnet_core.losses import Sample, TextureLoss
from texnet_core.losses.order import spread_texels
from texnet_core.losses.sliced_wasserstein import SlicedWassersteinLoss
from texnet_core.mapset import HALF, MapSpec, is_picture
from texnet_core.settings import LossSettings
from texnet_core.training.comparison import Descriptor
from texnet_core.training.views import View, color_view, in_turn, map_views, mixed_views, standard_view

MIXED_VIEWS = 4  # of several maps, beside each map by itself
_COLORS_SHARE = 0.5  # of what is compared
_TOGETHER_WEIGHT = 2.0  # of neighborhoods of all channels
_FACTORS = (1, 2, 4)  # by which maps are made smaller, for neighborhoods
_MOST_PLACES = 2**16  # of the exemplar, of which neighborhoods are kept; a step compares a thousand

See = Callable[[Tensor], Sample]  # what losses learn of a picture (1, C, H, W) of the exemplar


class ExemplarLoss(Protocol):
    """How far samples are from an exemplar."""

    def __call__(
        self,
        image: Tensor,
        seeds: Sequence[int],
        loss_seed: int,
        *,
        finishing: bool,
        periodic: bool = True,
        whole: bool = False,
    ) -> Tensor:
        """The loss of a batch, a scalar.

        Args:
            image: (N, channels, H, W).
            seeds: of the noise that each was made from.
            loss_seed: decides every random draw.
            finishing: whether the run is in its last part.
            periodic: whether each is one whole period.
            whole: compare all that there is to compare, where a step compares a part.
        """
        ...


def exemplar_loss(
    descriptor: Descriptor,
    exemplar: Tensor,
    maps: Sequence[MapSpec],
    settings: LossSettings,
    see: See,
    mask: Tensor | None,
    seed: int,
    *,
    large: int = 0,
) -> ExemplarLoss:
    """The loss against an exemplar.

    Args:
        descriptor: what looks at pictures.
        exemplar: (1, channels, H, W) in [0, 1].
        maps: what the channels are.
        settings: which losses, and their weights.
        see: what losses learn of a picture of the exemplar.
        mask: (H, W) bool, True where a texel takes part; None where all do.
        seed: of the run.
        large: side of samples from which on a step compares only one view.
    """
    if is_picture(maps):
        return PictureLoss(descriptor, see(exemplar), settings)
    return MapsLoss(descriptor, exemplar, maps, settings, see, mask, seed, large)


def other_views(texels: Tensor, maps: Sequence[MapSpec], seed: int) -> list[View]:
    """What several maps are compared by beside their colors."""
    return [*map_views(texels, maps), *mixed_views(texels, maps, MIXED_VIEWS, seed)]


class PictureLoss:
    """How far samples are from an exemplar of colors alone, or from one view of it.

    Args:
        descriptor: what looks at samples.
        exemplar: what it sees of the exemplar.
        settings: which losses, and their weights.
        view: of samples, that they are compared by; None: they are pictures.
    """

    def __init__(
        self, descriptor: Descriptor, exemplar: Sample, settings: LossSettings, view: View | None = None
    ) -> None:
        sides = descriptor.sides if isinstance(descriptor, PatchPyramid) else None
        self._descriptor, self._view = descriptor, view
        self._texture = TextureLoss(exemplar, settings, sides)

    def __call__(
        self,
        image: Tensor,
        seeds: Sequence[int],
        loss_seed: int,
        *,
        finishing: bool,
        periodic: bool = True,
        whole: bool = False,
    ) -> Tensor:
        """The loss of a batch; see `ExemplarLoss`."""
        picture = image if self._view is None else self._view(image)
        features = self._descriptor(picture, periodic=periodic)
        sample = Sample(picture, features, periodic=periodic, seeds=tuple(seeds))
        return self._texture(sample, loss_seed, finishing=finishing)


class MapsLoss:
    """How far samples are from an exemplar of several maps.

    Args:
        descriptor: what looks at pictures.
        exemplar: (1, channels, H, W) in [0, 1].
        maps: what the channels are.
        settings: which losses, and their weights.
        see: what losses learn of a picture of the exemplar.
        mask: (H, W) bool, True where a texel takes part; None where all do.
        seed: decides which channels meet in a picture.
        large: side of samples from which on a step compares only one view.
    """

    def __init__(
        self,
        descriptor: Descriptor,
        exemplar: Tensor,
        maps: Sequence[MapSpec],
        settings: LossSettings,
        see: See,
        mask: Tensor | None,
        seed: int,
        large: int,
    ) -> None:
        self._maps, self._large = tuple(maps), large
        texels = exemplar if mask is None else exemplar[:, :, mask][..., None]
        self._standard = standard_view(texels)
        views = [self._standard]
        if not isinstance(descriptor, PatchPyramid):  # which takes any number of channels
            views = [color_view(maps).to(exemplar.device), *other_views(texels, maps, seed)]
        self._colors, *others = (PictureLoss(descriptor, see(view(exemplar)), settings, view) for view in views)
        # a view of several turns is there several times
        self._others = [loss for loss, view in zip(others, views[1:], strict=True) for _ in range(view.turns)]
        self._together = SlicedWassersteinLoss(
            _seen_together(self._standard(exemplar), mask, seed), settings.directions, settings.positions
        )

    def __call__(
        self,
        image: Tensor,
        seeds: Sequence[int],
        loss_seed: int,
        *,
        finishing: bool,
        periodic: bool = True,
        whole: bool = False,
    ) -> Tensor:
        """The loss of a batch; see `ExemplarLoss`."""
        image = unit_normals(image, self._maps)
        standard = self._standard(image)
        features = {name: neighborhoods(wrap_by_one(small) if periodic else small) for name, small in _copies(standard)}
        total = _TOGETHER_WEIGHT * self._together(Sample(standard, features), loss_seed)
        is_small = max(image.shape[2:]) < self._large
        for weight, loss in self._chosen(loss_seed, both=is_small, whole=whole):
            total = total + weight * loss(image, seeds, loss_seed, finishing=finishing, periodic=periodic)
        return total

    def _chosen(self, loss_seed: int, *, both: bool, whole: bool) -> list[tuple[float, PictureLoss]]:
        """What is compared, with its weight: all, the colors and another view, or one of them, by the seed."""
        colors, others = self._colors, self._others
        if not others:
            return [(1.0, colors)]
        if whole:
            share = (1 - _COLORS_SHARE) / len(others)
            return [(_COLORS_SHARE, colors), *((share * others.count(other), other) for other in dict.fromkeys(others))]
        other = in_turn(others, loss_seed)
        if both:
            return [(_COLORS_SHARE, colors), (1 - _COLORS_SHARE, other)]
        return [(1.0, other if loss_seed % 2 else colors)]


def _seen_together(standard: Tensor, mask: Tensor | None, seed: int) -> Sample:
    """What a loss learns of the neighborhoods of an exemplar (1, channels, H, W), at some of its texels."""
    rng = torch.Generator().manual_seed(seed)
    features = {}
    counts = torch.ones_like(standard[:, :1]) if mask is None else mask[None, None].to(standard)
    shares = dict(_copies(counts))
    for name, small in _copies(standard):
        inside = -F.max_pool2d(-shares[name], 3, stride=1)[0, 0] >= HALF
        rows, columns = inside.nonzero().T
        if len(rows) > _MOST_PLACES:
            some = spread_texels(len(rows), _MOST_PLACES, rng).to(rows.device)
            rows, columns = rows[some], columns[some]
        around = [small[0][:, rows + down, columns + across] for down in range(3) for across in range(3)]
        features[name] = torch.stack(around, dim=1).flatten(0, 1)[None, ..., None]
    return Sample(standard, features, periodic=False)


def _copies(image: Tensor) -> Iterator[tuple[str, Tensor]]:
    """A picture and smaller copies of it, each with the name of its layer of neighborhoods."""
    for factor in _FACTORS:
        yield octave_layer(PATCHES, factor), F.avg_pool2d(image, factor)


def unit_normals(image: Tensor, maps: Sequence[MapSpec]) -> Tensor:
    """The stack (N, channels, H, W) with normals of length one, as textures have them."""
    parts = torch.split(image, [spec.channels for spec in maps], dim=1)
    return torch.cat(
        [
            (F.normalize(2 * part - 1, dim=1) + 1) / 2 if spec.role == "normal" else part
            for spec, part in zip(maps, parts, strict=True)
        ],
        dim=1,
    )
