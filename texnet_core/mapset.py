"""Maps and map sets: what a generator makes. A single picture is a map set with one map."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Self, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from texnet_core.errors import RequestError

ColorSpace = Literal["sRGB", "data"]
Role = Literal["color", "normal", "scalar"]
NormalConvention = Literal["opengl", "directx"]
Depth = Literal[8, 16]
FloatArray = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]  # (height, width) of a picture: True where a texel takes part
HALF = 0.5 - 1e-6  # a texel made of several takes part where this share of them does; means of ones and zeros round

T = TypeVar("T", bound=np.generic)

_STEPS_SHOW = ("height",)  # maps that displace a surface, on which 8 bits show as steps


@dataclass(frozen=True)
class MapSpec:
    """What one map is.

    What is left open follows from the name and the color space, as it does for files that say no more.

    Attributes:
        name: "albedo", "roughness", ...; lower-case letters, digits and underscores.
        channels: 1 or 3.
        color_space: "sRGB" for colors as a screen shows them, "data" for linear measurements.
        role: how the values are treated: colors, unit vectors encoded as (v + 1) / 2, or plain numbers.
        depth: bits a channel that its files have at least, where their format can.
        normal_convention: of a normal map, which way green points: up in "opengl", down in "directx"; else "".
        derived: whether its exemplar was worked out from the colors and not measured.
    """

    name: str
    channels: int = 3
    color_space: ColorSpace = "sRGB"
    role: Role | Literal[""] = ""
    depth: int = 0
    normal_convention: NormalConvention | Literal[""] = ""
    derived: bool = False

    def __post_init__(self) -> None:
        implied = {
            "role": "color" if self.color_space == "sRGB" else "normal" if self.name == "normal" else "scalar",
            "depth": 16 if self.name in _STEPS_SHOW else 8,
        }
        for name, value in implied.items():
            object.__setattr__(self, name, getattr(self, name) or value)
        if self.role == "normal":
            object.__setattr__(self, "normal_convention", self.normal_convention or "opengl")

    def check(self) -> Self:
        """Return self, or raise RequestError for what no map can be."""
        if not re.fullmatch("[a-z0-9_]{1,32}", self.name):
            raise RequestError(
                f"{self.name[:40]!r} cannot name a map", expected="a plain name", remedy="use a-z, 0-9 and underscores"
            )
        conventions = get_args(NormalConvention) if self.role == "normal" else ("",)
        for field, choices in (
            ("channels", (3,) if self.role == "normal" else (1, 3)),
            ("color_space", get_args(ColorSpace)),
            ("role", get_args(Role)),
            ("depth", get_args(Depth)),
            ("normal_convention", conventions),
        ):
            value = getattr(self, field)
            if value not in choices:
                found = f"the map {self.name} cannot have the {field.replace('_', ' ')} {str(value)[:40]!r}"
                raise RequestError(found, expected=[str(choice) or "none" for choice in choices], remedy="correct it")
        return self


ALBEDO = MapSpec("albedo")
# What a material may have, in the order of a generator's channels.
MATERIAL_MAPS = (
    ALBEDO,
    MapSpec("normal", 3, "data"),
    MapSpec("roughness", 1, "data"),
    MapSpec("metallic", 1, "data"),
    MapSpec("height", 1, "data"),
    MapSpec("ao", 1, "data"),
    MapSpec("opacity", 1, "data"),
    MapSpec("emission", 3, "sRGB"),
)

# Map name -> (height, width, channels), values in [0, 1], in the order of the generator's channels.
MapSet = dict[str, npt.NDArray[np.generic]]


def chosen_maps(maps: Iterable[MapSpec], names: str) -> tuple[MapSpec, ...]:
    """Those of a generator's maps that are asked for, in the generator's order.

    Args:
        maps: all that it makes.
        names: of those that are wanted, by commas; "" for all.

    Raises:
        RequestError: a name of none of them.
    """
    maps = tuple(maps)
    wanted = names_in(names)
    known = [spec.name for spec in maps]
    if unknown := [name for name in wanted if name not in known]:
        raise RequestError(
            f"this generator makes no map {unknown[0][:40]!r}",
            expected=known,
            remedy="choose among the maps it makes",
        )
    return tuple(spec for spec in maps if not wanted or spec.name in wanted)


def names_in(text: str) -> list[str]:
    """The names in a text, which commas separate."""
    return [name.strip() for name in text.split(",") if name.strip()]


def is_picture(maps: Iterable[MapSpec]) -> bool:
    """Whether colors are all there is: the maps of a single picture."""
    return [(spec.name, spec.channels) for spec in maps] == [(ALBEDO.name, ALBEDO.channels)]


def channels_of(maps: Iterable[MapSpec]) -> int:
    """The number of channels of all maps together: what a generator with these maps puts out."""
    return sum(spec.channels for spec in maps)


def split_channels(stack: npt.NDArray[np.generic], maps: Iterable[MapSpec]) -> MapSet:
    """Cut a (height, width, all channels) stack into its maps, without copying."""
    result: MapSet = {}
    start = 0
    for spec in maps:
        result[spec.name] = stack[..., start : start + spec.channels]
        start += spec.channels
    return result


def shown_map(maps: Iterable[MapSpec]) -> MapSpec:
    """The map that stands for all where only one can be shown: the first with colors, else the first."""
    maps = tuple(maps)
    return next((spec for spec in maps if spec.role == "color" and spec.channels == 3), maps[0])


def shown_colors(made: Mapping[str, npt.NDArray[T]], maps: Iterable[MapSpec]) -> npt.NDArray[T]:
    """What of a map set is shown as a picture, (height, width, 3): a gray map three times."""
    shown = made[shown_map(maps).name]
    return np.repeat(shown, 3, axis=2) if shown.shape[2] == 1 else np.ascontiguousarray(shown)


def shown_channels(maps: Iterable[MapSpec]) -> list[int]:
    """Which three channels of a stack are shown as a picture: one three times where the map is gray."""
    maps = tuple(maps)
    shown = shown_map(maps)
    start = channels_of(maps[: maps.index(shown)])
    return [start, start, start] if shown.channels == 1 else [start, start + 1, start + 2]


def with_unit_normals(stack: FloatArray, maps: Iterable[MapSpec]) -> FloatArray:
    """The stack with every normal of length one: means of unit vectors are shorter. It is changed in place."""
    maps = tuple(maps)
    for spec, part in zip(maps, split_channels(stack, maps).values(), strict=True):
        if spec.role == "normal":
            part[...] = _unit_normals(part)  # type: ignore[arg-type]
    return stack


def normals_of_slopes(down: FloatArray, across: FloatArray) -> FloatArray:
    """Unit normals of a surface, OpenGL (green points up), encoded as (v + 1) / 2.

    Args:
        down: (h, w), by how much the height grows from row to row, in texels.
        across: likewise, from column to column.
    """
    length = np.sqrt(down * down + across * across + 1)
    vectors: FloatArray = np.stack((-across / length, down / length, 1 / length), axis=-1)
    return (vectors + 1) / 2


def _unit_normals(encoded: FloatArray) -> FloatArray:
    """(..., 3) vectors encoded as (v + 1) / 2, at unit length; what has no direction points up."""
    vectors = 2 * encoded - 1
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    up = np.array([0, 0, 1], np.float32)
    return (np.where(lengths > 1e-6, vectors / np.maximum(lengths, 1e-6), up) + 1) / 2
