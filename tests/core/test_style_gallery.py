"""The styles that ship: what they are, what their cards say, and that the page of them is true."""

import numpy as np
import pytest

import build_styles
from tests.conftest import picture
from texnet_core import list_presets, list_styles, read_artifact, read_header, read_preview
from texnet_core.stylization import StylizeRequest, stylize

STYLES = sorted(list_styles())


def test_there_are_styles_and_no_preset_has_the_name_of_one():
    assert len(STYLES) >= 8
    assert not set(STYLES) & set(list_presets())


@pytest.mark.parametrize("name", STYLES)
def test_a_style_is_small_and_its_card_is_complete(name):
    path = list_styles()[name]
    assert path.stat().st_size <= 1_000_000
    artifact = read_artifact(path)
    card = artifact.provenance
    assert artifact.paints and artifact.style_colors is not None
    assert card.exemplar and card.author and card.license in ("CC0-1.0", "Public domain")
    assert card.source.startswith("https://") and len(card.exemplar_sha256) == 64
    assert card.command.startswith("texnet style ") and "/" not in card.command.replace(card.source, "")
    assert artifact.training["vgg19_input"] in ("oxford", "torchvision")
    assert read_preview(path) == artifact.preview_png != b""


@pytest.mark.parametrize("name", STYLES)
def test_a_style_paints_more_with_more_strength_and_differs_by_seed(name):
    style, content = read_artifact(list_styles()[name]), picture(128, 128)

    def painted(**fields):
        return stylize(style, content, StylizeRequest(wrap="none", engine="onnx", **fields)).image

    away = [np.abs(painted(strength=strength) - content).mean() for strength in (0.0, 0.5, 1.0)]
    assert away[0] < 1e-6 < 0.01 < away[1] < away[2]
    assert 0.005 < np.abs(painted(seed=1) - painted(seed=2)).mean()


def test_the_page_shows_what_ships_and_nothing_else():
    """`python build_styles.py` makes it true again."""
    pictures = list(build_styles.PICTURES.glob("*.jpg"))
    assert sorted(file.stem for file in pictures) == STYLES
    assert sum(file.stat().st_size for file in pictures) < 4_000_000
    cards = {name: read_header(path) for name, path in list_styles().items()}
    assert build_styles.PAGE.read_text(encoding="utf-8") == build_styles.page(cards)
