"""What is told of a style: a table, a sheet with every picture at 1:1, and a page."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from texnet_core.errors import printable
from texnet_core.evaluation.evaluate_style import STRENGTHS, PaintedContent, StyleEvaluation
from texnet_core.evaluation.page_parts import document, picture, table, text
from texnet_core.evaluation.report import prepared_folder, write_files
from texnet_core.mapset import FloatArray
from texnet_core.model.artifact import Header
from texnet_core.pictures.color import quantize

if TYPE_CHECKING:
    from PIL.Image import Image

_GAP, _LINE = 16, 22
_PAPER, _INK, _GRAY = "#ffffff", "#111111", "#777777"
_LONGEST = 90  # characters of a title
_STYLE_SIDE = 256  # of the style's picture on the sheet, at most

HEAD = ("", *(f"{strength:g}" for strength in STRENGTHS))


def rows(evaluation: StyleEvaluation) -> list[tuple[str, ...]]:
    """The distances at each strength, two lines a picture, and their means over several; a cell each."""
    found = []
    for each in evaluation.contents:
        found += _lines(each.name, each.style, each.kept)
    if len(evaluation.contents) > 1:
        found += _lines("mean", evaluation.mean("style"), evaluation.mean("kept"))
    return found


def remarks(evaluation: StyleEvaluation) -> list[str]:
    """What else was measured, a line each: references, each picture at full strength, and what is missing."""
    said = []
    if evaluation.floor is not None:
        said.append(f"style distance between the halves of the style's picture: {evaluation.floor:.2f}")
    if evaluation.unrelated is not None:
        said.append(f"content distance between the pictures themselves: {evaluation.unrelated:.2f}")
    said += [f"{each.name}: {', '.join(_full(each))}" for each in evaluation.contents]
    reasons: dict[str, list[str]] = {}
    for name, reason in evaluation.missing.items():
        reasons.setdefault(reason, []).append(name)
    return said + [f"no {', no '.join(names)}: {reason}" for reason, names in reasons.items()]


def record(evaluation: StyleEvaluation) -> dict[str, object]:
    """All figures as plain values."""
    return {
        "strengths": list(STRENGTHS),
        "contents": [
            {
                "name": each.name,
                "width": each.content.shape[1],
                "height": each.content.shape[0],
                "style_distance": list(each.style),
                "content_distance": list(each.kept),
                "flicker": each.flicker,
                "color": each.color,
                "half_contrast": each.contrast,
                "seams": {axis: asdict(seam) | {"inside": seam.indistinguishable} for axis, seam in each.seams.items()},
            }
            for each in evaluation.contents
        ],
        "mean": {
            "style_distance": list(evaluation.mean("style")),
            "content_distance": list(evaluation.mean("kept")),
        },
        "references": {"style_distance": evaluation.floor, "content_distance": evaluation.unrelated},
        "missing": evaluation.missing,
        "notes": evaluation.notes,
    }


def write_style_report(evaluation: StyleEvaluation, header: Header, title: str, folder: Path) -> list[Path]:
    """Write the sheet and the page; see `report.write_report`."""
    with prepared_folder(folder):
        return write_files(draw_sheet(evaluation, title), _page(evaluation, header, title), folder)


def draw_sheet(evaluation: StyleEvaluation, title: str) -> "Image":
    """A row a picture: the content, and what becomes of it at each strength, all at 1:1.

    Args:
        evaluation: what to show.
        title: what stands above, from anybody; it is cut where it is long.
    """
    from PIL import Image, ImageDraw, ImageFont, ImageOps

    column = max(each.content.shape[1] for each in evaluation.contents) + _GAP
    style = None if evaluation.style is None else _image(evaluation.style)
    if style is not None:
        style = ImageOps.contain(style, (_STYLE_SIDE, _STYLE_SIDE), Image.Resampling.LANCZOS)
    top = 3 * _GAP + _LINE + (style.height + _GAP if style else 0)
    height = top + sum(each.content.shape[0] + _LINE + _GAP for each in evaluation.contents)
    sheet = Image.new("RGB", (_GAP + (1 + len(STRENGTHS)) * column, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP, _GAP), printable(title)[:_LONGEST], fill=_INK, font=ImageFont.load_default(22))
    if style is not None:
        sheet.paste(style, (_GAP, 2 * _GAP + _LINE))
    for each in evaluation.contents:
        for place, (caption, shown) in enumerate(_captioned(each)):
            x = _GAP + place * column
            draw.text((x, top), caption, fill=_GRAY, font=ImageFont.load_default(14))
            sheet.paste(_image(shown), (x, top + _LINE))
        top += each.content.shape[0] + _LINE + _GAP
    return sheet


def _page(evaluation: StyleEvaluation, header: Header, title: str) -> str:
    parts = [f"<h1>{text(title)}</h1>"]
    if evaluation.style is not None:
        parts.append(picture("the style's picture", evaluation.style))
    for each in evaluation.contents:
        parts.append(f"<h2>{text(each.name)}</h2>")
        parts += [picture(caption, shown) for caption, shown in _captioned(each)]
        if each.seams:
            parts.append(picture("at full strength, its tile repeated", np.tile(each.pictures[-1], (2, 2, 1))))
    card = ((name, str(value)) for name, value in asdict(header.provenance).items() if value != "")
    parts += [
        "<h2>Figures</h2>",
        table(("strength", *HEAD[1:]), rows(evaluation)),
        *(f"<p>{text(remark)}.</p>" for remark in remarks(evaluation)),
        *(f"<p>Note: {text(note)}.</p>" for note in evaluation.notes),
        "<h2>Style</h2>",
        table(("", ""), card),
    ]
    return document(title, parts)


def _lines(name: str, style: tuple[float, ...], kept: tuple[float, ...]) -> list[tuple[str, ...]]:
    both = ((f"{name}, style, SD", style), (f"{name}, content", kept))
    return [(title, *(f"{value:.2f}" for value in values)) for title, values in both if values]


def _captioned(each: PaintedContent) -> list[tuple[str, FloatArray]]:
    captions = []
    for place, strength in enumerate(STRENGTHS):
        style = f", style {each.style[place]:.2f}" if each.style else ""
        kept = f", content {each.kept[place]:.2f}" if each.kept else ""
        captions.append(f"strength {strength:g}{style}{kept}")
    return [(each.name, each.content), *zip(captions, each.pictures, strict=True)]


def _full(each: PaintedContent) -> list[str]:
    said = [f"flicker {each.flicker:.2f} levels"]
    if each.color is not None:
        said.append(f"color {each.color:.1f} dE from the style's")
    if each.contrast is not None:
        said.append(f"half the contrast changes the style distance by {100 * each.contrast:+.0f}%")
    for axis, seam in each.seams.items():
        where = "inside" if seam.indistinguishable else "outside"
        unit = max(seam.interior, 1e-9)
        said.append(f"seam {axis} {seam.ratio:.2f}, {where} {seam.low / unit:.2f} to {seam.high / unit:.2f}")
    return said


def _image(values: FloatArray) -> "Image":
    from PIL import Image

    return Image.fromarray(quantize(values, 8))
