"""Pictures to files: which formats there are, what they hold, and encoding while more rows are made."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from texnet_core.atomic import replacing
from texnet_core.errors import RequestError
from texnet_core.mapset import ColorSpace, Depth
from texnet_core.pictures.encoders import (
    Bands,
    FileDepth,
    Layout,
    write_exr,
    write_jpeg,
    write_png,
    write_tiff,
    write_webp,
)
from texnet_core.settings import MAX_SIZE


@dataclass(frozen=True)
class Format:
    """What a suffix stands for.

    Attributes:
        encode: writes the picture.
        depths: bits a channel that it can hold, the usual one first; none: floats.
        channels: how many there can be; the last of 2 and of 4 is alpha.
        max_side: in texels.
        max_texels: in all; formats that are written while they are made need no limit of their own.
    """

    encode: Callable[[Path, Bands, Layout], None]
    depths: tuple[Depth, ...]
    channels: tuple[int, ...] = (1, 3)
    max_side: int = MAX_SIZE
    max_texels: int = MAX_SIZE**2


_WITH_ALPHA = (1, 2, 3, 4)

PNG = Format(write_png, (8, 16), _WITH_ALPHA)
JPEG = Format(write_jpeg, (8,), max_side=65500, max_texels=2**28)
TIFF = Format(write_tiff, (8, 16), _WITH_ALPHA)
EXR = Format(write_exr, (), _WITH_ALPHA, max_texels=2**28)
WEBP = Format(write_webp, (8,), _WITH_ALPHA, max_side=16383, max_texels=2**28)
FORMATS = {".png": PNG, ".jpg": JPEG, ".jpeg": JPEG, ".tif": TIFF, ".tiff": TIFF, ".exr": EXR, ".webp": WEBP}
SUFFIXES = tuple(FORMATS)

NUMBERS: dict[FileDepth, str] = {8: "uint8", 16: "uint16", 32: "float32", None: "float32"}  # in memory


def depth_for(path: Path, depth: int = 8, wanted: int = 0) -> Depth | None:
    """The bits a channel that a file of this name will hold; None where it holds floats, of 16 bits.

    Args:
        path: the file, by its suffix.
        depth: bits that are asked for: the format must be able to hold them.
        wanted: bits that are better for what the file shows: it gets them where the format can hold them.

    Raises:
        RequestError: an unknown suffix, or a depth that the format cannot hold.
    """
    depths = _format_of(path).depths
    if not depths:
        return None
    if depth not in depths:
        raise RequestError(
            f"{path.suffix.lower()} files cannot have depth {depth}",
            expected=[str(known) for known in depths],
            remedy="choose another depth or format",
        )
    return max(known for known in depths if known <= max(depth, wanted))


def depth_of_measures(path: Path, depth: int = 8, wanted: int = 0) -> FileDepth:
    """`depth_for`, but for floats: half floats are too coarse for what is better with 16 bits, which gets 32."""
    found = depth_for(path, depth, wanted)
    return 32 if found is None and wanted > 8 else found


def holds_alpha(path: Path) -> bool:
    """Whether a file of this name can hold an alpha channel.

    Raises:
        RequestError: an unknown suffix.
    """
    return 4 in _format_of(path).channels


def check_picture_size(path: Path, width: int, height: int) -> None:
    """Raise RequestError if a file of this name cannot hold a picture of this size."""
    kind = _format_of(path)
    if max(width, height) > kind.max_side or width * height > kind.max_texels:
        raise RequestError(
            f"{path.suffix} files cannot hold {width}x{height} texels",
            expected=f"at most {kind.max_side} a side and {kind.max_texels} texels",
            remedy="use .png or .tif, which are written while they are made",
        )


def write_image(path: Path | str, image: npt.NDArray[Any], space: ColorSpace = "sRGB") -> None:
    """Write a picture by its suffix, or leave no file at all.

    Args:
        path: where; an existing file is replaced only once the new one is complete.
        image: (h, w, 1) or (h, w, 3), with alpha one channel more, but of JPEG: uint8 or uint16 for the formats that
            hold these, float32 in [0, 1] for EXR.
        space: color space of the values in memory.

    Raises:
        OutputError: folder missing or read-only, or disk full.
        RequestError: a suffix that is not known, or an array it cannot hold.
    """
    path = Path(path)
    depths: tuple[Depth | None, ...] = _format_of(path).depths or (None,)
    fitting = {NUMBERS[depth]: depth for depth in depths}
    possible = _format_of(path).channels
    if image.dtype.name not in fitting or image.ndim != 3 or image.shape[2] not in possible:
        needed = f"(h, w, {' or '.join(map(str, possible))}) of {' or '.join(fitting)}"
        raise RequestError(
            f"{path.suffix} files cannot hold an array of {image.dtype} {image.shape}",
            expected=needed,
            remedy=f"convert it to {needed}",
        )
    height, width, channels = image.shape
    with writing_image(path, width, height, channels, fitting[image.dtype.name], space) as write:
        write(image)


@contextmanager
def writing_image(
    path: Path, width: int, height: int, channels: int, depth: FileDepth, space: ColorSpace
) -> Iterator["Encoder"]:
    """Write a picture from top to bottom, encoding in a thread of its own while more rows are made.

    Args:
        path: where; an existing file is replaced only once the new one is complete, and not if the block raises.
        width: of the picture.
        height: of the picture.
        channels: 1 or 3, with alpha one more.
        depth: what `depth_for` says, or 32 for floats of so many bits where the format can hold them.
        space: color space of the values in memory.

    Yields:
        What takes the rows. Whoever writes several files that belong together finishes all before leaving any.

    Raises:
        OutputError: folder missing or read-only, or disk full.
    """
    with (
        replacing(path) as temporary,
        encoding_image(temporary, Layout(width, height, channels, depth, space)) as write,
    ):
        yield write


@contextmanager
def encoding_image(temporary: Path, layout: Layout) -> Iterator["Encoder"]:
    """`writing_image` to a file that nobody sees yet; its suffix says the format."""
    encoder = Encoder(lambda bands: _format_of(temporary).encode(temporary, bands, layout), layout.height)
    try:
        yield encoder
        encoder.finish()
    except BaseException:
        encoder.stop()
        raise


class Encoder:
    """Feeds bands to an encoding function that runs in another thread."""

    def __init__(self, encode: Callable[[Bands], None], height: int) -> None:
        self._encode, self._height = encode, height
        self._bands: queue.Queue[npt.NDArray[Any] | None] = queue.Queue()
        self._rows = 0
        self._stopped = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="texnet-encoder", daemon=True)
        self._thread.start()

    def __call__(self, rows: npt.NDArray[Any]) -> None:
        """Take (rows, width, channels) of the same numbers as `write_image`."""
        self._bands.join()  # the band before this one is done with: one is being made, one encoded, none waits
        if self._error is not None:
            raise self._error
        self._rows += len(rows)
        self._bands.put(rows)

    def wait(self) -> None:
        """Wait until the encoder is done with the rows that it has, so that their memory can be used again."""
        self._bands.join()

    def finish(self) -> None:
        """Wait until the file is complete; raises what went wrong with it."""
        if self._rows != self._height:
            self._stopped = True
            self._error = ValueError(f"{self._rows} rows written to a picture of {self._height}")
        self._join()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End without a picture."""
        self._stopped = True
        self._join()

    def _join(self) -> None:
        if self._thread.is_alive():
            self._bands.put(None)
            self._thread.join()

    def _run(self) -> None:
        bands = self._received()
        try:
            self._encode(self._until_stopped(bands))
        except BaseException as error:
            self._error = self._error or error
        for _ in bands:  # after an error, whoever writes must not wait for ever
            pass

    def _received(self) -> Bands:
        while (band := self._bands.get()) is not None:
            yield band
            del band
            self._bands.task_done()

    def _until_stopped(self, bands: Bands) -> Bands:
        for band in bands:
            yield band
            del band
        if self._stopped:
            raise InterruptedError("the picture was given up")


def _format_of(path: Path) -> Format:
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise RequestError(
            f"{path.name!r} has no suffix of a picture"
            if not suffix
            else f"{suffix} is no picture that can be written",
            expected=SUFFIXES,
            remedy="give the name another suffix",
        )
    return FORMATS[suffix]
