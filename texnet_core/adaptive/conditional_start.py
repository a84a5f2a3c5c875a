"""What a training of a conditional pyramid begins with: random parameters, or those of a trained one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import fields

from texnet_core.adaptive.conditional_settings import label_of
from texnet_core.errors import ArtifactError, RequestError
from texnet_core.instant.exemplar_statistics import statistics_of
from texnet_core.instant.predictor import predicted_code
from texnet_core.mapset import FloatArray
from texnet_core.model.artifact import Artifact, read_artifact, read_header
from texnet_core.model.families import CONDITIONAL, TEXTURES
from texnet_core.model.families.conditional import ConditionalSettings, PredictingSettings
from texnet_core.model.header import Header
from texnet_core.presets import INSTANT, find_source
from texnet_core.start_settings import AUTO_START, COLD_START, INSTANT_START


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
        RequestError: there is no such file, it is of another family, or it has another shape.
        ArtifactError: it is damaged.
    """
    if start == COLD_START:
        return None
    words = (INSTANT_START, COLD_START)
    artifact = read_artifact(INSTANT if start == INSTANT_START else find_source(start, words))
    if differences := list(_differences(artifact, settings)):
        raise RequestError(
            f"a run cannot start from {label_of(start)}, which has {', '.join(differences)}",
            expected="a network of codes, of the same shape",
            remedy="name another one, give its shape, or start cold",
        )
    return artifact


def first_codes(network: Artifact, names: Sequence[str], images: Sequence[FloatArray]) -> Iterator[FloatArray]:
    """The codes that textures begin with.

    A network that predicts codes predicts them. One of textures has those of the same names; others begin as the mean.

    Args:
        network: that the run begins with.
        names: of the textures.
        images: (height, width, 3) sRGB in [0, 1] each.
    """
    if network.family == CONDITIONAL.name:
        for image in images:
            yield predicted_code(network.parameters, statistics_of(image))
        return
    codes = network.parameters["codes"]
    known = dict(zip(network.textures, codes, strict=True))
    for name in names:
        yield known.get(name, codes.mean(0))


def _differences(header: Header, settings: ConditionalSettings) -> Iterator[str]:
    """What keeps the parameters of a network from being those of another, as clauses."""
    families = [CONDITIONAL.name] if isinstance(settings, PredictingSettings) else [CONDITIONAL.name, TEXTURES.name]
    if header.family not in families:
        yield f"the family {header.family} instead of {' or '.join(families)}"
        return
    shared = PredictingSettings if isinstance(settings, PredictingSettings) else ConditionalSettings
    for spec in fields(shared):
        if (has := getattr(header.settings, spec.name)) != getattr(settings, spec.name):
            yield f"{spec.name.replace('_', ' ')} {has} instead of {getattr(settings, spec.name)}"
