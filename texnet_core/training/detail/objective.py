"""What a level of detail minimizes, of windows as `samples` draws them.

Those made of the coarser generator's pictures are compared with the exemplar at their own resolution, have its
spectrum and its grain and, made smaller, are to be what they were made of. Those made of the exemplar are to be what it
is there.

Sources: Johnson et al. 2016, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", for pairs compared
by features; the consistency of a picture made smaller is common in super-resolution.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from texnet_core.descriptor.network import Network
from texnet_core.losses import Sample, range_penalty
from texnet_core.losses.spectrum import SpectrumLoss
from texnet_core.mapset import MapSpec
from texnet_core.pictures.resizing import LANCZOS_SUPPORT
from texnet_core.settings import LossSettings
from texnet_core.training.detail.samples import DetailSamples
from texnet_core.training.exemplar_loss import ExemplarLoss, unit_normals
from texnet_core.training.fine_loss import FineLoss
from texnet_core.training.objective import Losses
from texnet_core.training.views import View, in_turn

PAIRED_LAYERS = ("relu2_1", "relu2_2")  # in which pairs are compared; what lies before would see each grain
_SPECTRUM_WEIGHT = 0.3  # without it, a mesh of two texels passes for grain
_NEARNESS_WEIGHT = 4.0  # of how far a window, made smaller, is from what it was made of
_COLORS_WEIGHT = 0.5  # of pairs; with more, no grain is drawn, for nobody can know where it lies
_LEAST_SPREAD = 1e-3  # of a layer's features
_LEAST_HALVED = 4 * LANCZOS_SUPPORT + 2  # texels of a window of which one is left


class DetailObjective:
    """The loss of windows.

    Args:
        texture: how far those of the generator are from the exemplar at their resolution.
        spectrum: how far their spectrum is from the exemplar's.
        fine: how far the grain of them is from the exemplar's, and how even their rows are.
        settings: weights.
        samples: of the run.
        paired: what looks at pairs, or None where texels alone are compared.
        views: of all maps; a step looks at the pairs of one.
        maps: what the channels are.
        hold: how strongly each channel is held to what windows were made of, (channels,); of a picture, in sum 1.
    """

    def __init__(
        self,
        texture: ExemplarLoss,
        spectrum: SpectrumLoss,
        fine: FineLoss,
        settings: LossSettings,
        samples: DetailSamples,
        paired: Network | None,
        views: Sequence[View],
        maps: Sequence[MapSpec],
        hold: Tensor,
    ) -> None:
        self._texture, self._spectrum, self._fine, self._settings = texture, spectrum, fine, settings
        self._samples, self._paired, self._views, self._maps, self._hold = samples, paired, views, maps, hold

    def __call__(
        self, image: Tensor, seeds: Sequence[int], loss_seed: int, *, finishing: bool, whole: bool = False
    ) -> Losses:
        """The loss of a batch of windows (2 N, channels, size, size), of N seeds; see `Objective`."""
        made, paired = image.chunk(2)
        size = image.shape[2]
        texture = self._texture(made, seeds, loss_seed, finishing=finishing, periodic=False, whole=whole)
        spectrum = self._spectrum(Sample(made, {}, periodic=False), loss_seed)
        view = in_turn(self._views, loss_seed)
        goal = self._samples.goal(seeds, size)
        misfit = self._misfit(made, self._samples.coarse(seeds, size), view)
        pairs = _COLORS_WEIGHT * (paired - goal).abs().mean() + self._seen_difference(view(paired), view(goal))
        outside = self._settings.range_weight * range_penalty(Sample(image, {}), loss_seed)
        fine = _SPECTRUM_WEIGHT * spectrum + self._fine(made, loss_seed, whole=whole)
        restraints = fine + misfit + pairs + outside
        return Losses(texture, texture + restraints)

    def _misfit(self, made: Tensor, coarse: Tensor, view: View) -> Tensor:
        """How far windows, made smaller, are from what they were made of, and so once more, both made smaller."""
        inside = slice(LANCZOS_SUPPORT, -LANCZOS_SUPPORT)
        found, wanted = self._smaller(unit_normals(made, self._maps)), coarse[:, :, inside, inside]
        wanted = unit_normals(wanted, self._maps)
        total = self._distance(found, wanted, view)
        if found.shape[2] >= _LEAST_HALVED:
            total = total + self._distance(self._smaller(found), self._smaller(wanted), view)
        return total

    def _smaller(self, windows: Tensor) -> Tensor:
        return unit_normals(halved(windows), self._maps)

    def _distance(self, found: Tensor, wanted: Tensor, view: View) -> Tensor:
        """Of texels, each channel as it is to be held, and of what is seen."""
        texels = self._hold @ (found - wanted).abs().mean((0, 2, 3))
        return _NEARNESS_WEIGHT * texels + self._seen_difference(view(found), view(wanted))

    def _seen_difference(self, found: Tensor, wanted: Tensor) -> Tensor:
        """Of features of two views, in their own spread; 0 where nothing looks at pairs, or at such small ones."""
        network = self._paired
        if network is None or found.shape[2] < network.structure.smallest_side(network.padding, network.layers):
            return found.new_zeros(())
        with torch.no_grad():
            goal = network(wanted)
        layers = network(found)
        differences = [
            (layers[layer] - features).abs().mean() / (features.std() + _LEAST_SPREAD)
            for layer, features in goal.items()
        ]
        return torch.stack(differences).mean()


def halved(windows: Tensor) -> Tensor:
    """Windows with half the texels along each side, made smaller as exemplars are, by Lanczos' filter.

    Args:
        windows: (N, channels, size, size) of at least 14 texels.

    Returns:
        (N, channels, size // 2 - 6, size // 2 - 6): three texels at each edge are missing, of which not all is seen.
    """
    channels = windows.shape[1]
    taps = (torch.arange(4 * LANCZOS_SUPPORT, device=windows.device) + 0.5) / 2 - LANCZOS_SUPPORT  # in coarser texels
    weights = torch.sinc(taps) * torch.sinc(taps / LANCZOS_SUPPORT)
    weights = (weights / weights.sum()).expand(channels, 1, -1)
    inner = windows[:, :, 1:-1, 1:-1]
    rows = F.conv2d(inner, weights[..., None], stride=(2, 1), groups=channels)
    return F.conv2d(rows, weights[:, :, None], stride=(1, 2), groups=channels)
