"""What can be chosen where maps are derived; the defaults, once. See `texnet_core.settings`."""

from dataclasses import dataclass

from texnet_core.settings import Checked, setting


@dataclass(frozen=True)
class DerivationSettings(Checked):
    """How maps are derived of a picture."""

    wraps: bool = setting(False, "the picture tiles, and so will the maps", group="picture")
    strength: float = setting(
        1.0,
        "how many times as much relief as is found",
        low=0.0,
        high=4.0,
        group="picture",
    )
