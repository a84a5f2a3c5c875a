"""Which file of a material is taken for which map, and which are left out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from texnet_core.errors import ImageError, RequestError
from texnet_core.mapset import MATERIAL_MAPS
from texnet_core.materials.habits import NameReading, Part, readings_of
from texnet_core.materials.naming import Readings, are_related, plain_colors, read_names, said_to_be
from texnet_core.materials.places import MapFile

MAP_NAMES = tuple(spec.name for spec in MATERIAL_MAPS)
_BEST_FIRST = (".exr", ".hdr", ".tif", ".tiff", ".png", ".tga", ".bmp", ".webp", ".jpg", ".jpeg")
_REMEDY = "name the maps like wall_albedo.png, wall_normal.png and wall_roughness.png"


@dataclass(frozen=True)
class Taken:
    """A map and where it comes from.

    Attributes:
        is_alpha_map: whether the alpha of its file is another map, taken or not, and so no mask.
    """

    map: str
    file: MapFile
    part: Part
    is_alpha_map: bool


@dataclass(frozen=True)
class LeftOut:
    """A file from which no map is taken."""

    file: MapFile
    why: str


@dataclass(frozen=True)
class Choice:
    """What is taken, in the order of a generator's channels, what is not, and what is odd about it."""

    taken: tuple[Taken, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Candidate:
    file: MapFile
    reading: NameReading
    part: Part

    @property
    def rank(self) -> int:
        return self.reading.rank

    @property
    def taken(self) -> Taken:
        is_alpha_map = any(part.channels == "A" for part in self.reading.parts)
        return Taken(self.part.map, self.file, self.part, is_alpha_map)


def choose(files: Sequence[MapFile], wanted: Sequence[str], source: str) -> Choice:
    """Decide by the names of files.

    Args:
        files: pictures that may be maps.
        wanted: names of maps that are to be taken; all that are there where it is empty.
        source: what messages call the material.

    Raises:
        ImageError: no file is named like a map, or two are named like the same one.
        RequestError: a wanted map is not there.
    """
    check_wanted(wanted)
    pictures = [file for file in files if not file.is_foreign] or [*files]
    readings = read_names(pictures)
    if len(files) == len(wanted) == 1:  # whoever says it need not name it so
        readings = {files[0]: said_to_be(files[0], wanted[0])}
    here = _one_place(pictures, readings, source)
    readings |= plain_colors(here, readings)
    candidates = [
        _Candidate(file, reading, part) for file in here if (reading := readings[file]) for part in reading.parts
    ]
    if not candidates:
        raise _nothing(files, source)
    names = {candidate.part.map for candidate in candidates}
    for name in wanted:
        if name not in names:
            found = f"{source} has no {name} map"
            remedy = f"leave {name} out, or add a file such as wall_{name}.png"
            raise RequestError(found, expected=[name for name in MAP_NAMES if name in names], remedy=remedy)
    best = [
        _best([candidate for candidate in candidates if candidate.part.map == name])
        for name in MAP_NAMES
        if name in names and (not wanted or name in wanted)
    ]
    taken = tuple(candidate.taken for candidate in best)
    left_out = tuple(_left_out(files, here, readings, taken))
    return Choice(taken, left_out, tuple(_notes(best, left_out, wanted)))


def check_wanted(wanted: Iterable[str]) -> None:
    """Raise RequestError for names that are those of no map of a material."""
    for name in wanted:
        if name not in MAP_NAMES:
            raise RequestError(f"there is no map {name[:40]!r}", expected=MAP_NAMES, remedy="choose among these")


def _one_place(files: Sequence[MapFile], readings: Readings, source: str) -> list[MapFile]:
    """The files in the folder that has maps and lies least deep."""
    places = {file.folder for file in files if (reading := readings[file]) and reading.parts}
    if not places:
        return list(files)
    depth = min(len(PurePosixPath(place).parts) for place in places)
    nearest = sorted(place for place in places if len(PurePosixPath(place).parts) == depth)
    if len(nearest) > 1:
        raise ImageError(
            f"{source} holds {len(nearest)} folders with maps, such as {nearest[0]} and {nearest[1]}",
            expected="one material",
            remedy="name one of these folders, or the files of one material",
        )
    return [file for file in files if file.folder == nearest[0]]


def _best(candidates: list[_Candidate]) -> _Candidate:
    """The best file for a map; of one picture in several sizes the largest.

    Raises:
        ImageError: two that are not the same picture.
    """
    name = candidates[0].part.map
    first = candidates[0]
    for other in candidates:
        if (other.reading.set_name, other.reading.variant) != (first.reading.set_name, first.reading.variant):
            raise _two(name, first, other)
    least = min(candidate.rank for candidate in candidates)
    ranked = sorted((candidate for candidate in candidates if candidate.rank == least), key=_size_first)
    if len(ranked) > 1 and _size_first(ranked[0]) == _size_first(ranked[1]):
        raise _two(name, ranked[0], ranked[1])
    return ranked[0]


def _size_first(candidate: _Candidate) -> tuple[int, int, str]:
    width, height = candidate.file.size
    suffix = candidate.file.suffix
    kind = _BEST_FIRST.index(suffix) if suffix in _BEST_FIRST else len(_BEST_FIRST)
    return -width * height, kind, candidate.file.detail_level


def _two(name: str, first: _Candidate, other: _Candidate) -> ImageError:
    labels = sorted((first.file.label, other.file.label))
    return ImageError(
        f"{labels[0]} and {labels[1]} are both named like the {name} map",
        expected="one file for each map",
        remedy="name the files of one material, or move one of these away",
    )


def _nothing(files: Sequence[MapFile], source: str) -> ImageError:
    shown = ", ".join(sorted(file.label for file in files)[:3])
    if len(files) == 1:
        return ImageError(
            f"{source} holds one picture, {shown}",
            expected="the maps of a material",
            remedy="name the picture itself instead; where it is no picture of colors, with --maps and what it shows",
        )
    found = f"{source} holds {len(files)} pictures ({shown}{', ...' if len(files) > 3 else ''})"
    remedy = f"{_REMEDY}, or name one picture"
    return ImageError(f"{found}, none named like a map of a material", expected="files named like maps", remedy=remedy)


def _left_out(
    files: Iterable[MapFile], here: Sequence[MapFile], readings: Readings, taken: Sequence[Taken]
) -> Iterable[LeftOut]:
    """Why each other file that lies beside the maps, or is named like one, is not taken."""
    used, beside = {each.file for each in taken}, {*here}
    for file in files:
        if file in used:
            continue
        reading = readings.get(file)
        if file not in readings:
            yield LeftOut(file, "is of a kind that is not read; export it as PNG")
        elif file not in beside:
            if reading and reading.parts:
                yield LeftOut(file, "lies in another folder")
        elif reading is None:
            yield LeftOut(file, _unread(file))
        elif not reading.parts:
            yield LeftOut(file, "shows nothing that a material here has")
        else:
            others = [each.file.label for each in taken if each.map in reading.maps]
            yield LeftOut(file, f"{others[0]} is taken" if others else f"{' and '.join(reading.maps)} not asked for")


def _unread(file: MapFile) -> str:
    for reading in readings_of(file.name):
        if reading.parts and reading.set_name:
            return f"would be the {' and '.join(reading.maps)} of another material, {reading.set_name}"
    return "its name says no map"


def _notes(best: Sequence[_Candidate], left_out: Sequence[LeftOut], wanted: Sequence[str]) -> Iterable[str]:
    first = best[0]
    for other in best[1:]:
        if not are_related(first.reading.set_name, other.reading.set_name):
            labels = f"{first.file.label} and {other.file.label}"
            yield f"{labels} are named like maps of two materials; they are learned as one"
            break
    if not wanted and left_out and all(each.part.map != "albedo" for each in best):
        yield "no file is taken as the base color; where one is, name it like wall_albedo.png"
