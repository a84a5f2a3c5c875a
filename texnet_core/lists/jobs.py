"""Lists of textures and pictures to make, as TOML files; `EXAMPLE` is one."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from texnet_core.errors import RequestError
from texnet_core.lengths import parse_length
from texnet_core.lists.entries import (
    check_needed,
    check_number,
    combinations,
    output_of,
    place_of,
    size_of,
    source_of,
    template_of,
)
from texnet_core.lists.style_jobs import STYLE_NAMING, StyleJob, style_jobs
from texnet_core.lists.tables import as_table, check_keys, inside, read_toml
from texnet_core.names import as_compared
from texnet_core.pictures.writing import check_picture_size
from texnet_core.settings import ExemplarSettings
from texnet_core.synthesis.choice import TextureChoice
from texnet_core.synthesis.map_files import MAP, MapFiles, as_pattern
from texnet_core.synthesis.request import PICTURES, TextureRequest

EXAMPLE = """
[settings]                            # optional, for all jobs: engine, device, precision, threads
engine = "auto"
[[jobs]]                              # one or more; lists mean every combination
source = ["moss", "my/wall.texnet"]   # presets, or files beside the list
size = [1024, "2048x1024"]            # optional, as are all that follow but output
seed = [0, 1, 2]
tile = "xy"
scale = [1.0, 2.0]
covers = "2m"                         # meters that the width shows, or a length in mm, cm, m, in, ft
depth = 8
output = "out/{source}_{width}x{height}_{seed:03}_{scale}.png"      # beside the list
[[jobs]]                              # of a picture, at once
source = "collage"
exemplar = ["sand.jpg", "moss.png"]   # beside the list; mask, exemplar_size, flatten and real_width are keys too
output = "out/{exemplar}_{seed}.png"
[[jobs]]                              # of a file that holds several textures
source = "my/stones.texnet"
mix = ["slate", "slate=0.3,chalk=0.7"]  # texture, mix_to and mix_mask are keys too
output = "out/{mix}_{seed}.png"
[[jobs]]                              # of a generator that makes a material; options of its maps are keys too
source = "my/wall.texnet"
maps = "albedo,normal,roughness"      # also material, normal, pack, height_format, preview, materialx and gltf
preview = true
output = "out/wall_{map}.png"         # or a folder, as "out/wall/"
[[jobs]]                              # with content, a style paints pictures; options of texnet stylize are keys
source = "my/wave.texnet"
content = ["wall.png", "maps"]        # pictures, folders of them, frames as in "frame_%04d.png", beside the list
strength = [0.5, 1.0]
one_look = true
output = "painted/{content}_{strength}.png"
"""

_HELP = "see `texnet batch --help`"
_COMMON = ("engine", "device", "precision", "threads")
_LENGTHS = ("covers", "real_width")
_EXEMPLAR = tuple(spec.name for spec in fields(ExemplarSettings))
_CHOICE = tuple(spec.name for spec in fields(TextureChoice))
_MAP_FILES = tuple(spec.name for spec in fields(MapFiles))
_MAPS = ("maps", "material")
_VARIED = ("source", "size", "seed", "tile", "scale", "covers", "depth", *_MAPS, *_EXEMPLAR, *_CHOICE, *_MAP_FILES)
_NAMING = ("width", "height", "seed", "tile", "scale", "covers", "depth")  # what the name of an output may hold
_FIELDS = ("source", "exemplar", *_CHOICE, *_NAMING)


@dataclass(frozen=True)
class TextureJob:
    """One texture of a list, and the file to write it to."""

    request: TextureRequest
    output: Path
    files: MapFiles = field(default_factory=MapFiles)

    @property
    def reads(self) -> list[Path]:
        """The pictures that it cannot do without."""
        return [Path(name) for name in (getattr(self.request, picture) for picture in PICTURES) if name]


Job = TextureJob | StyleJob


def read_jobs(file: Path | bytes, folder: Path | None = None) -> list[Job]:
    """The jobs of a list, in its order.

    Args:
        file: the list, or what is in it.
        folder: where sources and outputs are found from; without it, the folder of the list, or else the current one.

    Raises:
        RequestError: the file is missing or no list of jobs, a value is out of its range, a name is none on some
            system, or two jobs would write the same file.
    """
    name = "the list" if isinstance(file, bytes) else str(file)
    folder = folder or (Path() if isinstance(file, bytes) else file.parent)
    table = read_toml(file, "a list of jobs")
    check_keys(table, ("settings", "jobs"), name)
    common = as_table(table.get("settings", {}), "[settings]", _HELP)
    check_keys(common, _COMMON, "[settings]")
    entries = table.get("jobs")
    if not isinstance(entries, list) or not entries:
        raise RequestError(f"{name} has no [[jobs]]", expected="at least one", remedy=_HELP)
    jobs: list[Job] = []
    for number, entry in enumerate(entries, 1):
        where = f"jobs[{number}]"
        entry = as_table(entry, where, _HELP)
        read = style_jobs if "content" in entry else _texture_jobs
        for job in read(entry, where, common, folder):
            jobs.append(job)
            check_number(len(jobs))
    _check_outputs_differ(jobs)
    return jobs


def _texture_jobs(entry: dict[str, Any], where: str, common: dict[str, Any], folder: Path) -> Iterator[TextureJob]:
    check_keys(entry, (*_VARIED, "output"), where)
    check_needed(entry, ("source", "output"), where)
    template = as_pattern(template_of(entry["output"], (*_FIELDS, "map"), where))
    for values in combinations(entry, _VARIED, where):
        with inside(where):
            job = _texture_job(common | values, template, folder)
        yield job


def _texture_job(values: dict[str, Any], template: str, folder: Path) -> TextureJob:
    values["source"] = source_of(values["source"], folder)
    if "size" in values:
        values["width"], values["height"] = size_of(values["size"])
    values |= {name: parse_length(values[name]) for name in _LENGTHS if name in values}
    values |= {name: str(place_of(values[name], name, folder)) for name in PICTURES if name in values}
    request = TextureRequest.from_record(values)
    naming = {name: Path(getattr(request, name)).stem for name in ("source", "exemplar", "mix_mask")}
    naming |= {name: getattr(request, name) for name in (*_NAMING, "texture", "mix", "mix_to")}
    naming["map"] = MAP  # which is known only once the generator is open
    output = output_of(folder, template, naming, request.depth)
    check_picture_size(output, *request.window[2:])
    return TextureJob(request, output, MapFiles.from_record(values))


def names_read(jobs: Sequence[Job]) -> set[str]:
    """What jobs read, as it is compared with what they write."""
    return {as_compared(path) for job in jobs for path in job.reads}


def check_not_read(file: Path, read: Container[str]) -> None:
    """Raise RequestError for an output that a job reads, for jobs run in any order."""
    if as_compared(file) in read:
        found = f"{file} is written by one job and read by another"
        raise RequestError(found, expected="another name", remedy="rename the output, or use two lists")


def _check_outputs_differ(jobs: Sequence[Job]) -> None:
    """Neither from each other nor from what is read, as far as names are known before generators are."""
    seen: set[str] = set()
    read = names_read(jobs)
    for job in jobs:
        check_not_read(job.output, read)
        name = as_compared(job.output)
        if name in seen:
            fields = STYLE_NAMING if isinstance(job, StyleJob) else _FIELDS
            raise RequestError(
                f"two jobs write {job.output}",
                expected="a name for each",
                remedy=f"put {', '.join(f'{{{field}}}' for field in fields)} into output",
            )
        seen.add(name)
