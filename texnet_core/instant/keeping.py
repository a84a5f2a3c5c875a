"""What was made at once, of an exemplar or as one of several textures, as a file for later."""

import tempfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from texnet_core.errors import RequestError
from texnet_core.instant.open import find_any_source, is_maker, open_requested
from texnet_core.instant.preparing import Announce
from texnet_core.mapset import FloatArray, shown_colors
from texnet_core.model.artifact import SUFFIX, Artifact, Provenance, read_header, write_artifact
from texnet_core.model.look import guess_look
from texnet_core.paths import is_same_file
from texnet_core.pictures.color import quantize
from texnet_core.pictures.encoders import Layout, write_png
from texnet_core.progress import ignore_note
from texnet_core.synthesis.request import TextureRequest
from texnet_core.synthesis.textures import synthesize

_PREVIEW_SIDE = 128  # texels
_LEAST_SCALE = 0.25  # that a texture can have
_UNKNOWN = Provenance()


def with_card(artifact: Artifact, provenance: Provenance) -> Artifact:
    """An artifact as its file is to be: with a sample for galleries, and with what is known of the exemplar.

    Raises:
        RequestError: a text is too long.
        EngineError: no engine is installed that could make the sample.
    """
    known = replace(provenance, exemplar_sha256=artifact.provenance.exemplar_sha256).check()
    shown = _sample(artifact)
    look = artifact.look or guess_look(shown)
    return replace(artifact, provenance=known, look=look, preview_png=_as_png(shown))


def as_generator(artifact: Artifact, provenance: Provenance) -> Artifact:
    """The same of what comes from a file that has a card: what is not said here is what is known there."""
    said = {spec.name: text for spec in fields(provenance) if (text := getattr(provenance, spec.name))}
    return with_card(artifact, replace(artifact.provenance, **said))


def keep(
    request: TextureRequest,
    output: Path | str,
    provenance: Provenance = _UNKNOWN,
    *,
    announce: Announce = ignore_note,
) -> Artifact:
    """Write what a source makes at once, of an exemplar or as one of several textures, as a generator of its own.

    Args:
        request: source, exemplar and choice; what else it says is for textures.
        output: the file, NAME.texnet.
        provenance: what is not said is what is known: the texture's or the exemplar's name.
        announce: called with a sentence about whatever the user should know.

    Raises:
        RequestError: the source is a generator already, or the output would replace what is read or is no .texnet.
        TexnetError: as of `open_requested`.
        OutputError: the place cannot be written.
    """
    source = find_any_source(request.source)
    check_is_made(source)
    _check_output(Path(output), source, request)
    if request.exemplar and not provenance.exemplar:
        provenance = replace(provenance, exemplar=Path(request.exemplar).stem)
    made = as_generator(open_requested(request, announce=announce), provenance)
    write_artifact(Path(output), made)
    return made


def _check_output(output: Path, source: Path, request: TextureRequest) -> None:
    if output.suffix != SUFFIX:
        found = f"the output {output.name} does not end in {SUFFIX}"
        raise RequestError(found, expected=f"a name in {SUFFIX}", remedy="change the suffix")
    files = {"exemplar": request.exemplar, "mask": request.mask, "mix mask": request.mix_mask, "source": str(source)}
    for what, read in files.items():
        if read and is_same_file(output, Path(read)):
            raise RequestError(
                f"the output would replace the {what}", expected="another file", remedy="name another file"
            )


def check_is_made(source: Path) -> None:
    """Raise RequestError where a source makes no generator, but is one."""
    if is_maker(source) or (header := read_header(source)).adapts or header.textures:
        return
    raise RequestError(
        f"{source.stem} is a generator of its own already",
        expected="a file of several textures, or what takes an exemplar",
        remedy="copy its file",
    )


def _sample(artifact: Artifact) -> FloatArray:
    """The colors of a tile that shows as much as the exemplar, as far as scales go."""
    scale = min(1.0, max(_LEAST_SCALE, _PREVIEW_SIDE / artifact.texels_per_exemplar))
    request = TextureRequest(width=_PREVIEW_SIDE, height=_PREVIEW_SIDE, scale=scale)
    return np.asarray(shown_colors(synthesize(artifact, request), artifact.maps), np.float32)


def _as_png(colors: FloatArray) -> bytes:
    """A PNG file; Pillow is not needed."""
    shown = quantize(colors, 8)
    with tempfile.TemporaryDirectory(prefix="texnet-") as folder:
        file = Path(folder) / "preview.png"
        write_png(file, iter([np.asarray(shown)]), Layout(_PREVIEW_SIDE, _PREVIEW_SIDE, 3, 8, "sRGB"))
        return file.read_bytes()
