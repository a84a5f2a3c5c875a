"""Reports as files: `report.png`, a sheet to glance at, and `report.html`, which tells everything.

Where detail was measured, `detail.png` shows it at 1:1; where several maps were, `maps.png` shows them under light.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from texnet_core.atomic import prepared, replacing
from texnet_core.evaluation.evaluate import Evaluation
from texnet_core.evaluation.page import write_page
from texnet_core.evaluation.sheet import draw_detail, draw_maps, draw_sheet
from texnet_core.model.artifact import Header
from texnet_core.paths import check_is_no_file

if TYPE_CHECKING:
    from PIL.Image import Image

REPORT_FILES = _SHEET, _PAGE, _DETAIL, _MAPS = "report.png", "report.html", "detail.png", "maps.png"


@contextmanager
def prepared_folder(folder: Path) -> Iterator[None]:
    """Make the folder, if it is not there, and see whether the files can be written, before long work.

    Where the work fails, no new empty folder stays.

    Raises:
        RequestError: it is a file.
        OutputError: it cannot be made or written to.
    """
    check_is_no_file(folder)
    with prepared(*(folder / name for name in REPORT_FILES)):
        yield


def write_report(evaluation: Evaluation, header: Header, title: str, folder: Path) -> list[Path]:
    """Write the files, each whole or not at all, replacing older ones.

    Args:
        evaluation: what to report.
        header: of the generator.
        title: what stands above.
        folder: where; made if it is not there.

    Returns:
        The files.

    Raises:
        OutputError: they cannot be written.
    """
    with prepared_folder(folder):
        sheet = draw_sheet(evaluation, title)
        losses = ", ".join(f"{name} {weight:g}" for name, weight in evaluation.losses.items())
        page = write_page(evaluation, title, asdict(header.provenance) | {"losses of the run": losses})
        files = write_files(sheet, page, folder)
        if evaluation.detail is not None:
            files.append(_saved(draw_detail(evaluation.detail), folder / _DETAIL))
        if evaluation.sets is not None:
            files.append(_saved(draw_maps(evaluation.sets), folder / _MAPS))
        return files


def _saved(picture: "Image", path: Path) -> Path:
    with replacing(path) as temporary:
        picture.save(temporary, "PNG")
    return path


def write_files(sheet: "Image", page: str, folder: Path) -> list[Path]:
    """Write the sheet and the page of a report, each whole or not at all."""
    with replacing(folder / _SHEET) as temporary:
        sheet.save(temporary, "PNG")
    with replacing(folder / _PAGE) as temporary:
        temporary.write_text(page, encoding="utf-8", errors="replace")
    return [folder / _SHEET, folder / _PAGE]
