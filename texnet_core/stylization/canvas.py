"""From a picture and a request to a plane, of which any window of the result can be had."""

from dataclasses import dataclass, replace

from texnet_core.engines import Engine
from texnet_core.errors import RequestError
from texnet_core.mapset import Depth
from texnet_core.model.artifact import Header
from texnet_core.model.inputs import InputPlane
from texnet_core.pictures.color_statistics import matching
from texnet_core.settings import MAX_SIZE
from texnet_core.stylization.colors import Finish, Given
from texnet_core.stylization.inputs import PicturePlane, SideBySide, Stretch, VariedNoise
from texnet_core.stylization.layers import Layer, Side
from texnet_core.stylization.picture import Picture
from texnet_core.stylization.request import StylizeRequest
from texnet_core.stylization.stores import Store
from texnet_core.stylization.tiling import tiling_axes
from texnet_core.synthesis.axis import Axis
from texnet_core.synthesis.plane import Plane
from texnet_core.synthesis.windows import Region, checked_region

_MOST_SHRUNK = 16.0  # texels of the picture per texel that the net sees, along an axis


@dataclass(frozen=True)
class Canvas:
    """A picture on its way to be painted anew.

    Attributes:
        request: with all that was left open settled: wrap, colors, width, height, depth.
        plane: what makes it.
        alpha: of the result, (h, w, 1); None where all is opaque.
    """

    request: StylizeRequest
    plane: Plane
    alpha: Layer | None

    @property
    def window(self) -> Region:
        """The part that is to be made."""
        return _window_of(self.request)


def open_canvas(
    engine: Engine, picture: Picture, request: StylizeRequest, strength: Store | None, blocks_at_once: int | None = None
) -> Canvas:
    """Measure the picture where the request leaves that open, and read it once for the coarse levels.

    Args:
        engine: of the style.
        picture: all of whose texels have colors.
        request: what is to become of it.
        strength: (h, w, 1) of the picture's size, which multiplies the strength; None for 1 everywhere.
        blocks_at_once: fewer than the engine would like, where several planes share it.

    Raises:
        RequestError: a field of the request out of its range, or one that the style knows nothing of.
    """
    style = engine.artifact
    check_is_style(style)
    workers = min(max(1, blocks_at_once or engine.workers), engine.workers)
    request = _settled(request.check(), picture, style, strength is not None, workers)
    rows, columns = (_Fit.of(request, picture, axis, style.graph.cell_texels) for axis in (0, 1))
    shown, seen = ((rows.shown, columns.shown), (rows.seen, columns.seen))
    matched = undone = None
    if style.style_colors is not None and request.colors is not None:
        matched = matching(request.colors, style.style_colors)
        undone = matched.inverse
    given = Given(Layer(picture.colors, *seen), matched, _layer(strength, *seen), float(request.strength))
    finish = Finish(
        Layer(picture.colors, *shown), undone, request.keep_colors, _layer(strength, *shown), float(request.strength)
    )
    inputs = _inputs(engine, request, given, rows, columns, workers)
    plane = Plane(engine, inputs, rows.axis, columns.axis, workers, finish if _changes(request, strength) else None)
    return Canvas(request, plane, _layer(picture.alpha, *shown))


def check_is_style(header: Header) -> None:
    """Raise RequestError for a generator of textures, which knows nothing of pictures."""
    if not header.paints:
        raise RequestError(
            "this generator makes textures and is no style",
            expected="a style",
            remedy="use it with: texnet synth, or train a style with: texnet style",
        )


def _settled(request: StylizeRequest, picture: Picture, style: Header, has_map: bool, workers: int) -> StylizeRequest:
    height, width = picture.shape
    depth: Depth = 8 if picture.depth == 8 else 16
    request = replace(
        request,
        width=int(request.width) or width,
        height=int(request.height) or height,
        wrap=tiling_axes(picture) if request.wrap == "auto" else request.wrap,
        depth=request.depth or depth,
    )
    if max(request.width, request.height) > MAX_SIZE:
        raise RequestError(
            f"a result of {request.width}x{request.height} is too large",
            expected=f"at most {MAX_SIZE} a side",
            remedy="scale the picture down",
        )
    if request.region is not None:
        _check_inside(checked_region(request.region), request)
    if style.settings.strength_channels == 0 and (request.strength != 1 or has_map):  # type: ignore[attr-defined]
        raise RequestError(
            "this style knows one strength only", expected="1", remedy="leave strength and strength map out"
        )
    if style.style_colors is None:
        if request.keep_colors:
            raise RequestError(
                "this style does not know its colors, so that those of the picture cannot be kept",
                expected="false",
                remedy="leave keep_colors out",
            )
        return replace(request, colors=None)
    return request if request.colors is not None else replace(request, colors=picture.colors_measured(workers))


def _check_inside(region: Region, request: StylizeRequest) -> None:
    """Beyond its edges there is a picture only where it tiles."""
    for name, start, count, whole in zip("xy", region[:2], region[2:], (request.width, request.height), strict=True):
        if name not in request.wrap and not 0 <= start <= start + count <= whole:
            raise RequestError(
                f"the region goes from {start} to {start + count} along {name}, where the picture does not tile",
                expected=f"0 to {whole}",
                remedy="choose a region inside the picture",
            )


def _changes(request: StylizeRequest, strength: Store | None) -> bool:
    """Whether anything is left to do with what the net makes."""
    return request.strength < 1 or request.keep_colors or strength is not None


def _window_of(request: StylizeRequest) -> Region:
    """The part that a settled request asks for."""
    return checked_region((0, 0, request.width, request.height) if request.region is None else request.region)


def _layer(store: Store | None, rows: Side, columns: Side) -> Layer | None:
    return None if store is None else Layer(store, rows, columns)


@dataclass(frozen=True)
class _Fit:
    """How one axis of a picture, of what the net makes, and of the result lie on each other."""

    axis: Axis
    seen: Side
    shown: Side
    start: int
    count: int

    @classmethod
    def of(cls, request: StylizeRequest, picture: Picture, axis: int, cell: int) -> "_Fit":
        texels, result = picture.shape[axis], (request.height, request.width)[axis]
        wraps = "yx"[axis] in request.wrap
        lies = Axis.fitting(result if wraps else None, lambda length: length / request.scale, cell)
        step = texels / lies.made if lies.made else texels / result * request.scale
        if step > _MOST_SHRUNK:
            raise RequestError(
                f"a picture of {texels} texels a side is too large for a result of {result}",
                expected=f"at most {_MOST_SHRUNK:g} times the result",
                remedy="scale the picture down first",
            )
        window = _window_of(request)
        start, count = window[1 - axis], window[3 - axis]
        return cls(lies, Side(texels, lies.made, step), Side(texels, lies.period, texels / result), start, count)

    def stretch(self, block: int, reach: int, cell: int) -> Stretch:
        """What the blocks of the region read."""
        low, high = self.start, self.start + self.count
        if self.axis.step != 1:
            margin = 4 * max(1.0, self.axis.step) + 2  # for resampling
            low, high = int(low * self.axis.step - margin), int(high * self.axis.step + margin)
        if self.axis.made is None:
            low, high = low // block * block, -(-high // block) * block
        else:  # blocks begin anew with each period
            low, high = low - block, high + block
        return Stretch.around(low, high - low, reach, self.axis.made, cell)


def _inputs(
    engine: Engine, request: StylizeRequest, given: Given, rows: _Fit, columns: _Fit, workers: int
) -> InputPlane:
    style = engine.artifact
    graph, cell = style.graph, style.graph.cell_texels
    windows = graph.windows(0, 0, cell, cell)
    reach = max(max(-window.top, -window.left) << window.level for window in windows)
    down = rows.stretch(engine.block_shape[0], reach, cell)
    across = columns.stretch(engine.block_shape[1], reach, cell)
    levels = 1 + max(window.level for window in windows)
    constant = given.factor if given.strength is None and style.settings.strength_channels else None  # type: ignore[attr-defined]
    picture = PicturePlane(given, given.channels, constant, down, across, levels, workers)
    noise = style.input_plane(int(request.seed), rows.axis.made, columns.axis.made)
    if request.noise != 1:
        noise = VariedNoise(noise, float(request.noise))
    return SideBySide((noise, picture))
