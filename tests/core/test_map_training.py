"""Generators of several maps: that maps are learned together, and that samples are measured so."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.conftest import picture
from tests.core.test_comparison import PATCHES, stopped_at
from texnet_core import Cancelled, TextureRequest, read_artifact, synthesize
from texnet_core.descriptor.light import load_light
from texnet_core.descriptor.precision import DTYPES
from texnet_core.errors import ImageError, RequestError
from texnet_core.evaluation.evaluate import evaluate
from texnet_core.evaluation.maps import Together, correlations, slope_agreement
from texnet_core.mapset import ALBEDO, MATERIAL_MAPS, MapSpec, channels_of
from texnet_core.settings import DescriptorSettings, EvaluationSettings, LossSettings
from texnet_core.training import train
from texnet_core.training.comparison import make_descriptor, see_exemplar
from texnet_core.training.exemplar_loss import exemplar_loss, unit_normals
from texnet_core.training.views import color_view, map_views, mixed_views, standard_view

NAMES = ("albedo", "normal", "roughness", "metallic", "height")
MAPS = tuple(spec for spec in MATERIAL_MAPS if spec.name in NAMES)
METALLIC, HEIGHT = 7, 8  # channels


def material(side=64, seed=3, relief=0.3):
    """A set that wraps: bright where it is high and smooth, nowhere of metal, (side, side, 9)."""
    rng = np.random.default_rng(seed)
    waves = np.fft.fftfreq(side) * side
    strength = np.exp(-np.add.outer(waves**2, waves**2) / (2 * (side / 16) ** 2))
    height = np.fft.ifft2(np.fft.fft2(rng.standard_normal((side, side))) * strength).real
    height = (height - height.min()) / np.ptp(height)
    across = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) / 2 * relief * side
    down = (np.roll(height, -1, 0) - np.roll(height, 1, 0)) / 2 * relief * side
    normals = np.stack([-across, down, np.ones_like(height)], axis=2)
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    grain = rng.uniform(-0.05, 0.05, (side, side, 3))
    albedo = np.clip(0.2 + 0.6 * height[..., None] * [1, 0.8, 0.6] + grain, 0, 1)
    parts = (albedo, (normals + 1) / 2, 1 - height[..., None], 0 * height[..., None], height[..., None])
    return np.concatenate(parts, axis=2).astype(np.float32)


def as_tensor(stack):
    return torch.from_numpy(stack).permute(2, 0, 1)[None]


def apart(stack):
    """Every map as it was, but the height somewhere else."""
    other = stack.copy()
    other[..., HEIGHT] = np.roll(stack[..., HEIGHT], (stack.shape[0] // 2, stack.shape[1] // 3), (0, 1))
    return other


def test_the_picture_of_a_set_is_its_colors():
    stack = material()
    np.testing.assert_array_equal(color_view(MAPS)(as_tensor(stack))[0].permute(1, 2, 0), stack[..., :3])
    gray = color_view(MAPS[2:3])(as_tensor(stack[..., 6:7]))
    np.testing.assert_array_equal(gray[0, 2], stack[..., 6])


def test_views_show_every_channel_that_varies_and_no_other():
    texels = as_tensor(material())
    mixed, single = mixed_views(texels, MAPS, count=6, seed=1), map_views(texels, MAPS)
    for view in mixed:
        assert (view.matrix.abs().sum(0) > 0).tolist() == [channel != METALLIC for channel in range(9)]
    shown = [[channel for channel in range(9) if view.matrix[:, channel].any()] for view in single]
    assert shown == [[3, 4, 5], [6], [HEIGHT]]
    assert [view.turns for view in single] == [3, 1, 1]
    for view in (*mixed, *single, standard_view(texels)):
        seen = view(texels)[0].flatten(1)
        varies = seen.std(1) > 0
        assert torch.allclose(seen.mean(1), torch.full((len(seen),), 0.5), atol=1e-4)
        assert torch.allclose(seen.std(1)[varies], torch.full((int(varies.sum()),), 0.2), atol=1e-3)


def test_equal_seeds_give_equal_views():
    texels = as_tensor(material())
    first, again, other = (mixed_views(texels, MAPS, count=3, seed=seed) for seed in (1, 1, 2))
    assert all(torch.equal(one.matrix, two.matrix) for one, two in zip(first, again, strict=True))
    assert any(not torch.equal(one.matrix, two.matrix) for one, two in zip(first, other, strict=True))


@pytest.mark.parametrize("name", ["light", "patches"])
@pytest.mark.parametrize("mask", [False, True])
def test_maps_that_do_not_belong_together_cost_more(name, mask):
    side = 224 if name == "light" else 128  # of which the light descriptor sees enough beside a mask
    stack, settings = material(side), DescriptorSettings(descriptor=name)
    weights = load_light() if name == "light" else None
    descriptor = make_descriptor(settings, weights, side, side, DTYPES["f32"])
    shown = None
    if mask:
        shown = torch.ones(side, side, dtype=torch.bool)
        shown[:40, :40] = False
    seen = as_tensor(stack)
    with torch.no_grad():
        loss = exemplar_loss(
            descriptor, seen, MAPS, LossSettings(), lambda picture: see_exemplar(descriptor, picture, shown), shown, 0
        )
        same, wrong = (
            float(loss(as_tensor(each), [0], 5, finishing=False, whole=True)) for each in (stack, apart(stack))
        )
    assert wrong > 1.5 * same


def test_normals_of_samples_are_compared_at_length_one():
    short = as_tensor(material())
    short[:, 3:6] = (short[:, 3:6] - 0.5) * 0.3 + 0.5
    found = unit_normals(short, MAPS)
    assert torch.allclose((2 * found[:, 3:6] - 1).norm(dim=1), torch.ones(1), atol=1e-5)
    assert torch.equal(found[:, :3], short[:, :3]) and torch.equal(found[:, 6:], short[:, 6:])


def test_a_run_learns_all_maps(tmp_path):
    losses, stack = [], material()
    request = replace(PATCHES, train=replace(PATCHES.train, steps=40))
    report = lambda progress: losses.append(progress.loss)  # noqa: E731
    train(stack, tmp_path / "out.texnet", request, maps=MAPS, relief=0.05, progress=report)
    losses = [loss for loss in losses if loss is not None]
    assert np.mean(losses[-10:]) < 0.75 * np.mean(losses[:5])
    artifact = read_artifact(tmp_path / "out.texnet")
    assert artifact.maps == MAPS and artifact.relief == 0.05
    made = synthesize(artifact, TextureRequest(width=64, height=64))
    for spec in MAPS:
        assert made[spec.name].shape == (64, 64, spec.channels)
    np.testing.assert_allclose(made["albedo"].mean((0, 1)), stack[..., :3].mean((0, 1)), atol=0.15)
    assert made["metallic"].max() < 0.1
    lengths = np.linalg.norm(2 * made["normal"] - 1, axis=2)
    np.testing.assert_allclose(lengths, 1, atol=1e-3)


def test_a_stopped_run_of_maps_goes_on_as_if_never_stopped(tmp_path):
    whole, broken = tmp_path / "whole.texnet", tmp_path / "broken.texnet"
    stack = material()
    with pytest.raises(Cancelled):
        train(stack, broken, PATCHES, maps=MAPS, progress=stopped_at(5))
    train(stack, broken, PATCHES, maps=MAPS, resume=True)
    train(stack, whole, PATCHES, maps=MAPS)
    first, second = (read_artifact(path).parameters for path in (whole, broken))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_detail_of_maps_is_learned(tmp_path):
    request = replace(PATCHES, train=replace(PATCHES.train, exemplar_size=32, detail="512", steps=10))
    train(material(64), tmp_path / "out.texnet", request, maps=MAPS)
    artifact = read_artifact(tmp_path / "out.texnet")
    assert artifact.settings.detail_levels == 1 and artifact.maps == MAPS
    assert synthesize(artifact, TextureRequest(width=64, height=64))["height"].shape == (64, 64, 1)


def test_one_map_alone_is_learned(tmp_path):
    height = (MapSpec("height", 1, "data"),)
    train(material()[..., HEIGHT:], tmp_path / "out.texnet", PATCHES, maps=height)
    artifact = read_artifact(tmp_path / "out.texnet")
    assert artifact.maps == height and artifact.preview_png


def test_gray_colors_of_a_set_stay_gray(tmp_path):
    stack = material()
    stack[..., :3] = stack[..., :1]
    train(stack, tmp_path / "out.texnet", PATCHES, maps=MAPS)
    made = synthesize(read_artifact(tmp_path / "out.texnet"), TextureRequest(width=64, height=64))
    assert np.ptp(made["albedo"], axis=2).max() < 1e-3
    assert np.ptp(made["normal"], axis=2).max() > 0.1


def test_maps_that_do_not_fit_the_picture_are_refused(tmp_path):
    with pytest.raises(ImageError, match=r"floats \(height, width, 9\)"):
        train(picture(), tmp_path / "out.texnet", PATCHES, maps=MAPS)


def test_a_run_of_maps_cannot_start_from_a_preset_of_colors(tmp_path):
    from texnet_core.start_settings import StartSettings

    request = replace(PATCHES, begin=StartSettings("moss"))
    with pytest.raises(RequestError, match="the maps albedo instead of albedo, normal"):
        train(material(), tmp_path / "out.texnet", request, maps=MAPS)


def test_what_belongs_together_is_measured():
    stack = material(128)
    together = Together(stack, MAPS)
    assert together.distance(stack) < 0.1 < together.distance(apart(stack))
    wanted = correlations(stack, MAPS)
    assert np.abs(correlations(apart(stack), MAPS) - wanted).mean() > 0.1
    assert slope_agreement(stack, MAPS, periodic=True) > 0.95
    assert abs(slope_agreement(apart(stack), MAPS, periodic=True)) < 0.3
    assert slope_agreement(stack[..., :3], (ALBEDO,)) is None


def test_an_evaluation_measures_how_maps_go_together(tmp_path):
    stack = material()
    artifact = train(stack, tmp_path / "out.texnet", PATCHES, maps=MAPS)
    done = evaluate(artifact, stack, EvaluationSettings(seeds=2), maps=MAPS)
    assert {"maps_together", "maps_correlation", "maps_slopes"} <= done.figures.keys()
    assert all(done.figures[name].reference is not None for name in ("maps_together", "maps_correlation"))
    assert not done.notes  # among them would be that it was trained from another picture
    alone = evaluate(artifact, stack[..., :3], EvaluationSettings(seeds=2))
    assert "maps_together" not in alone.figures and "colour" in alone.figures
    assert channels_of(artifact.maps) == 9
