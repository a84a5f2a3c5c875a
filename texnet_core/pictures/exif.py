"""The two facts of EXIF that change how a picture looks. What is broken in the rest is nobody's business."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_ORIENTATION, _EXIF_IFD, _INTEROP_IFD = 0x0112, 0x8769, 0xA005
_SHORT, _LONG = 3, 4
_MOST_ENTRIES = 4096


@dataclass(frozen=True)
class Exif:
    """What EXIF says.

    Attributes:
        orientation: 1 is upright; 1 to 8.
        is_adobe_rgb: whether a camera says that it used this color space, by the interoperability "R03".
    """

    orientation: int = 1
    is_adobe_rgb: bool = False


def read_exif(content: bytes, xmp: bytes = b"") -> Exif:
    """Read what is sound in EXIF, which begins with the byte order; XMP says the orientation where EXIF does not.

    Source: EXIF 2.32 and DCF 2.0.
    """
    content = content.removeprefix(b"Exif\0\0")
    main = _directory(content, _offset_of_first(content))
    orientation = _number(content, main.get(_ORIENTATION))
    if orientation == 0 and (said := re.search(rb'tiff:Orientation(?:="|>)([1-8])', xmp)):
        orientation = int(said[1])
    more = _directory(content, _number(content, main.get(_EXIF_IFD)))
    interoperability = _directory(content, _number(content, more.get(_INTEROP_IFD))).get(1)
    return Exif(
        orientation if 1 <= orientation <= 8 else 1,
        interoperability is not None and interoperability[8:11] == b"R03",
    )


def _order(content: bytes) -> str:
    return ">" if content[:2] == b"MM" else "<"


def _offset_of_first(content: bytes) -> int:
    if content[:4] not in (b"II*\0", b"MM\0*") or len(content) < 8:
        return 0
    return int(struct.unpack_from(f"{_order(content)}I", content, 4)[0])


def _directory(content: bytes, offset: int) -> dict[int, bytes]:
    """The entries at an offset, 12 bytes each, by their tags; as many as are there."""
    return dict(_entries(content, offset)) if 8 <= offset <= len(content) - 2 else {}


def _entries(content: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    order = _order(content)
    (count,) = struct.unpack_from(f"{order}H", content, offset)
    for number in range(min(count, _MOST_ENTRIES)):
        entry = content[offset + 2 + 12 * number :][:12]
        if len(entry) < 12:
            return
        yield struct.unpack_from(f"{order}H", entry)[0], entry


def _number(content: bytes, entry: bytes | None) -> int:
    """The number that an entry holds, or 0."""
    if entry is None:
        return 0
    order = _order(content)
    (kind,) = struct.unpack_from(f"{order}H", entry, 2)
    form = {_SHORT: "H", _LONG: "I"}.get(kind)
    return int(struct.unpack_from(f"{order}{form}", entry, 8)[0]) if form else 0
