"""Primary colors: from one set of them to sRGB's, in linear light.

Sources: IEC 61966-2-1 (sRGB), SMPTE EG 432-1 (Display P3), Adobe RGB (1998), ITU-R BT.2020, SMPTE ST 2065-1 and ACES
S-2014-004 (ACES), Lindbloom (adaptation by Bradford's matrix).
"""

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Chromaticities = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
"""x and y of red, green, blue and white."""

_D65 = (0.3127, 0.3290)
_D50 = (0.345703, 0.358539)
SRGB: Chromaticities = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65)
DISPLAY_P3: Chromaticities = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65)
DCI_P3: Chromaticities = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351))
ADOBE_RGB: Chromaticities = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), _D65)
REC2020: Chromaticities = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65)
ACESCG: Chromaticities = ((0.713, 0.293), (0.165, 0.830), (0.128, 0.044), (0.32168, 0.33767))
ACES: Chromaticities = ((0.7347, 0.2653), (0.0, 1.0), (0.0001, -0.077), (0.32168, 0.33767))
_NAMES = (
    (DISPLAY_P3, "Display P3"),
    (ADOBE_RGB, "Adobe RGB"),
    (REC2020, "Rec. 2020"),
    (ACESCG, "ACEScg"),
    (ACES, "ACES 2065-1"),
)

_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def to_srgb_matrix(chromaticities: Chromaticities) -> Matrix:
    """(3, 3): linear light of these primaries to that of sRGB's, white to white.

    Raises:
        ValueError: they are no triangle around their white.
    """
    *primaries, white = chromaticities
    return neutral(_from_xyz(SRGB) @ _adapted(white, SRGB[3]) @ _to_xyz(tuple(primaries), white))


def neutral(matrix: Matrix) -> Matrix:
    """A matrix to sRGB that keeps gray gray: rounding in files would tint it by a level or so."""
    sums = matrix.sum(axis=1, keepdims=True)
    return matrix / sums if np.abs(sums - 1).max() < 0.02 else matrix


def same_primaries(one: Chromaticities, other: Chromaticities) -> bool:
    """Whether two sets are the same but for rounding."""
    return bool(np.abs(np.array(one) - np.array(other)).max() < 0.005)


def name_of(chromaticities: Chromaticities) -> str:
    """For the user."""
    return next((name for known, name in _NAMES if same_primaries(chromaticities, known)), "its own primaries")


def _to_xyz(primaries: tuple[tuple[float, float], ...], white: tuple[float, float]) -> Matrix:
    directions = np.array([_xyz(place) for place in primaries]).T
    if abs(np.linalg.det(directions)) < 1e-4:
        raise ValueError("primaries on a line")
    shares = np.linalg.solve(directions, _xyz(white))
    if not (shares > 0).all():
        raise ValueError("white outside of its primaries")
    return np.asarray(directions * shares)


def _from_xyz(chromaticities: Chromaticities) -> Matrix:
    *primaries, white = chromaticities
    return np.linalg.inv(_to_xyz(tuple(primaries), white))


def _xyz(place: tuple[float, float]) -> Matrix:
    x, y = place
    if y == 0:
        raise ValueError("a color without light")
    return np.array([x / y, 1, (1 - x - y) / y])


def _adapted(white: tuple[float, float], to: tuple[float, float]) -> Matrix:
    ratio = (_BRADFORD @ _xyz(to)) / (_BRADFORD @ _xyz(white))
    return np.asarray(np.linalg.inv(_BRADFORD) @ np.diag(ratio) @ _BRADFORD)


XYZ_D50_TO_SRGB: Matrix = _from_xyz(SRGB) @ _adapted(_D50, _D65)
"""What profiles call XYZ, which has the white D50, to linear light of sRGB's primaries."""

EQUAL_ENERGY_XYZ_TO_SRGB: Matrix = _from_xyz(SRGB) @ _adapted((1 / 3, 1 / 3), _D65)
"""CIE XYZ whose white has three equal values to linear light of sRGB's primaries."""
