"""One texture of a file that holds several, or a mix of them, as a generator of its own.

Codes and colors are mixed, not pictures. Source: Li et al. 2017, "Diversified Texture Synthesis with Feed-forward
Networks".
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from texnet_core.errors import RequestError
from texnet_core.instant.conditional import generator_at
from texnet_core.instant.exemplar_statistics import PrincipalColors
from texnet_core.instant.mixing import Mix, mixture_of
from texnet_core.instant.preparing import Announce
from texnet_core.mapset import FloatArray
from texnet_core.model.artifact import Artifact, Provenance
from texnet_core.pictures.reading import read_exemplar
from texnet_core.progress import ignore_note
from texnet_core.synthesis.choice import TextureChoice, check_known, choice_error, first_note

_MOST_SAID = 200  # characters of a mix in words


def choose_texture(
    network: Artifact, choice: TextureChoice, mask: FloatArray | None = None, *, announce: Announce = ignore_note
) -> Artifact:
    """The generator of a texture that a file holds, or of a mix.

    Args:
        network: of the family `textures`.
        choice: which. The file that it names is not read.
        mask: (height, width) in [0, 1], where the choice has a second mix.
        announce: called with a sentence where nothing was chosen.

    Raises:
        RequestError: no such texture, or no mix.
        EngineError: onnxruntime failed.
    """
    choice.check()
    names = network.textures
    if not names:
        raise RequestError(
            "this generator makes one texture", expected="a file of several textures", remedy="use it as it is"
        )
    check_known(choice, names)
    if note := first_note(choice, names):
        announce(note)
    start = choice.start or {names[0]: 1.0}
    first, label = _mix(network, start), _said(start)
    if choice.end:
        if mask is None:
            raise choice_error("mix_mask", "was not read", "its texels", "use open_requested, which reads it")
        _check_mask(mask)
        made, label = mixture_of(network, first, _mix(network, choice.end), mask), f"{label} to {_said(choice.end)}"
    else:
        made = generator_at(network, first.code, first.colors)
    origin = network.provenance
    of = Provenance(label, origin.author, origin.license, origin.source, kind=origin.kind)
    return replace(made, provenance=of)


def read_mix_mask(path: Path | str, announce: Announce = ignore_note) -> FloatArray:
    """The picture that says where which mix is shown, (height, width) in [0, 1].

    Args:
        path: its file. What is in linear light becomes sRGB first, as in all pictures.
        announce: called with a sentence about whatever the user should know of it.

    Raises:
        ImageError: it is no picture.
    """
    picture = read_exemplar(path)
    for note in picture.notes:
        announce(f"the mix mask: {note}")
    brightness: FloatArray = picture.image.mean(axis=2)
    return brightness


def _check_mask(mask: FloatArray) -> None:
    """Raise RequestError for what is no mask, as scripts may give it."""
    remedy = "give floats (height, width) from 0 to 1"
    if not isinstance(mask, np.ndarray) or mask.dtype.kind != "f" or mask.ndim != 2 or not mask.size:
        kind = f"{mask.dtype} {mask.shape}" if isinstance(mask, np.ndarray) else type(mask).__name__
        raise choice_error("mix_mask", f"is {kind}", "floats (height, width)", remedy)
    if not (mask.min() >= 0 and mask.max() <= 1):  # as no number is
        found = f"has values from {mask.min():g} to {mask.max():g}"
        raise choice_error("mix_mask", found, "floats from 0 to 1", remedy)


def _mix(network: Artifact, shares: Mapping[str, float]) -> Mix:
    """Means of what the network knows of its textures."""
    weights = np.array([shares.get(name, 0.0) for name in network.textures])
    code, axes, mean = (
        np.tensordot(weights, network.parameters[name].astype(np.float64), 1).astype(np.float32)
        for name in ("codes", "colors.axes", "colors.mean")
    )
    return Mix(code, PrincipalColors(mean, axes))


def _said(shares: Mapping[str, float]) -> str:
    """A mix in words."""
    if len(shares) == 1:
        return next(iter(shares))
    said = ", ".join(f"{name} {share:.0%}" for name, share in shares.items() if share)
    return said if len(said) <= _MOST_SAID else f"a mix of {len(shares)} textures"
