"""What a run begins with, and what a training takes by one word; the defaults of both, once. See `settings`."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

from texnet_core.errors import RequestError
from texnet_core.paths import user_path
from texnet_core.settings import Checked, TrainSettings, setting

AUTO_START, COLD_START, INSTANT_START = "auto", "cold", "instant"  # beside names of presets and paths of files


@dataclass(frozen=True)
class StartSettings(Checked):
    """What a run begins with."""

    start: str = setting(
        COLD_START,
        "parameters to begin with: auto those that fit best of what ships, instant that network's, cold random ones, "
        "a preset or a .texnet file its own",
        group="budget",
    )

    @property
    def label(self) -> str:
        """The start as records name it: a file without its folders."""
        return user_path(self.start).name.encode("utf-8", "replace").decode()  # a file's name can be no text


# Word -> the settings of the loop and of its start that it changes.
QUALITIES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "quick": {"steps": 100, "start": AUTO_START},
        "standard": {},
        "best": {"steps": 1000},
    }
)
DEFAULT_QUALITY = "standard"


def quality_values(quality: str) -> Mapping[str, Any]:
    """What a word for the quality changes: name of a setting -> its value.

    Raises:
        RequestError: there is no such word.
    """
    if quality not in QUALITIES:
        known = list(QUALITIES)
        raise RequestError(f"quality {quality!r} is unknown", expected=known, remedy="choose one of these")
    return QUALITIES[quality]


def quality_settings(quality: str = DEFAULT_QUALITY, **changes: Any) -> tuple[TrainSettings, StartSettings]:
    """The loop and the start of a quality.

    Args:
        quality: a key of `QUALITIES`.
        changes: settings of either that differ from it.

    Raises:
        RequestError: no such quality, or a change out of its range.
    """
    values = {**quality_values(quality), **changes}
    own = {spec.name: values.pop(spec.name) for spec in fields(StartSettings) if spec.name in values}
    return TrainSettings(**values).check(), StartSettings(**own).check()
