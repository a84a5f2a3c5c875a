"""Materials: several pictures that show one surface texel for texel, as the core wants them."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from texnet_core.errors import ImageError, TexnetError
from texnet_core.mapset import HALF, MATERIAL_MAPS, FloatArray, Mask, names_in, with_unit_normals
from texnet_core.materials.choice import Choice, Taken, check_wanted, choose
from texnet_core.materials.decoding import ENOUGH, decode_map
from texnet_core.materials.normals import agreeing, as_normals, flipped_green
from texnet_core.materials.numbers import numbers_of
from texnet_core.materials.places import MapFile, files_of, is_zip
from texnet_core.materials.table import FileUse, file_uses, taken_lines
from texnet_core.pictures.decoded import Decoded, upright
from texnet_core.pictures.reading import Picture, filled, masked_by, read_exemplar, reading, shown_picture
from texnet_core.pictures.resizing import filtered
from texnet_core.pictures.srgb import three_channels

Source = Path | str | Sequence[Path | str]  # a folder, a .zip or a file; or several files
_SAME_ASPECT = 0.01  # relative; sides are whole numbers of texels
_SPECS = {spec.name: spec for spec in MATERIAL_MAPS}


@dataclass(frozen=True)
class Material(Picture):
    """A picture of several maps, and where they come from.

    Attributes:
        files: what was taken from which file, and what was left out.
    """

    files: tuple[FileUse, ...] = ()


@dataclass
class _Map:
    """A map on its way.

    Attributes:
        values: (height, width, channels) in [0, 1].
        seen: (height, width), which texels take part; None for all.
    """

    taken: Taken
    values: FloatArray
    seen: Mask | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int]:
        return self.values.shape[0], self.values.shape[1]

    @property
    def is_plain(self) -> bool:
        """Whether all of its texels are seen, and alike."""
        return self.seen is None and bool((self.values == self.values[:1, :1]).all())


def is_material(path: Path) -> bool:
    """Whether a path means a material and not a picture: a folder or a .zip."""
    return os.path.isdir(path) or is_zip(path)


def read_material(
    source: Source,
    *,
    mask: Path | None = None,
    maps: Sequence[str] = (),
    announce: Callable[[str], None] = lambda line: None,
) -> Material:
    """Read the maps of a material, which are known by the names of their files.

    Colors become sRGB. Data is taken as stored, in full depth: no profile and no curve counts. Gloss becomes roughness,
    normals become OpenGL's, of unit length. All maps get the size of the base color, or, where that is one color and
    smaller, that of the largest. Maps of 8192 texels and more are made smaller while they are read.

    Args:
        source: a folder, a .zip, or the files.
        mask: a picture of the base color's size, white where a texel takes part. Its alpha counts too, unless there is
            a map of opacity.
        maps: names of the maps that are taken, also as one text with commas; empty takes all that are there.
        announce: called with each line of the table of what is taken for what, before anything is decoded.

    Returns:
        The maps in the order of `MATERIAL_MAPS`; image (height, width, channels of all maps) in [0, 1].

    Raises:
        ImageError: there is no map, two files for one, a map that cannot be read or is none, or maps of different
            aspect; a .zip that is damaged, encrypted, or leads out of itself.
        RequestError: a map is asked for that no material has, or this one has not.
    """
    maps = names_in(maps) if isinstance(maps, str) else maps
    check_wanted(maps)
    paths = _paths(source)
    label = str(paths[0]) if len(paths) == 1 else "the list of files"
    with files_of(paths) as files:
        choice = choose(files, maps, label)
        uses = file_uses(choice)
        for line in taken_lines(uses):
            announce(line)
        read = list(_read_all(choice))
    made = _material(read, uses, mask, label)
    return replace(made, notes=[*choice.notes, *made.notes])


def read_surface(
    source: Source,
    *,
    mask: Path | None = None,
    maps: Sequence[str] = (),
    announce: Callable[[str], None] = lambda line: None,
) -> Picture:
    """Whatever a generator is learned from: one picture, or a material.

    One file is a picture and its texels are colors, unless `maps` says otherwise; see `read_material` and
    `read_exemplar`, also for errors.
    """
    paths = _paths(source)
    if len(paths) != 1 or maps or is_material(paths[0]):
        return read_material(paths, mask=mask, maps=maps, announce=announce)
    return read_exemplar(paths[0], mask)


def _paths(source: Source) -> list[Path]:
    return [Path(source)] if isinstance(source, str | Path) else [Path(each) for each in source]


def _read_all(choice: Choice) -> Iterator[_Map]:
    """All maps, in order, each file decoded once."""
    has_opacity = any(taken.map == "opacity" for taken in choice.taken)
    by_file: dict[MapFile, list[Taken]] = {}
    for taken in choice.taken:
        by_file.setdefault(taken.file, []).append(taken)
    made = {each.taken.map: each for file, parts in by_file.items() for each in _read_file(file, parts, has_opacity)}
    for taken in choice.taken:
        yield made[taken.map]


def _read_file(file: MapFile, parts: Iterable[Taken], has_opacity: bool) -> Iterator[_Map]:
    with _naming(file):
        decoded = decode_map(file.path)
        for taken in parts:
            yield _read_part(file, taken, decoded, has_opacity)


@contextmanager
def _naming(file: MapFile) -> Iterator[None]:
    """Errors name the file as the user knows it, not where it was unpacked."""
    try:
        with reading(file.path):
            yield
    except TexnetError as error:
        found, remedy = (text.replace(str(file.path), file.label) for text in (error.found, error.remedy))
        raise type(error)(found, expected=error.allowed, remedy=remedy) from error


def _read_part(file: MapFile, taken: Taken, decoded: Decoded, has_opacity: bool) -> _Map:
    role = _SPECS[taken.map].role
    if role == "color":
        is_masked = taken.map == "albedo" and not has_opacity and not taken.is_alpha_map
        picture = shown_picture(file.path, decoded if is_masked else replace(decoded, alpha=None))
        return _Map(taken, picture.image, picture.mask, [f"{file.label}: {note}" for note in picture.notes])
    if role == "normal":
        values, seen, notes = as_normals(three_channels(decoded).copy(), file.label)
        values = flipped_green(values) if taken.part.convention == "directx" else values
    else:
        values, seen, notes = numbers_of(decoded, taken.part, file.label)
    seen = None if seen is None else upright(seen, decoded.orientation)
    return _Map(taken, upright(values, decoded.orientation), seen, notes)


def _material(read: list[_Map], uses: tuple[FileUse, ...], mask: Path | None, label: str) -> Material:
    specs = tuple(_SPECS[each.taken.map] for each in read)
    notes = [note for each in read for note in each.notes] + _notes_on_reduced(read)
    main = _main(read)
    notes += _made_equal(read, main)
    seen = [each.seen for each in read if each.seen is not None]
    hidden = np.logical_and.reduce(seen) if seen else None
    if hidden is not None and not hidden.any():
        raise ImageError(
            f"{label} has no texel that all maps show", expected="maps of one surface", remedy="check them"
        )
    relief, more = _agreeing(read, hidden)
    notes += more
    image = np.concatenate([each.values for each in read], axis=2)
    picture = Material(image, hidden, notes, specs, relief, files=uses)
    if mask is not None:
        picture = masked_by(picture, label, _drawn(mask), str(mask))
    if picture.mask is not None:
        picture = replace(picture, image=filled(image, picture.mask))
    return replace(picture, image=with_unit_normals(picture.image, specs))


def _drawn(path: Path) -> Picture:
    with reading(path):
        return shown_picture(path, decode_map(path))


def _notes_on_reduced(read: list[_Map]) -> list[str]:
    for each in read:
        width, height = each.taken.file.size
        if min(width, height) >= 2 * ENOUGH:
            small_height, small_width = each.shape
            return [
                f"maps of {width}x{height} texels are read at {small_width}x{small_height}, which suffices for training"
            ]
    return []


def _main(read: list[_Map]) -> _Map:
    """Whose size all get: the base color, unless it is one color and another is larger or of another aspect."""
    albedo = next((each for each in read if each.taken.map == "albedo"), None)
    if albedo is not None and not albedo.is_plain:
        return albedo
    largest = max((each for each in read if not each.is_plain), key=lambda each: each.shape[0], default=read[0])
    if albedo is not None and albedo.shape[0] >= largest.shape[0] and _has_aspect(albedo.shape, largest.shape):
        return albedo
    return largest


def _has_aspect(shape: tuple[int, int], other: tuple[int, int]) -> bool:
    return abs(shape[1] * other[0] / (shape[0] * other[1]) - 1) <= _SAME_ASPECT


def _made_equal(read: list[_Map], main: _Map) -> list[str]:
    """Bring all maps to one size.

    Raises:
        ImageError: their aspects differ, so that they cannot show one surface texel for texel.
    """
    notes = []
    height, width = main.shape
    for each in read:
        if each.shape == main.shape:
            continue
        other_height, other_width = each.shape
        is_plain = each.is_plain  # often stored as a single texel, which fits all
        if not is_plain and not _has_aspect(each.shape, main.shape):
            raise ImageError(
                f"{each.taken.file.label} has {other_width}x{other_height} texels, and "
                f"{main.taken.file.label} {width}x{height}, which is another aspect",
                expected="maps of one aspect",
                remedy="crop them alike, or take the maps of one material",
            )
        notes.append(
            f"{each.taken.file.label} is brought from {other_width}x{other_height} to {width}x{height} texels, "
            f"the size of {main.taken.file.label}"
        )
        if is_plain:
            each.values = np.full((height, width, each.values.shape[2]), each.values[0, 0], np.float32)
        else:
            each.values = filtered(each.values, (width, height))
        if each.seen is not None:
            each.seen = filtered(each.seen[..., None].astype(np.float32), (width, height))[..., 0] >= HALF
    return notes


def _agreeing(read: list[_Map], mask: Mask | None) -> tuple[float, list[str]]:
    """The relief, where there are height and normals; one of them is turned round where only that lets them agree."""
    by_name = {each.taken.map: each for each in read}
    height, normal = by_name.get("height"), by_name.get("normal")
    if height is None or normal is None:
        return 0.0, []
    is_named = bool(normal.taken.part.convention)
    height.values, normal.values, relief, notes = agreeing(height.values, normal.values, mask, is_named=is_named)
    return relief, notes
