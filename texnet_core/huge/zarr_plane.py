"""A plane as a Zarr group with an array for each map; a shard, which is a file, is a piece."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from texnet_core.atomic import as_output_error
from texnet_core.errors import OutputError
from texnet_core.huge.cutting import Cutting, cut, window, windows
from texnet_core.huge.growing import put_folder
from texnet_core.huge.packages import needing
from texnet_core.huge.target import said_of_map
from texnet_core.synthesis.files import packed, unpacked
from texnet_core.synthesis.map_files import MapFile
from texnet_core.synthesis.plane import Plane
from texnet_core.synthesis.windows import Region

SUFFIX = ".zarr"

_CHUNK = 512  # texels a side, which are read at once
_SHARD = 2048  # texels a side, at most
_METADATA = ("zarr.json", ".zgroup", ".zarray")


@dataclass(frozen=True)
class ZarrPlane:
    """See `target.Target`.

    Attributes:
        output: the group's folder.
        region: of the plane that it shows.
        maps: what its arrays hold; of their paths only the maps' names count.
        texel_m: meters that a texel spans, 0 where nobody knows it.
        facts: what is said of the whole.
    """

    output: Path
    region: Region
    maps: tuple[MapFile, ...]
    texel_m: float
    facts: dict[str, Any]

    @property
    def outputs(self) -> list[Path]:
        return [self.output]

    @property
    def pieces(self) -> list[Region]:
        return windows(*self._cut)

    @property
    def _cut(self) -> tuple[Cutting, Cutting]:
        _, _, width, height = self.region
        return cut(self.region, _step(width), _step(height))

    def check(self) -> None:
        """Raise OutputError where something else than Zarr has the name, or EngineError where Zarr is missing."""
        with needing(f"a {SUFFIX} plane"):
            import zarr  # noqa: F401
        with as_output_error(self.output):
            is_other = self.output.is_file() or (self.output.is_dir() and any(self.output.iterdir()))
        if is_other and not any((self.output / name).exists() for name in _METADATA):
            raise OutputError(
                f"{self.output} is there and no Zarr", expected="a free name, or Zarr", remedy="choose another name"
            )

    def begin(self, folder: Path) -> None:
        import zarr

        x, y, width, height = self.region
        group = zarr.open_group(folder, mode="w", attributes=self.facts | {"origin": [x, y]})
        for file in self.maps:
            channels = len(file.channels)
            group.create_array(
                file.spec.name,
                shape=(height, width, channels),
                dtype=file.number,
                chunks=(_CHUNK, _CHUNK, channels),
                shards=(_step(height), _step(width), channels),
                attributes=said_of_map(file.spec, self.texel_m),
                dimension_names=("y", "x", "channel"),
            )

    def write(self, folder: Path, plane: Plane, number: int) -> None:
        import zarr

        x, y, width, height = window(*self._cut, number)
        held = [np.empty((height, width, len(file.channels)), file.number) for file in self.maps]
        top = 0
        for band in plane.bands(y, x, height, width, lambda texels: packed(texels, self.maps), again=True):
            for values, part in zip(held, unpacked(band, self.maps), strict=True):
                values[top : top + len(band)] = part
            top += len(band)
        down, right = y - self.region[1], x - self.region[0]
        with as_output_error(self.output):
            for file, values in zip(self.maps, held, strict=True):
                array = zarr.open_array(folder / file.spec.name, mode="r+")
                array[down : down + height, right : right + width] = values

    def finish(self, folder: Path) -> None:
        put_folder(folder, self.output)


def _step(side: int) -> int:
    """A shard's side: no more than the map has."""
    return min(_SHARD, -(-side // _CHUNK) * _CHUNK)
