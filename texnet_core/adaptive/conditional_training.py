"""A folder of pictures becomes a conditional pyramid in a file: one that predicts codes, or one of named textures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from texnet_core.adaptive.conditional_codes import Codes, Predictor
from texnet_core.adaptive.conditional_exemplars import Looking, Variations, middle_square
from texnet_core.adaptive.conditional_network import ConditionalNetwork
from texnet_core.adaptive.conditional_objective import POSITIONS, ConditionalObjective
from texnet_core.adaptive.conditional_request import InstantRequest, TexturesRequest
from texnet_core.adaptive.conditional_run import ConditionalRun
from texnet_core.adaptive.conditional_settings import InstantTrainSettings, label_of
from texnet_core.adaptive.conditional_start import first_codes, settled, starting_network
from texnet_core.adaptive.conditional_subjects import FIRST, KEPT, NamedTextures, VariedTextures
from texnet_core.adaptive.joint_sitting import Sitting, sitting
from texnet_core.adaptive.pictures import Bytes, Pictures, as_floats
from texnet_core.adaptive.sources import pictures_of
from texnet_core.adaptive.texture_names import texture_names
from texnet_core.descriptor.light import Light
from texnet_core.mapset import ALBEDO
from texnet_core.model.artifact import Artifact, rounded
from texnet_core.pictures.encoders import encode_thumbnail
from texnet_core.progress import ProgressCallback, ignore_progress
from texnet_core.training.reports import to_bytes
from texnet_core.training.sitting import check_size

_FEWEST_TO_HOLD_OUT, _HELD_OUT_EVERY, _JUDGED = 32, 16, 8  # pictures
_NAMED_POSITIONS = 4 * POSITIONS  # that are kept of each layer, where all steps look at the same few exemplars
_SHOWN = 2  # textures in the preview of a card, each beside its exemplar


def train_conditional(
    source: Path | str,
    output: Path | str,
    request: InstantRequest,
    *,
    resume: bool = False,
    progress: ProgressCallback = ignore_progress,
) -> Artifact:
    """Learn from the pictures in a folder to predict a generator of any picture, and write that network to `output`.

    Where torchrun has started several processes, they train together, and the first one tells and writes.

    Args:
        source: folder with pictures, searched to its depth.
        output: the `.texnet` file; its checkpoint lies in the same folder until the run is complete.
        request: the settings.
        resume: go on from the checkpoint, or begin where neither it nor the output exists.
        progress: called after every step; raising Cancelled from it saves a checkpoint and stops.

    Raises:
        Cancelled: the callback asked to stop.
        TexnetError: see the message.
    """
    _check(request)
    source, output = Path(source), Path(output)
    with sitting(request.train, output, resume=resume, progress=progress) as here:
        run = _predicting_run(source, request, here)
        return here.finished(run, lambda: _artifact(run, request))


def train_textures(
    source: Path | str,
    output: Path | str,
    request: TexturesRequest,
    *,
    resume: bool = False,
    progress: ProgressCallback = ignore_progress,
) -> Artifact:
    """Learn each picture in a folder as a texture of one network, and write that to `output`.

    Names are those of the files; see `texture_names`. All else is as for `train_conditional`.

    Raises:
        Cancelled: the callback asked to stop.
        TexnetError: see the message.
    """
    _check(request)
    source, output = Path(source), Path(output)
    with sitting(request.train, output, resume=resume, progress=progress) as here:
        pictures = pictures_of(source, request, here.announce)
        names = texture_names(pictures.names)
        run = _textures_run(pictures, names, request, here)
        return here.finished(run, lambda: replace(_artifact(run, request), textures=names))


def _predicting_run(source: Path, request: InstantRequest, here: Sitting) -> ConditionalRun:
    settings, side, device = request.train, request.train.exemplar_size, here.processes.device
    pictures = pictures_of(source, request, here.announce)
    learned, held = _held_out(pictures)
    descriptor = Light().to(device)
    looking = Looking(descriptor, device, POSITIONS, told=True)
    variations = Variations(learned, side, settings.seed, looking.at, KEPT)
    torch.manual_seed(settings.seed)
    predictor = Predictor(request.network)
    network = ConditionalNetwork(request.network, predictor).to(device)
    start = settled(settings.start, request.network, here.announce)
    if not here.goes_on:
        begun = starting_network(start, request.network)
        if begun is None:
            predictor.normalize_by(_first_told(variations, settings, here))
        else:
            network.take(begun.parameters)
            predictor.take(begun.parameters)
    judged = [looking.at(middle_square(image, side)) for image in held or _some(learned.images)]
    subjects = VariedTextures(pictures, variations, judged, len(held))
    objective = ConditionalObjective(descriptor)
    return ConditionalRun(replace(settings, start=label_of(start)), network, subjects, objective, here)


def _textures_run(
    pictures: Pictures, names: tuple[str, ...], request: TexturesRequest, here: Sitting
) -> ConditionalRun:
    settings, device = request.train, here.processes.device
    shape = replace(request.network, textures=len(pictures.images))
    descriptor = Light().to(device)
    looking = Looking(descriptor, device, _NAMED_POSITIONS, told=False)
    images = [as_floats(image) for image in pictures.images]
    exemplars = [looking.at(image, number, number) for number, image in enumerate(images)]
    torch.manual_seed(settings.seed)
    codes = Codes(shape, exemplars)
    network = ConditionalNetwork(shape, codes).to(device)
    start = settled(settings.start, shape, here.announce)
    if not here.goes_on and (begun := starting_network(start, shape)) is not None:
        network.take(begun.parameters)
        for number, code in enumerate(first_codes(begun, names, images)):
            codes.set(number, code)
            here.looked(number + 1, len(exemplars))
    subjects = NamedTextures(pictures, exemplars, settings.incremental, 2 if settings.diversity_weight else 1)
    objective = ConditionalObjective(descriptor, settings.diversity_weight)
    return ConditionalRun(replace(settings, start=label_of(start)), network, subjects, objective, here)


def _held_out(pictures: Pictures) -> tuple[Pictures, list[Bytes]]:
    """The pictures that are learned, and those by which the network is judged: none where there are few."""
    if len(pictures.images) < _FEWEST_TO_HOLD_OUT:
        return pictures, []
    held = range(0, len(pictures.images), _HELD_OUT_EVERY)[:_JUDGED]
    learned = [number for number in range(len(pictures.images)) if number not in held]
    kept = Pictures([pictures.images[number] for number in learned], [pictures.names[number] for number in learned])
    return kept, [pictures.images[number] for number in held]


def _some(images: list[Bytes]) -> list[Bytes]:
    some = min(len(images), _JUDGED)
    return [images[number * len(images) // some] for number in range(some)]


def _first_told(variations: Variations, settings: InstantTrainSettings, here: Sitting) -> torch.Tensor:
    """What is told of the first variations, (count, numbers); of no more than a short run draws."""
    count = FIRST if settings.minutes else min(FIRST, settings.steps * settings.batch)
    found = []
    for number in range(count):
        found.append(variations[number].told)
        here.looked(number + 1, count)
    return torch.stack(found)


def _artifact(run: ConditionalRun, request: InstantRequest | TexturesRequest) -> Artifact:
    design = run.network.design
    parameters = {name: tensor.numpy() for name, tensor in run.network.by_name().items()}
    return Artifact(
        settings=design.settings,
        maps=(ALBEDO,),
        family=design.family,
        texels_per_exemplar=request.train.exemplar_size,
        training=run.record(),
        quality={"validation_loss": run.validation_loss(), "seconds": round(run.state.elapsed_s, 1)},
        provenance=replace(request.provenance, exemplar_sha256=run.pictures_sha256),
        parameters=rounded({name: np.ascontiguousarray(array) for name, array in parameters.items()}),
        preview_png=encode_thumbnail(to_bytes(torch.cat(run.pairs(_SHOWN), dim=1))),
    )


def _check(request: InstantRequest | TexturesRequest) -> None:
    """Raise RequestError for what no look at the pictures could make right."""
    for settings in (request.network, request.train, request.provenance):
        settings.check()
    check_size(request.train.size, request.network.pyramid.cell_texels, request.network.levels)
