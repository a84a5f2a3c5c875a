"""The report as one picture: exemplar, samples, tiling, a large sample, figures, loss curve."""

from textwrap import shorten, wrap
from typing import TYPE_CHECKING

import numpy as np

from texnet_core.errors import printable
from texnet_core.evaluation.crops import middle
from texnet_core.evaluation.detail import Detail
from texnet_core.evaluation.evaluate import Evaluation
from texnet_core.evaluation.figures import rows
from texnet_core.evaluation.losscurve import place
from texnet_core.evaluation.maps import Sets
from texnet_core.evaluation.outliers import around
from texnet_core.mapset import FloatArray, split_channels
from texnet_core.pictures.color import quantize
from texnet_core.rendering import lit_plane, lit_sphere

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

_SMALL, _LARGE, _GAP, _LINE = 256, 1024, 24, 22
_LEFT = 2 * _SMALL  # width of the column of figures
_WIDTH = _LEFT + _LARGE + 3 * _GAP
_PAPER, _INK, _GRAY, _CURVE = "#ffffff", "#111111", "#777777", "#1f5fa8"
_IN_ROW = 5  # pictures
_AROUND = 128  # texels round the outlier
_LONGEST = 90  # characters of a title
_LINE_LENGTH, _LONGEST_REMARK = 68, 200  # characters of notes, and of the reasons why figures are missing
_MOST_LINES = 5


def draw_sheet(evaluation: Evaluation, title: str) -> "Image":
    """The sheet as an RGB picture.

    Args:
        evaluation: what to show.
        title: what stands above, from anybody; it is cut where it is long.
    """
    from PIL import Image, ImageDraw

    top = 3 * _GAP + _SMALL + 2 * _LINE
    sheet = Image.new("RGB", (_WIDTH, top + _LARGE + _LINE + _GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    _write(draw, _GAP, _GAP // 2, printable(title)[:_LONGEST], size=22)
    x, y = _GAP, 2 * _GAP + _LINE
    for label, picture in _first_row(evaluation):
        sheet.paste(_fitted(picture, _SMALL), (x, y))
        _write(draw, x, y - _LINE, label, _GRAY)
        x += _SMALL + _GAP
    sheet.paste(_fitted(evaluation.large, _LARGE), (_LEFT + 2 * _GAP, top))
    _write(draw, _LEFT + 2 * _GAP, top - _LINE, f"one tile of {len(evaluation.large)} texels, seed 0", _GRAY)
    sheet.paste(_fitted(np.tile(evaluation.samples[0], (2, 2, 1)), 2 * _SMALL), (_GAP, top))
    _write(draw, _GAP, top - _LINE, "seed 0, its tile repeated 2x2", _GRAY)
    end = _write_figures(draw, evaluation, top + 2 * _SMALL + _GAP)
    end = _write_remarks(draw, evaluation, end)
    if evaluation.loss_curve:
        _draw_curve(draw, evaluation, end + _GAP, top + _LARGE)
    return sheet


def draw_detail(detail: Detail) -> "Image":
    """Exemplar and texture side by side at 1:1, as an RGB picture."""
    from PIL import Image

    return Image.fromarray(quantize(np.concatenate([detail.exemplar, detail.sample], axis=1), 8))


def draw_maps(sets: Sets) -> "Image":
    """Exemplar above, two samples below: each under light as a sphere and as a plane, then its maps; RGB."""
    from PIL import Image

    rows = [_row_of_maps(middle(sets.exemplar, len(sets.samples[0])), sets)]
    rows += [_row_of_maps(sample, sets) for sample in sets.samples[:2]]
    return Image.fromarray(quantize(np.concatenate(rows), 8))


def _row_of_maps(stack: FloatArray, sets: Sets) -> FloatArray:
    relief = sets.relief * min(sets.exemplar.shape[:2]) / min(stack.shape[:2])
    maps = split_channels(stack, sets.maps)
    lit = [draw(maps, sets.maps, _SMALL, relief=relief) for draw in (lit_sphere, lit_plane)]
    flat = [np.repeat(part, 3 // part.shape[2], axis=2).astype(np.float32) for part in maps.values()]
    return np.concatenate([*lit, *(np.asarray(_fitted(part, _SMALL), np.float32) / 255 for part in flat)], axis=1)


def _first_row(evaluation: Evaluation) -> list[tuple[str, FloatArray]]:
    """Exemplar, samples and the outlier, the first cut to as much of the surface as samples show."""
    side, row = len(evaluation.samples[0]), []
    if (seen := evaluation.exemplar) is not None:
        part = middle(seen, side)
        row.append(("exemplar" if part.shape == seen.shape else "exemplar, its middle", part))
    outlier = evaluation.outlier
    places = _IN_ROW - len(row) - (outlier is not None)
    row += [(f"seed {seed}", sample) for seed, sample in enumerate(evaluation.samples[:places])]
    if outlier is not None:
        row.append((f"outlier, at {outlier.x}, {outlier.y}, enlarged", around(evaluation.large, outlier, _AROUND)))
    return row


def _fitted(picture: FloatArray, side: int) -> "Image":
    """The middle square of a picture, (side, side)."""
    from PIL import Image, ImageOps

    image = Image.fromarray(quantize(picture, 8))
    return image if image.size == (side, side) else ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS)


def _write(draw: "ImageDraw", x: float, y: float, text: str, color: str = _INK, size: int = 15) -> None:
    from PIL import ImageFont

    draw.text((x, y), text, fill=color, font=ImageFont.load_default(size))


def _write_figures(draw: "ImageDraw", evaluation: Evaluation, y: float) -> float:
    """The table; returns where it ends."""
    columns = (_GAP, _GAP + 220, _GAP + 350)
    table = [("figure", "value", "reference"), *rows(evaluation.figures)]
    for number, cells in enumerate(table):
        for x, text in zip(columns, cells, strict=True):
            _write(draw, x, y, text, _INK if number and text != "missing" else _GRAY)
        y += _LINE
    return y


def _write_remarks(draw: "ImageDraw", evaluation: Evaluation, y: float) -> float:
    """Notes, and why figures are missing; returns where they end."""
    remarks = [*evaluation.notes, *(f"missing: {reason}" for reason in evaluation.reasons)]
    lines = [line for remark in remarks for line in wrap(shorten(remark, _LONGEST_REMARK), _LINE_LENGTH)]
    y += _LINE / 2 if lines else 0
    for line in lines[:_MOST_LINES]:
        _write(draw, _GAP, y, line, _GRAY)
        y += _LINE
    return y


def _draw_curve(draw: "ImageDraw", evaluation: Evaluation, top: float, bottom: float) -> None:
    first, last = evaluation.loss_curve[0], evaluation.loss_curve[-1]
    _write(draw, _GAP, top, f"loss by step: {first[1]:.3g} at {first[0]}, {last[1]:.3g} at {last[0]}", _GRAY)
    top += _LINE
    points = place(evaluation.loss_curve, _LEFT, bottom - top)
    draw.rectangle((_GAP, top, _GAP + _LEFT, bottom), outline=_GRAY)
    draw.line([(_GAP + x, top + y) for x, y in points], fill=_CURVE, width=2)
