"""The header of a `.texnet` file: all that is known of a generator without its parameters.

Here is what a header says, how it becomes JSON, and how JSON from anybody becomes a header or is refused.
"""

import reprlib
from dataclasses import dataclass, field, fields
from typing import Any, Self, TypeVar

from texnet_core.errors import ArtifactError, RequestError
from texnet_core.mapset import MapSpec, channels_of
from texnet_core.model.design import Design
from texnet_core.model.families import FAMILIES, PYRAMID
from texnet_core.model.graph import Graph
from texnet_core.model.look import Look
from texnet_core.patterns.waves import Wave
from texnet_core.pictures.color_statistics import ColorStatistics
from texnet_core.settings import MAX_SIZE, Checked, as_fields, as_record, setting

MAX_TEXT = 4000
MOST_NAME = 64  # bytes of a texture's in UTF-8, where a file holds several
NOT_IN_NAMES = "=,/\\"  # letters that mean something where textures are mixed, and in paths
MAX_CHANNELS = 32  # of all maps together
MAX_RELIEF = 10.0
_MAX_GIVEN_TEXT = 500

T = TypeVar("T")


@dataclass(frozen=True)
class Provenance:
    """Whose surface this is. Free text, empty where unknown.

    Each text has at most 500 characters, so that the recorded command fits in the header too.

    Attributes:
        exemplar_sha256: of the exemplar's texels as the run saw them.
        command: the command that trained the generator, with file names but no folders.
        kind: what sort of surface, in a word (stone, wood, ...), for lists.
    """

    exemplar: str = ""
    author: str = setting("", "who made the exemplar", group="record")
    license: str = setting("", "license of the exemplar", group="record")
    source: str = setting("", "where the exemplar comes from", group="record", option="exemplar-source")
    exemplar_sha256: str = ""
    command: str = ""
    kind: str = ""

    def check(self) -> Self:
        """Return self, or raise RequestError for a text that is too long."""
        for spec in fields(self):
            limit, text = MAX_TEXT if spec.name == "command" else _MAX_GIVEN_TEXT, getattr(self, spec.name)
            label = "the exemplar's name" if spec.name == "exemplar" else spec.name
            if not isinstance(text, str):
                raise RequestError(f"{text!r} for {label}", expected="text", remedy="give text")
            if len(text) > limit:
                found, expected = f"a text of {len(text)} characters for {label}", f"at most {limit}"
                raise RequestError(found, expected=expected, remedy="shorten it")
        return self


@dataclass(frozen=True)
class Header:
    """All that is known of a generator without its parameters.

    Attributes:
        settings: of its family.
        maps: what its output channels are, in order.
        family: which kind of generator it is, a key of `families.FAMILIES`.
        texels_per_exemplar: texels of output that show as much surface as the exemplar's short side.
        size_m: meters that these texels span, or None where unknown.
        look: what a material needs beside the maps, or None in files that are older than it.
        relief: from height 0 to 1, as a share of what these texels span; 0 where there is no height, or none known.
        style_colors: of the style, which pictures are given before they are painted anew; None where they are not.
        waves: of the pattern that repeats, as (cycles per texel down, across) each; as many as the settings say.
        textures: names of those that it holds, as many as the settings say; empty where it is one without a name.
        training: settings of the run, for the record.
        quality: figures measured at its end, for the record.
        provenance: source and license of the exemplar.
    """

    settings: Checked
    maps: tuple[MapSpec, ...]
    family: str = PYRAMID.name
    texels_per_exemplar: int = 256
    size_m: float | None = None
    look: Look | None = None
    relief: float = 0.0
    style_colors: ColorStatistics | None = None
    waves: tuple[Wave, ...] = ()
    textures: tuple[str, ...] = ()
    training: dict[str, Any] = field(default_factory=dict)
    quality: dict[str, Any] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)

    @property
    def design(self) -> Design:
        """What decides which parameters it has and what it reads."""
        return Design(self.settings, channels_of(self.maps), self.waves, self.family)

    @property
    def paints(self) -> bool:
        """Whether it is a style, which paints pictures anew, and not a generator of textures."""
        return FAMILIES[self.family].reads_content

    @property
    def moves(self) -> bool:
        """Whether its textures change with the phase of a loop."""
        return FAMILIES[self.family].moves

    @property
    def copies(self) -> bool:
        """Whether its textures are pieces of the exemplar, which the file therefore holds."""
        return FAMILIES[self.family].copies

    @property
    def adapts(self) -> bool:
        """Whether it makes a generator of an exemplar, and no texture by itself."""
        return FAMILIES[self.family].adapts

    @property
    def graph(self) -> Graph:
        """Its forward pass, as it is trained."""
        return self.design.graph


def header_record(header: Header) -> dict[str, Any]:
    """A header as JSON has it."""
    raw = {spec.name: getattr(header, spec.name) for spec in fields(Header)}
    return raw | {
        "settings": as_record(header.settings),
        "maps": [as_record(spec) for spec in header.maps],
        "provenance": as_record(header.provenance),
        "look": None if header.look is None else as_record(header.look),
        "style_colors": None if header.style_colors is None else as_record(header.style_colors),
    }


def parse_header(raw: dict[str, Any], name: str, channels: int | None = None) -> Header:
    """The header in the JSON of a file, whoever wrote it.

    Args:
        raw: the JSON object.
        name: of the file, for messages.
        channels: of all maps together, where the file states that too.

    Raises:
        ArtifactError: it does not make sense, or is of a family that this version does not know.
    """
    family = FAMILIES.get(expect(raw, "family", str, name))
    if family is None:
        raise ArtifactError(
            f"{name} holds a generator of the family {reprlib.repr(raw['family'])}",
            expected=[*FAMILIES],
            remedy="update TexNet",
        )
    settings = _parse_settings(family.settings, expect(raw, "settings", dict, name), name)
    maps = tuple(_parse_map(item, name) for item in expect(raw, "maps", list, name))
    total = channels_of(maps)
    if (
        not maps
        or len({spec.name for spec in maps}) != len(maps)
        or total > MAX_CHANNELS
        or channels not in (None, total)
    ):
        raise damaged(name, "its maps do not fit together", f"unique names, {MAX_CHANNELS} channels at most")
    texels = expect(raw, "texels_per_exemplar", int, name)
    if not 1 <= texels <= MAX_SIZE:
        raise damaged(name, f"an exemplar cannot have {reprlib.repr(texels)} texels", f"1 to {MAX_SIZE}")
    size_m = None if raw.get("size_m") is None else expect(raw, "size_m", float, name)
    if size_m is not None and size_m <= 0:
        raise damaged(name, f"its size_m is {size_m}", "a positive number or null")
    relief = expect(raw, "relief", float, name) if "relief" in raw else 0.0
    if not 0 <= relief <= MAX_RELIEF:
        raise damaged(name, f"its relief is {relief}", f"0 to {MAX_RELIEF}")
    return Header(
        settings=settings,
        maps=maps,
        family=family.name,
        texels_per_exemplar=texels,
        size_m=size_m,
        look=_parse_look(raw.get("look"), name),
        relief=relief,
        style_colors=_parse_colors(raw.get("style_colors"), name),
        waves=_parse_waves(raw.get("waves", []), family.waves(settings), name),
        textures=_parse_textures(raw.get("textures", []), family.textures(settings), name),
        training=_parse_record(raw, "training", name),
        quality=_parse_record(raw, "quality", name),
        provenance=_parse_dataclass(Provenance, expect(raw, "provenance", dict, name), name),
    )


def _parse_settings(kind: type[Checked], stated: dict[str, Any], name: str) -> Checked:
    if as_fields(stated).keys() != {spec.name for spec in fields(kind)}:  # type: ignore[arg-type]
        # no default may ever change an old file
        raise damaged(name, "its settings lack fields or have unknown ones", "those of the format version")
    try:
        return _parse_dataclass(kind, stated, name).check()
    except RequestError as error:
        raise damaged(name, error.found, error.expected) from error


def _parse_waves(items: Any, count: int, name: str) -> tuple[Wave, ...]:
    good = isinstance(items, list) and len(items) == count and all(_is_wave(item) for item in items)
    if not good:
        raise damaged(name, "its waves do not fit its settings", f"{count} pairs of cycles per texel, at most 0.5")
    return tuple((float(down), float(across)) for down, across in items)


def _parse_textures(items: Any, count: int, name: str) -> tuple[str, ...]:
    good = isinstance(items, list) and len(items) == count and all(_is_texture_name(item) for item in items)
    if not good or len(set(items)) != count:
        raise damaged(
            name,
            "the names of its textures do not fit its settings",
            f"{count} different names of at most {MOST_NAME} bytes, printable, without = and commas",
        )
    return tuple(items)


def _is_texture_name(item: Any) -> bool:
    """Whether a texture can be called so: names are said in mixes, in messages and in the names of files."""
    if not isinstance(item, str) or not item.isprintable() or item != item.strip() or set(item) & set(NOT_IN_NAMES):
        return False
    return 0 < len(item.encode("utf-8", "replace")) <= MOST_NAME


def _is_wave(item: Any) -> bool:
    numbers = isinstance(item, list) and len(item) == 2 and all(type(value) in (int, float) for value in item)
    return numbers and 1e-6 <= max(map(abs, item)) <= 0.5


def _parse_record(raw: dict[str, Any], key: str, name: str) -> dict[str, Any]:
    """A flat object of texts and numbers, kept for the record."""
    record: dict[str, Any] = expect(raw, key, dict, name)
    for label, value in record.items():
        if not isinstance(value, str | int | float | bool | None) or len(str(value)) > MAX_TEXT:
            raise damaged(name, f"{label!r} in {key!r} is not a short text or a number", "a short text or a number")
    return record


def _parse_map(item: Any, name: str) -> MapSpec:
    if not isinstance(item, dict):
        raise damaged(name, "one of its maps is not an object", "an object")
    try:
        return _parse_dataclass(MapSpec, item, name).check()
    except RequestError as error:
        raise damaged(name, error.found, error.expected) from error


def _parse_look(item: Any, name: str) -> Look | None:
    if item is None:
        return None
    if not isinstance(item, dict):
        raise damaged(name, "its look is not an object", "an object or null")
    try:
        return _parse_dataclass(Look, item, name).check()
    except RequestError as error:
        raise damaged(name, error.found, error.expected) from error


def _parse_colors(item: Any, name: str) -> ColorStatistics | None:
    if item is None:
        return None
    try:
        return ColorStatistics.from_record(item)
    except RequestError as error:
        raise damaged(name, error.found, error.expected) from error


def _parse_dataclass(kind: type[T], raw: dict[str, Any], name: str) -> T:
    """Build a flat dataclass whose fields are text or numbers; absent fields keep their defaults."""
    values, raw = {}, as_fields(raw)
    for spec in fields(kind):  # type: ignore[arg-type]
        if spec.name in raw:
            wanted = spec.type if isinstance(spec.type, type) else str
            values[spec.name] = expect(raw, spec.name, wanted, name)
    try:
        return kind(**values)
    except TypeError as error:
        raise damaged(name, "its header lacks fields", "all of its fields") from error


def expect(raw: dict[str, Any], key: str, kind: type, name: str) -> Any:
    """The value of a key, if it is of that type; whole numbers serve as floats, and texts have a limit."""
    value = raw.get(key)
    if kind is float and type(value) is int:
        value = float(value) if abs(value) < 2**53 else None
    if type(value) is not kind:
        raise damaged(name, f"{key!r} in its header is missing or of another type", kind.__name__)
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise damaged(name, f"{key!r} in its header has {len(value)} characters", f"at most {MAX_TEXT}")
    return value


def damaged(name: str, found: str, expected: str) -> ArtifactError:
    """The error for a file that does not make sense."""
    return ArtifactError(f"{name} is damaged: {found}", expected=expected, remedy="get an undamaged copy of the file")
