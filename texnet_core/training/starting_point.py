"""What a run begins with: random parameters, or those of a generator that is trained already."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from texnet_core.errors import ArtifactError, RequestError
from texnet_core.instant.conditional import predicted_generator
from texnet_core.mapset import ALBEDO, MapSpec
from texnet_core.model.artifact import Artifact, read_artifact, read_header
from texnet_core.model.design import Design
from texnet_core.model.detail import without_detail
from texnet_core.model.families import CONDITIONAL
from texnet_core.model.families.conditional import ConditionalSettings
from texnet_core.model.header import Header
from texnet_core.model.training_form import Generator
from texnet_core.presets import INSTANT, find_source, list_presets
from texnet_core.start_settings import AUTO_START, COLD_START, INSTANT_START, StartSettings
from texnet_core.training.nearest import middle, nearest_source
from texnet_core.training.samples import Samples, Stream

_FOR_DETAIL = ("detail_levels", "detail_channels")  # settings of what no run begins with
_WORDS = (AUTO_START, COLD_START, INSTANT_START)


@dataclass(frozen=True)
class StartingPoint:
    """A trained generator whose parameters a run begins with.

    Attributes:
        name: of the preset, or of the file without its folders.
        sha256: of its parameters.
        parameters: of its inference form; empty where a run is taken up again, whose checkpoint has its own.
    """

    name: str
    sha256: str
    parameters: Mapping[str, npt.NDArray[np.float32]]

    @classmethod
    def of(cls, name: str, artifact: Artifact) -> "StartingPoint":
        """That of an artifact."""
        return cls(name, _digest(artifact.parameters), artifact.parameters)

    def record(self) -> dict[str, str]:
        """What cards and checkpoints say of it."""
        return {"start_source": self.name, "start_sha256": self.sha256}


def recorded_starting_point(record: Mapping[str, Any]) -> StartingPoint | None:
    """What a run began with, by the record of its checkpoint; None where its parameters were random."""
    name = record.get("start_source")
    return StartingPoint(str(name), str(record.get("start_sha256")), {}) if name else None


def choose_starting_point(
    settings: StartSettings,
    design: Design,
    colors: Tensor,
    image: Tensor,
    announce: Callable[[str], None],
    maps: tuple[MapSpec, ...] = (ALBEDO,),
) -> StartingPoint | None:
    """The generator that a run begins with, or None for random parameters.

    Args:
        settings: what was asked for.
        design: of the generator that is to be trained.
        colors: texels of the exemplar that take part, (1, 3, ..., ...) in [0, 1].
        image: all of it, (1, 3, H, W), hidden texels with colors of visible ones.
        announce: called with a sentence about what was chosen.
        maps: that the generator is to make.

    Raises:
        RequestError: there is no such source, it is a style, or it is of another design.
        ArtifactError: its file is damaged.
    """
    if settings.start == COLD_START:
        return None
    if settings.start != AUTO_START:
        artifact = _named(settings, design, maps, image)
        announce(f"starting from {settings.label}")
        return StartingPoint.of(settings.label, artifact)
    network = read_artifact(INSTANT)
    if not list(_differences(_made_by(network), design, maps)):
        announce(f"starting from what {INSTANT_START} makes of the exemplar")
        return StartingPoint.of(INSTANT_START, _adapted(network, image))
    fitting = dict(_fitting(design, maps))
    if not fitting:
        announce("no preset has the design of this generator and its maps: starting cold")
        return None
    name = nearest_source(fitting, colors, image)
    announce(f"starting from the preset {name}, the nearest of {len(fitting)}")
    return StartingPoint.of(name, fitting[name])


def begin_as(
    generator: Generator, parameters: Mapping[str, npt.NDArray[np.float32]], samples: Samples, batch: int, size: int
) -> None:
    """Give a new generator the parameters of a trained one.

    Args:
        generator: of the same design.
        parameters: of the inference form.
        samples: of the run; norms measure what they meet in some of these.
        batch: how many.
        size: their side.
    """
    seeds = samples.seeds(Stream.START, 0, count=batch)
    generator.adopt(parameters, samples.inputs(seeds, size))


def _named(settings: StartSettings, design: Design, maps: tuple[MapSpec, ...], image: Tensor) -> Artifact:
    label = settings.label
    instant = settings.start == INSTANT_START
    artifact = without_detail(read_artifact(INSTANT if instant else find_source(settings.start, _WORDS)))
    if artifact.paints or artifact.textures:
        what = "a style, which paints pictures anew" if artifact.paints else "a file of several textures"
        raise RequestError(
            f"{label} is {what}, and no start for a texture",
            expected="a generator of textures",
            remedy="name one, or leave the start out"
            if artifact.paints
            else "make a generator of one with: texnet keep --texture",
        )
    predicts = artifact.family == CONDITIONAL.name
    if differences := list(_differences(_made_by(artifact) if predicts else artifact, design, maps)):
        raise RequestError(
            f"a run cannot start from {label}, which has {', '.join(differences)}",
            expected="a generator of the same design",
            remedy="name another one, or leave the start out"
            + (", or set pattern to off" if getattr(design.settings, "waves", 0) else ""),
        )
    return _adapted(artifact, image) if predicts else artifact


def _made_by(network: Header) -> Header:
    """What a conditional network makes, without its parameters."""
    assert isinstance(network.settings, ConditionalSettings)
    return Header(network.settings.pyramid, network.maps)


def _adapted(network: Artifact, image: Tensor) -> Artifact:
    """What a conditional network makes of an exemplar, (1, 3, H, W), at the size at which a run learns it.

    Of a larger one than the network reads it is told the middle; made smaller, it would have another scale.
    """
    told = middle(image, network.texels_per_exemplar)[0]
    return predicted_generator(network, told.permute(1, 2, 0).contiguous().cpu().numpy())


def _fitting(design: Design, maps: tuple[MapSpec, ...]) -> Iterator[tuple[str, Artifact]]:
    """The presets of a design; a file that somebody put there and that is damaged is none."""
    for name, path in list_presets().items():
        with suppress(ArtifactError):
            if not list(_differences(read_header(path), design, maps)):
                yield name, without_detail(read_artifact(path))


def _differences(header: Header, design: Design, maps: tuple[MapSpec, ...]) -> Iterator[str]:
    """What keeps the parameters of a generator from being those of a design, as clauses."""
    if header.family != design.family:
        yield f"the family {header.family} instead of {design.family}"
        return
    theirs, ours = header.design, design
    has_maps, wanted_maps = (", ".join(spec.name for spec in each) for each in (header.maps, maps))
    if theirs.channels != ours.channels or has_maps != wanted_maps:
        yield f"the maps {has_maps} instead of {wanted_maps}"
    has, wanted = asdict(theirs.settings), asdict(ours.settings)  # type: ignore[call-overload]
    for name, value in wanted.items():
        if has[name] != value and name not in _FOR_DETAIL:
            yield f"{name.replace('_', ' ')} {has[name]} instead of {value}"


def _digest(parameters: Mapping[str, npt.NDArray[np.float32]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(parameters):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(parameters[name], np.float32).tobytes())
    return digest.hexdigest()
