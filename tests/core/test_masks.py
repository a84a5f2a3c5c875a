"""Masks: what is hidden has no influence whatever, and what is visible has that which it would have alone."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from tests.conftest import random_artifact
from tests.core.trainings import assert_same_parameters, tiles
from texnet_core.descriptor.light import Light
from texnet_core.descriptor.octaves import Octaves
from texnet_core.descriptor.patches import PatchPyramid
from texnet_core.descriptor.vgg19 import Vgg19
from texnet_core.descriptor.weights import load_vgg19
from texnet_core.errors import ImageError, OtherRunError
from texnet_core.evaluation.evaluate import evaluate
from texnet_core.losses import LOSSES, Sample, TextureLoss
from texnet_core.optimization import optimize
from texnet_core.pictures.masks import LEAST_TEXELS, resized, visible_part
from texnet_core.pictures.reading import texels_digest
from texnet_core.pictures.surface import find_warnings, flatten_lighting
from texnet_core.settings import DescriptorSettings, EvaluationSettings, LossSettings, OptimizeSettings, TrainSettings
from texnet_core.training import train
from texnet_core.training.comparison import see_exemplar
from texnet_core.training.preparation import prepare_exemplar

SIDE = 64
MAGENTA = (1.0, 0.0, 1.0)
PATCHES = DescriptorSettings(descriptor="patches")
EVERY_LOSS = LossSettings(**dict.fromkeys(LOSSES, 0.5), directions=4, positions=128)


def grain(height=SIDE, width=SIDE, seed=0):
    """A surface that is the same everywhere: brown noise of a few texels."""
    rng = np.random.default_rng(seed)
    noise = np.fft.rfft2(rng.normal(size=(height, width)))
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)
    light = np.fft.irfft2(noise * np.exp(-60 * (down**2 + across**2)), (height, width))
    light = 0.5 + 0.15 * light / light.std()
    fine = 0.05 * rng.normal(size=(height, width))
    return np.clip(np.stack([light + fine, 0.7 * light, 0.4 * light + fine], axis=2), 0, 1).astype(np.float32)


def discs(height=SIDE, width=SIDE, step=32, radius=8):
    """Holes on a grid; a fifth is hidden."""
    y, x = np.mgrid[:height, :width]
    return np.hypot(y % step - step / 2, x % step - step / 2) > radius


def spoiled(image, mask, color=MAGENTA):
    return np.where(mask[..., None], image, np.float32(color))


def garbage(image, mask):
    return np.where(mask[..., None], image, np.random.default_rng(9).random(image.shape, dtype=np.float32))


def as_tensor(image):
    return torch.from_numpy(image).permute(2, 0, 1)[None]


@pytest.fixture
def vgg19(random_vgg19_file):
    return DescriptorSettings(vgg19=str(random_vgg19_file), padding="zero")


@pytest.fixture(params=["vgg19", "patches"])
def short_run(request, request_, vgg19):
    """A run of some steps on an exemplar of 64 texels."""
    is_vgg19 = request.param == "vgg19"
    return replace(
        request_,
        descriptor=vgg19 if is_vgg19 else PATCHES,
        loss=replace(EVERY_LOSS, diversity_weight=0.0) if is_vgg19 else LossSettings(),
        train=TrainSettings(size=32, exemplar_size=SIDE, steps=10, precision="f32"),
    )


# what is hidden has no influence


def test_a_training_does_not_depend_on_hidden_colors(short_run, tmp_path):
    image, mask = grain(96, 96), discs(96, 96)
    made = [
        train(hide(image, mask), tmp_path / f"{hide.__name__}.texnet", short_run, mask=mask)
        for hide in (spoiled, garbage)
    ]
    assert_same_parameters(made[0].parameters, made[1].parameters)
    assert made[0].quality["validation_loss"] == made[1].quality["validation_loss"]
    assert made[0].provenance.exemplar_sha256 == made[1].provenance.exemplar_sha256
    assert made[0].look == made[1].look


def test_a_training_on_tiles_does_not_depend_on_hidden_colors(request_, tmp_path):
    """Pattern, tones of tiles, light and start."""
    image, mask = tiles(side=192), discs(192, 192, step=64, radius=13)
    settings = replace(request_.train, size=64, exemplar_size=64, steps=10, flatten=True)
    notes = {spoiled: [], garbage: []}
    made = [
        train(
            hide(image, mask), tmp_path / f"{hide.__name__}.texnet",
            replace(request_, descriptor=PATCHES, loss=LossSettings(), train=settings), mask=mask,
            progress=lambda progress, told=told: told.append(progress.note),
        )
        for hide, told in notes.items()
    ]  # fmt: skip
    assert_same_parameters(made[0].parameters, made[1].parameters)
    assert made[0].settings.repeat_channels == 2 and made[0].waves == made[1].waves
    assert notes[spoiled] == notes[garbage]


def test_optimizing_does_not_depend_on_hidden_colors(vgg19):
    image, mask = grain(), discs()
    settings = OptimizeSettings(width=64, height=64, exemplar_size=SIDE, steps=4, precision="f32", device="cpu")
    said = []
    first, second = (
        optimize(hide(image, mask), settings, vgg19, mask=mask, progress=lambda p: said.append(p.note)).image
        for hide in (spoiled, garbage)
    )
    np.testing.assert_array_equal(first, second)
    assert f"{int(mask.sum())} of {mask.size} texels" in " ".join(said)


@pytest.mark.parametrize(("side", "picture_side"), [(64, 140), (192, 196)])
def test_figures_do_not_depend_on_hidden_colors(side, picture_side, random_vgg19_file, monkeypatch):
    """Those of crops, and those of VGG-19, which needs 172 texels."""
    monkeypatch.setattr("texnet_core.evaluation.texture_metric.DIRECTIONS", 4)
    monkeypatch.setattr("texnet_core.evaluation.evaluate.LARGE_SIDE", 256)
    made = replace(random_artifact(), texels_per_exemplar=side, training={"size": side})
    image, mask = grain(picture_side, picture_side), discs(picture_side, picture_side, 64, 14)
    weights = DescriptorSettings(vgg19=str(random_vgg19_file))
    first, second = (
        evaluate(made, hide(image, mask), EvaluationSettings(seeds=2), weights, mask=mask)
        for hide in (spoiled, garbage)
    )
    assert first.figures == second.figures and first.missing == second.missing
    assert {"colour", "spectrum", "oddest", "memorisation", "repetition"} <= first.figures.keys()
    assert (first.figures["colour"].reference is not None) == (side == 64)
    assert ("texture_held_out" in first.figures) == ("diversity" in first.figures) == (side == 192)
    np.testing.assert_array_equal(first.exemplar, second.exemplar)
    assert any("texels of the exemplar" in note for note in first.notes)


# a mask that hides nothing is none


def test_a_mask_that_hides_nothing_changes_nothing(short_run, tmp_path):
    image = grain(80, 80)
    bare = train(image, tmp_path / "bare.texnet", short_run)
    masked = train(image, tmp_path / "masked.texnet", short_run, mask=np.ones((80, 80), bool))
    assert_same_parameters(bare.parameters, masked.parameters)
    assert bare.provenance.exemplar_sha256 == masked.provenance.exemplar_sha256
    assert bare.quality["validation_loss"] == masked.quality["validation_loss"]


def test_a_picture_half_of_which_is_hidden_is_its_other_half(short_run, tmp_path):
    image = grain(128, 128)
    mask = np.zeros((128, 128), bool)
    mask[:, :80] = True
    half = train(image[:, :80], tmp_path / "half.texnet", short_run)
    masked = train(spoiled(image, mask), tmp_path / "masked.texnet", short_run, mask=mask)
    assert_same_parameters(half.parameters, masked.parameters)
    assert half.provenance.exemplar_sha256 == masked.provenance.exemplar_sha256


# what is visible counts as it would alone


WIDE = 128
MASKS = {
    "discs": discs(WIDE, WIDE),
    "triangle": np.add.outer(np.arange(WIDE), np.arange(WIDE)) < WIDE,
    "dust": np.random.default_rng(3).random((WIDE, WIDE)) < 0.85,
}
ONE_LOSS = {name: LossSettings(**dict.fromkeys(LOSSES, 0.0) | {name: 1.0}) for name in LOSSES}
KINDS = {**ONE_LOSS, "patches": LossSettings()}


@pytest.fixture(scope="module")
def seen(random_vgg19_file):
    """What both descriptors see: of other pictures of the surface, of one, of that with magenta, and with masks."""
    image = grain(WIDE, WIDE)
    batch = torch.cat([as_tensor(grain(WIDE, WIDE, seed)) for seed in (1, 2)])
    weights = load_vgg19(str(random_vgg19_file))
    descriptors = {
        "vgg19": Octaves(lambda layers: Vgg19(weights, layers, padding="zero"), 1, WIDE),
        "patches": PatchPyramid(WIDE, WIDE),
    }

    def all_of(descriptor):
        yield "samples", Sample(batch, descriptor(batch, periodic=True))
        yield "whole", see_exemplar(descriptor, as_tensor(image), None)
        for shape, mask in MASKS.items():
            magenta = spoiled(image, mask)
            part, shown = visible_part(magenta, mask)
            yield f"{shape}, magenta", see_exemplar(descriptor, as_tensor(magenta), None)
            yield f"{shape}, masked", see_exemplar(descriptor, as_tensor(part), torch.from_numpy(shown))

    with torch.no_grad():
        return {name: dict(all_of(descriptor)) for name, descriptor in descriptors.items()}


@pytest.mark.parametrize("shape", MASKS)
@pytest.mark.parametrize("kind", KINDS)
def test_losses_with_a_mask_ask_for_what_is_visible(kind, shape, seen):
    """For samples of the surface they cost about what losses of the whole picture cost; magenta costs more."""
    views = seen["patches" if kind == "patches" else "vgg19"]
    sides = None
    if kind == "patches":  # coarse levels have no whole patch between discs
        sides = {
            layer: side
            for layer, side in PatchPyramid(WIDE, WIDE).sides.items()
            if layer in views[f"{shape}, masked"].features
        }

    def cost(view):
        return float(TextureLoss(views[view], KINDS[kind], sides)(views["samples"], 0))

    whole, magenta, masked = (cost(view) for view in ("whole", f"{shape}, magenta", f"{shape}, masked"))
    assert abs(masked - whole) < max(0.6 * abs(magenta - whole), 0.02 * whole)


@pytest.mark.parametrize("padding", ["valid", "zero"])
def test_visible_positions_have_the_size_of_the_maps(random_vgg19_file, padding):
    weights = load_vgg19(str(random_vgg19_file))
    for height, width in ((176, 201), (187, 180)):
        octaves = Octaves(lambda layers: Vgg19(weights, layers, padding=padding), 2, 176)
        for descriptor in (octaves, Octaves(partial(Light, None), 2, 176), PatchPyramid(128, height)):
            maps = descriptor(as_tensor(grain(height, width)))
            visible = descriptor.visible(torch.ones(height, width))
            assert {layer: tuple(shown.shape) for layer, shown in visible.items()} == {
                layer: tuple(features.shape[2:]) for layer, features in maps.items()
            }
            assert all(bool(shown.all()) for shown in visible.values())


def test_figures_are_those_of_what_is_visible(artifact, monkeypatch):
    monkeypatch.setattr("texnet_core.evaluation.evaluate.LARGE_SIDE", 256)
    made = replace(artifact, texels_per_exemplar=SIDE, training={"size": SIDE})
    image, mask = grain(192, 192), discs(192, 192, 64, 20)
    whole, masked, magenta = (
        evaluate(made, picture, EvaluationSettings(seeds=2), mask=shown).figures
        for picture, shown in ((image, None), (spoiled(image, mask), mask), (spoiled(image, mask), None))
    )
    for name in ("colour", "spectrum", "oddest", "memorisation"):
        error, harm = abs(masked[name].value - whole[name].value), abs(magenta[name].value - whole[name].value)
        assert error <= 0.2 * harm or error < 0.05 * abs(whole[name].value)
    assert masked["repetition"].reference == pytest.approx(whole["repetition"].reference, abs=0.15)
    assert magenta["repetition"].reference > 0.4  # a grid of holes repeats


def test_patterns_are_found_behind_holes_and_holes_are_no_pattern():
    wall, mask = tiles(side=192), discs(192, 192, 64, 13)
    settings = TrainSettings(size=64)
    told = []
    bare, masked = (
        prepare_exemplar(picture, settings, PATCHES, told.append, shown)
        for picture, shown in ((wall, None), (spoiled(wall, mask), mask))
    )
    np.testing.assert_allclose(np.abs(masked.waves), np.abs(bare.waves), atol=2e-4)
    assert masked.tiles is not None and bare.tiles is not None
    surface, holes = grain(192, 192), discs(192, 192)
    assert prepare_exemplar(spoiled(surface, holes), settings, PATCHES, told.append, holes).waves == ()
    assert prepare_exemplar(spoiled(surface, holes), settings, PATCHES, told.append).waves != ()


def test_light_is_measured_where_it_is_visible():
    x = np.arange(256) / 256
    image, mask = grain(256, 256), discs(256, 256, 64, 20)
    lit = np.clip(image * (0.4 + 0.9 * x)[:, None], 0, 1).astype(np.float32)
    assert find_warnings(image) == find_warnings(*visible_part(spoiled(image, mask), mask)) == []
    (warning,) = find_warnings(lit)
    assert "lighting is uneven" in warning
    assert [said[:20] for said in find_warnings(*visible_part(spoiled(lit, mask), mask))] == [warning[:20]]
    whole, masked = flatten_lighting(lit), flatten_lighting(*visible_part(spoiled(lit, mask), mask))
    np.testing.assert_allclose(masked[mask], whole[mask], atol=0.03)


# the parts


def test_the_visible_part_holds_nothing_that_was_hidden():
    image, mask = grain(80, 100), np.zeros((80, 100), bool)
    mask[10:70, 20:90] = discs(60, 70)
    part, shown = visible_part(spoiled(image, mask, (np.nan, np.inf, -5.0)), mask)
    assert part.shape == (60, 70, 3) and shown.shape == (60, 70)
    np.testing.assert_array_equal(part[shown], image[mask])
    colors = {tuple(color) for color in image[mask]}
    assert {tuple(color) for color in part[~shown]} <= colors
    assert visible_part(image, None)[0] is image


def test_a_mask_shrinks_with_its_picture():
    image, mask = spoiled(grain(300, 500), discs(300, 500)), discs(300, 500)
    small, shown = resized(*visible_part(image, mask), 64)
    assert shown.shape == small.shape[:2] and shown.mean() == pytest.approx(mask.mean(), abs=0.02)
    magenta = small[..., [0, 2]].mean(axis=2) - small[..., 1]
    assert magenta.max() < 0.2  # nothing bleeds in
    speck = np.ones((300, 500), bool)
    speck[150, 200] = False
    assert resized(*visible_part(image, speck), 64)[1] is None


def test_the_digest_knows_the_mask():
    image, mask = grain(), discs()
    part, shown = visible_part(image, mask)
    assert (
        len({texels_digest(image), texels_digest(part), texels_digest(part, shown), texels_digest(part, ~shown)}) == 4
    )


def test_a_run_with_another_mask_is_another_run(request_, tmp_path):
    from tests.core.trainings import stop_at
    from texnet_core import Cancelled

    settings = replace(request_, descriptor=PATCHES, loss=LossSettings())
    settings = replace(settings, train=replace(request_.train, exemplar_size=SIDE))
    with pytest.raises(Cancelled):
        train(grain(), tmp_path / "run.texnet", settings, mask=discs(), progress=stop_at(2))
    with pytest.raises(OtherRunError, match="exemplar"):
        train(grain(), tmp_path / "run.texnet", settings, mask=discs(radius=9), resume=True)
    train(spoiled(grain(), discs()), tmp_path / "run.texnet", settings, mask=discs(), resume=True)


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        (np.ones((64, 63), bool), "the mask is bool"),
        (np.ones((64, 64)), "the mask is float64"),
        (np.zeros((64, 64), bool), "hides all"),
        (discs(64, 64, step=64, radius=30) & (np.random.default_rng(0).random((64, 64)) < 0.5), "leaves only"),
    ],
)
def test_masks_that_leave_nothing_to_learn_are_refused_in_one_line(short_run, tmp_path, mask, says):
    with pytest.raises(ImageError, match=says) as error:
        train(grain(), tmp_path / "run.texnet", short_run, mask=mask)
    assert "\n" not in str(error.value) and ";" in str(error.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("picture", [grain()[..., 0], (255 * grain()).astype(np.uint8), 255 * grain(), "grain.png"])
def test_what_is_no_picture_is_refused_in_one_line(short_run, tmp_path, picture):
    with pytest.raises(ImageError, match=r"^the picture (is|has values from)") as error:
        train(picture, tmp_path / "run.texnet", short_run)
    assert "\n" not in str(error.value) and not list(tmp_path.iterdir())


def test_where_vgg19_sees_too_little_patches_are_compared_and_the_other_way_round_it_is_said(request_, vgg19, tmp_path):
    """A mask of lines: enough texels, and no cell of relu5_1 of which half is visible."""
    mask = np.zeros((SIDE, SIDE), bool)
    mask[:, ::16] = mask[:, 1::16] = mask[:, 2::16] = mask[:, 3::16] = mask[:, 4::16] = mask[:, 5::16] = True
    assert mask.sum() > LEAST_TEXELS
    settings = replace(request_, train=TrainSettings(size=32, exemplar_size=SIDE, steps=10))
    said = []
    auto = replace(settings, descriptor=replace(vgg19, padding="valid", vgg19=""), loss=LossSettings())
    train(grain(), tmp_path / "auto.texnet", auto, mask=discs(), progress=lambda progress: said.append(progress.note))
    assert any("64 texels is too small for VGG-19" in note for note in said)
    with pytest.raises(ImageError, match=r"too little of the exemplar for VGG-19.*patches"):
        train(grain(), tmp_path / "vgg19.texnet", replace(settings, descriptor=vgg19), mask=mask)
    dust = np.random.default_rng(0).random((SIDE, SIDE)) < 0.4
    with pytest.raises(ImageError, match="too little of the exemplar for patches"):
        train(
            grain(), tmp_path / "patches.texnet", replace(settings, descriptor=PATCHES, loss=LossSettings()), mask=dust
        )
