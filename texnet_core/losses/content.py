"""How far a picture is from another in what it shows, by deep features at the same places."""

from torch import Tensor

CONTENT_LAYER = "relu4_2"  # of VGG-19, where pictures are compared in what they show
_FAINT = 0.1  # of the spread of all features, added to that of each channel, so that silent channels stay silent


def content_distance(found: Tensor, wanted: Tensor) -> Tensor:
    """Mean squared difference of features, each channel in multiples of its own spread about its own mean.

    What each picture has of its own, its colors and its contrast, thus plays no part.

    Args:
        found: (N, C, h, w), features of one layer.
        wanted: the same of the other picture.

    Returns:
        A scalar: 0 where both show the same, about 1 where they have nothing to do with each other.
    """
    found, wanted = _standardized(found), _standardized(wanted)
    scale = found.square().mean() + wanted.square().mean()
    return (found - wanted).square().mean() / scale.clamp_min(1e-6)


def plain_content_loss(found: Tensor, wanted: Tensor) -> Tensor:
    """Mean squared difference of features as they are.

    Source: Texture Networks (Ulyanov et al. 2016), published code.
    """
    return (found - wanted).square().mean()


def _standardized(maps: Tensor) -> Tensor:
    spread = maps.std((2, 3), keepdim=True) + _FAINT * maps.std()
    return (maps - maps.mean((2, 3), keepdim=True)) / spread
