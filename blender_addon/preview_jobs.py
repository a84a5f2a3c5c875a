"""Previews as the worker makes them: the corner of a texture, all of it made smaller, and drafts of both."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from texnet_core.errors import RequestError
from texnet_core.lengths import length_text
from texnet_core.model.header import Header
from texnet_core.model.real_size import texels_per_meter
from texnet_core.settings import MIN_SIZE
from texnet_core.synthesis.extent import check_covers

from . import library, masks, worker_client
from .follower import SIDE, Pixels
from .request import TextureRequest

WHOLE_SIDE = 2048  # of the generator's own texels; a larger tile takes too long for a preview

Shows = Literal["SPHERE", "PLANE", "CORNER", "WHOLE"]

_LIT = {"SPHERE": "sphere", "PLANE": "plane"}
_LIT_SIDE = 512  # texels of a tile under light
_MOST_PER_TEXEL = 8.0  # along an axis; more would not be live, so there the draft is all
_DRAFT_SIDE = 512  # likewise, of the draft of a whole tile
_CELL = 256  # sizes that are a multiple of every generator's coarsest cell are made as they are


@dataclass(frozen=True)
class Step:
    """One picture on the way to what is wanted.

    Attributes:
        request: what is made.
        whole: all of it made smaller, not its corner.
        caption: what the picture shows, as a label.
        state: of the mask; another one where it has changed.
        lit: the shape on which all maps are shown under light, "sphere" or "plane"; "" shows colors alone.
    """

    request: TextureRequest
    whole: bool
    caption: str
    state: tuple[Any, ...] = ()
    lit: str = ""

    @property
    def is_slow(self) -> bool:
        return self.whole or is_slow(self.request)

    def submit(self) -> worker_client.PendingJob:
        """Ask the worker for it."""
        # a square tile that is smaller than the preview is asked for once and repeated in `pixels_of`
        request = self.request
        is_tile = not self.whole and not self.lit and request.tile == "xy" and request.width == request.height < SIDE
        wanted = {"size": request.width if is_tile else SIDE, "whole": self.whole, "lit": self.lit, "engine": "onnx"}
        job = request.preview_job(masks.file_of(masks.kept(request.mix_mask)))
        return worker_client.bundled().submit(job | wanted)

    def pixels_of(self, job: worker_client.PendingJob) -> Pixels:
        """The finished picture, first row on top: (256, 256, 3), or smaller along one side where it shows the whole."""
        assert job.result is not None
        pixels: Pixels = np.load(job.result["file"], allow_pickle=False)
        if self.whole or self.lit:
            return pixels
        repeats = -(-SIDE // len(pixels))
        tiled: Pixels = np.tile(pixels, (repeats, repeats, 1))[:SIDE, :SIDE]
        return tiled


def steps_to(request: TextureRequest, shows: Shows) -> list[Step]:
    """The pictures that lead to what is wanted; where the last takes long, a draft comes first.

    Under light there is a tile as the generator makes it, whatever the size of the texture. A whole tile of too many
    texels is not made: a smaller one of the same seed stands for it, and the caption says so.

    Raises:
        TexnetError: the request does not make sense.
    """
    size = f"{request.width} x {request.height} Texels"
    if shows in _LIT:
        return [_lit(request, _LIT[shows])]
    if shows == "CORNER":
        corner = f"Upper Left of {size}" if max(request.width, request.height) > SIDE else f"{size}, Repeated"
        exact = Step(request, False, corner)
        draft = quick(request)
        if draft == request:
            return [exact]
        return [Step(draft, False, "Draft")] + ([exact] if _own_per_texel(request) <= _MOST_PER_TEXEL else [])
    shown = shrunk(request, WHOLE_SIDE)
    smaller = f"A Tile of {shown.width} x {shown.height}, for {size}"
    last = Step(shown, True, f"All {size}" if shown == request else smaller)
    draft = shrunk(request, _DRAFT_SIDE)
    return [last] if draft == shown or not _is_possible(draft) else [Step(draft, True, "Draft: a Smaller Tile"), last]


def make(request: TextureRequest, *, whole: bool = False, lit: str = "") -> Pixels:
    """The pixels of a preview at once, first row on top; for scripts.

    Args:
        request: the texture.
        whole: all of it made smaller, its longer side of 256 texels at most, instead of its corner (256, 256, 3).
        lit: "sphere" or "plane": a tile of all maps on that shape, under light.

    Raises:
        TexnetError: the request does not make sense.
        WorkerError: the worker failed.
    """
    if lit not in ("", *_LIT.values()):
        raise RequestError(f"lit {lit!r} is unknown", expected=[*_LIT.values()], remedy="choose one of these")
    step = _lit(request, lit) if lit else Step(request, whole, "")
    job = step.submit()
    try:
        job.wait()
        return step.pixels_of(job)
    finally:
        job.close()


def _lit(request: TextureRequest, shape: str) -> Step:
    """A tile of the generator's own texels, which shows about what its exemplar does."""
    card = library.card_named(request.source)
    texels = card.texels_per_exemplar if card is not None else Header.texels_per_exemplar
    side = min(_LIT_SIDE, max(_CELL, texels // _CELL * _CELL))
    tile = replace(request, width=side, height=side, tile="xy", scale=1.0, covers=0.0)
    meters = float(f"{side / texels_per_meter(card):.2g}") if card is not None else 0.0
    shown = f"{length_text(meters)} of Surface" if meters else "A Piece"
    return Step(tile, False, f"{shown}, Lit", lit=shape)


def is_slow(request: TextureRequest) -> bool:
    """Whether the texture is resampled, so that its corner takes up to many times as long as that of another."""
    return bool(request.covers) or request.scale != 1 or bool(request.width % _CELL or request.height % _CELL)


def quick(request: TextureRequest) -> TextureRequest:
    """The request itself where its corner is made at once, else its draft where there can be one."""
    if not is_slow(request):
        return request
    draft = draft_of(request)
    return draft if _is_possible(draft) else request


def draft_of(request: TextureRequest) -> TextureRequest:
    """A tile of at most the preview's size, made of about as many of the generator's texels or fewer."""
    side = max(MIN_SIZE, min(SIDE, round(SIDE / _own_per_texel(request))))
    covers = request.covers * side / request.width  # as many meters a texel
    return replace(request, width=side, height=side, covers=covers, tile="xy")


def shrunk(request: TextureRequest, side: int) -> TextureRequest:
    """The request itself; where its longer side has more of the generator's texels than `side`, a smaller texture."""
    own = max(request.width, request.height) * _own_per_texel(request)
    if own <= side:
        return request
    width, height = (max(_CELL // 4, round(length * side / own)) for length in (request.width, request.height))
    return replace(request, width=width, height=height, covers=request.covers * width / request.width)


def _own_per_texel(request: TextureRequest) -> float:
    """How many of the generator's own texels one of the texture is made of, along an axis."""
    card = library.card_named(request.source) if request.covers else None
    if card is None:
        return 1 / request.scale
    return request.covers * texels_per_meter(card) / request.scale / request.width


def _is_possible(request: TextureRequest) -> bool:
    """Whether a draft can be made: it may cover too little for its generator."""
    card = library.card_named(request.source)
    try:
        if card is not None:
            check_covers(request, card)
    except RequestError:
        return False
    return True
