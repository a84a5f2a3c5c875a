"""The file with the catalogs of an asset library, as Blender has it: some are added, none is changed. Knows no bpy."""

import uuid
from collections.abc import Iterable
from pathlib import Path

from texnet_core.atomic import as_output_error, make_folder, replacing
from texnet_core.errors import OutputError

ROOT = "TexNet"
_FILE = "blender_assets.cats.txt"
_IDS = uuid.UUID("7d1f1b1c-6d1e-4c52-9d0e-2a7c4b6f9e10")  # what ids are made from, so that they are the same everywhere
_HEAD = """# This is an Asset Catalog Definition file for Blender.
#
# Empty lines and lines starting with `#` will be ignored.
# The first non-ignored line should be the version indicator.
# Other lines are of the format "UUID:catalog/path/for/assets:simple catalog name"

VERSION 1

"""


def catalog_of(kind: str) -> str:
    """The catalog for a kind of surface: TexNet/Stone."""
    return f"{ROOT}/{kind.replace('/', '-').replace(':', '-')}"


def id_of(catalog: str) -> str:
    """The id that a catalog of TexNet's has wherever it is new."""
    return str(uuid.uuid5(_IDS, catalog))


def add_catalogs(folder: Path, catalogs: Iterable[str]) -> dict[str, str]:
    """See to it that an asset library has catalogs; those of the same path are used, whoever made them.

    Args:
        folder: of the library; made if missing.
        catalogs: their paths.

    Returns:
        Path -> id.

    Raises:
        OutputError: the file cannot be read or written.
    """
    file = folder / _FILE
    text = _text_of(file)
    known = _ids_in(text)
    wanted = dict.fromkeys(catalogs)
    parents = {path.split("/", 1)[0]: None for path in wanted}
    new = [path for path in parents | wanted if path not in known]
    if new:
        lines = [f"{id_of(path)}:{path}:{path.replace('/', '-')}\n" for path in new]
        make_folder(folder)
        with replacing(file) as temporary:
            temporary.write_text(_ended(text or _HEAD) + "".join(lines), encoding="utf-8")
    known |= {path: id_of(path) for path in new}
    return {path: known[path] for path in wanted}


def _text_of(file: Path) -> str:
    """The text of the file, "" where there is none."""
    with as_output_error(file):
        try:
            return file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError:
            raise OutputError(
                f"{file} is no text", expected="Blender's list of catalogs", remedy="remove or repair that file"
            ) from None


def _ids_in(text: str) -> dict[str, str]:
    """Path -> id of the catalogs in a file."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        parts = line.strip().split(":")
        if not line.startswith("#") and len(parts) >= 2:
            found.setdefault(parts[1].strip(), parts[0].strip())
    return found


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"
