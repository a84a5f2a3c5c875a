"""What stands beside the pictures of a map set: a preview under light, MaterialX and glTF."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.exchange import Place, SavedMaterial, gltf_text, materialx_text
from texnet_core.mapset import MapSet, MapSpec
from texnet_core.model.header import Header
from texnet_core.model.look_maps import lit_maps, metallic_of
from texnet_core.pictures.color import quantize
from texnet_core.pictures.encoders import encode_png
from texnet_core.pictures.reducing import Reducer
from texnet_core.rendering import lit_plane, lit_sphere
from texnet_core.synthesis.map_files import MapFile, MapFiles, beside, named

_PREVIEW_SIDE = 512  # of the sphere and of the plane
_SEEN = 2 * _PREVIEW_SIDE  # texels of the maps that can be seen in them
_NATURAL_ROUGHNESS = 0.7  # where nobody says anything
_UDIM = "<UDIM>"
_TOP = {"uint8": np.float32(255), "uint16": np.float32(65535), "float32": np.float32(1)}


@dataclass(frozen=True)
class Extent:
    """What a picture of a map set shows.

    Attributes:
        width: in texels.
        height: likewise.
        texel: meters that a texel spans, or 0 where nobody knows it.
        relief: from height 0 to 1 as a share of the width, or 0 where nobody knows it.
    """

    width: int
    height: int
    texel: float = 0.0
    relief: float = 0.0


def companions(output: Path, files: MapFiles, marks: str) -> list[Path]:
    """The files beside the maps, in the order in which `Companions.contents` gives what is in them."""
    found = []
    if files.preview:
        found.append(named(output, "preview", marks, ".png"))
    if files.materialx:
        found.append(beside(output, marks.partition(".")[0], ".mtlx"))
    if files.gltf:
        found.append(beside(output, marks, ".gltf"))
    return found


class Companions:
    """Takes in the maps while they are made, and then says what is in the files beside them.

    Args:
        output: the name of the set, as for `map_files.planned`.
        files: what is wanted.
        marks: at the end of the names.
        planned: the files of the maps.
        extent: what they show.
        header: of the generator.
    """

    def __init__(
        self, output: Path, files: MapFiles, marks: str, planned: Sequence[MapFile], extent: Extent, header: Header
    ) -> None:
        self.paths = companions(output, files, marks)
        self._files, self._planned, self._extent, self._header = files, planned, extent, header
        self._reducers = [Reducer(extent.height, extent.width, _SEEN) for _ in planned] if files.preview else []
        self._texts = list(self._documents(output, marks))  # now, for what they refuse

    def take(self, number: int, values: npt.NDArray[Any]) -> None:
        """Take in rows of the file of that number."""
        if self._reducers:
            self._reducers[number].take(values)

    def contents(self) -> Iterator[bytes]:
        """What is in each file, once all rows are there."""
        if self._files.preview:
            yield encode_png(self._preview())
        yield from (text.encode() for text in self._texts)

    def _preview(self) -> npt.NDArray[np.uint8]:
        maps: MapSet = {}
        specs: list[MapSpec] = []
        for file, reducer in zip(self._planned, self._reducers, strict=True):
            values = reducer.means() / _TOP[file.number.name]
            for name, part, spec in _maps_of(file, values):
                maps[name] = part
                specs.append(spec)
        relief = self._extent.relief * self._extent.width / min(self._extent.width, self._extent.height)
        maps, shown = lit_maps(maps, specs, self._header, relief)
        views = [lit(maps, shown, _PREVIEW_SIDE, relief=relief) for lit in (lit_sphere, lit_plane)]
        result: npt.NDArray[np.uint8] = quantize(np.concatenate(views, axis=1), 8)
        return result

    def _documents(self, output: Path, marks: str) -> Iterator[str]:
        if self._files.materialx:
            yield materialx_text(self._saved(beside(output, marks.partition(".")[0], ".mtlx"), marks))
        if self._files.gltf:
            yield gltf_text(self._saved(beside(output, marks, ".gltf"), ""))

    def _saved(self, document: Path, tiled_marks: str) -> SavedMaterial:
        """The material as a document at that place says it; marks of a UDIM tile become those of all."""
        extent, look = self._extent, self._header.look
        _, is_tile, tile = tiled_marks.partition(".")
        places = {}
        for file in self._planned:
            name = Path(os.path.relpath(file.path, document.parent)).as_posix()
            if is_tile:
                name = f"{name.removesuffix(f'.{tile}{file.path.suffix}')}.{_UDIM}{file.path.suffix}"
            for number, map_name in enumerate(file.maps):
                channel = number if len(file.maps) > 1 else None
                if channel is None or file.channels[channel].factor:
                    places[map_name] = Place(name, len(file.channels), channel)
        return SavedMaterial(
            name=document.stem,
            maps=places,
            is_directx=self._files.normal == "dx",
            roughness=look.roughness if look else _NATURAL_ROUGHNESS,
            metallic=metallic_of(self._header),
            displacement=extent.relief * (extent.width * extent.texel or 1.0),
            width=extent.width * extent.texel,
            aspect=extent.height / extent.width,
        )


def _maps_of(file: MapFile, values: npt.NDArray[np.float32]) -> Iterator[tuple[str, npt.NDArray[np.float32], MapSpec]]:
    """The maps in a file, each as (name, values, what it is)."""
    if len(file.maps) == 1:
        yield file.maps[0], values[..., : file.spec.channels], file.spec
        return
    for number, name in enumerate(file.maps):
        if file.channels[number].factor:  # else it is a stand-in
            yield name, values[..., number : number + 1], MapSpec(name, 1, "data")
