"""How far a statistic lies from the exemplar's, on a scale that is the same for every layer."""

from torch import Tensor


def relative_square(found: Tensor, wanted: Tensor, scale: Tensor | None = None) -> Tensor:
    """Squared distance over the squared norm of `scale`, averaged over the batch.

    Args:
        found: (N, ...), the samples' statistic.
        wanted: (1, ...), the exemplar's.
        scale: what is large enough to count as 1; None: `wanted`.

    Returns:
        A scalar: 0 for equal, 1 where `found` is zero and `scale` is `wanted`.
    """
    norm = (wanted if scale is None else scale).square().sum() + 1e-12
    return (found - wanted).square().sum() / (found.shape[0] * norm)
