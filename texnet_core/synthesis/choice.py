"""Which texture of a file that holds several, or what mix of them."""

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Self

from texnet_core.errors import RequestError
from texnet_core.settings import Checked, setting

_mix = partial(setting, group="mix")
_MOST_NAMED = 12  # textures in a message


@dataclass(frozen=True, kw_only=True)
class TextureChoice(Checked):
    """What is wanted of a file that holds several textures.

    Attributes:
        texture: name of one; "" for the first, or where a mix is given.
        mix: names with shares, as in "moss=0.3,bark=0.7"; see `parse_mix`.
        mix_to: name of a texture or a second mix, which white of the mask shows.
        mix_mask: file of a picture: black shows `texture` or `mix`, white `mix_to`, gray what lies between them.
    """

    texture: str = _mix("", "name of the texture, as texnet info lists them; without it the first")
    mix: str = _mix("", "textures to mix, with their shares, such as moss=0.3,bark=0.7")
    mix_to: str = _mix("", "texture or second mix, which white of --mix-mask shows; black shows --texture or --mix")
    mix_mask: str = setting("", "")

    def check(self) -> Self:
        """Return self, or raise RequestError for what does not fit together or is no mix."""
        super().check()
        if self.texture and self.mix:
            raise _wrong("texture", "and mix cannot be combined", "use one of them")
        if self.mix_to and not self.mix_mask:
            raise _wrong("mix_to", "needs a mask, which says where it is shown", "give a mix mask as well")
        if self.mix_mask and not self.mix_to:
            raise _wrong(
                "mix_mask", "needs a second texture, which its white shows", "give a second texture as well (mix to)"
            )
        for name in ("mix", "mix_to"):
            if text := getattr(self, name):
                parse_mix(text, name)
        return self

    @property
    def is_made(self) -> bool:
        """Whether anything is chosen."""
        return any(getattr(self, spec.name) for spec in fields(TextureChoice))

    @property
    def start(self) -> dict[str, float]:
        """Name -> share of what is shown, where there is a mask by its black; empty for the first texture."""
        return parse_mix(self.mix, "mix") if self.mix else {self.texture: 1.0} if self.texture else {}

    @property
    def end(self) -> dict[str, float]:
        """The same of what white of the mask shows; empty where there is none."""
        return parse_mix(self.mix_to, "mix_to") if self.mix_to else {}


def choice_of(settings: TextureChoice) -> TextureChoice:
    """The choice alone, of a request that says more."""
    return TextureChoice(**{spec.name: getattr(settings, spec.name) for spec in fields(TextureChoice)})


def check_known(choice: TextureChoice, names: Sequence[str]) -> None:
    """Raise RequestError unless a file can give what is chosen.

    Args:
        choice: that was checked.
        names: of the textures that the file holds; none for a file of one, which leaves no choice.
    """
    if not names:
        for spec in fields(TextureChoice):
            if getattr(choice, spec.name):
                several = "is for files that hold several textures"
                raise choice_error(spec.name, several, "a file of several", "leave it out")
    for field, shares in (("mix" if choice.mix else "texture", choice.start), ("mix_to", choice.end)):
        for name in shares:
            if name not in names:
                raise _unknown(field, name, names)


def first_note(choice: TextureChoice, names: Sequence[str]) -> str:
    """What to say where nothing is chosen of several textures; "" where there is nothing to say."""
    if choice.is_made or len(names) < 2:
        return ""
    return f"this is {names[0]}, the first of {len(names)} textures: {_listed(names)}"


def parse_mix(text: str, name: str) -> dict[str, float]:
    """Names with their shares, which add up to 1.

    Args:
        text: names with weights, as in "moss=0.3,bark=0.7"; a name without one has the weight 1.
        name: of the field, for messages.

    Raises:
        RequestError: a weight that is none, none above 0, or a texture twice or without a name.
    """
    weights: dict[str, float] = {}
    for part in text.split(","):
        texture, is_weighed, said = (word.strip() for word in part.partition("="))
        if not texture:
            raise _wrong(name, f"{text!r} has a part without a name", "write it as in moss=0.3,bark=0.7")
        if texture in weights:
            raise _wrong(name, f"{text!r} names {texture!r} twice", "name it once")
        weights[texture] = _weight(said, name, texture) if is_weighed else 1.0
    total = sum(weights.values())
    if not total > 0:
        raise _wrong(name, f"{text!r} has no weight above 0", "give at least one a weight above 0")
    if total == math.inf:
        raise _wrong(name, f"{text!r} has weights that are too large", "give smaller ones, such as shares")
    return {texture: weight / total for texture, weight in weights.items()}


def choice_error(name: str, found: str, expected: Any, remedy: str) -> RequestError:
    """What to raise for a field of the choice; `found` goes on after its name."""
    error = RequestError(f"{name.replace('_', ' ')} {found}", expected=expected, remedy=remedy)
    error.setting = next(spec for spec in fields(TextureChoice) if spec.name == name)
    return error


def _listed(names: Sequence[str]) -> str:
    """The first of many names."""
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _weight(said: str, name: str, texture: str) -> float:
    try:
        weight = float(said)
    except ValueError:
        weight = math.nan
    if not 0 <= weight < math.inf:
        raise _wrong(name, f"gives {texture!r} the weight {said!r}", "give a number from 0 up")
    return weight


def _wrong(name: str, found: str, remedy: str) -> RequestError:
    return choice_error(name, found, "textures with shares, such as moss=0.3,bark=0.7", remedy)


def _unknown(field: str, name: str, names: Sequence[str]) -> RequestError:
    by_folded = {known.casefold(): known for known in names}
    near = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    remedy = f"did you mean {by_folded[near[0]]!r}?" if near else f"choose one of its textures: {_listed(names)}"
    return choice_error(field, f"{name!r} is unknown", "a texture of the file", remedy)
