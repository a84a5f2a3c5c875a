"""The pages of documentation, and the code on them."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_BLENDERS = re.compile(r"^\s*(import|from) (bpy|bl_ext)\b", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, with the number of its first line there."""

    page: str
    line: int
    code: str

    @property
    def needs_blender(self) -> bool:
        return bool(_BLENDERS.search(self.code))

    @property
    def source(self) -> str:
        """The code on the lines that it has on the page, so that an error names them."""
        return "\n" * (self.line - 1) + self.code


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str) -> list[Block]:
    """The blocks of a page that are marked as a language; "" for those without a mark."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [
        Block(name(page), text.count("\n", 0, block.start(2)) + 1, block[2]) for block in found if block[1] == language
    ]


def pages_with_python(in_blender: bool) -> dict[str, list[Block]]:
    """Pages, and in their order the blocks of Python that run in Blender, or outside it."""
    found = {name(page): [b for b in blocks(page, "python") if b.needs_blender == in_blender] for page in PAGES}
    return {page: code for page, code in found.items() if code}
