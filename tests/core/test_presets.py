import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import build_gallery
from tests.conftest import texture
from texnet_core import find_source, list_presets, presets, read_artifact, read_header, read_preview
from texnet_core.errors import RequestError
from texnet_core.lists.recipes import read_recipes

PRESETS = sorted(list_presets())
ROOT = Path(build_gallery.__file__).parent
RECIPES = Path(presets.__file__).with_name("recipes.toml")


def test_there_are_presets():
    assert "moss" in PRESETS and len(PRESETS) >= 24


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_small_and_its_card_is_complete(name):
    path = list_presets()[name]
    assert path.stat().st_size <= 1_000_000
    artifact = read_artifact(path)
    card = artifact.provenance
    assert card.exemplar and card.author and card.license == "CC0-1.0"
    assert card.kind and len(card.exemplar_sha256) == 64
    assert card.command.startswith(("texnet train ", "texnet recipes "))
    assert "/" not in card.command.replace(card.source, "")
    assert all(0 < artifact.quality[name] < 1 for name in ("texture_gram", "texture_wasserstein"))
    assert artifact.quality["memorisation"] < 0.2
    assert artifact.training["vgg19_input"] in ("oxford", "torchvision")
    assert read_preview(path) == artifact.preview_png != b""


def test_presets_are_what_the_recipes_make():
    recipes = {recipe.name: recipe for recipe in read_recipes(RECIPES)}
    assert set(PRESETS) == recipes.keys()
    for name in PRESETS:
        card, recipe = read_header(list_presets()[name]), recipes[name]
        assert recipe.made(card, card.provenance.exemplar_sha256), name
        said = replace(recipe.provenance, command="", exemplar_sha256="")
        assert said == replace(card.provenance, command="", exemplar_sha256=""), name
        assert recipe.size_m == card.size_m, name
        assert card.look is not None and {"bump", "roughness_dark", "roughness_bright"} <= recipe.look.keys(), name
        assert card.look == card.look.changed(recipe.look), name
    assert all(recipe.provenance.license == "CC0-1.0" for recipe in recipes.values())
    for recipe in recipes.values():
        source = recipe.provenance.source
        assert source.startswith("https://") or (ROOT / source).is_file(), recipe.name


@pytest.mark.parametrize("count", [1, 6, 7, 26])
def test_the_overview_has_a_piece_of_each(count, monkeypatch):
    tones = [255 * index // count for index in range(count)]
    monkeypatch.setattr(build_gallery, "_texels", lambda tone, side, shown: np.full((384, 1152, 3), tone, np.uint8))
    with Image.open(io.BytesIO(build_gallery.overview(tones))) as picture:
        texels = np.asarray(picture.convert("L")).astype(int)
    assert all((abs(texels - tone) < 3).sum() >= 192 * 192 * 0.9 for tone in tones)


def test_the_gallery_shows_what_ships_and_nothing_else():
    """`python build_gallery.py` makes it true again."""
    pictures = list(build_gallery.PICTURES.glob("*.jpg"))
    assert sorted(picture.stem for picture in pictures) == PRESETS == list(list_presets())
    assert all(file.is_file() for file in (build_gallery.OVERVIEW, build_gallery.CURVES))
    assert sum(picture.stat().st_size for picture in pictures) < 3_000_000
    cards = {name: read_header(path) for name, path in list_presets().items()}
    assert build_gallery.GALLERY.read_text(encoding="utf-8") == build_gallery.page(cards)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_makes_textures_that_differ_by_seed_alike_in_color(name):
    artifact = read_artifact(find_source(name))
    side = artifact.texels_per_exemplar
    first, second = (texture(artifact, side, side, seed) for seed in (1, 2))
    spread = first.std((0, 1)).mean()  # of texels, not of channels: a red wall has a wide one of these
    assert spread > 0.02
    assert np.abs(first - second).mean() > 0.5 * spread
    np.testing.assert_allclose(first.mean((0, 1)), second.mean((0, 1)), atol=0.05)
    assert ((first == 0) | (first == 1)).mean() < 0.05


@pytest.mark.parametrize("name", PRESETS)
def test_the_seam_of_a_preset_is_like_any_other_line(name):
    artifact = read_artifact(find_source(name))
    cell = artifact.graph.cell_texels
    made = texture(artifact, 512, 512, 3)
    for axis in (0, 1):
        gradients = np.abs(np.roll(made, -1, axis) - made).mean(axis=tuple({0, 1, 2} - {axis}))
        between_cells = gradients[cell - 1 : -1 : cell]
        spread = between_cells.std(ddof=1)
        assert abs(gradients[-1] - between_cells.mean()) < 4.5 * spread


def test_sources_are_presets_or_files(tmp_path):
    assert find_source("moss") == list_presets()["moss"]
    file = tmp_path / "mine.texnet"
    file.write_bytes(b"")
    assert find_source(str(file)) == file
    for source, says in (
        ("mosss", "did you mean 'moss'"),
        ("MOSS", "did you mean 'moss'"),
        ("zebra", "choose one of these"),
        ("", f"one of {PRESETS[0]}"),
        ("folder/none", "there is no file"),
        ("none.texnet", "there is no file"),
        (str(tmp_path), "there is no file"),
    ):
        with pytest.raises(RequestError, match=says):
            find_source(source)
