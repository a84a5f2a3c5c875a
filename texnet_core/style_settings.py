"""The defaults and limits of styles, once: learning, measuring, and finding one by its pixels. See `settings`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from types import MappingProxyType
from typing import Any, Literal

from texnet_core.settings import MIN_EXEMPLAR_SIDE, Checked, DetailName, PatternSearch, Tiling, TrainSettings, setting

StyleLossName = Literal["gram", "wasserstein"]
ContentLossName = Literal["standardized", "plain"]
StartName = Literal["content", "noise"]

_style = partial(setting, group="style")


def _with_default(kind: type, name: str, default: Any) -> Any:
    """The field of another settings dataclass with another default."""
    return field(default=default, metadata=next(spec.metadata for spec in fields(kind) if spec.name == name))


@dataclass(frozen=True)
class StyleTrainSettings(TrainSettings):
    """The training loop of a style."""

    exemplar_size: int = setting(
        384,
        "short side of the style's picture in texels, which sets the size of its strokes",
        low=MIN_EXEMPLAR_SIDE,
        high=2048,
        group="picture",
    )
    pattern: PatternSearch = setting("off", "")  # a style has no pattern
    detail: DetailName = setting("auto", "")  # nor levels of detail
    flatten: bool = setting(False, "")
    steps: int = _with_default(TrainSettings, "steps", 320)
    batch: int = setting(
        4, "samples a step until statistics are frozen, and one from then on", low=2, high=64, group="budget"
    )
    half_share: float = _with_default(TrainSettings, "half_share", 0.75)
    frozen_share: float = _with_default(TrainSettings, "frozen_share", 0.25)


@dataclass(frozen=True)
class StyleSettings(Checked):
    """What a style is to keep of the pictures that it paints."""

    content_goal: float = _style(
        0.4,
        "share of what a picture shows that may be lost at full strength; the content weight follows from it, and "
        "with 0 it stays",
        low=0.0,
        high=1.0,
    )
    content_weight: float = _style(
        0.25, "weight of what the picture shows, at full strength, to begin with", low=0.0, high=1e6
    )
    content_loss: ContentLossName = _style(
        "standardized", "how features of the picture are compared: each channel by its own mean and spread, or plainly"
    )
    identity_weight: float = _style(2.0, "weight of the picture's own texels, at strength 0", low=0.0, high=1e6)
    match_colors: bool = setting(True, "")  # the published recipe alone paints pictures with their own colors
    pool: int = _style(64, "how many crops of pictures are painted in training", low=1, high=4096)


# Of what compares textures.
NOT_FOR_STYLES = ("diversity_weight", "shapes_weight", "tone_weight", "octaves", "descriptor")
DEFAULT_RECIPE = "default"

# Word -> the settings, of the generator, the style, the losses and the loop, that it changes. The published one is that
# of Texture Networks (Ulyanov et al. 2016), section 5.2, as its published code has it: the content as it is at every
# scale, Gram matrices with normalized gradients, 16 pictures, one strength.
STYLE_RECIPES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        DEFAULT_RECIPE: {},
        "published": {
            "strength_channels": 0,
            "content_goal": 0.0,
            "content_weight": 0.8,
            "content_loss": "plain",
            "identity_weight": 0.0,
            "match_colors": False,
            "pool": 16,
            "sliced_wasserstein_weight": 0.0,
            "gram_weight": 1000.0,
            "exemplar_size": 256,
            "half_share": 0.0,
            "frozen_share": 0.2,
        },
    }
)


@dataclass(frozen=True)
class StyleEvaluationSettings(Checked):
    """What is looked at to measure a style."""

    size: int = _style(512, "long side in texels to which larger pictures are scaled down", low=64, high=4096)
    wrap: Tiling | Literal["auto"] = _style("auto", "axes along which pictures tile; auto looks at their edges")


@dataclass(frozen=True)
class PaintingSettings(Checked):
    """A picture in a style, found by optimizing its pixels."""

    content_weight: float = _style(0.2, "weight of what the picture shows, against the style", low=0.0, high=1e6)
    style_size: int = _style(
        384,
        "short side in texels to which the style's picture is scaled, which sets the size of its strokes",
        low=MIN_EXEMPLAR_SIDE,
        high=2048,
    )
    style_loss: StyleLossName = _style(
        "gram", "how the style is compared: gram as published, or wasserstein as in training"
    )
    start: StartName = _style("content", "what the pixels are at first: the picture, or noise")
    wrap: Tiling | Literal["auto"] = _style(
        "auto", "axes along which the picture tiles, and the result with it; auto looks at its edges"
    )
