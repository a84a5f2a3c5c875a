"""What the names of files say together: where one can be read in several ways, the others tell which it is."""

from collections import Counter
from collections.abc import Mapping, Sequence

from texnet_core.mapset import MATERIAL_MAPS
from texnet_core.materials.habits import NameReading, Part, readings_of, set_name_of
from texnet_core.materials.places import MapFile
from texnet_core.pictures.sequences import PICTURE_SUFFIXES

Readings = dict[MapFile, NameReading | None]  # None where a name says no map

_CHANNELS = {spec.name: spec.channels for spec in MATERIAL_MAPS}
_ENOUGH = 2  # files of one name, or maps of a set, that bear out what another name may say


def read_names(files: Sequence[MapFile]) -> Readings:
    """What the name of each file says, as far as other files bear it out.

    Files of a material share the name of their set, so of all that a name may say that counts which most others agree
    with: beside rusty_metal_normal.jpg, rusty_metal.jpg is a photo of metal, and alone it is one too.
    """
    said = {file: readings_of(file.name) for file in files}
    alike: Counter[str] = Counter()
    kinds: dict[str, set[str]] = {}  # set name -> maps of it; a name that says none may be that of its colors
    for file, readings in said.items():
        found = {(reading.set_name, name) for reading in readings for name in reading.maps}
        found.add((set_name_of(file.name), "albedo"))
        alike.update({set_name for set_name, _ in found})
        for set_name, name in found:
            kinds.setdefault(set_name, set()).add(name)
    likely = {file: _likeliest(file, readings, alike, kinds) for file, readings in said.items()}
    return likely | _completed(said, likely)


def plain_colors(files: Sequence[MapFile], readings: Readings) -> Readings:
    """bricks.jpg beside bricks_normal.jpg: the base color, where no file is named so."""
    read = [reading for file in files if (reading := readings[file]) and reading.parts]
    if any("albedo" in reading.maps for reading in read):
        return {}
    sets = {reading.set_name for reading in read}
    unread = (file for file in files if readings[file] is None and file.suffix in PICTURE_SUFFIXES)
    plain = [file for file in unread if set_name_of(file.name) in sets]
    names = {set_name_of(file.name) for file in plain}
    if len(names) != 1:
        return {}
    return {file: NameReading((Part("albedo", "RGB"),), set_name_of(file.name)) for file in plain}


def said_to_be(file: MapFile, name: str) -> NameReading:
    """What a file is read as that somebody names as a map: as its own name says it, where that is among it."""
    said = next((reading for reading in readings_of(file.name) if name in reading.maps), None)
    part = Part(name, "" if _CHANNELS[name] == 1 else "RGB")
    return said or NameReading((part,), set_name_of(file.name))


def are_related(one: str, other: str) -> bool:
    """Whether one name of a set is the beginning of the other: oak, and oak wood; a set without a name is of all."""
    shorter, longer = sorted((one.split(), other.split()), key=len)
    return longer[: len(shorter)] == shorter


def _likeliest(
    file: MapFile, readings: Sequence[NameReading], alike: Counter[str], kinds: Mapping[str, set[str]]
) -> NameReading | None:
    """What most files agree with; of equals the one of most words. None: that it names no map.

    Args:
        file: whose name it is.
        readings: what that may say.
        alike: how many files may have the name of a set.
        kinds: which maps these may be.
    """
    if not readings:
        return None
    best = max(readings, key=lambda reading: alike[reading.set_name])
    if best.is_weak and alike[set_name_of(file.name)] > max(1, alike[best.set_name]):
        return None
    if not best.parts or not best.is_weak:
        return best
    if best.is_letter:  # photo_b.jpg and photo_d.jpg do not bear each other out
        return best if len(kinds[best.set_name]) >= _ENOUGH else None
    is_all = not best.set_name and not best.variant
    return best if is_all or alike[best.set_name] >= _ENOUGH else None


def _completed(said: Mapping[MapFile, Sequence[NameReading]], likely: Readings) -> Readings:
    """What a set lacks, of one file each: oak_color.jpg beside oak_wood_normal.jpg and oak_wood_rough.jpg.

    Only colors and normals, whose words are rarely those of a surface.
    """
    others = [reading for reading in likely.values() if reading]
    taken = {name for other in others for name in other.maps}
    sets = {other.set_name for other in others if other.parts}
    if len(taken) < _ENOUGH:
        return {}
    found: Readings = {}
    first = {file: readings[0] for file, readings in said.items() if likely[file] is None and readings}
    for name in {"albedo", "normal"} - taken:
        fits = [
            file
            for file, reading in first.items()
            if reading.maps == [name] and any(are_related(reading.set_name, other) for other in sets)
        ]
        if len(fits) == 1:  # of several, none can be told from the others
            found[fits[0]] = first[fits[0]]
    return found
