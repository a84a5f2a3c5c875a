"""What a request learns from, and whether a network came of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from texnet_core.adaptive.conditional_request import InstantRequest, TexturesRequest
from texnet_core.adaptive.conditional_settings import label_of
from texnet_core.adaptive.conditional_start import settled
from texnet_core.adaptive.pictures import (
    Pictures,
    read_picture_or_pictures,
    read_pictures,
    wanted_as_textures,
    wanted_to_adapt,
)
from texnet_core.adaptive.request import AdaptiveRequest
from texnet_core.adaptive.texture_names import texture_names
from texnet_core.errors import Range, RequestError
from texnet_core.model.families.conditional import MOST_TEXTURES
from texnet_core.model.header import Header
from texnet_core.progress import ignore_note
from texnet_core.settings import settings_record
from texnet_core.training.checkpoint import differing

Request = AdaptiveRequest | InstantRequest | TexturesRequest

_FINER = 2  # times the exemplar size is what pictures keep, so that parts of them are sharp too


def pictures_of(source: Path, request: Request, announce: Callable[[str], None]) -> Pictures:
    """The pictures that a request learns from.

    Args:
        source: folder with pictures; for an AdaptiveRequest it can be one picture.
        request: the settings.
        announce: called with a sentence about each picture that is left out.

    Raises:
        RequestError: no such folder, or too few or too many pictures that will do.
        ImageError: one picture, which will not do.
    """
    side = request.train.exemplar_size
    if isinstance(request, AdaptiveRequest):
        return read_picture_or_pictures(source, wanted_to_adapt(side, side), announce)
    if isinstance(request, InstantRequest):
        return read_pictures(source, wanted_to_adapt(side, _FINER * side), announce)
    pictures = read_pictures(source, wanted_as_textures(side), announce)
    if (count := len(pictures.images)) > MOST_TEXTURES:
        found = f"{source} has {count} pictures, more than one network holds"
        raise RequestError(found, expected=Range(2, MOST_TEXTURES), remedy="make several networks")
    return pictures


def came_from(card: Header, source: Path, request: Request) -> bool:
    """Whether a network with this card is what a training of these arguments would make.

    A setting younger than the card counts as left at its default.

    Raises:
        RequestError: see `pictures_of`.
    """
    network: Any = request.network
    if isinstance(request, TexturesRequest):
        network = replace(network, textures=len(card.textures))
    wanted, defaults = (settings_record((train,), "light") for train in (request.train, type(request.train)()))
    if not isinstance(request, AdaptiveRequest):
        wanted["start"] = label_of(settled(request.train.start, network, ignore_note))
    if differing(wanted, card.training, defaults) or card.settings != network or not card.provenance.exemplar_sha256:
        return False  # before all pictures are read
    pictures = pictures_of(source, request, ignore_note)
    named = not isinstance(request, TexturesRequest) or card.textures == texture_names(pictures.names)
    return named and card.provenance.exemplar_sha256 == pictures.sha256()
