"""Pictures painted anew in a style, in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy.typing as npt

from texnet_core.engines import Engine, open_engine
from texnet_core.errors import RequestError
from texnet_core.mapset import FloatArray
from texnet_core.model.artifact import Artifact
from texnet_core.pictures.color_statistics import ColorStatistics
from texnet_core.progress import Progress, ProgressCallback, ignore_progress
from texnet_core.stylization.canvas import check_is_style, open_canvas
from texnet_core.stylization.content import Content, content_of, strength_of
from texnet_core.stylization.request import StylizeRequest
from texnet_core.stylization.sources import visible_texels
from texnet_core.stylization.stores import ArrayStore
from texnet_core.synthesis.textures import check_held, gathered

_DEFAULTS = StylizeRequest()


@dataclass(frozen=True)
class Stylized:
    """A picture that was painted anew.

    Attributes:
        image: (height, width, 3) float32 sRGB in [0, 1]. Hidden texels go on with what is painted beside them.
        alpha: (height, width) float32, that of the picture; None where all is opaque.
        request: with what it left open: wrap, colors, width, height, depth. Given again, it makes the same.
        notes: what the user should know, a clause each.
    """

    image: FloatArray
    alpha: FloatArray | None
    request: StylizeRequest
    notes: list[str] = field(default_factory=list)


def stylize(
    artifact: Artifact,
    picture: npt.NDArray[Any] | Content,
    request: StylizeRequest = _DEFAULTS,
    *,
    strength_map: npt.NDArray[Any] | None = None,
    engine: Engine | None = None,
    progress: ProgressCallback = ignore_progress,
) -> Stylized:
    """Paint a picture anew, in memory.

    Args:
        artifact: the style, whatever the request names as its source.
        picture: (h, w, 3), or (h, w, 4) with alpha: floats of sRGB in [0, 1], uint8 or uint16; or what `read_content`
            returns. Colors where alpha is 0 have no say.
        request: what is to become of it. Equal requests and pictures give equal bytes on the same engine and machine.
        strength_map: (h, w) in [0, 1] or of whole numbers, of the picture's size; it multiplies the strength.
        engine: one that is open for this artifact, instead of the one that the request describes.
        progress: called after every band of rows; raising Cancelled from it stops the work.

    Returns:
        The result, at most 2^28 texels.

    Raises:
        RequestError: no style, a field of the request out of its range, or too large a result.
        ImageError: no picture, or a strength map of another size.
        EngineError: the engine is missing or failed, memory did not suffice, or the parameters are senseless.

    Source: Texture Networks (Ulyanov et al. 2016), section 4.3. Differs: colors are matched, the strength is an input,
    and any block of the result is as if made alone.
    """
    check_is_style(artifact)
    engine = engine or open_engine(artifact, request.engine, request.device, request.precision, request.threads)
    if engine.artifact is not artifact:
        raise RequestError(
            "the engine is open for another artifact", expected="one for this", remedy="open one for this artifact"
        )
    content = content_of(picture)
    strength = None if strength_map is None else strength_of(strength_map, content.shape)
    canvas = open_canvas(engine, content.picture, request, None if strength is None else ArrayStore(strength))
    check_held(canvas.window)
    image = gathered(canvas.plane, canvas.window, progress)
    x, y, width, height = canvas.window
    alpha = None if canvas.alpha is None else canvas.alpha.window(y, x, height, width)[..., 0]
    return Stylized(image, alpha, canvas.request, list(content.notes))


def colors_of(paths: Sequence[Path | str], *, progress: ProgressCallback = ignore_progress) -> ColorStatistics:
    """The colors of several pictures together: given to each of their requests, they have one look.

    Args:
        paths: of pictures, each of which counts by its visible texels.
        progress: called before every picture; raising Cancelled from it stops the work.

    Raises:
        ImageError: one of them cannot be read.
        RequestError: there are none.
    """

    def visible() -> Iterator[FloatArray]:
        for number, path in enumerate(paths):
            progress(Progress("colors", number, len(paths), "picture"))
            yield from visible_texels(Path(path))

    return ColorStatistics.of(visible())
