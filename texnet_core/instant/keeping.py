"""What was made of an exemplar at once, as a file for later."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from texnet_core.mapset import shown_colors
from texnet_core.model.artifact import Artifact, Provenance
from texnet_core.pictures.color import quantize
from texnet_core.pictures.encoders import Layout, write_png
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.textures import synthesize

_PREVIEW_SIDE = 128  # texels
_LEAST_SCALE = 0.25  # that a texture can have


def with_card(artifact: Artifact, provenance: Provenance) -> Artifact:
    """An artifact as its file is to be: with a sample for galleries, and with what is known of the exemplar.

    Raises:
        RequestError: a text is too long.
        EngineError: no engine is installed that could make the sample.
    """
    known = replace(provenance, exemplar_sha256=artifact.provenance.exemplar_sha256).check()
    return replace(artifact, provenance=known, preview_png=_sample(artifact))


def _sample(artifact: Artifact) -> bytes:
    """A tile that shows as much as the exemplar, as far as scales go, as a PNG file; Pillow is not needed."""
    scale = min(1.0, max(_LEAST_SCALE, _PREVIEW_SIDE / artifact.texels_per_exemplar))
    request = TextureRequest(width=_PREVIEW_SIDE, height=_PREVIEW_SIDE, scale=scale)
    shown = quantize(shown_colors(synthesize(artifact, request), artifact.maps), 8)
    with tempfile.TemporaryDirectory(prefix="texnet-") as folder:
        file = Path(folder) / "preview.png"
        write_png(file, iter([np.asarray(shown)]), Layout(_PREVIEW_SIDE, _PREVIEW_SIDE, 3, 8, "sRGB"))
        return file.read_bytes()
