"""Optimal transport between the patches of a sample and those of the exemplar."""

import torch
from torch import Tensor
from torch.nn import functional as F

from texnet_core.descriptor.patches import whole_patches
from texnet_core.losses.loss import Sample

# Softness of the assignment in mean costs: in the first step of the potential, its shrinking a step, and the least.
_SOFTEST, _SHRINKING, _HARDEST = 0.1, 0.6, 0.01


class PatchTransportLoss:
    """Squared 2-Wasserstein distance between patches, in variances of the exemplar; mean over the layers.

    The distance is the maximum over a potential psi, one number for each exemplar patch, of
    mean over x of min over y of (|x - y|^2 - psi(y)), plus the mean of psi. Psi makes crowded patches of the exemplar
    dearer and neglected ones cheaper; without it, a generator would take a few smooth patches everywhere.

    Args:
        exemplar: one; see `Sample`.
        sides: layer -> side of its patches in texels; layers that the exemplar lacks play no part. Of an exemplar some
            of which is hidden, patches count that are visible as a whole.
        patches: at most this many random patches of each side take part, redrawn each call.
        iterations: steps of the potential.

    Source: Houdard et al. 2021, "Wasserstein Generative Models for Patch-based Texture Synthesis", section 3.
    Differs: the potential is found anew in each call, over one draw of patches, by Sinkhorn's iterations and not by
    stochastic ascent: a few of them come nearer to the maximum, and a checkpoint need not hold it.
    """

    def __init__(self, exemplar: Sample, sides: dict[str, int], patches: int = 1024, iterations: int = 6) -> None:
        self.sides = {layer: side for layer, side in sides.items() if layer in exemplar.features}
        self.patches, self.iterations = patches, iterations
        self.targets = {layer: exemplar.features[layer].detach() for layer in self.sides}
        colors = {layer: exemplar.counted(layer).detach() for layer in self.sides}
        self.variances = {layer: float(color.var(dim=(2, 3)).mean()) + 1e-12 for layer, color in colors.items()}
        visible = exemplar.visible or {}
        self.places = {
            layer: whole_patches(visible[layer], side).flatten().nonzero()[:, 0].cpu()
            for layer, side in self.sides.items()
            if visible
        }

    def __call__(self, sample: Sample, seed: int) -> Tensor:
        """Scalar loss; `seed` decides which patches take part."""
        rng = torch.Generator().manual_seed(seed)
        losses = []
        for layer, side in self.sides.items():
            found = random_patches(sample.features[layer], side, self.patches, rng)
            wanted = random_patches(self.targets[layer], side, self.patches, rng, self.places.get(layer))
            losses.append(transport_cost(found, wanted, self.iterations) / self.variances[layer])
        return torch.stack(losses).mean()


def random_patches(
    features: Tensor, side: int, count: int, rng: torch.Generator, among: Tensor | None = None
) -> Tensor:
    """At most `count` different patches, from the same places of each map: (N, C, h, w) -> (patches, C side^2).

    Args:
        features: the maps.
        side: of a patch.
        count: how many, of all maps together.
        rng: draws the places.
        among: of the (h - side + 1) (w - side + 1) places where a patch can begin, those that may be drawn; None: all.
    """
    height, width = features.shape[2] - side + 1, features.shape[3] - side + 1
    drawn = torch.randperm(height * width if among is None else len(among), generator=rng)
    places = drawn[: max(1, count // len(features))]
    places = places if among is None else among[places]
    # each patch is taken at most once: overlapping ones would have their gradients added in any order
    return F.unfold(features, side)[:, :, places.to(features.device)].transpose(1, 2).flatten(0, 1)


def transport_cost(found: Tensor, wanted: Tensor, iterations: int) -> Tensor:
    """Mean square difference of a number and what it is transported to; a lower bound, tight with many iterations.

    Args:
        found: (n, D); the gradient pulls each patch towards the one that it is assigned to.
        wanted: (m, D).
        iterations: of the potential.
    """
    with torch.no_grad():
        products = found @ wanted.T
        squares = found.square().sum(1, keepdim=True) + wanted.square().sum(1)
        costs = (squares - 2 * products).clamp_(min=0) / found.shape[1]
        potential = best_potential(costs, iterations)
        chosen = (costs - potential).argmin(1)
        surplus = potential.mean() - potential[chosen].mean()
    return (found - wanted[chosen]).square().mean() + surplus


def best_potential(costs: Tensor, iterations: int) -> Tensor:
    """Nearly the potential of the columns that is best for the semi-dual: (n, m) -> (m,).

    Rows are assigned softly; a column that gets too much becomes dearer, one that gets too little cheaper. The
    assignment hardens from step to step.

    Source: Cuturi 2013, "Sinkhorn Distances", with the softness scaled down on the way.
    """
    rows, columns = costs.shape
    mean = costs.mean() + 1e-12
    potential = torch.zeros_like(costs[0])
    shares = torch.empty_like(costs)
    for step in range(iterations):
        softness = mean * max(_HARDEST, _SOFTEST * _SHRINKING**step)
        torch.sub(potential, costs, out=shares).div_(softness)
        shares.sub_(shares.max(1, keepdim=True).values).exp_()
        mass = (1 / shares.sum(1)) @ shares * (columns / rows)
        potential = potential - softness * (mass + 1e-8).log()
    return potential
