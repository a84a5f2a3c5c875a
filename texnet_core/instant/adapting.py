"""A network that adapts becomes an ordinary generator of an exemplar: `adapt`, whatever the network is."""

from collections.abc import Callable

from texnet_core.errors import RequestError
from texnet_core.instant.conditional import adapt_conditional
from texnet_core.instant.preparing import Announce
from texnet_core.instant.pseudo_optimizer import adapt_pseudo_optimizer
from texnet_core.mapset import FloatArray, Mask
from texnet_core.model.artifact import Artifact
from texnet_core.model.families import ADAPTIVE_PSEUDO_OPTIMIZER, CONDITIONAL
from texnet_core.pictures.masks import check_picture
from texnet_core.progress import ignore_note

_Adapt = Callable[[Artifact, FloatArray, Mask | None, Announce], Artifact]


def _pseudo_optimizer(network: Artifact, exemplar: FloatArray, mask: Mask | None, announce: Announce) -> Artifact:
    return adapt_pseudo_optimizer(network, exemplar, mask, announce=announce)


def _conditional(network: Artifact, exemplar: FloatArray, mask: Mask | None, announce: Announce) -> Artifact:
    return adapt_conditional(network, exemplar, mask)


_ADAPTED: dict[str, _Adapt] = {  # family -> what adapts it
    ADAPTIVE_PSEUDO_OPTIMIZER.name: _pseudo_optimizer,
    CONDITIONAL.name: _conditional,
}


def adapt(
    network: Artifact, exemplar: FloatArray, mask: Mask | None = None, *, announce: Announce = ignore_note
) -> Artifact:
    """The generator that a network makes of an exemplar.

    Args:
        network: whose header says that it adapts.
        exemplar: (height, width, 3) sRGB in [0, 1]. Hidden texels have colors of visible ones.
        mask: (height, width), True where a texel takes part; None: all do.
        announce: called with a sentence about whatever the user should know.

    Raises:
        RequestError: this is no network that adapts.
        ImageError: this is no picture, too small for it, or too little of it is visible.
        EngineError: what measures it failed.
    """
    make = _ADAPTED.get(network.family)
    if make is None:
        raise RequestError(
            "this generator has an exemplar of its own and adapts to none",
            expected="a network that adapts",
            remedy="leave the exemplar out",
        )
    check_picture(exemplar, mask)
    return make(network, exemplar, mask, announce)
