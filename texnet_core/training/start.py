"""A request becomes a generator in a file: `TrainRequest`, its checks, and `train`."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from texnet_core.atomic import check_writable
from texnet_core.descriptor.vgg19 import POOLED_TEXELS
from texnet_core.errors import RequestError, TrainingError
from texnet_core.model.artifact import Artifact, checkpoint_path, write_artifact
from texnet_core.progress import ProgressCallback, ignore_progress
from texnet_core.training.comparison import as_begun, check_descriptor
from texnet_core.training.loop import MAPS, Run
from texnet_core.training.request import TrainRequest


def train(
    exemplar: npt.NDArray[np.float32],
    output: Path,
    request: TrainRequest,
    *,
    resume: bool = False,
    online: bool = True,
    progress: ProgressCallback = ignore_progress,
) -> Artifact:
    """Learn a generator from an exemplar and write it to `output`.

    Args:
        exemplar: (height, width, 3) sRGB in [0, 1], at least `request.train.exemplar_side` on the short side.
        output: the `.texnet` file; its checkpoint lies beside it until the run is complete.
        request: the settings.
        resume: go on from the checkpoint, or begin where neither it nor the output exists.
        online: whether weights of the descriptor may be downloaded.
        progress: called after every step; raising Cancelled from it saves a checkpoint and stops.

    Raises:
        Cancelled: the callback asked to stop.
        TexnetError: see the message.
    """
    checkpoint = checkpoint_path(output)
    check_writable(output)
    check_writable(checkpoint)
    if resume and output.exists() and not checkpoint.exists():
        raise TrainingError(
            f"{output}, but no unfinished run of it",
            expected="a checkpoint beside it",
            remedy="keep it if it is complete, or train anew without resuming",
        )
    if resume and checkpoint.exists():
        request = replace(request, descriptor=as_begun(request.descriptor, checkpoint))
    _check(request)
    if checkpoint.exists() and not resume:
        raise TrainingError(
            f"an unfinished run in {checkpoint}",
            expected="none",
            remedy="resume it, or delete it to start again",
        )
    run = Run(exemplar, request, checkpoint, online, progress)
    if resume:
        run.resume()
    elif output.exists():
        run.note(f"{output} is there already; it is replaced when the new one is complete")
    run.to_the_end()
    artifact = run.artifact()
    write_artifact(output, artifact)
    checkpoint.unlink(missing_ok=True)
    return artifact


def _check(request: TrainRequest) -> None:
    if not hasattr(torch.optim, "Muon"):
        remedy = "pip install --upgrade 'texnet[train]'"
        raise TrainingError(f"torch {torch.__version__}", expected="2.9 or newer, for training", remedy=remedy)
    for settings in (request.generator, request.descriptor, request.loss, request.train, request.provenance):
        settings.check()
    channels = sum(spec.channels for spec in MAPS)
    if request.generator.out_channels != channels:
        raise RequestError(
            f"out_channels {request.generator.out_channels}", expected=str(channels), remedy="leave out_channels out"
        )
    for name in ("waves", "repeat_channels"):
        if given := getattr(request.generator, name):
            raise RequestError(f"{name} {given}", expected="0", remedy="leave them to the exemplar")
    cell, size = request.generator.cell_texels, request.train.size
    if size % cell:
        raise RequestError(
            f"size {size}", expected=f"a multiple of {cell}", remedy=f"use a size of {cell * math.ceil(size / cell)}"
        )
    if size < 2 * cell:
        expected = f"at least {2 * cell} with {request.generator.levels} levels"
        raise RequestError(f"size {size}", expected=expected, remedy="use a larger size, or fewer levels")
    if size % POOLED_TEXELS and request.descriptor.descriptor != "patches":
        remedy = f"use a size of {POOLED_TEXELS * math.ceil(size / POOLED_TEXELS)}, or the descriptor patches"
        raise RequestError(f"size {size}", expected=f"a multiple of {POOLED_TEXELS} for VGG-19", remedy=remedy)
    check_descriptor(request.descriptor, request.loss, request.train)
