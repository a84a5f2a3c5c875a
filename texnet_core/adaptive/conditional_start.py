"""What a training of a conditional pyramid begins with: random parameters, or those of one that predicts codes."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields

from texnet_core.adaptive.conditional_settings import INSTANT_START, label_of
from texnet_core.errors import ArtifactError, RequestError
from texnet_core.model.artifact import Artifact, read_artifact, read_header
from texnet_core.model.families import CONDITIONAL
from texnet_core.model.families.conditional import ConditionalSettings
from texnet_core.model.header import Header
from texnet_core.presets import INSTANT, find_source
from texnet_core.start_settings import AUTO_START, COLD_START


def settled(start: str, settings: ConditionalSettings, announce: Callable[[str], None]) -> str:
    """A start that leaves nothing open: auto is the network that ships where it fits, else random parameters.

    Args:
        start: as it was asked for.
        settings: of the network that is to be trained.
        announce: called with a sentence about what was chosen.
    """
    if start != AUTO_START:
        return start
    with suppress(ArtifactError):
        if not list(_differences(read_header(INSTANT), settings)):
            announce("starting from instant, the network that ships")
            return INSTANT_START
    announce("no network that ships has the shape of this one: starting cold")
    return COLD_START


def starting_network(start: str, settings: ConditionalSettings) -> Artifact | None:
    """The network that a run begins with, or None for random parameters.

    Args:
        start: see `settled`.
        settings: of the network that is to be trained.

    Raises:
        RequestError: there is no such file, it predicts no codes, or it has another shape.
        ArtifactError: it is damaged.
    """
    if start == COLD_START:
        return None
    words = (INSTANT_START, COLD_START)
    artifact = read_artifact(INSTANT if start == INSTANT_START else find_source(start, words))
    if differences := list(_differences(artifact, settings)):
        raise RequestError(
            f"a run cannot start from {label_of(start)}, which has {', '.join(differences)}",
            expected="a network that predicts codes, of the same shape",
            remedy="name another one, give its shape, or start cold",
        )
    return artifact


def _differences(header: Header, settings: ConditionalSettings) -> Iterator[str]:
    """What keeps the parameters of a network from being those of another, as clauses."""
    if header.family != CONDITIONAL.name:
        yield f"the family {header.family} instead of {CONDITIONAL.name}"
        return
    for spec in fields(settings):
        has = getattr(header.settings, spec.name, None)  # how many textures there are is nothing that it has
        if has is not None and has != getattr(settings, spec.name):
            yield f"{spec.name.replace('_', ' ')} {has} instead of {getattr(settings, spec.name)}"
