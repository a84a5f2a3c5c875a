"""How the source of a texture is opened, be it a generator in a file or what makes one of an exemplar.

A source that needs an exemplar is a name in `MAKERS`, or a file that adapts to one. What comes of it is an ordinary
artifact, which everything else takes as it takes any other.
"""

import difflib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from texnet_core.adaptive.collage import make_collage
from texnet_core.errors import RequestError
from texnet_core.mapset import FloatArray, Mask
from texnet_core.model.artifact import Artifact, read_artifact
from texnet_core.model.real_size import check_size_m, short_side_m
from texnet_core.paths import user_path
from texnet_core.pictures.masks import resized, told, visible_part, visible_sides
from texnet_core.pictures.reading import read_exemplar
from texnet_core.pictures.surface import check_surface, find_warnings, flatten_lighting
from texnet_core.presets import find_source
from texnet_core.settings import MIN_EXEMPLAR_SIDE, ExemplarSettings
from texnet_core.synthesis.request import TextureRequest

Announce = Callable[[str], None]
Maker = Callable[[FloatArray, Mask | None, Announce], Artifact]

MAKERS: dict[str, Maker] = {"collage": make_collage}
_AS_IT_IS = ExemplarSettings()


def ignore(note: str) -> None:
    """Take a sentence and do nothing."""


def find_any_source(source: str | Path) -> Path:
    """The file that a SOURCE means, as `find_source` finds it; the name itself of one that makes an exemplar's.

    Raises:
        RequestError: neither.
    """
    if str(source) in MAKERS:
        return Path(source)
    try:
        return find_source(source)
    except RequestError as error:
        near = difflib.get_close_matches(str(source).lower(), MAKERS, n=1)
        if near and "did you mean" not in error.remedy:
            raise RequestError(error.found, expected=near[0], remedy=f"did you mean {near[0]!r}?") from error
        raise


def needs_exemplar(source: str | Path) -> bool:
    """Whether a source makes nothing without an exemplar.

    Raises:
        TexnetError: there is no such source, or it cannot be read.
    """
    return _maker(source) is not None


def open_source(
    source: str | Path,
    exemplar: FloatArray | None = None,
    mask: Mask | None = None,
    settings: ExemplarSettings = _AS_IT_IS,
    *,
    announce: Announce = ignore,
) -> Artifact:
    """The generator that a source means, made of the exemplar where it needs one.

    Args:
        source: name of a preset or of one of `MAKERS`, or path of a `.texnet` file.
        exemplar: (height, width, 3) sRGB in [0, 1], at least 32 texels a side; None where the source needs none.
        mask: (height, width), True where a texel takes part; others have no influence whatever. None: all do.
        settings: how the exemplar is taken. The files that it names are not read.
        announce: called with a sentence about whatever the user should know of the exemplar.

    Raises:
        RequestError: no such source, an exemplar that is missing, or one for a source that takes none.
        ImageError: the exemplar is too small, of one color, or hidden.
        ArtifactError: the file cannot be read.
    """
    settings.check()
    make = _maker(source)
    if make is None:
        if exemplar is not None:
            raise RequestError(
                f"{Path(source).stem} makes textures of its own and takes no exemplar",
                expected=[*MAKERS],
                remedy="leave the exemplar out, or use one of these",
            )
        return read_artifact(find_source(source))
    if exemplar is None:
        raise RequestError(
            f"{Path(source).stem} makes textures of an exemplar, and none is given",
            expected="an exemplar",
            remedy="name a picture of a surface as exemplar",
        )
    image, shown = _prepared(exemplar, mask, settings, announce)
    return replace(make(image, shown, announce), size_m=_size_m(exemplar, mask, settings))


def open_requested(request: TextureRequest, *, announce: Announce = ignore) -> Artifact:
    """The same of a request, whose files are read.

    Raises:
        TexnetError: as of `open_source`, or a picture that cannot be read.
    """
    if not request.exemplar:
        return open_source(request.source, settings=request, announce=announce)
    picture = read_exemplar(user_path(request.exemplar), user_path(request.mask) if request.mask else None)
    for note in picture.notes:
        announce(note)
    return open_source(request.source, picture.image, picture.mask, request, announce=announce)


def _maker(source: str | Path) -> Maker | None:
    """What makes a generator of an exemplar; None where the source is one already."""
    return MAKERS.get(str(source))


def _prepared(
    image: FloatArray, mask: Mask | None, settings: ExemplarSettings, announce: Announce
) -> tuple[FloatArray, Mask | None]:
    """The part of a picture that is visible, at the size that was asked for, and its mask."""
    share = 1.0 if mask is None else float(mask.mean())
    wanted = settings.exemplar_size
    image, mask = visible_part(image, mask, wanted or MIN_EXEMPLAR_SIDE)
    image, mask = resized(image, mask, wanted or max(MIN_EXEMPLAR_SIDE, min(image.shape[:2])))
    check_surface(image, mask)
    for warning in find_warnings(image, mask, flatten=settings.flatten):
        announce(warning)
    if share < 1:
        announce(told(image, mask, share))
    return (flatten_lighting(image, mask), mask) if settings.flatten else (image, mask)


def _size_m(exemplar: FloatArray, mask: Mask | None, settings: ExemplarSettings) -> float | None:
    """Meters along the short side of what is visible, where the exemplar's width is known."""
    if not settings.real_width:
        return None
    check_size_m(settings.real_width, "the real width of a picture")
    height, width = visible_sides(exemplar.shape, mask, settings.exemplar_size or MIN_EXEMPLAR_SIDE)
    return short_side_m(settings.real_width * (width / exemplar.shape[1]), height, width)
