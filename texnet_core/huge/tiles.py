"""A plane as many picture files, and an index that says where each lies."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from texnet_core.atomic import delete_file, make_folder, replacing
from texnet_core.huge.cutting import cut, window, windows
from texnet_core.huge.target import said_of_map
from texnet_core.mapset import Depth
from texnet_core.synthesis.files import write_window
from texnet_core.synthesis.map_files import MAP, MapFile, MapFiles, beside
from texnet_core.synthesis.plane import Plane
from texnet_core.synthesis.windows import Region

COLUMN, ROW = "{x}", "{y}"  # stand in the name of an output for the place of a tile


@dataclass(frozen=True)
class TiledPlane:
    """See `target.Target`.

    Attributes:
        pattern: the name of the files, with {x} and {y} in it.
        marks: at the end of their names.
        region: of the plane that they show together.
        side: (width, height) of a tile; the last of a row or column may have less.
        maps: which, by commas.
        depth: bits a channel.
        files: how maps become files.
        planned: the files of a tile, but for its place.
        texel_m: meters that a texel spans, 0 where nobody knows it.
        facts: what is said of the whole.
    """

    pattern: Path
    marks: str
    region: Region
    side: tuple[int, int]
    maps: str
    depth: Depth
    files: MapFiles
    planned: tuple[MapFile, ...]
    texel_m: float
    facts: dict[str, Any]

    @property
    def output(self) -> Path:
        """The index: called as the files are, but for what tells them apart."""
        return beside(Path(re.sub(r"\{[xy]\}", MAP, str(self.pattern))), self.marks, ".json")

    @property
    def outputs(self) -> list[Path]:
        tiles = (file for number in range(len(self.pieces)) for file in self._files_of(number))
        return [self.output, *(self.output.parent / file for file in tiles)]

    @property
    def pieces(self) -> list[Region]:
        return windows(*cut(self.region, *self.side))

    def begin(self, folder: Path) -> None:
        """Nothing is shared."""

    def write(self, folder: Path, plane: Plane, number: int) -> None:
        output = folder / self._at(number, self.pattern)
        for file in self._files_of(number):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
        write_window(
            plane,
            output,
            window(*cut(self.region, *self.side), number),
            depth=self.depth,
            maps=self.maps,
            marks=self.marks,
            files=self.files,
        )

    def finish(self, folder: Path) -> None:
        delete_file(self.output)  # it stands for files that are about to be replaced
        for number in range(len(self.pieces)):
            for file in self._files_of(number):
                target = self.output.parent / file
                make_folder(target.parent)
                if (folder / file).exists() or not target.exists():  # or else a run was killed just here
                    os.replace(folder / file, target)
        with replacing(self.output) as temporary:
            temporary.write_text(json.dumps(self._index(), indent=1) + "\n", encoding="utf-8")

    def _place(self, number: int) -> tuple[int, int]:
        """(column, row) of a tile."""
        _, columns = cut(self.region, *self.side)
        row, column = divmod(number, columns.parts)
        return column, row

    def _at(self, number: int, pattern: Path) -> Path:
        """The name of a tile, from the folder of the index."""
        column, row = self._place(number)
        name = os.path.relpath(pattern, self.output.parent)
        return Path(name.replace(COLUMN, str(column)).replace(ROW, str(row)))

    def _files_of(self, number: int) -> list[Path]:
        return [self._at(number, file.path) for file in self.planned]

    def _index(self) -> dict[str, Any]:
        x, y, width, height = self.region
        tiles = []
        for number, (left, top, across, down) in enumerate(self.pieces):
            files = zip(self.planned, self._files_of(number), strict=True)
            column, row = self._place(number)
            tiles.append(
                {
                    "column": column,
                    "row": row,
                    "x": left - x,
                    "y": top - y,
                    "width": across,
                    "height": down,
                    "files": {file.spec.name: path.as_posix() for file, path in files},
                }
            )
        maps = [said_of_map(file.spec, self.texel_m) for file in self.planned]
        size = {"width": width, "height": height, "origin": [x, y], "tile_size": list(self.side)}
        return self.facts | size | {"maps": maps, "tiles": tiles}
