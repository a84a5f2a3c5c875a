import pytest
import torch

from texnet_core.descriptor.layers import DEFAULT_LAYERS, PATCHES, octave_layer, stride, structure_layers
from texnet_core.descriptor.octaves import Octaves
from texnet_core.descriptor.vgg19 import Vgg19
from texnet_core.descriptor.weights import load_vgg19


@pytest.fixture(scope="module")
def weights(random_vgg19_file):
    return load_vgg19(str(random_vgg19_file))


def octaves_of(weights, count, side, padding="zero"):
    return Octaves(lambda layers: Vgg19(weights, layers, padding=padding), count, side)


def random_picture(height=64, width=64):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("periodic", [False, True])
def test_one_octave_is_vgg19_itself(weights, periodic):
    picture = random_picture()
    expected = Vgg19(weights, padding="zero")(picture, periodic=periodic)
    found = octaves_of(weights, 1, 64)(picture, periodic=periodic)
    assert list(found) == list(expected)
    for layer, features in expected.items():
        torch.testing.assert_close(found[layer], features, rtol=0, atol=0)


@pytest.mark.parametrize("periodic", [False, True])
def test_an_octave_is_vgg19_of_the_picture_averaged_over_squares(weights, periodic):
    picture = random_picture(64, 96)
    features = octaves_of(weights, 3, 64)(picture, periodic=periodic)
    for factor in (2, 4):
        small = picture.reshape(1, 3, 64 // factor, factor, 96 // factor, factor).mean((3, 5))
        expected = Vgg19(weights, padding="zero")(small, periodic=periodic)
        layers = [layer for layer in DEFAULT_LAYERS if octave_layer(layer, factor) in features]
        assert PATCHES in layers and "relu1_1" in layers
        for layer in layers:
            torch.testing.assert_close(features[octave_layer(layer, factor)], expected[layer], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("side", [32, 96])
def test_smaller_copies_have_the_layers_with_8x8_texels(weights, side):
    features = octaves_of(weights, 4, side)(random_picture(side, side))
    for factor in (2, 4, 8):
        with torch.no_grad():
            every = Vgg19(weights, padding="zero")(random_picture(side // factor * 4, side // factor * 4))
        layers = [layer for layer in DEFAULT_LAYERS if layer != PATCHES and every[layer].shape[2] >= 4 * 8]
        assert [
            layer for layer in DEFAULT_LAYERS if layer != PATCHES and octave_layer(layer, factor) in features
        ] == layers


def test_valid_borders_cost_the_deep_layers_of_smaller_copies(weights):
    networks = octaves_of(weights, 4, 256, padding="valid").networks
    assert [network.layers[-1] for network in networks] == ["relu5_1", "relu4_1", "relu3_2", "relu2_2"]
    with torch.no_grad():
        assert networks[1](random_picture(128, 128))["relu4_1"].shape[2:] == (8, 8)


def test_features_of_a_rolled_periodic_picture_are_rolled_in_every_octave(weights):
    descriptor = octaves_of(weights, 3, 64)
    picture = random_picture()
    plain, rolled = (descriptor(image, periodic=True) for image in (picture, picture.roll((16, 32), (2, 3))))
    for layer, features in plain.items():
        expected = features.roll((16 // stride(layer), 32 // stride(layer)), (2, 3))
        torch.testing.assert_close(rolled[layer], expected, rtol=1e-4, atol=1e-4)


def test_a_name_tells_the_stride(weights):
    features = octaves_of(weights, 4, 64)(random_picture(64, 64), periodic=True)
    for layer, maps in features.items():
        assert stride(layer) * maps.shape[2] == 64, layer


def test_structure_is_compared_on_one_layer_of_each_middle_stride_and_octave():
    full = ("relu2_1", "relu3_1", "relu4_1")
    assert structure_layers(DEFAULT_LAYERS) == full
    halves = (PATCHES, "relu1_1", "relu2_1", "relu2_2", "relu3_1")
    with_halves = structure_layers((*DEFAULT_LAYERS, *(octave_layer(layer, 2) for layer in halves)))
    assert with_halves == (*full, "relu2_1/2", "relu3_1/2")
