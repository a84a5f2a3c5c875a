"""JPEG without what is no pixels: broken application segments stop a decoder that reads them."""

import io
from dataclasses import dataclass, field

_EOI, _SOS = 0xD9, 0xDA
_APP0, _APP1, _APP2, _APP14, _APP15, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
_COLORS = {_APP0: (b"JFIF\0", 14), _APP14: (b"Adobe", 12)}  # signature, and bytes at the least
_ALONE = (0x01, *range(0xD0, 0xD9))  # markers without a segment


@dataclass
class JpegParts:
    """What a JPEG file holds.

    Attributes:
        pixels: a file of what decodes to pixels, and nothing else.
        exif: content of its EXIF segment, or nothing.
        xmp: content of its XMP segment, or nothing.
        profile: ICC profile, or nothing.
    """

    pixels: io.BytesIO = field(default_factory=io.BytesIO)
    exif: bytes = b""
    xmp: bytes = b""
    profile: bytes = b""


def split_jpeg(content: bytes) -> JpegParts:
    """Keep what is needed for pixels, and take EXIF, XMP and the profile out.

    Segments are found as decoders find them: what stands between two is skipped.
    Source: ITU-T T.81, annex B; ICC.1:2022, annex B.4.
    """
    parts = JpegParts()
    profile: dict[int, bytes] = {}
    parts.pixels.write(content[:2])
    at = 2
    while at + 4 <= len(content):
        at = content.find(b"\xff", at)
        if at < 0 or at + 4 > len(content):
            break
        marker = content[at + 1]
        if marker in (0x00, 0xFF) or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in (_SOS, _EOI):
            parts.pixels.write(content[at:])
            break
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        if length < 2:  # a broken segment, whose end nobody knows
            at += 2
            continue
        segment = content[at + 4 : at + 2 + length]
        _sort(parts, profile, marker, segment, content[at : at + 2 + length])
        at += 2 + length
    parts.profile = b"".join(profile[number] for number in sorted(profile))
    parts.pixels.seek(0)
    return parts


def _sort(parts: JpegParts, profile: dict[int, bytes], marker: int, segment: bytes, whole: bytes) -> None:
    if marker == _APP1 and segment.startswith(b"Exif\0"):
        parts.exif = parts.exif or segment[6:]
    elif marker == _APP1 and segment.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
        parts.xmp = parts.xmp or segment
    elif marker == _APP2 and segment.startswith(b"ICC_PROFILE\0") and len(segment) > 14:
        profile[segment[12]] = segment[14:]
    elif _matters(marker, segment):
        parts.pixels.write(whole)


def _matters(marker: int, segment: bytes) -> bool:
    """Whether a segment decides about pixels: of the applications' only those two that say what the colors are."""
    if _APP0 <= marker <= _APP15:
        signature, least = _COLORS.get(marker, (b"", 0))
        return bool(signature) and segment.startswith(signature) and len(segment) >= least
    return marker != _COMMENT
