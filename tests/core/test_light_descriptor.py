"""The light descriptor: what it is as a network, and the file that it comes in."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from texnet_core.descriptor.layers import DEFAULT_LAYERS, PATCHES, stride
from texnet_core.descriptor.light import LIGHT, Light, LightWeights, load_light
from texnet_core.descriptor.light_file import COMPONENTS, FILE, SHAPES
from texnet_core.descriptor.octaves import Octaves
from texnet_core.errors import WeightsError
from texnet_core.losses import LOSSES, Sample, TextureLoss
from texnet_core.settings import LossSettings
from texnet_core.training.comparison import see_exemplar

EVERY_LOSS = LossSettings(**dict.fromkeys(LOSSES, 1.0), directions=8, positions=256)


@pytest.fixture(scope="module")
def light():
    return Light()


def random_picture(height, width, count=1, seed=0):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("height", "width"), [(16, 16), (48, 80)])
def test_layers_have_vgg19s_names_and_strides(light, height, width):
    features = light(random_picture(height, width, 2), periodic=True)
    assert tuple(features) == DEFAULT_LAYERS
    for layer, maps in features.items():
        channels = 27 if layer == PATCHES else COMPONENTS[layer]
        assert maps.shape == (2, channels, height // stride(layer), width // stride(layer))
        assert maps.dtype == torch.float32


def test_fewer_layers_are_the_same_ones(light):
    picture = random_picture(32, 32)
    every = light(picture, periodic=True)
    for layers in ((PATCHES,), ("relu3_1",), ("relu1_2", "relu4_1")):
        some = Light(layers=layers)(picture, periodic=True)
        assert tuple(some) == layers
        for layer, maps in some.items():
            torch.testing.assert_close(maps, every[layer], rtol=0, atol=0)
    with pytest.raises(ValueError, match="relu4_2"):
        Light(layers=("relu4_2",))


def test_features_roll_with_a_periodic_picture(light):
    picture = random_picture(64, 96)
    plain, rolled = (light(image, periodic=True) for image in (picture, picture.roll((16, 48), (2, 3))))
    for layer, maps in plain.items():
        shift = 16 // stride(layer), 48 // stride(layer)
        torch.testing.assert_close(rolled[layer], maps.roll(shift, (2, 3)), rtol=1e-5, atol=1e-5)


def test_a_picture_without_its_period_is_seen_as_the_inner_part_of_one_with_it(light):
    """Cut at texel 14 of the period, so that all poolings halve the same pairs in both."""
    tile, begin, place = random_picture(96, 96), 14, {PATCHES: 15}
    periodic, valid = light(tile, periodic=True), light(tile.repeat(1, 1, 3, 3)[..., begin:, begin:])
    for conv in LIGHT.convolutions:
        begin = (begin / 2 if conv.pool_before else begin) + 1  # a texel is lost at each border
        assert begin % 1 == 0
        place[conv.relu] = int(begin)
    for layer, maps in valid.items():
        height, width = maps.shape[2:]
        begin = place[layer]
        endless = periodic[layer].repeat(1, 1, 4, 4)[..., begin : begin + height, begin : begin + width]
        torch.testing.assert_close(maps, endless, rtol=1e-4, atol=1e-4)


def test_the_smallest_side_is_just_enough(light):
    side = LIGHT.smallest_side("valid")
    assert side == 164 and light(random_picture(side, side))["relu5_1"].shape[2:] == (2, 2)
    assert light(random_picture(side - 1, side - 1))["relu5_1"].shape[2] < 2


def test_precision_changes_little(light):
    picture = random_picture(64, 64)
    exact, rounded = (network(picture, periodic=True) for network in (light, Light(precision=torch.bfloat16)))
    for layer, maps in exact.items():
        assert rounded[layer].dtype == torch.float32
        assert (rounded[layer] - maps).square().mean() < 0.002 * maps.var(), layer


def test_every_loss_has_a_gradient_that_reaches_every_texel(light):
    exemplar, picture = random_picture(168, 168), random_picture(64, 64, 2, seed=1).requires_grad_()
    loss = TextureLoss(Sample(exemplar, light(exemplar), periodic=False), EVERY_LOSS)
    value = loss(Sample(picture, light(picture, periodic=True)), 0)
    (gradient,) = torch.autograd.grad(value, picture)
    assert gradient.isfinite().all() and (gradient.abs().amax(1) > 0).all()


def test_the_weights_are_constants(light):
    assert not list(light.parameters())
    assert set(light.state_dict()) >= {f"{conv.key}_weight" for conv in LIGHT.convolutions}


def test_octaves_see_smaller_copies(light):
    descriptor = Octaves(lambda layers: Light(layers=layers), 3, 192)
    picture = random_picture(192, 192)
    features = descriptor(picture, periodic=True)
    half = light(torch.nn.functional.avg_pool2d(picture, 2), periodic=True)
    assert {"relu2_2/4", "relu3_2/2"} <= features.keys() and "relu4_1/2" not in features
    torch.testing.assert_close(features["relu3_2/2"], half["relu3_2"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("octaves", [1, 2])
def test_masks_count_positions_and_hidden_colors_count_nothing(octaves):
    """Hidden texels get colors of the surface before anything looks at them; what is masked is then left out."""
    from texnet_core.pictures.masks import visible_part

    descriptor = Octaves(lambda layers: Light(layers=layers), octaves, 200)
    image = np.random.default_rng(0).random((200, 210, 3), dtype=np.float32)
    mask = np.ones((200, 210), bool)
    mask[30:80, 40:100] = False
    statistics = []
    for fill in (0.0, 1.0):
        spoiled = np.where(mask[..., None], image, np.float32(fill))
        shown, shown_mask = visible_part(spoiled, mask, 200)
        picture = torch.from_numpy(shown).permute(2, 0, 1)[None]
        sample = see_exemplar(descriptor, picture, torch.from_numpy(shown_mask))
        statistics.append({layer: sample.counted(layer) for layer in sample.features})
    assert statistics[0].keys() == statistics[1].keys() and "relu5_1" in statistics[0]
    for layer, counted in statistics[0].items():
        torch.testing.assert_close(statistics[1][layer], counted, rtol=0, atol=0)


def test_a_mask_that_hides_nothing_changes_nothing(light):
    descriptor = Octaves(lambda layers: Light(layers=layers), 2, 176)
    picture = random_picture(176, 180)
    plain, masked = (see_exemplar(descriptor, picture, mask) for mask in (None, torch.ones(176, 180, dtype=torch.bool)))
    assert plain.features.keys() == masked.features.keys()
    for layer, maps in plain.features.items():
        torch.testing.assert_close(masked.counted(layer).flatten(2), maps.flatten(2), rtol=0, atol=0)


def test_the_file_is_small_credited_and_complete():
    from safetensors import safe_open

    assert FILE.stat().st_size <= 2_000_000
    assert load_light().parameters.keys() == SHAPES.keys()
    with safe_open(FILE, framework="np") as opened:
        said = opened.metadata()
    assert "Simonyan" in said["credit"] and "CC BY 4.0" in said["credit"] and "CC0" in said["credit"]


def test_equal_weights_have_equal_digests():
    weights = load_light()
    assert weights.sha256() == load_light().sha256()
    other = {name: tensor.clone() for name, tensor in weights.parameters.items()}
    other["relu5_1.bias"][3] += 1e-3
    assert LightWeights(other).sha256() != weights.sha256()


@pytest.mark.parametrize("damage", ["missing", "cut", "text", "shape", "absent tensor", "integers", "not finite"])
def test_a_damaged_file_is_one_clear_line(tmp_path, damage):
    path = tmp_path / "light.safetensors"
    if damage == "cut":
        path.write_bytes(FILE.read_bytes()[:-1000])
    elif damage == "text":
        path.write_text("no tensors")
    elif damage != "missing":
        tensors = load_file(FILE)
        if damage == "shape":
            tensors["conv3_1.weight"] = tensors["conv3_1.weight"][:, :32].contiguous()
        elif damage == "absent tensor":
            del tensors["relu4_1.bias"]
        elif damage == "integers":
            tensors["conv1_1.bias"] = tensors["conv1_1.bias"].int()
        else:
            tensors["conv5_1.weight"][0, 0, 0, 0] = torch.inf
        save_file(tensors, path)
    with pytest.raises(WeightsError) as caught:
        load_light(path)
    message = str(caught.value)
    assert "\n" not in message and str(path) in message and "install TexNet again" in message
