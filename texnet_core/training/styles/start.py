"""A picture of a style becomes a stylizer in a file."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from texnet_core.descriptor.choice import candidates
from texnet_core.descriptor.layers import POOLED_TEXELS
from texnet_core.descriptor.vgg19 import VGG19
from texnet_core.errors import ImageError, RequestError
from texnet_core.mapset import FloatArray, Mask
from texnet_core.model.artifact import Artifact, Header
from texnet_core.pictures.reading import texels_digest
from texnet_core.pictures.surface import reduced_surface
from texnet_core.progress import ProgressCallback, ignore_note, ignore_progress
from texnet_core.training.checkpoint import RunState, differing
from texnet_core.training.content_pool import default_pool, read_pool
from texnet_core.training.loop import Run
from texnet_core.training.reports import Reports
from texnet_core.training.sitting import check_size, checked_checkpoint, complete, run_to_the_end
from texnet_core.training.styles.plan import asked_for, make_style_plan, pool_sha256
from texnet_core.training.styles.request import StyleRequest

_DEFAULTS = StyleRequest()


def train_style(
    picture: FloatArray,
    output: Path | str,
    request: StyleRequest = _DEFAULTS,
    *,
    content: Sequence[FloatArray] | None = None,
    mask: Mask | None = None,
    start: Artifact | None = None,
    resume: bool = False,
    anew: bool = False,
    online: bool = True,
    progress: ProgressCallback = ignore_progress,
) -> Artifact:
    """Learn a style from a picture and write it to `output`.

    Args:
        picture: of the style, (height, width, 3) sRGB in [0, 1].
        output: the `.texnet` file; its checkpoint lies in the same folder until the run is complete.
        request: the settings.
        content: pictures to be painted in training, (size, size, 3) sRGB in [0, 1] each; see
            `content_pool.read_pool`. None: those of `content_pool.default_pool`.
        mask: (height, width), True where a texel of the style takes part; None where all do.
        start: a style of the same settings whose parameters the run begins with, which saves most of the steps.
        resume: go on from the checkpoint, or begin where neither it nor the output exists.
        anew: begin even where there is a checkpoint; it stays until the run saves its own.
        online: whether weights of VGG-19 may be downloaded.
        progress: called after every step; raising Cancelled from it saves a checkpoint and stops.

    Raises:
        Cancelled: the callback asked to stop.
        TexnetError: see the message.
    """
    output = Path(output)
    _check(request)
    _check_start(start, request)
    checkpoint = checked_checkpoint(output, resume=resume, anew=anew)
    announce = partial(Reports(request.train, progress).note, state=RunState("f32"))
    request = _fitting(picture, request, announce)
    size = request.train.size
    pool = default_pool(request.style.pool, size, progress=progress) if content is None else list(content)
    _check_pool(pool, size)
    plan = make_style_plan(picture, request, pool, mask, start=start, online=online, announce=announce)
    run = Run(plan, checkpoint, progress)
    run_to_the_end(run, output, resume=resume)
    artifact = run.artifact()
    complete(run, artifact, output)
    return artifact


def read_content(
    folder: Path, request: StyleRequest, announce: Callable[[str], None] = ignore_note
) -> list[FloatArray]:
    """The pictures of a folder as `train_style` paints them; see `content_pool.read_pool`."""
    train = request.train
    return read_pool(folder, request.style.pool, train.size, train.seed, announce=announce)


def came_from(
    card: Header,
    picture: FloatArray,
    request: StyleRequest,
    *,
    content: Sequence[FloatArray] | None = None,
    mask: Mask | None = None,
    start: Artifact | None = None,
) -> bool:
    """Whether a style with this card is what `train_style` would make of the same arguments.

    Without `content` it may have learned to paint whatever was drawn on the machine that made it. A setting younger
    than the card counts as left at its default.
    """
    request = _fitting(picture, request, ignore_note)
    image, mask = reduced_surface(picture, mask, request.train.exemplar_side, ignore_note)
    defaults, wanted = asked_for(_DEFAULTS, None), {"start": None} | asked_for(request, start)
    if content is not None:
        wanted["content"] = pool_sha256(content)
    return not differing(wanted, card.training, defaults) and card.provenance.exemplar_sha256 == texels_digest(
        image, mask
    )


def _fitting(picture: FloatArray, request: StyleRequest, announce: Callable[[str], None]) -> StyleRequest:
    """The request with a style of no more texels than its picture has."""
    side, train = min(picture.shape[:2]), request.train
    if train.exemplar_side <= side:
        return request
    announce(f"the picture has {side} texels along its short side: the style is learned at that size")
    VGG19.check_side("exemplar size", side, request.descriptor.padding)
    return replace(request, train=replace(train, exemplar_size=side))


def _check(request: StyleRequest) -> None:
    for settings in (
        request.generator,
        request.style,
        request.descriptor,
        request.loss,
        request.train,
        request.provenance,
    ):
        settings.check()
    candidates(request.descriptor, (request.descriptor,), ("vgg19",))  # no other has the content's layer
    if not request.loss.compares():
        raise RequestError(
            "no loss compares samples with the style", expected="one or more", remedy="give one a weight above 0"
        )
    VGG19.check_side("exemplar size", request.train.exemplar_side, request.descriptor.padding)
    check_size(request.train.size, max(request.generator.cell_texels, POOLED_TEXELS), request.generator.levels)


def _check_start(start: Artifact | None, request: StyleRequest) -> None:
    if start is not None and (not start.paints or start.settings != request.generator):
        raise RequestError(
            "a run cannot begin with a generator of another kind or other settings",
            expected="a style with the same levels and channels",
            remedy="use another one, or begin without",
        )


def _check_pool(pool: Sequence[FloatArray], size: int) -> None:
    if not pool:
        raise ImageError("there is no content to be painted", expected="one picture or more", remedy="give some")
    for content in pool:
        if content.shape != (size, size, 3):
            found = f"content of the shape {content.shape}"
            raise RequestError(found, expected=f"({size}, {size}, 3)", remedy="use content_pool.read_pool")
