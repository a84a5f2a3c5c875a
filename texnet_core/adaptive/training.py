"""A folder of pictures becomes a network that adapts, in a file."""

from dataclasses import replace
from pathlib import Path

from texnet_core.adaptive.descriptors import given_parameters
from texnet_core.adaptive.joint_sitting import sitting
from texnet_core.adaptive.pictures import to_tensor
from texnet_core.adaptive.request import AdaptiveRequest
from texnet_core.adaptive.run import AdaptiveRun
from texnet_core.adaptive.sources import pictures_of
from texnet_core.errors import Range, RequestError
from texnet_core.mapset import ALBEDO
from texnet_core.model.artifact import Artifact, rounded
from texnet_core.model.families.described import DESCRIPTORS, DescriptorShape
from texnet_core.model.families.pseudo_optimizer import (
    ADAPTIVE_PSEUDO_OPTIMIZER,
    PseudoOptimizerSettings,
    adaptive_graph,
)
from texnet_core.pictures.encoders import encode_thumbnail
from texnet_core.progress import ProgressCallback, ignore_progress
from texnet_core.training.reports import to_bytes
from texnet_core.training.sitting import check_size

_NORMALIZED_BY = 32  # pictures at most
_FEWEST_POSITIONS = 2  # a side, that each tap of a crop has


def train_adaptive(
    source: Path | str,
    output: Path | str,
    request: AdaptiveRequest,
    *,
    resume: bool = False,
    progress: ProgressCallback = ignore_progress,
) -> Artifact:
    """Learn from the pictures in a folder how to make a generator of any picture, and write that to `output`.

    Where torchrun has started several processes, they train together, and the first one tells and writes.

    Args:
        source: folder with pictures, searched to its depth; or one picture, which is then all that is learned.
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
        pictures = pictures_of(source, request, here.announce)
        some = [to_tensor(image) for image in pictures.images[:_NORMALIZED_BY]]
        given = given_parameters(
            request.network, some, request.vgg19, vgg19_input=request.vgg19_input, announce=here.announce
        )
        run = AdaptiveRun(request, pictures, given, here.processes, here.checkpoint, here.progress)
        return here.finished(run, lambda: _artifact(run, request))


def _artifact(run: AdaptiveRun, request: AdaptiveRequest) -> Artifact:
    parameters = {name: tensor.numpy() for name, tensor in run.network.parameters_by_name().items()}
    return Artifact(
        settings=request.network,
        maps=(ALBEDO,),
        family=ADAPTIVE_PSEUDO_OPTIMIZER.name,
        texels_per_exemplar=request.train.exemplar_size,
        training=run.record(),
        quality={"validation_loss": run.validation_loss(), "seconds": round(run.state.elapsed_s, 1)},
        provenance=replace(request.provenance, exemplar_sha256=run.pictures_sha256),
        parameters=rounded(parameters),
        preview_png=encode_thumbnail(to_bytes(run.portrait())),
    )


def _check(request: AdaptiveRequest) -> None:
    """Raise RequestError for what no look at the pictures could make right."""
    for settings in (request.network, request.train, request.provenance):
        settings.check()
    train, network = request.train, request.network
    check_size(train.size, adaptive_graph(network, 3).cell_texels, network.levels)
    if train.crop > train.exemplar_size:
        raise RequestError(
            f"crop {train.crop} is larger than the pictures, of exemplar size {train.exemplar_size}",
            expected=Range(1, train.exemplar_size),
            remedy="use a smaller crop or a larger exemplar size",
        )
    least = _least_crop(DESCRIPTORS[network.described_by], network)
    if train.crop < least:
        raise RequestError(
            f"crop {train.crop} is too small for {network.levels} levels",
            expected=Range(least, None),
            remedy="use a larger crop or fewer levels",
        )


def _least_crop(shape: DescriptorShape, network: PseudoOptimizerSettings) -> int:
    """The side of a crop of which the deepest tap sees enough, borders left out."""
    deepest = shape.taps[network.levels - 1]
    layers = list(shape.layers())
    side = _FEWEST_POSITIONS
    for _, width in reversed(layers[: 1 + [name for name, _ in layers].index(deepest)]):
        side = side + 2 if width else side * 2
    return side * (2 if network.objective == "multiscale" else 1)
