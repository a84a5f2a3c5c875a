"""All that decides a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from texnet_core.model.artifact import Provenance
from texnet_core.model.families.pyramid import PyramidSettings
from texnet_core.settings import DescriptorSettings, LossSettings, TrainSettings
from texnet_core.start_settings import StartSettings


@dataclass(frozen=True)
class TrainRequest:
    """All that decides a run, and what its card is to say.

    Attributes:
        generator: settings of the generator.
        descriptor: what compares textures.
        loss: weights of the losses.
        train: settings of the loop.
        provenance: source and license of the exemplar.
        look: fields of the card's `Look` that are known; the others are guessed from the exemplar.
        real_width: meters that the picture's width shows; 0 where unknown.
        begin: what the run begins with.
    """

    generator: PyramidSettings = field(default_factory=PyramidSettings)
    descriptor: DescriptorSettings = field(default_factory=DescriptorSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    train: TrainSettings = field(default_factory=TrainSettings)
    provenance: Provenance = field(default_factory=Provenance)
    look: Mapping[str, float] = field(default_factory=dict)
    real_width: float = 0.0
    begin: StartSettings = field(default_factory=StartSettings)
