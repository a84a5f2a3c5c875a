"""WebP without what is no pixels: a broken chunk beside them stops a decoder.

Source: RFC 9649.
"""

import io
import struct
from dataclasses import dataclass, field

_PIXELS = (b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF")
_FLAGS_OF_PIXELS = 0x10 | 0x02  # alpha, animation


@dataclass
class WebpParts:
    """What a WebP file holds.

    Attributes:
        pixels: a file of what decodes to pixels, and nothing else.
        others: content of each other chunk by its name.
    """

    pixels: io.BytesIO = field(default_factory=io.BytesIO)
    others: dict[bytes, bytes] = field(default_factory=dict)


def is_webp(head: bytes) -> bool:
    """Whether a file begins as WebP does."""
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def split_webp(content: bytes) -> WebpParts:
    """Keep what is needed for pixels, and take out what else is there."""
    parts, kept, at = WebpParts(), [], 12
    while at + 8 <= len(content):
        name, length = struct.unpack_from("<4sI", content, at)
        chunk = content[at + 8 : at + 8 + length]
        if name == b"VP8X" and len(chunk) >= 10:
            kept.append(_chunk(name, bytes([chunk[0] & _FLAGS_OF_PIXELS]) + chunk[1:10]))
        elif name in _PIXELS:
            kept.append(content[at : at + 8 + length + length % 2])
        elif len(chunk) == length:
            parts.others.setdefault(name, chunk)
        at += 8 + length + length % 2
    body = b"WEBP" + b"".join(kept)
    parts.pixels.write(b"RIFF" + struct.pack("<I", len(body)) + body)
    parts.pixels.seek(0)
    return parts


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
