"""All that decides a training of a conditional pyramid."""

from dataclasses import dataclass, field

from texnet_core.adaptive.conditional_settings import InstantTrainSettings, TexturesTrainSettings
from texnet_core.model.families.conditional import PredictingSettings, TexturesSettings
from texnet_core.model.header import Provenance


@dataclass(frozen=True)
class InstantRequest:
    """All that decides a run of a network that predicts codes, and what its card is to say.

    Attributes:
        network: its shape.
        train: settings of the loop.
        provenance: source and license of the pictures.
    """

    network: PredictingSettings = field(default_factory=PredictingSettings)
    train: InstantTrainSettings = field(default_factory=InstantTrainSettings)
    provenance: Provenance = field(default_factory=Provenance)


@dataclass(frozen=True)
class TexturesRequest:
    """All that decides a run of a network of several textures, and what its card is to say.

    Attributes:
        network: its shape; how many textures it has is what the pictures say.
        train: settings of the loop.
        provenance: source and license of the pictures.
    """

    network: TexturesSettings = field(default_factory=TexturesSettings)
    train: TexturesTrainSettings = field(default_factory=TexturesTrainSettings)
    provenance: Provenance = field(default_factory=Provenance)
