"""All that decides the training of a style."""

from dataclasses import dataclass, field

from texnet_core.model.artifact import Provenance
from texnet_core.model.families.stylizer import StylizerSettings
from texnet_core.settings import DescriptorSettings, LossSettings
from texnet_core.style_settings import StyleSettings, StyleTrainSettings


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


def published_recipe(content_weight: float = 0.8) -> StyleRequest:
    """The recipe of Texture Networks (Ulyanov et al. 2016), section 5.2, as its published code has it.

    The content as it is at every scale, Gram matrices with normalized gradients, 16 pictures, one strength, which
    the weight of the content decides (0.6 to 0.8).
    """
    return StyleRequest(
        generator=StylizerSettings(strength_channels=0),
        style=StyleSettings(
            content_goal=0.0,
            content_weight=content_weight,
            content_loss="plain",
            identity_weight=0.0,
            match_colors=False,
            pool=16,
        ),
        loss=LossSettings(sliced_wasserstein_weight=0.0, gram_weight=1000.0),
        train=StyleTrainSettings(exemplar_size=256, half_share=0.0, frozen_share=0.2),
    )
