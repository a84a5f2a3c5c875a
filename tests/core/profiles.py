"""Color profiles, built byte by byte, and what they should make of values, by formulas of their own."""

import struct

import numpy as np

# XYZ of red, green and blue under the white D50, as the makers of these spaces publish them
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
DISPLAY_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
PROPHOTO = ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491))
D50 = (0.9642, 1.0, 0.8249)

SRGB_CURVE = struct.pack(
    ">4sIHH5i", b"para", 0, 3, 0, *(round(n * 65536) for n in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
)


def gamma_curve(exponent):
    return struct.pack(">4sIIH", b"curv", 0, 1, round(exponent * 256))


def table_curve(values):
    return struct.pack(f">4sII{len(values)}H", b"curv", 0, len(values), *(round(v * 65535) for v in values))


def rgb_profile(name, colorants, curve):
    tags = {tag: _xyz(c) for tag, c in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants, strict=True)}
    return _profile(name, b"RGB ", b"XYZ ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))


def gray_profile(name, curve):
    return _profile(name, b"GRAY", b"XYZ ", {b"kTRC": curve})


def cmyk_profile(name, lab_of):
    """With a table of 2 points an ink; `lab_of(c, m, y, k)` is (L, a, b)."""
    identity = bytes(range(256))
    corners = [lab_of(c, m, y, k) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)]
    table = b"".join(bytes((round(L * 2.55), round(a) + 128, round(b) + 128)) for L, a, b in corners)
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    content = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + identity * 4 + table + identity * 3
    return _profile(name, b"CMYK", b"Lab ", {b"A2B0": content}, kind=b"prtr")


def to_linear(values):
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def to_srgb(light):
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def encoded(srgb, colorants, exponent=None):
    """sRGB values as another space has them; its curve is a power, or sRGB's."""
    light = to_linear(srgb.astype(np.float64)) @ np.array(SRGB) @ np.linalg.inv(np.array(colorants))
    light = np.clip(light, 0, 1)
    return light ** (1 / exponent) if exponent else to_srgb(light)


def lab_to_srgb(lab):
    L, a, b = lab
    f = np.array([(L + 16) / 116 + a / 500, (L + 16) / 116, (L + 16) / 116 - b / 200])
    xyz = np.where(f > 6 / 29, f**3, (f - 4 / 29) * 3 * (6 / 29) ** 2) * D50
    return to_srgb(xyz @ np.linalg.inv(np.array(SRGB)))


def _xyz(numbers):
    return struct.pack(">4sI3i", b"XYZ ", 0, *(round(n * 65536) for n in numbers))


def _text(text):
    return struct.pack(">4sIIIHHII", b"mluc", 0, 1, 12, 0x656E, 0x5553, 2 * len(text), 28) + text.encode("utf-16-be")


def _profile(name, space, connection, tags, kind=b"mntr"):
    tags = {b"desc": _text(name), b"cprt": _text("free"), b"wtpt": _xyz(D50)} | tags
    table, content = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for tag, value in tags.items():
        table += struct.pack(">4sII", tag, start + len(content), len(value))
        content += value + b"\0" * (-len(value) % 4)
    size = 128 + len(table) + len(content)
    head = struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x04300000, kind, space, connection)
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    head += struct.pack(">3i", *(round(n * 65536) for n in D50))
    return head + bytes(128 - len(head)) + table + content
