"""What is told of the files of a material: which map was taken from which, and what was left out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from texnet_core.materials.choice import Choice, Taken

_LEFT_OUT = "left out"
_CONVENTIONS = {"opengl": "OpenGL", "directx": "DirectX, green is flipped"}


@dataclass(frozen=True)
class FileUse:
    """What became of a file; one that holds several maps has an entry for each.

    Attributes:
        map: which map was taken from it; "" where it was left out.
        file: its place below the source.
        channels: which of its channels, where it holds several maps: "RGB", "R", "G", "B" or "A".
        size: "2048x2048" texels, "" where only decoding tells.
        note: how it was taken, or why it was left out.
    """

    map: str
    file: str
    channels: str = ""
    size: str = ""
    note: str = ""


def file_uses(choice: Choice) -> tuple[FileUse, ...]:
    """An entry for each map, in order, and for each file that was left out."""
    files = [taken.file for taken in choice.taken]
    taken = [_use(each, is_shared=files.count(each.file) > 1) for each in choice.taken]
    left_out = [FileUse("", each.file.label, note=each.why) for each in choice.left_out]
    return (*taken, *left_out)


def taken_lines(uses: Sequence[FileUse]) -> list[str]:
    """The entries as lines of a table."""
    rows = [(use.map or _LEFT_OUT, use.file, use.channels, use.size, use.note) for use in uses]
    return [_line(row, [max(map(len, column)) for column in zip(*rows, strict=True)]) for row in rows]


def _use(taken: Taken, is_shared: bool) -> FileUse:
    part = taken.part
    width, height = taken.file.size
    notes = ["one minus it" if part.inverted else "", _CONVENTIONS.get(part.convention, "")]
    is_part = is_shared or part.channels not in ("", "RGB") or taken.is_alpha_map
    return FileUse(
        taken.map,
        taken.file.label,
        part.channels if is_part else "",
        f"{width}x{height}" if width else "",
        ", ".join(filter(None, notes)),
    )


def _line(row: Iterable[str], widths: Iterable[int]) -> str:
    return "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True) if width).rstrip()
