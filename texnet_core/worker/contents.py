"""Pictures that come as arrays, from programs that have decoded them already."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.errors import ImageError
from texnet_core.mapset import FloatArray
from texnet_core.pictures.reading import OPAQUE, filled, read_exemplar, transparent
from texnet_core.pictures.reading import Picture as Surface
from texnet_core.stylization.content import check_same_size, read_content
from texnet_core.stylization.islands import fill_hidden
from texnet_core.stylization.picture import Picture, check_visible
from texnet_core.stylization.sources import open_picture
from texnet_core.stylization.stores import ArrayStore, Store, bands_of, new_store

ARRAY = ".npy"

_DEPTHS = {"uint8": 8, "uint16": 16}


def read_surface(path: Path, mask: Path | None) -> Surface:
    """A picture of a surface.

    Args:
        path: an array (h, w, 3), or (h, w, 4) with alpha, of uint8 or uint16 sRGB; or any picture that can be decoded.
        mask: an array (h, w, 1) of the same size, white where the surface takes part, or any such picture; None for
            all of it. Both are arrays or neither.

    Raises:
        ImageError: no picture, transparent everywhere, or a mask that does not fit or leaves nothing.
    """
    if path.suffix != ARRAY:
        return read_exemplar(path, mask)
    shares = _shares(path, (3, 4))
    seen = shares[..., 3] >= OPAQUE if shares.shape[2] == 4 else np.ones(shares.shape[:2], bool)
    if not seen.any():
        raise transparent(path)
    if mask is not None:
        drawn = _shares(mask, (1,))
        check_same_size(f"the mask {mask}", drawn.shape, (shares.shape[0], shares.shape[1]))
        seen &= drawn[..., 0] >= OPAQUE
        if not seen.any():
            raise ImageError("the mask leaves nothing", expected="white", remedy="invert the mask, or draw it anew")
    image = np.ascontiguousarray(shares[..., :3])
    return Surface(image) if seen.all() else Surface(filled(image, seen), seen)


def read_shares(path: Path) -> FloatArray:
    """How bright each texel of a picture is, (h, w) in [0, 1].

    Args:
        path: an array (h, w, 1), (h, w, 3), or (h, w, 4) with alpha, of uint8 or uint16 sRGB; or any picture that can
            be decoded.

    Raises:
        ImageError: no picture, or transparent everywhere.
    """
    if path.suffix == ARRAY and (shares := _shares(path, (1, 3, 4))).shape[2] == 1:
        return shares[..., 0]
    brightness: FloatArray = read_surface(path, None).image.mean(axis=2)
    return brightness


def _shares(path: Path, channels: tuple[int, ...]) -> FloatArray:
    array = _mapped(path, channels)
    return np.asarray(array, np.float32) / np.float32(np.iinfo(array.dtype).max)


@contextmanager
def open_content(path: Path, folder: Path) -> Iterator[Picture]:
    """A picture that is to be painted.

    Args:
        path: an array (h, w, 3), or (h, w, 4) with alpha, of uint8 or uint16 sRGB; or any picture that can be decoded.
        folder: for what memory does not hold.

    Raises:
        ImageError: no picture, or transparent everywhere.
    """
    if path.suffix != ARRAY:
        with open_picture(path, folder / path.name) as picture:
            yield picture
        return
    array = _mapped(path, (3, 4))
    depth, (height, width, channels) = _DEPTHS[array.dtype.name], array.shape
    alpha = ArrayStore(array[..., 3:])
    if channels == 3 or _is_opaque(alpha):
        yield Picture(ArrayStore(array[..., :3]), None, depth)
        return
    check_visible(alpha)
    with new_store((height, width, 3), array.dtype, folder / path.name) as colors:
        for top, rows in bands_of(array.shape):
            colors.write(top, array[top : top + rows, :, :3])
        fill_hidden(colors, alpha, depth)
        yield Picture(colors, alpha, depth)


def open_strength(path: Path | None, picture: Picture) -> Store | None:
    """A strength map, (h, w, 1): an array of uint8 or uint16, or any picture that can be decoded.

    Raises:
        ImageError: no picture, or one of another size than the picture.
    """
    if path is None:
        return None
    if path.suffix == ARRAY:
        values = _mapped(path, (1,))
    else:
        read = read_content(path)
        values = read.values.mean(axis=2, keepdims=True)
        values = values if read.alpha is None else values * read.alpha[..., None]
    check_same_size(f"the strength map {path}", values.shape, picture.shape)
    return ArrayStore(values)


def _mapped(path: Path, channels: tuple[int, ...]) -> npt.NDArray[Any]:
    """An array as it lies on the disk."""
    try:
        array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ImageError(f"{path} cannot be read ({error})", expected="an array", remedy="write it again") from error
    if array.ndim != 3 or array.shape[2] not in channels or array.dtype.name not in _DEPTHS or not array.size:
        expected = f"(height, width, {' or '.join(map(str, channels))}) of uint8 or uint16"
        raise ImageError(
            f"{path} holds {array.dtype} {array.shape}", expected=expected, remedy=f"write it as {expected}"
        )
    return array


def _is_opaque(alpha: Store) -> bool:
    full = np.iinfo(alpha.kind).max
    _, width, _ = alpha.shape
    return all((alpha.window(top, 0, rows, width) == full).all() for top, rows in bands_of(alpha.shape))
