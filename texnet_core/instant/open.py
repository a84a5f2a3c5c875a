"""How the source of a texture is opened, be it a generator in a file or what makes one of an exemplar.

A source that needs an exemplar is a name in `MAKERS`, or a file that adapts to one. What comes of it is an ordinary
artifact, which everything else takes as it takes any other.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

from texnet_core.errors import RequestError
from texnet_core.instant.adapting import adapt
from texnet_core.instant.collage import make_collage
from texnet_core.instant.preparing import Announce, prepared, size_m
from texnet_core.instant.textures import choose_texture, read_mix_mask
from texnet_core.mapset import FloatArray, Mask
from texnet_core.model.artifact import Artifact, Header, read_artifact, read_header
from texnet_core.pictures.reading import read_exemplar
from texnet_core.presets import INSTANT, find_source
from texnet_core.progress import ignore_note
from texnet_core.settings import ExemplarSettings
from texnet_core.synthesis.choice import TextureChoice, check_known, choice_error
from texnet_core.synthesis.request import TextureRequest

Maker = Callable[[FloatArray, Mask | None, Announce], Artifact]


def _instant(image: FloatArray, mask: Mask | None, announce: Announce) -> Artifact:
    return adapt(read_artifact(INSTANT), image, mask, announce=announce)


MAKERS: dict[str, Maker] = {"instant": _instant, "collage": make_collage}
_AS_IT_IS = ExemplarSettings()
_THE_FIRST = TextureChoice()


def find_any_source(source: str | Path) -> Path:
    """The file that a SOURCE means, as `find_source` finds it; the name itself of one that makes an exemplar's.

    Raises:
        RequestError: neither.
    """
    return Path(source) if is_maker(source) else find_source(source, MAKERS)


def is_maker(source: str | Path) -> bool:
    """Whether a source is the name of one that makes a generator of an exemplar, and no file."""
    return str(source) in MAKERS


def open_source(
    source: str | Path,
    exemplar: FloatArray | None = None,
    mask: Mask | None = None,
    settings: ExemplarSettings = _AS_IT_IS,
    *,
    choice: TextureChoice = _THE_FIRST,
    mix_mask: FloatArray | None = None,
    announce: Announce = ignore_note,
) -> Artifact:
    """The generator that a source means: made of the exemplar where it needs one, chosen where it holds several.

    Args:
        source: name of a preset or of one of `MAKERS`, or path of a `.texnet` file.
        exemplar: (height, width, 3) sRGB in [0, 1], at least 32 texels a side; None where the source needs none.
        mask: (height, width), True where a texel takes part; others have no influence whatever. None: all do.
        settings: how the exemplar is taken. The files that it names are not read.
        choice: which texture of a file that holds several. The mask that it names is not read.
        mix_mask: (height, width) in [0, 1], where the choice has a mask.
        announce: called with a sentence about whatever the user should know of the exemplar or of the choice.

    Raises:
        RequestError: no such source, an exemplar that is missing, or one for a source that takes none; no such
            texture, or a choice for a source that holds none to choose from.
        ImageError: the exemplar is too small, of one color, or hidden.
        ArtifactError: the file cannot be read.
    """
    settings.check()
    source = find_any_source(source)
    header = None if is_maker(source) else read_header(source)
    if header is None or not header.textures:
        check_known(choice, ())
        if mix_mask is not None:
            raise choice_error(
                "mix_mask", "is for files that hold several textures", "a file of several", "leave it out"
            )
    make = _maker(source, header)
    if make is None:
        if exemplar is not None:
            raise RequestError(
                f"{Path(source).stem} makes textures of its own and takes no exemplar",
                expected=[*MAKERS],
                remedy="leave the exemplar out, or use one of these",
            )
        if mask is not None:
            raise RequestError(
                "a mask hides parts of an exemplar, and none is given",
                expected="both or none",
                remedy="leave the mask out",
            )
        _check_unused(settings)
        found = read_artifact(source)
        return choose_texture(found, choice, mix_mask, announce=announce) if found.textures else found
    if exemplar is None:
        raise RequestError(
            f"{Path(source).stem} makes textures of an exemplar, and none is given",
            expected="an exemplar",
            remedy="name a picture of a surface as exemplar",
        )
    image, shown = prepared(exemplar, mask, settings, announce)
    return replace(make(image, shown, announce), size_m=size_m(exemplar.shape, mask, settings))


def open_requested(request: TextureRequest, *, announce: Announce = ignore_note) -> Artifact:
    """The same of a request, whose files are read.

    Raises:
        TexnetError: as of `open_source`, or a picture that cannot be read.
    """
    request.check()
    mix_mask = read_mix_mask(request.mix_mask, announce) if request.mix_mask else None
    choose = partial(open_source, settings=request, choice=request, mix_mask=mix_mask, announce=announce)
    if not request.exemplar:
        return choose(request.source)
    picture = read_exemplar(request.exemplar, request.mask or None)
    for note in picture.notes:
        announce(note)
    return choose(request.source, picture.image, picture.mask)


def _check_unused(settings: ExemplarSettings) -> None:
    """Raise RequestError for what is said of an exemplar where there is none."""
    for spec in fields(ExemplarSettings):
        if spec.name != "exemplar" and getattr(settings, spec.name):
            label = spec.name.replace("_", " ")
            found = f"{label} is for sources that take an exemplar"
            error = RequestError(found, expected=[*MAKERS], remedy="leave it out, or use one of these")
            error.setting = spec
            raise error


def _maker(source: str | Path, header: Header | None) -> Maker | None:
    """What makes a generator of an exemplar; None where the source is one already."""
    if header is None:
        return MAKERS[str(source)]
    if header.adapts:
        return lambda image, mask, announce: adapt(read_artifact(source), image, mask, announce=announce)
    return None
