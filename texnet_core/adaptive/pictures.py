"""The pictures that a network learns from, and the crops of them that a step sees."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from texnet_core.adaptive.conditional_settings import FEWEST_TEXTURES
from texnet_core.adaptive.gram import Targets
from texnet_core.adaptive.settings import FEWEST_PICTURES
from texnet_core.errors import ImageError, Range, RequestError, TexnetError
from texnet_core.mapset import FloatArray
from texnet_core.model.noise import derive_seed
from texnet_core.pictures.color import quantize
from texnet_core.pictures.reading import read_exemplar
from texnet_core.pictures.resizing import resize_exemplar
from texnet_core.pictures.surface import check_surface
from texnet_core.training.content_pool import picture_files

Bytes = npt.NDArray[np.uint8]

_CROPS = 32  # of each picture, so that their Gram matrices need not be found again and again
_CROP_STREAM = 1 << 16  # apart from the seeds of steps
_KEPT_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Pictures:
    """What a run learns from.

    Attributes:
        images: (height, width, 3) each, sRGB in 255 levels, with the short side of the settings.
        names: of their files.
    """

    images: list[Bytes]
    names: list[str]

    def sha256(self) -> str:
        """Of all texels: equal for equal pictures in equal order."""
        digest = hashlib.sha256()
        for image in self.images:
            digest.update(repr(image.shape).encode() + image.tobytes())
        return digest.hexdigest()

    def crop(self, picture: int, number: int, side: int) -> Bytes:
        """One of the crops of a picture, (side, side, 3), turned over by chance along each axis."""
        image, seed = self.images[picture], derive_seed(_CROP_STREAM, number)
        top, left = (derive_seed(seed, axis) % (image.shape[axis] - side + 1) for axis in (0, 1))
        cut = image[top : top + side, left : left + side]
        return cut[:: 1 - 2 * (derive_seed(seed, 2) & 1), :: 1 - 2 * (derive_seed(seed, 3) & 1)]


@dataclass(frozen=True)
class Wanted:
    """Which pictures will do.

    Attributes:
        least: texels of the short side.
        most: texels to which the short side is reduced where it has more.
        fewest: how many there must be.
        why: what is wrong with fewer, as a clause.
        remedy: what to give.
    """

    least: int
    most: int
    fewest: int
    why: str
    remedy: str


def wanted_to_adapt(least: int, most: int) -> Wanted:
    """Those that a network which is to adapt to others learns from."""
    why = f"fewer than {FEWEST_PICTURES} are learned by heart, and nothing of others"
    remedy = f"give {FEWEST_PICTURES} or more of at least {least} texels a side, best hundreds"
    return Wanted(least, most, FEWEST_PICTURES, why, remedy)


def wanted_as_textures(side: int) -> Wanted:
    """Those that become textures of one network."""
    why, remedy = "one network holds several", "give 2 or more, or learn the one with texnet train"
    return Wanted(side, side, FEWEST_TEXTURES, why, remedy)


def read_picture_or_pictures(source: Path, wanted: Wanted, announce: Callable[[str], None]) -> Pictures:
    """Read one picture, which is then all that is learned, or those in a folder: see `read_pictures`.

    Raises:
        RequestError: no such folder, or too few pictures that will do.
        ImageError: one picture, which will not do.
    """
    if not source.exists():
        raise RequestError(
            f"there is no file or folder {source}", expected="a picture, or a folder of some", remedy="check the path"
        )
    if source.is_file():
        return Pictures([_fitting(source, wanted)], [source.name])
    return read_pictures(source, wanted, announce)


def read_pictures(source: Path, wanted: Wanted, announce: Callable[[str], None]) -> Pictures:
    """Read the pictures in a folder and those below it.

    Args:
        source: the folder.
        wanted: which will do.
        announce: told of pictures that are left out, and why.

    Raises:
        RequestError: no such folder, or too few pictures that will do.
    """
    images, names, left_out = [], [], 0
    for file in picture_files(source):
        try:
            images.append(_fitting(file, wanted))
            names.append(str(file.relative_to(source)))
        except TexnetError as error:
            left_out += 1
            announce(f"left out: {error.found}")
    if len(images) < wanted.fewest:
        others = f" that will do, and {left_out} that will not" if left_out else ""
        counted = f"{len(images) or 'no'} picture{'' if len(images) == 1 else 's'}"
        raise RequestError(
            f"{source} has {counted}{others}: {wanted.why}",
            expected=f"at least {wanted.fewest} pictures",
            remedy=wanted.remedy,
        )
    return Pictures(images, names)


def _fitting(file: Path, wanted: Wanted) -> Bytes:
    picture = read_exemplar(file)
    if picture.mask is not None:
        raise ImageError(
            f"{file} has transparent texels", expected="a picture without holes", remedy="take one without alpha"
        )
    height, width = picture.image.shape[:2]
    if min(height, width) < wanted.least:
        raise ImageError(
            f"{file} is too small, with {width}x{height} pixels, where the short side needs {wanted.least}",
            expected=Range(wanted.least, None),
            remedy="take a larger picture or a smaller exemplar size",
        )
    side = max(wanted.least, min(wanted.most, height, width))
    try:
        small = resize_exemplar(picture.image, side)
        check_surface(small, None)
    except ImageError as error:
        raise ImageError(f"{file}: {error.found}", expected=error.allowed, remedy=error.remedy) from error
    return quantize(small, 8)


class Crops:
    """Draws crops, and keeps their Gram matrices as long as there is room.

    Args:
        pictures: of a run.
        side: of the crops.
        measure: (1, 3, side, side) in [0, 1] -> Gram matrices.
    """

    def __init__(self, pictures: Pictures, side: int, measure: Callable[[Tensor], Targets]) -> None:
        self._pictures, self._side, self._measure = pictures, side, measure
        self._kept: OrderedDict[tuple[int, int], Targets] = OrderedDict()
        self._bytes = 0

    def targets(self, seeds: list[int]) -> Targets:
        """The Gram matrices of one crop for each seed."""
        found = [self._of(self.place(seed)) for seed in seeds]
        return {layer: torch.cat([targets[layer] for targets in found]) for layer in found[0]}

    def place(self, seed: int) -> tuple[int, int]:
        """Which picture, and which of its crops, a seed draws."""
        return derive_seed(seed, 0) % len(self._pictures.images), derive_seed(seed, 1) % _CROPS

    def _of(self, place: tuple[int, int]) -> Targets:
        if place not in self._kept:
            targets = self._measure(to_tensor(self._pictures.crop(*place, self._side)))
            self._kept[place] = targets
            self._bytes += _size(targets)
            while self._bytes > _KEPT_BYTES and len(self._kept) > 1:
                self._bytes -= _size(self._kept.popitem(last=False)[1])
        self._kept.move_to_end(place)
        return self._kept[place]


def to_tensor(image: Bytes) -> Tensor:
    """(height, width, 3) in 255 levels to (1, 3, height, width) in [0, 1]."""
    return torch.from_numpy(as_floats(image)).permute(2, 0, 1)[None].contiguous()


def as_floats(image: Bytes) -> FloatArray:
    """255 levels to [0, 1]."""
    values: FloatArray = np.ascontiguousarray(image, np.float32) / np.float32(255)
    return values


def _size(targets: Targets) -> int:
    return sum(tensor.nbytes for tensor in targets.values())
