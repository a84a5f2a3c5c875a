"""All figures of one style, and the pictures that they were measured on.

What cannot be measured is missing with its reason; nothing is ever guessed in its place.
"""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from texnet_core.engines import Engine, open_engine
from texnet_core.errors import RequestError
from texnet_core.evaluation import stylization
from texnet_core.evaluation.color import color_distance
from texnet_core.evaluation.evaluate import notes_on_picture
from texnet_core.evaluation.seam import AxisSeam
from texnet_core.evaluation.sizes import training_size
from texnet_core.evaluation.weights import usable_weights
from texnet_core.mapset import FloatArray, Mask
from texnet_core.model.artifact import Artifact
from texnet_core.pictures.masks import resized, visible_part
from texnet_core.progress import Progress, ProgressCallback, ignore_progress
from texnet_core.settings import DescriptorSettings, Tiling
from texnet_core.style_settings import StyleEvaluationSettings
from texnet_core.stylization import Content, Stylized, StylizeRequest, stylize
from texnet_core.stylization.canvas import check_is_style
from texnet_core.stylization.tiling import tiling_axes
from texnet_core.synthesis import resampling

if TYPE_CHECKING:
    from texnet_core.descriptor.weights import Vgg19Weights
    from texnet_core.evaluation.style_metric import StyleMetric
    from texnet_core.evaluation.texture_metric import TextureFeatures

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)

_DEFAULTS = StyleEvaluationSettings()
_DESCRIPTOR = DescriptorSettings()
_NO_STYLE = "the style's picture was not given"


@dataclass(frozen=True)
class PaintedContent:
    """One picture at all strengths.

    Attributes:
        name: what it is called.
        content: (h, w, 3) in [0, 1], as it was painted.
        pictures: what became of it at each of the strengths.
        style: the style distance at each of them; () where there is none.
        kept: the content distance at each of them; () where there is none.
        flicker: see `evaluation.stylization.flicker`, at full strength.
        color: distance of its colors from those of the style's picture, in dE, at full strength; or None.
        contrast: by which share the style distance changes where the content has half its contrast; or None.
        seams: axis along which it tiles -> its seam, at full strength.
    """

    name: str
    content: FloatArray
    pictures: list[FloatArray]
    flicker: float
    style: tuple[float, ...] = ()
    kept: tuple[float, ...] = ()
    color: float | None = None
    contrast: float | None = None
    seams: dict[str, AxisSeam] = field(default_factory=dict)


@dataclass(frozen=True)
class StyleEvaluation:
    """What is known of how a style paints.

    Attributes:
        style: the style's picture as training saw it, or None.
        contents: what became of each picture.
        floor: how far the halves of the style's picture are from each other, or None.
        unrelated: the content distance between the pictures themselves, or None.
        missing: what was not measured -> why.
        notes: what else the reader of the figures must know, a sentence without a full stop each.
    """

    style: FloatArray | None
    contents: list[PaintedContent]
    floor: float | None
    unrelated: float | None
    missing: dict[str, str]
    notes: list[str]

    def mean(self, name: str) -> tuple[float, ...]:
        """Of `style` or `kept`, over the pictures, at each strength; () where there is none."""
        known = [values for each in self.contents if (values := getattr(each, name))]
        return tuple(statistics.fmean(column) for column in zip(*known, strict=True))


def evaluate_style(
    artifact: Artifact,
    contents: Mapping[str, Content],
    style: FloatArray | None = None,
    settings: StyleEvaluationSettings = _DEFAULTS,
    descriptor: DescriptorSettings = _DESCRIPTOR,
    *,
    mask: Mask | None = None,
    progress: ProgressCallback = ignore_progress,
) -> StyleEvaluation:
    """Measure a style on pictures.

    Args:
        artifact: the style.
        contents: name -> picture. Transparency is left out.
        style: (H, W, 3) sRGB in [0, 1], the picture that it was trained from, or None.
        settings: what to look at.
        descriptor: where VGG-19's weights lie. Nothing is downloaded.
        mask: (H, W), True where a texel of the style's picture takes part; None: all do.
        progress: called after every picture that is painted; raising Cancelled from it stops the work.

    Raises:
        RequestError: no style, or no pictures.
        ImageError: the style's picture is smaller than in training.
        WeightsError: the weights that were named cannot be used.
        EngineError: no engine, or senseless parameters.
    """
    settings.check()
    descriptor.check()
    check_is_style(artifact)
    if not contents:
        raise RequestError("there are no pictures to paint", expected="one or more", remedy="name pictures to paint")
    weights = usable_weights(descriptor)
    small = None if style is None else _as_trained(style, mask, training_size(artifact))
    examiner = _Examiner(artifact, small, weights, settings, progress, len(contents))
    painted = [examiner.examine(name, content) for name, content in contents.items()]
    notes = [] if small is None else notes_on_picture("style", artifact, small, mask)
    return StyleEvaluation(
        style=None if small is None else small[0],
        contents=painted,
        floor=examiner.floor,
        unrelated=examiner.unrelated,
        missing=examiner.missing,
        notes=[*notes, *examiner.notes],
    )


class _Examiner:
    """Paints pictures and measures them; keeps what it has seen of the style."""

    def __init__(
        self,
        artifact: Artifact,
        style: tuple[FloatArray, Mask | None] | None,
        weights: "Vgg19Weights | str",
        settings: StyleEvaluationSettings,
        progress: ProgressCallback,
        count: int,
    ) -> None:
        self.engine: Engine = open_engine(artifact)
        self.settings, self.progress = settings, progress
        self.total, self.done = count * (len(STRENGTHS) + 2), 0
        self.style = style
        self.missing: dict[str, str] = {}
        self.notes: list[str] = []
        self.metric = None if isinstance(weights, str) else _metric(weights)
        self.wanted: TextureFeatures | None = None
        self.floor: float | None = None
        self._seen: list[TextureFeatures] = []
        if isinstance(weights, str):
            self.missing = {"style distance": weights, "content distance": weights}
        if style is None:
            self.missing |= {"style distance": _NO_STYLE, "color": _NO_STYLE}
        elif self.metric is not None:
            self.wanted, self.floor = self.metric.see(*style), self.metric.floor(*style)
        progress(Progress("evaluating", 0, self.total, "picture"))

    @property
    def unrelated(self) -> float | None:
        return None if self.metric is None else self.metric.unrelated(self._seen)

    def examine(self, name: str, content: Content) -> PaintedContent:
        wrap, image = self._prepared(content)
        request = StylizeRequest(wrap=wrap)
        made = [self._painted(image, replace(request, strength=strength)) for strength in STRENGTHS]
        full = made[-1]
        flicker = stylization.flicker(
            image, full.image, full.request, lambda other: self._painted(other, full.request).image
        )
        faint = self._painted(stylization.less_contrast(image), request).image
        style, kept, contrast = self._distances(name, image, [each.image for each in made], faint, wrap)
        return PaintedContent(
            name=name,
            content=image,
            pictures=[each.image for each in made],
            flicker=flicker,
            style=style,
            kept=kept,
            color=None if self.style is None else color_distance(full.image, self.style[0], (None, self.style[1])),
            contrast=contrast,
            seams=stylization.seams(full.image, wrap, self.engine.artifact.graph.cell_texels),
        )

    def _prepared(self, content: Content) -> tuple[Tiling, FloatArray]:
        """The axes along which a picture tiles, and the picture, no larger than it is to be looked at."""
        picture = content.picture
        wrap = cast(Tiling, tiling_axes(picture)) if self.settings.wrap == "auto" else self.settings.wrap
        height, width = picture.shape
        scale = min(1.0, self.settings.size / max(height, width))
        height, width = (max(1, round(side * scale)) for side in (height, width))
        return wrap, resampling.resized(picture.colors.window(0, 0, *picture.shape), width, height, wrap)

    def _painted(self, content: FloatArray, request: StylizeRequest) -> Stylized:
        made = stylize(self.engine.artifact, content, request, engine=self.engine)
        self.done += 1
        self.progress(Progress("evaluating", self.done, self.total, "picture"))
        return made

    def _distances(
        self, name: str, content: FloatArray, made: list[FloatArray], faint: FloatArray, wrap: Tiling
    ) -> tuple[tuple[float, ...], tuple[float, ...], float | None]:
        """Style and content distance at each strength, and what half the contrast changes."""
        from texnet_core.evaluation.style_metric import LEAST_SIDE

        if (metric := self.metric) is None:
            return (), (), None
        if min(content.shape[:2]) < LEAST_SIDE:
            self.notes.append(f"{name} is too small for VGG-19, which needs {LEAST_SIDE} texels a side")
            return (), (), None
        shown = metric.see(content, wrap=wrap)
        self._seen.append(shown)
        seen = [metric.see(each, wrap=wrap) for each in made]
        kept = tuple(metric.content_distance(each, shown) for each in seen)
        if (wanted := self.wanted) is None:
            return (), kept, None
        style = tuple(metric.style_distance(each, wanted) for each in seen)
        changed = metric.style_distance(metric.see(faint, wrap=wrap), wanted)
        return style, kept, changed / max(style[-1], 1e-9) - 1


def _metric(weights: "Vgg19Weights") -> "StyleMetric":
    from texnet_core.evaluation.style_metric import StyleMetric

    return StyleMetric(weights)


def _as_trained(style: FloatArray, mask: Mask | None, side: int) -> tuple[FloatArray, Mask | None]:
    return resized(*visible_part(style, mask, side), side)
