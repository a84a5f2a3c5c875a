"""How the maps of a texture become files: which, how they are called, and what of a generator's channels each holds."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from texnet_core.errors import RequestError
from texnet_core.mapset import FloatArray, MapSpec, NormalConvention, chosen_maps
from texnet_core.pictures.color import quantize
from texnet_core.pictures.encoders import FileDepth
from texnet_core.pictures.writing import NUMBERS, depth_of_measures, holds_alpha
from texnet_core.settings import Recorded, setting

MAP = "{map}"  # stands in the name of an output for the name of the map
_PACKED = {"orm": ("ao", "roughness", "metallic")}  # maps of red, green and blue
_USUAL_SUFFIX = ".png"


@dataclass(frozen=True)
class MapFiles(Recorded):
    """How the maps of a texture become files, and what is written beside them."""

    normal: Literal["gl", "dx"] = setting(
        "gl", "where green of a normal map points: gl is up, as in Blender and glTF, dx is down", group="maps"
    )
    pack: Literal["", "orm"] = setting(
        "",
        "orm makes occlusion, roughness and metallic one file; what is missing is 1, 1 and the look's metallic",
        group="maps",
    )
    height_format: Literal["", "exr", "tif"] = setting(
        "", "height as 32-bit floats in such a file, whatever the other maps are", group="maps"
    )
    preview: bool = setting(
        False, "also draw the material under light, a sphere and a plane, as NAME_preview.png", group="maps"
    )
    materialx: bool = setting(False, "also write the material as NAME.mtlx, for MaterialX", group="maps")
    gltf: bool = setting(
        False, "also write the material as NAME.gltf; a metallic map is then packed as --pack orm does", group="maps"
    )


@dataclass(frozen=True)
class Channel:
    """A channel of a file: factor * that of the generator + offset. A factor of 0 makes it the same all over."""

    at: int = 0
    factor: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class MapFile:
    """One file of a map set.

    Attributes:
        path: where it goes.
        spec: what it holds, as a map: color space, normal convention, and a name.
        channels: of the file.
        bits: of each channel.
        maps: names of the maps that its channels are, in order; once for a map that has all of them.
    """

    path: Path
    spec: MapSpec
    channels: tuple[Channel, ...]
    bits: FileDepth
    maps: tuple[str, ...]

    def values(self, texels: FloatArray) -> npt.NDArray[Any]:
        """What the file holds of (h, w, all channels), as the numbers of its format."""
        chosen = self._chosen(texels)
        return quantize(chosen, self.bits) if self.bits in (8, 16) else chosen

    def _chosen(self, texels: FloatArray) -> FloatArray:
        first = self.channels[0].at
        if self.channels == tuple(Channel(first + number) for number in range(len(self.channels))):
            return texels[..., first : first + len(self.channels)]
        factors, offsets = (
            np.array([getattr(channel, name) for channel in self.channels], np.float32) for name in ("factor", "offset")
        )
        return texels[..., [channel.at for channel in self.channels]] * factors + offsets

    @property
    def number(self) -> np.dtype[Any]:
        """The type of its values in memory."""
        return np.dtype(NUMBERS[self.bits])


AS_USUAL = MapFiles()


def planned(
    output: Path,
    specs: Sequence[MapSpec],
    files: MapFiles = AS_USUAL,
    *,
    maps: str = "",
    depth: int = 8,
    marks: str = "",
    metallic: float = 0.0,
) -> list[MapFile]:
    """The files of a texture's maps, in the order of the maps.

    Args:
        output: the name of a file, with {map} in it or without.
        specs: the maps that the generator makes.
        files: how they are wanted.
        maps: which of them are wanted, by commas; all without it.
        depth: bits a channel where the format has a choice; maps that need more have more.
        marks: what is to stand at the end of the names.
        metallic: of the surface all over, where no map says it.

    Raises:
        RequestError: a map that there is not, something that is asked of one that there is not, an unknown suffix, or
            a depth that the format cannot hold.
    """
    files.check()
    wanted = chosen_maps(specs, maps)
    found = _found(tuple(specs), wanted, files, metallic)
    paths = [_path_of(output, name, spec, files, len(found) > 1, marks) for name, spec, _, _ in found]
    return [
        _with_alpha(MapFile(path, spec, channels, _bits(path, depth, spec, files), names), specs, wanted, files)
        for path, (_, spec, channels, names) in zip(paths, found, strict=True)
    ]


_Found = tuple[str, MapSpec, tuple[Channel, ...], tuple[str, ...]]  # name, spec, channels, maps in it


def _found(specs: tuple[MapSpec, ...], wanted: tuple[MapSpec, ...], files: MapFiles, metallic: float) -> list[_Found]:
    has = {spec.name for spec in wanted}
    roles = {spec.role for spec in wanted}
    if files.normal == "dx" and "normal" not in roles:
        raise _missing("--normal dx", "a normal map", wanted)
    if files.height_format and "height" not in has:
        raise _missing("--height-format", "a height map", wanted)
    packed = _PACKED.get(files.pack, _PACKED["orm"] if _needs_packing(files, has, metallic) else ())
    if files.pack and not has.intersection(packed):
        raise _missing(f"--pack {files.pack}", "ao, roughness or metallic", wanted)
    starts = np.cumsum([0, *(spec.channels for spec in specs)]).tolist()
    found: list[_Found] = []
    first = {spec.name: start for spec, start in zip(specs, starts[:-1], strict=True)}
    for spec in wanted:
        if spec.name in packed:
            if "orm" not in {name for name, *_ in found}:
                found.append(_packed(packed, first, has, metallic))
            continue
        channels = tuple(Channel(first[spec.name] + number) for number in range(spec.channels))
        found.append((spec.name, *_turned(spec, channels, files.normal), (spec.name,)))
    return found


def _needs_packing(files: MapFiles, has: set[str], metallic: float) -> bool:
    """Whether glTF is wanted of maps for which it has no place in files of their own.

    Of one file, it reads roughness from green and metallic from blue: a gray file of roughness does only for what is
    not metallic.
    """
    return files.gltf and ("metallic" in has or ("roughness" in has and metallic > 0))


def _missing(option: str, needed: str, specs: Sequence[MapSpec]) -> RequestError:
    made = ", ".join(spec.name for spec in specs)
    return RequestError(
        f"{option} needs {needed}, and what is made here is {made}", expected=needed, remedy=f"leave {option} out"
    )


def _packed(packed: tuple[str, ...], first: dict[str, int], has: set[str], metallic: float) -> _Found:
    missing = {"metallic": metallic}  # of occlusion and roughness, 1
    channels = tuple(
        Channel(first[name]) if name in has else Channel(factor=0.0, offset=missing.get(name, 1.0)) for name in packed
    )
    return "orm", MapSpec("orm", 3, "data", "scalar"), channels, packed


def _turned(spec: MapSpec, channels: tuple[Channel, ...], normal: str) -> tuple[MapSpec, tuple[Channel, ...]]:
    """A normal map with green as it is wanted; other maps as they are."""
    convention: NormalConvention = "directx" if normal == "dx" else "opengl"
    if spec.role != "normal" or spec.normal_convention == convention:
        return spec, channels
    red, green, blue = channels
    turned = replace(spec, normal_convention=convention)
    return turned, (red, replace(green, factor=-1.0, offset=1.0), blue)


def _with_alpha(file: MapFile, specs: Sequence[MapSpec], wanted: Sequence[MapSpec], files: MapFiles) -> MapFile:
    """Opacity is a fourth channel of the base color where glTF wants it, which has no other place for it."""
    names = [spec.name for spec in specs]
    is_there = "opacity" in {spec.name for spec in wanted}
    if not (files.gltf and is_there) or file.maps != ("albedo",) or not holds_alpha(file.path):
        return file
    at = sum(spec.channels for spec in specs[: names.index("opacity")])
    return replace(file, channels=(*file.channels, Channel(at)))


def _bits(path: Path, depth: int, spec: MapSpec, files: MapFiles) -> FileDepth:
    if spec.name == "height" and files.height_format:
        return 32
    return depth_of_measures(path, depth, spec.depth)


def _path_of(output: Path, name: str, spec: MapSpec, files: MapFiles, is_one_of_many: bool, marks: str) -> Path:
    if spec.name == "height" and files.height_format:
        output = output.with_suffix(f".{files.height_format}")
    return named(output, name if is_one_of_many or MAP in str(output) else "", marks)


def named(output: Path, name: str, marks: str, suffix: str = "") -> Path:
    """The file of a name, in place of {map} or behind the stem; then marks, and the suffix or that of the output."""
    if MAP in str(output):
        output = Path(str(output).replace(MAP, name))
    elif name:
        output = output.with_name(f"{output.stem}_{name}{output.suffix}")
    return output.with_name(f"{output.stem}{marks}{suffix or output.suffix}")


def beside(output: Path, marks: str, suffix: str) -> Path:
    """The file of a whole set, which is called as the maps are, but for the maps' own part, or else as its folder."""
    folder = Path(*(part for part in output.parent.parts if MAP not in part))
    stem = re.sub(rf"[ ._-]?{re.escape(MAP)}", "", output.stem).lstrip(" ._-")
    name = stem or os.path.basename(os.path.abspath(folder)) or "material"
    return folder / f"{name}{marks}{suffix}"


def as_pattern(text: str, suffix: str = _USUAL_SUFFIX) -> str:
    """What the name of an output means: one that ends as a folder does stands for a file for each map in it."""
    ends = ("/", os.sep)
    return f"{text}{MAP}{suffix}" if text.endswith(ends) else text
