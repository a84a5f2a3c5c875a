"""Pictures painted anew from file to file."""

from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from texnet_core.atomic import prepared
from texnet_core.engines import Engine
from texnet_core.mapset import Depth
from texnet_core.pictures.color import quantize
from texnet_core.pictures.writing import check_picture_size, depth_for, holds_alpha, writing_image
from texnet_core.progress import ProgressCallback, ignore_progress
from texnet_core.stylization.canvas import Canvas, check_is_style, open_canvas
from texnet_core.stylization.request import StylizeRequest
from texnet_core.stylization.sources import open_picture, open_strength
from texnet_core.synthesis.plane import unchanged
from texnet_core.synthesis.textures import reported_bands


@dataclass(frozen=True)
class StylizedFile:
    """A picture that was painted anew into a file.

    Attributes:
        path: the file.
        request: with what it left open: wrap, colors, width, height, depth. Given again, it makes the same.
        notes: what the user should know, a clause each.
    """

    path: Path
    request: StylizeRequest
    notes: list[str] = field(default_factory=list)


def stylize_file(
    engine: Engine,
    content: Path | str,
    output: Path | str,
    request: StylizeRequest,
    *,
    strength_map: Path | str | None = None,
    blocks_at_once: int | None = None,
    progress: ProgressCallback = ignore_progress,
) -> StylizedFile:
    """Paint a picture in a file anew.

    Args:
        engine: of the style, whatever the request names as its source.
        content: any still picture, known by its content.
        output: the file to write, by its suffix. It appears when it is complete, or not at all.
        request: what is to become of it.
        strength_map: a picture of the same size, white for all of the strength; of colors, their mean counts.
        blocks_at_once: fewer than the engine would like, where several pictures share it.
        progress: called after every band of rows; raising Cancelled from it stops the work.

    Returns:
        What was made, and how.

    Raises:
        RequestError: no style, a field of the request out of its range, or what the format cannot hold.
        ImageError: no picture, or a strength map of another size.
        OutputError: the file cannot be written.
        EngineError: the engine failed, or the parameters are senseless.
    """
    output = Path(output)
    check_is_style(engine.artifact)
    depth_for(output, request.depth or 8)
    with ExitStack() as stack:
        stack.enter_context(prepared(output))
        picture = stack.enter_context(open_picture(Path(content), output))
        strength = None
        if strength_map is not None:
            strength = stack.enter_context(open_strength(Path(strength_map), output, picture.shape))
        canvas = open_canvas(engine, picture, request, strength, blocks_at_once)
        notes = list(picture.notes)
        if canvas.alpha is not None and not holds_alpha(output):
            notes.append(f"{output.suffix} files hold no alpha, so that it is left out")
            canvas = replace(canvas, alpha=None)
        bits = depth_for(output, request.depth or 8, canvas.request.depth)
        write_canvas(canvas, output, bits, progress)
    return StylizedFile(output, replace(canvas.request, depth=bits or canvas.request.depth), notes)


def write_canvas(canvas: Canvas, output: Path, bits: Depth | None, progress: ProgressCallback) -> None:
    """Write what is to be made of a picture while it is made.

    Args:
        canvas: from `open_canvas`.
        output: the file, by its suffix.
        bits: a channel; None for floats.
        progress: called after every band of rows.
    """
    x, y, width, height = canvas.window
    check_picture_size(output, width, height)
    convert = unchanged if bits is None else partial(quantize, depth=bits)
    channels = 3 if canvas.alpha is None else 4
    with (
        writing_image(output, width, height, channels, bits, "sRGB") as write,
        closing(reported_bands(canvas.plane, canvas.window, progress, convert)) as bands,
    ):
        for band in bands:
            rows = len(band)
            if canvas.alpha is not None:
                band = _with_alpha(band, convert(canvas.alpha.window(y, x, rows, width)))
            write(band)
            del band  # the encoder frees it while the next one is made
            y += rows


def _with_alpha(colors: npt.NDArray[Any], alpha: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.concatenate((colors, alpha), axis=2)
