"""A request becomes a generator in a file: `TrainRequest`, its checks, and `train`."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from texnet_core.descriptor.choice import structure_of
from texnet_core.descriptor.layers import POOLED_TEXELS
from texnet_core.errors import ArtifactError, RequestError
from texnet_core.mapset import ALBEDO, FloatArray, MapSpec, Mask
from texnet_core.model.artifact import Artifact, checkpoint_path, from_bytes, read_header
from texnet_core.model.budget import shortfall
from texnet_core.model.families.pyramid import PyramidSettings
from texnet_core.model.look import Look
from texnet_core.model.real_size import check_size_m, short_side_m
from texnet_core.pictures.masks import visible_sides
from texnet_core.progress import ProgressCallback, ignore_progress
from texnet_core.start_settings import AUTO_START, StartSettings
from texnet_core.training.checkpoint import RunState, stored_parts, stored_record, unreadable
from texnet_core.training.comparison import check_descriptor
from texnet_core.training.detail.plan import COARSER, OCTAVE, DetailPlan
from texnet_core.training.loop import Run
from texnet_core.training.plan import Plan, make_plan
from texnet_core.training.reports import Reports
from texnet_core.training.request import TrainRequest
from texnet_core.training.sitting import check_size, checked_checkpoint, complete, run_to_the_end


def train(
    exemplar: FloatArray,
    output: Path | str,
    request: TrainRequest,
    *,
    maps: tuple[MapSpec, ...] = (ALBEDO,),
    relief: float = 0.0,
    mask: Mask | None = None,
    resume: bool = False,
    anew: bool = False,
    online: bool = True,
    progress: ProgressCallback = ignore_progress,
) -> Artifact:
    """Learn a generator from an exemplar and write it to `output`.

    Args:
        exemplar: (height, width, channels) in [0, 1], of all maps; at least `request.train.exemplar_side` on the short
            side. Colors are sRGB, normals those of OpenGL, encoded as (v + 1) / 2.
        output: the `.texnet` file; its checkpoint lies in the same folder until the run is complete, and stays
            there after a run in minutes that was far too short, so that it can go on with more.
        request: the settings.
        maps: what the channels are, in order.
        relief: from height 0 to 1, as a share of what the short side shows; 0 where there is no height, or none known.
        mask: (height, width), True where a texel takes part; others have no influence whatever. None: all do.
        resume: go on from the checkpoint, or begin where neither it nor the output exists.
        anew: begin even where there is a checkpoint; it stays until the run saves its own.
        online: whether weights of the descriptor may be downloaded.
        progress: called after every step; raising Cancelled from it saves a checkpoint and stops.

    Raises:
        Cancelled: the callback asked to stop.
        TexnetError: see the message.
    """
    output = Path(output)
    begun = stored_record(checkpoint_path(output)) if resume and checkpoint_path(output).exists() else None
    request = request if begun is None else _as_begun(request, begun)
    _check(request)
    checkpoint = checked_checkpoint(output, resume=resume, anew=anew)
    announce = partial(Reports(request.train, progress).note, state=RunState("f32"))
    plan = make_plan(exemplar, request, mask, maps=maps, relief=relief, begun=begun, online=online, announce=announce)
    octave = int((begun or {}).get(OCTAVE, 0))
    begin = partial(run_to_the_end, output=output, resume=resume)
    run, artifact = _in_turn(plan, octave, checkpoint, progress, begin)
    height, width = visible_sides(exemplar.shape, mask, plan.train.exemplar_side)
    width_m = request.real_width * (width / exemplar.shape[1])  # of what is learned from
    artifact = replace(artifact, size_m=short_side_m(width_m, height, width))
    if resume and output.exists():
        artifact = _with_what_was_stated(artifact, output, request)
    complete(run, artifact, output)
    return artifact


def _in_turn(
    plan: Plan, begun: int, checkpoint: Path, progress: ProgressCallback, begin: Callable[[Run], None]
) -> tuple[Run, Artifact]:
    """The run on the whole exemplar, and one for each level of detail; what was far too short gets none.

    Args:
        plan: of the first.
        begun: number of the level that the checkpoint is of, if there is one.
        checkpoint: of whichever runs.
        progress: what they report to.
        begin: runs the first of those that are left to its end.

    Returns:
        The last run, and what all came to.
    """
    first = DetailPlan(plan, replace(_coarser(checkpoint), **plan.stated()), begun) if begun else plan
    run = Run(first, checkpoint, progress)
    begin(run)
    artifact = run.artifact()
    for octave in range(begun + 1, plan.exemplar.octaves + 1):
        if shortfall(artifact.training):
            break
        run = Run(DetailPlan(plan, artifact, octave), checkpoint, progress)
        run.note(f"its detail up to {2 * artifact.texels_per_exemplar} texels follows, whose loss begins higher")
        run.to_the_end()
        artifact = run.artifact()
    return run, artifact


def _coarser(checkpoint: Path) -> Artifact:
    """The generator that the checkpoint of a level of detail holds."""
    stored = stored_parts(checkpoint).get(COARSER)
    if stored is None:
        raise unreadable(checkpoint)
    return from_bytes(stored.numpy().tobytes(), str(checkpoint))


def _as_begun(request: TrainRequest, begun: Mapping[str, Any]) -> TrainRequest:
    """The request with auto decided as it was when the run began, whatever weights and presets there are by now."""
    if request.descriptor.descriptor == "auto" and "descriptor" in begun:
        request = replace(request, descriptor=replace(request.descriptor, descriptor=begun["descriptor"]))
    if request.begin.start == AUTO_START:
        request = replace(request, begin=StartSettings(str(begun["start"])))
    return request


def _with_what_was_stated(artifact: Artifact, sketch: Path, request: TrainRequest) -> Artifact:
    """The artifact with size and look of the sketch that its run goes on from, as far as the request says none."""
    try:
        before = read_header(sketch)
    except ArtifactError:  # it is replaced in any case
        return artifact
    if before.provenance.exemplar_sha256 != artifact.provenance.exemplar_sha256:
        return artifact
    look = artifact.look if before.look is None else before.look.changed(request.look)
    return replace(artifact, size_m=artifact.size_m or before.size_m, look=look)


def _check(request: TrainRequest) -> None:
    """Raise TrainingError or RequestError for what no look at the picture could make right."""
    Look().changed(request.look)
    parts = (request.generator, request.descriptor, request.loss, request.train, request.begin, request.provenance)
    for settings in parts:
        settings.check()
    if request.real_width:
        check_size_m(request.real_width, "the real width of a picture")
    _check_inputs(request.generator)
    _check_size(request)
    check_descriptor(request.descriptor, request.loss, request.train)


def _check_inputs(generator: PyramidSettings) -> None:
    for name in ("waves", "repeat_channels"):
        if given := getattr(generator, name):
            label = name.replace("_", " ")
            found = f"{label} {given} cannot be chosen: it follows from the exemplar"
            raise RequestError(found, expected="0", remedy=f"leave {label} out")


def _check_size(request: TrainRequest) -> None:
    size = request.train.size
    check_size(size, request.generator.cell_texels, request.generator.levels)
    structure = structure_of(request.descriptor)
    if size % POOLED_TEXELS and structure is not None:
        whole = POOLED_TEXELS * math.ceil(size / POOLED_TEXELS)
        raise RequestError(
            f"size {size} is not a multiple of {POOLED_TEXELS}, as {structure.name} needs",
            expected=f"a multiple of {POOLED_TEXELS}",
            remedy=f"use size {whole} or the descriptor patches",
        )
