"""What a command makes textures with: a source, of an exemplar where it needs one, chosen where it holds several."""

from collections.abc import Callable
from pathlib import Path

from texnet_core import Artifact, TextureRequest
from texnet_core.errors import RequestError
from texnet_core.instant.open import find_any_source, open_source
from train_cli.display import Display
from train_cli.streams import source_file


def opened(
    source: str,
    exemplar: Path | None,
    mask: Path | None,
    request: TextureRequest,
    display: Display,
    check: Callable[[Path], None] = lambda path: None,
) -> Artifact:
    """The generator of a source, whose files may come through pipes.

    Args:
        source: as the user wrote it.
        exemplar: file of a picture, or None.
        mask: of the exemplar, or None.
        request: how the exemplar is taken and what is chosen.
        display: is told what the user should know.
        check: looks at the source first.

    Raises:
        TexnetError: as of `open_source`, or a picture that cannot be read.
        Cancelled: Ctrl-C came meanwhile.
    """
    if mask is not None and exemplar is None:
        raise RequestError("--mask hides parts of an exemplar", expected="both", remedy="give --exemplar too")
    with source_file(source, find_any_source) as path:
        check(path)
        picture = None if exemplar is None else display.read_exemplar(exemplar, mask)
        image, shown = (None, None) if picture is None else (picture.image, picture.mask)
        shares = display.read_mix_mask(request.mix_mask)
        artifact = open_source(path, image, shown, request, choice=request, mix_mask=shares, announce=display.note)
    display.stop_if_asked()
    return artifact
