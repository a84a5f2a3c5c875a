"""Masks of mixes: images of the file, as workers read them."""

import hashlib
import os
import shutil
import tempfile
import weakref
import zlib
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from texnet_core.atomic import as_output_error
from texnet_core.errors import RequestError

from . import contents, exemplar
from .request import TextureRequest

_State = tuple[Any, ...] | None


class KeptMask:
    """A mask in a file, which goes with the last who holds this.

    Attributes:
        sha256: of its texels and its size.
        file: (h, w, 1) uint8, first row on top: 0 for black.
    """

    def __init__(self, levels: contents.Levels, sha256: str) -> None:
        folder = tempfile.mkdtemp(prefix="texnet-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.sha256, self.file = sha256, Path(folder) / "mask.npy"
        with as_output_error(self.file):
            np.save(self.file, levels)


# One file for all who use the same texels, so that a worker knows what it has open.
_held: "weakref.WeakValueDictionary[str, KeptMask]" = weakref.WeakValueDictionary()
# Those last used, so that they are not read for every preview.
_recent: deque[tuple[_State, KeptMask]] = deque(maxlen=4)


def kept(name: str) -> KeptMask | None:
    """The image of that name as a mask, as it is now; None for no name.

    Raises:
        TexnetError: there is no such image, or its pixels cannot be had.
    """
    if not name:
        return None
    image = named(name)
    state = _state_of(image)
    found = next((mask for known, mask in _recent if known is not None and known == state), None)
    if found is None:
        found = _read(image)
        _recent.append((state, found))
    return found


def settled(request: TextureRequest, mask: KeptMask | None) -> TextureRequest:
    """A request that says what its mask holds."""
    return replace(request, mask_sha256=mask.sha256 if mask is not None else None)


def file_of(mask: KeptMask | None) -> str:
    """The path of a mask; "" for none."""
    return str(mask.file) if mask is not None else ""


def named(name: str) -> Any:
    """The image of that name.

    Raises:
        RequestError: there is none.
    """
    image: Any = bpy.data.images.get(name)
    if image is None:
        raise RequestError(f"no image is called {name!r}", expected="an image", remedy="choose another mask")
    return image


def _read(image: Any) -> KeptMask:
    exemplar.check_image(image)
    width, height = image.size
    levels = contents.read_mask(image, (height, width))
    sha256 = hashlib.sha256(f"{height} {width} ".encode() + levels.tobytes()).hexdigest()
    found = _held.get(sha256)
    if found is None:
        found = _held[sha256] = KeptMask(levels, sha256)
    return found


def _state_of(image: Any) -> _State:
    """What tells that an image is still as it was read; None where nothing does, since it is being painted on."""
    if image.is_dirty:
        return None
    settings = (image.session_uid, *image.size, image.colorspace_settings.name, image.alpha_mode, image.filepath)
    if image.packed_file:
        return (*settings, zlib.crc32(image.packed_file.data))
    if image.source == "GENERATED":
        return (*settings, image.generated_type, *image.generated_color)
    try:
        status = os.stat(exemplar.file_of(image))
    except (OSError, ValueError):
        return None
    return (*settings, status.st_size, status.st_mtime_ns)
