"""A sheet of pictures at 1:1: a row an exemplar, a column a method."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from texnet_core.pictures.color import quantize

_GAP, _LINE = 8, 22  # texels
_PAPER, _INK = "#ffffff", "#111111"

Picture = npt.NDArray[np.float32]


def draw_sheet(rows: Mapping[str, Sequence[Picture | None]], heads: Sequence[str]) -> npt.NDArray[np.uint8]:
    """The sheet, (H, W, 3).

    Args:
        rows: name -> pictures in the order of the heads, all of one size; None where there is none.
        heads: what stands above the columns.
    """
    height, width = next(picture.shape[:2] for row in rows.values() for picture in row if picture is not None)
    size = (_GAP + len(heads) * (width + _GAP), _GAP + _LINE + len(rows) * (height + _LINE + _GAP))
    sheet = Image.new("RGB", size, _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for column, head in enumerate(heads):
        draw.text((_GAP + column * (width + _GAP), _GAP), head, fill=_INK, font=font)
    for number, (name, pictures) in enumerate(rows.items()):
        top = _GAP + _LINE + number * (height + _LINE + _GAP)
        draw.text((_GAP, top), name, fill=_INK, font=font)
        for column, picture in enumerate(pictures):
            if picture is not None:
                sheet.paste(Image.fromarray(quantize(picture, 8)), (_GAP + column * (width + _GAP), top + _LINE))
    return np.asarray(sheet)
