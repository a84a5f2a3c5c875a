"""Radiance HDR files (.hdr, .pic) as pictures of linear light.

Source: G. Ward, "Real Pixels", Graphics Gems II (1991), and "The RADIANCE Picture File Format".
"""

import re
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from texnet_core.mapset import FloatArray
from texnet_core.pictures.decoded import Decoded
from texnet_core.pictures.primaries import EQUAL_ENERGY_XYZ_TO_SRGB
from texnet_core.pictures.transfer import LINEAR_LIGHT

MAGICS = (b"#?RADIANCE", b"#?RGBE")
_MOST_HEADER = 2**16
_WIDTHS_OF_RUNS = range(8, 2**15)  # for which lines are packed channel by channel

_Bytes = npt.NDArray[np.uint8]


def read_radiance(file: BinaryIO, check_size: Any) -> Decoded:
    """Read an HDR file.

    Args:
        file: at its beginning.
        check_size: called with width and height before pixels are read.

    Raises:
        ValueError: the file is damaged.
    """
    exposure, is_xyz = _header(file)
    match = re.fullmatch(rb"([+-])([XY]) (\d+) ([+-])([XY]) (\d+)\s*", file.readline(_MOST_HEADER))
    if match is None or match[2] == match[5]:
        raise ValueError("its size is missing")
    lines, length = int(match[3]), int(match[6])
    check_size(*((length, lines) if match[2] == b"Y" else (lines, length)))
    texels = _texels(np.frombuffer(file.read(), np.uint8), lines, length)
    scale = np.ldexp(np.float32(1 / exposure), texels[..., 3].astype(np.int32) - 136).astype(np.float32)
    scale[texels[..., 3] == 0] = 0
    light = texels[..., :3] * scale[..., None]
    matrix = EQUAL_ENERGY_XYZ_TO_SRGB.astype(np.float32)
    encoding = replace(LINEAR_LIGHT, to_light=lambda values: values @ matrix.T) if is_xyz else LINEAR_LIGHT
    return Decoded(_turned(light, match), "RGB", encoding=encoding, unbounded=True, depth=0)


def _turned(light: FloatArray, match: re.Match[bytes]) -> FloatArray:
    """Lines as rows, the first on top: `-Y` counts rows down, `+X` columns to the right."""
    if match[1] == (b"+" if match[2] == b"Y" else b"-"):
        light = light[::-1]
    if match[4] == (b"+" if match[5] == b"Y" else b"-"):
        light = light[:, ::-1]
    return np.ascontiguousarray(light if match[2] == b"Y" else light.swapaxes(0, 1))


def _header(file: BinaryIO) -> tuple[float, bool]:
    """What values are to be divided by, and whether they are CIE XYZ."""
    exposure, is_xyz, left = 1.0, False, _MOST_HEADER
    while (line := file.readline(left)).strip():
        left -= len(line)
        name, _, value = line.partition(b"=")
        if name.strip() == b"EXPOSURE":
            exposure *= _exposure(value)
        elif name.strip() == b"FORMAT":
            is_xyz = b"xyze" in value
    return exposure, is_xyz


def _exposure(value: bytes) -> float:
    """The number of a line EXPOSURE; 1 where it is none that a picture could have."""
    try:
        number = float(value)
    except ValueError:
        return 1.0
    return number if 1e-6 < number < 1e6 else 1.0


def _texels(content: _Bytes, lines: int, length: int) -> _Bytes:
    """(lines, length, 4): three mantissas and an exponent."""
    if lines * length == 0 or len(content) < 4 * lines:
        raise ValueError("its end is missing")
    texels = np.empty((lines, length, 4), np.uint8)
    at = 0
    for line in texels:
        start = content[at : at + 4]
        is_packed = len(start) == 4 and start[0] == start[1] == 2 and start[2] < 128
        if is_packed and length in _WIDTHS_OF_RUNS and int(start[2]) << 8 | int(start[3]) == length:
            at = _unpack_line(content, at + 4, line)
        else:
            at = _unpack_old_line(content, at, line)
    return texels


def _unpack_line(content: _Bytes, at: int, line: _Bytes) -> int:
    """Each channel apart, as runs (a count above 128, and the value) and stretches (a count, and the values)."""
    for channel in line.T:
        filled = 0
        while filled < len(channel):
            count = int(content[at]) if at + 1 < len(content) else 0
            run = count > 128
            count = count - 128 if run else count
            values = content[at + 1 : at + 2 if run else at + 1 + count]
            if count == 0 or filled + count > len(channel) or len(values) < (1 if run else count):
                raise ValueError("a line of it is broken")
            channel[filled : filled + count] = values
            filled += count
            at += 1 + len(values)
    return at


def _unpack_old_line(content: _Bytes, at: int, line: _Bytes) -> int:
    """Texels as they are; (1, 1, 1, n) repeats the last one n times, and 256 times n where one follows another."""
    rest = content[at : at + 4 * len(line)].reshape(-1)
    whole = rest[: len(rest) // 4 * 4].reshape(-1, 4)
    if len(whole) == len(line) and not (whole[:, :3] == 1).all(axis=1).any():
        line[:] = whole
        return at + 4 * len(line)
    filled, shift = 0, 0
    while filled < len(line):
        texel = content[at : at + 4]
        if len(texel) < 4:
            raise ValueError("its end is missing")
        at += 4
        if (texel[:3] == 1).all():
            count = int(texel[3]) << shift
            if filled == 0 or filled + count > len(line):
                raise ValueError("a line of it is broken")
            line[filled : filled + count] = line[filled - 1]
            filled, shift = filled + count, shift + 8
        else:
            line[filled] = texel
            filled, shift = filled + 1, 0
    return at
