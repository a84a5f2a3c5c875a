"""All that decides a training of a network that adapts."""

from dataclasses import dataclass, field
from typing import Literal

from texnet_core.adaptive.settings import AdaptiveTrainSettings
from texnet_core.model.families.pseudo_optimizer import PseudoOptimizerSettings
from texnet_core.model.header import Provenance
from texnet_core.settings import InputConvention


@dataclass(frozen=True)
class AdaptiveRequest:
    """All that decides a run, and what its card is to say.

    Attributes:
        network: shape of the network.
        train: settings of the loop.
        vgg19: file with VGG-19's weights, where the network looks through it; see `load_vgg19`.
        provenance: source and license of the pictures.
        vgg19_input: input convention of these weights, where their file does not say it.
    """

    network: PseudoOptimizerSettings = field(default_factory=PseudoOptimizerSettings)
    train: AdaptiveTrainSettings = field(default_factory=AdaptiveTrainSettings)
    vgg19: str = ""
    provenance: Provenance = field(default_factory=Provenance)
    vgg19_input: InputConvention | Literal[""] = ""
