"""All that decides the training of a style."""

from dataclasses import dataclass, field, replace

from texnet_core.model.artifact import Provenance
from texnet_core.model.families.stylizer import StylizerSettings
from texnet_core.settings import DescriptorSettings, LossSettings, changed
from texnet_core.style_settings import DEFAULT_RECIPE, STYLE_RECIPES, StyleSettings, StyleTrainSettings


@dataclass(frozen=True)
class StyleRequest:
    """All that decides a run, and what its card is to say.

    Attributes:
        generator: settings of the generator.
        style: what it is to keep of the pictures that it paints.
        descriptor: what compares pictures; it must be VGG-19.
        loss: weights of the losses that compare samples with the style.
        train: settings of the loop.
        provenance: source and license of the style's picture.
    """

    generator: StylizerSettings = field(default_factory=StylizerSettings)
    style: StyleSettings = field(default_factory=StyleSettings)
    descriptor: DescriptorSettings = field(default_factory=DescriptorSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    train: StyleTrainSettings = field(default_factory=StyleTrainSettings)
    provenance: Provenance = field(default_factory=Provenance)


def style_request(recipe: str = DEFAULT_RECIPE) -> StyleRequest:
    """The request behind a word.

    Args:
        recipe: a key of `STYLE_RECIPES`.
    """
    values, plain = STYLE_RECIPES[recipe], StyleRequest()
    parts = {part: changed(getattr(plain, part), values) for part in ("generator", "style", "loss", "train")}
    return replace(plain, **parts)
