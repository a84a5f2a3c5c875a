"""Pictures that a style learns to paint: drawn from what the project has, or the user's own.

The default pool needs no download. One part is drawn: shapes that the surfaces of the presets fill. Where a Blender is
at hand, the other part are views of its studio panoramas. Both are kept in the user's cache.
"""

import hashlib
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.atomic import replacing
from texnet_core.errors import ImageError, OutputError, RequestError, TexnetError
from texnet_core.mapset import FloatArray
from texnet_core.pictures.color import quantize
from texnet_core.pictures.reading import read_exemplar
from texnet_core.pictures.sequences import PICTURE_SUFFIXES
from texnet_core.presets import list_presets
from texnet_core.progress import Progress, ProgressCallback, ignore_note, ignore_progress
from texnet_core.training.content_drawings import DRAWINGS
from texnet_core.training.content_paints import painted, surfaces
from texnet_core.training.panoramas import find_panoramas, read_panorama, view

POOL_COUNT = 64
POOL_SIDE = 256

_VERSION = 2  # of what is drawn; another one for each change that shows
_SURFACES = 14
_TILT = (-28.0, 14.0)  # degrees; people look down more than up
_FIELD = (55.0, 80.0)


def default_pool(
    count: int = POOL_COUNT,
    side: int = POOL_SIDE,
    seed: int = 0,
    *,
    panoramas: Path | None = None,
    panorama_share: float = 0.5,
    cache: Path | None = None,
    progress: ProgressCallback = ignore_progress,
) -> list[FloatArray]:
    """Content to train styles on, the same for equal arguments on one machine.

    Args:
        count: of pictures.
        side: of each, in texels; even.
        seed: which of the endless pools.
        panoramas: folder with Blender's panoramas, where they are not found by themselves; see `find_panoramas`.
        panorama_share: how many of the pictures are views of panoramas, where there are any.
        cache: folder to keep pools in; None: the user's cache. One that cannot be written is done without.
        progress: called after every picture that is made; raising Cancelled from it stops the work.

    Returns:
        (side, side, 3) float32 sRGB each, in whole levels of 255; drawings and views mixed, so that the first few
        are a fair choice.
    """
    presets, found = list(list_presets().values()), find_panoramas(panoramas)
    views = round(count * panorama_share) if found else 0
    folder = _cache_folder() if cache is None else cache
    file = folder / f"{_key(presets, found[:views], count, side, seed, views)}.npz"
    kept = _read(file, (count, side, side, 3))
    if kept is None:
        kept = _made(presets, found, count - views, views, side, seed, progress)
        _write(file, kept)
    return [picture.astype(np.float32) / np.float32(255) for picture in kept]


def read_pool(
    folder: Path | str,
    count: int = POOL_COUNT,
    side: int = POOL_SIDE,
    seed: int = 0,
    *,
    announce: Callable[[str], None] = ignore_note,
) -> list[FloatArray]:
    """Crops of the pictures in a folder and those below it.

    Each picture is scaled so that its short side is between `side` and twice that, and cut at random. Where there are
    fewer pictures than `count`, each is cut several times.

    Args:
        folder: pictures of common formats in any size, beside whatever else.
        count: of crops.
        side: of each, in texels.
        seed: which pictures, which crops.
        announce: told of pictures that are left out, and why.

    Returns:
        (side, side, 3) float32 sRGB in [0, 1] each.

    Raises:
        RequestError: no such folder, or none of its files will do.
    """
    rng = np.random.default_rng((seed, side))
    files = picture_files(Path(folder))
    order = [files[place] for place in rng.permutation(len(files))]
    pictures: list[FloatArray] = []
    for file in order:
        if len(pictures) == count:
            break
        try:
            pictures.append(_fitting(file, side))
        except TexnetError as error:
            announce(f"left out of the content: {error.found}")
    if not pictures:
        raise RequestError(
            f"{folder} has no picture to train on",
            expected=f"pictures of at least {side} texels on the short side",
            remedy=f"name a folder with pictures of at least {side} texels a side, or leave it out",
        )
    return [_crop(pictures[place % len(pictures)], side, rng) for place in range(count)]


def _made(
    presets: list[Path],
    panoramas: list[Path],
    drawn: int,
    views: int,
    side: int,
    seed: int,
    progress: ProgressCallback,
) -> npt.NDArray[np.uint8]:
    """All pictures of a pool, (count, side, side, 3), in mixed order."""
    count = drawn + views
    pictures = np.empty((count, side, side, 3), np.uint8)
    # as evenly as it goes, whatever the shares
    order = sorted(range(count), key=lambda at: ((at + 0.5) / drawn if at < drawn else (at - drawn + 0.5) / views, at))
    made = [*range(count)]
    for place, index in enumerate(order):
        made[index] = place
    progress(Progress("content", 0, count, "picture"))
    for done, picture in enumerate(_one_by_one(presets, panoramas, drawn, views, side, seed)):
        pictures[made[done]] = quantize(picture, 8)
        progress(Progress("content", done + 1, count, "picture"))
    return pictures


def _one_by_one(
    presets: list[Path], panoramas: list[Path], drawn: int, views: int, side: int, seed: int
) -> Iterator[FloatArray]:
    """The drawings, then the views."""
    opened = [read_panorama(file) for file in panoramas[:views]]  # first of all, for one may be damaged
    rng = np.random.default_rng((seed, 0))
    chosen = [presets[place] for place in rng.permutation(len(presets))[: min(drawn, _SURFACES)]]
    tiles = surfaces(chosen, rng)
    for index in range(drawn):
        own = np.random.default_rng((seed, 1, index))
        yield painted(DRAWINGS[index % len(DRAWINGS)](side, own), tiles, own)
    for index in range(views):
        own = np.random.default_rng((seed, 2, index))
        around, which = divmod(index, len(opened))
        turn = 360 * (around + own.uniform(0.2, 0.8)) / max(1, views // len(opened))
        yield view(opened[which], side, turn, own.uniform(*_TILT), own.uniform(*_FIELD))


def _key(presets: list[Path], panoramas: list[Path], *numbers: int) -> str:
    """Of all that a pool is made of."""
    digest = hashlib.sha256(repr((_VERSION, numbers)).encode())
    for file in (*presets, *panoramas):
        with file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()[:24]


def _cache_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("texnet", appauthor=False)) / "content"


def _read(file: Path, shape: tuple[int, ...]) -> npt.NDArray[np.uint8] | None:
    """What was kept; None where there is nothing, or where it is damaged."""
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as archive:
            pictures: npt.NDArray[Any] = archive["pictures"]  # the archive has a checksum of it
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    return pictures if pictures.shape == shape and pictures.dtype == np.uint8 else None


def _write(file: Path, pictures: npt.NDArray[np.uint8]) -> None:
    with suppress(OSError, OutputError):  # then the next run makes them again
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as temporary, temporary.open("wb") as opened:
            np.savez_compressed(opened, pictures=pictures)


def picture_files(folder: Path) -> list[Path]:
    """All files below a folder that are called like pictures, but for hidden ones; in one order on every system."""
    if not os.path.isdir(folder):
        raise RequestError(
            f"{folder} is not a folder", expected="a folder with pictures", remedy="name a folder with pictures"
        )
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]  # goes no further there
        shown = (name for name in names if not name.startswith("."))
        found += [Path(parent, name) for name in shown if name.lower().endswith(PICTURE_SUFFIXES)]
    return sorted(found)


def _fitting(file: Path, side: int) -> FloatArray:
    """A picture, no larger than crops want it."""
    image = read_exemplar(file).image
    short = min(image.shape[:2])
    if short < side:
        raise ImageError(
            f"{file} is too small, with {image.shape[1]}x{image.shape[0]} pixels",
            expected=f"at least {side} on the short side",
            remedy="take a larger one",
        )
    scale = min(1.0, 2 * side / short)
    if scale == 1:
        return image
    height, width = (max(side, round(length * scale)) for length in image.shape[:2])
    return _resized(image, width, height)


def _crop(image: FloatArray, side: int, rng: np.random.Generator) -> FloatArray:
    """A square of a picture that is scaled by chance, so that its short side is between one and two sides."""
    height, width = image.shape[:2]
    part = int(rng.integers(side, min(height, width) + 1))  # of the picture, that the crop shows
    top, left = rng.integers(0, height - part + 1), rng.integers(0, width - part + 1)
    cut = image[top : top + part, left : left + part]
    return _resized(cut, side, side)


def _resized(image: FloatArray, width: int, height: int) -> FloatArray:
    from PIL import Image

    size, lanczos = (width, height), Image.Resampling.LANCZOS
    bands = [np.asarray(Image.fromarray(image[..., band]).resize(size, lanczos)) for band in range(3)]
    return np.ascontiguousarray(np.clip(np.stack(bands, axis=2), 0, 1))
