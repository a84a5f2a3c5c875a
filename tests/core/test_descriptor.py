import hashlib
from typing import get_args

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.conftest import SHARED_VGG19, needs_shared_data
from texnet_core.descriptor import weights as weights_module
from texnet_core.descriptor.layers import PATCHES
from texnet_core.descriptor.vgg19 import VGG19, Vgg19
from texnet_core.descriptor.weights import CONVOLUTIONS, METADATA_KEY, Vgg19Weights, load_vgg19
from texnet_core.errors import WeightsError
from texnet_core.settings import Pooling


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    """A cache of its own for each test, which is empty."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def torchvision_features():
    """torchvision's own network; its wheel needs two operators declared to import beside a CPU build of torch."""
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    from torchvision.models import vgg19

    return vgg19(weights=None).features.eval()


def normalized(image):
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return (image - mean[:, None, None]) / std[:, None, None]


def test_it_equals_torchvisions_network_on_the_same_parameters(torchvision_features, random_vgg19_file):
    loaded = load_vgg19(str(random_vgg19_file))
    torchvision_features.load_state_dict(
        {name.removeprefix("features."): tensor for name, tensor in loaded.parameters.items()}, strict=False
    )
    image = torch.rand(2, 3, 64, 48)
    layers = tuple(conv.relu for conv in CONVOLUTIONS)
    with torch.no_grad():
        ours = Vgg19(loaded, layers, pooling="max", padding="zero")(image)
        x, theirs = normalized(image), {}
        names = {int(conv.key.split(".")[1]) + 1: conv.relu for conv in CONVOLUTIONS}
        for index, module in enumerate(torchvision_features):
            x = module(x)
            if index in names:
                theirs[names[index]] = x.clone()
            if len(theirs) == len(names):
                break
    for layer in layers:
        torch.testing.assert_close(ours[layer], theirs[layer], atol=1e-4, rtol=1e-4)


def test_both_input_conventions_describe_the_same_network(random_vgg19_file):
    """Weights converted from one convention to the other by hand give the same features."""
    torchvision = load_vgg19(str(random_vgg19_file))
    scale, shift = torchvision.input_affine()
    oxford_scale, oxford_shift = Vgg19Weights({}, "oxford").input_affine()
    converted = dict(torchvision.parameters)
    weight = converted["features.0.weight"]
    ratio = scale / oxford_scale
    converted["features.0.weight"] = weight * ratio[:, None, None]
    converted["features.0.bias"] = converted["features.0.bias"] + (
        weight * (shift - ratio * oxford_shift)[:, None, None]
    ).sum((1, 2, 3))
    image = torch.rand(1, 3, 40, 40)
    with torch.no_grad():
        layers = ("relu1_1", "relu2_1")
        first = Vgg19(torchvision, layers)(image)
        second = Vgg19(Vgg19Weights(converted, "oxford"), layers)(image)
    for layer in layers:
        torch.testing.assert_close(first[layer], second[layer], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("pooling", ["average", "max", "mixed"])
def test_valid_features_are_those_that_no_border_touches(random_vgg19_file, pooling):
    """Inside, padding makes no difference; a valid descriptor returns just that inside."""
    weights = load_vgg19(str(random_vgg19_file))
    layers = ("relu1_2", "relu2_2")
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        valid = Vgg19(weights, layers, pooling, "valid")(image)
        padded = Vgg19(weights, layers, pooling, "zero")(image)
    assert valid["relu1_2"].shape[2:] == (60, 60)
    torch.testing.assert_close(valid["relu1_2"], padded["relu1_2"][:, :, 2:-2, 2:-2], atol=1e-4, rtol=1e-4)
    # 60 pools to 30, whose texels are the padded network's from 1 on
    torch.testing.assert_close(valid["relu2_2"], padded["relu2_2"][:, :, 3:-3, 3:-3], atol=1e-4, rtol=1e-4)


def test_mixed_pooling_lies_halfway_between_the_others(random_vgg19_file):
    weights = load_vgg19(str(random_vgg19_file))
    weights.parameters["features.5.weight"] = torch.zeros(128, 64, 3, 3)  # conv2_1 shows what was pooled, unchanged
    weights.parameters["features.5.weight"][:64, :, 1, 1] = torch.eye(64)
    weights.parameters["features.5.bias"] = torch.zeros(128)
    image = torch.rand(1, 3, 32, 32)
    pooled = {pooling: Vgg19(weights, ("relu2_1",), pooling)(image)["relu2_1"] for pooling in get_args(Pooling)}
    assert (pooled["max"] > pooled["average"]).any()
    torch.testing.assert_close(pooled["mixed"], (pooled["average"] + pooled["max"]) / 2)


@pytest.mark.parametrize("padding", ["valid", "zero"])
def test_the_smallest_side_is_just_enough(random_vgg19_file, padding):
    descriptor = Vgg19(load_vgg19(str(random_vgg19_file)), padding=padding)
    side = VGG19.smallest_side(padding)
    assert side == {"valid": 172, "zero": 32}[padding]
    with torch.no_grad():
        assert min(min(f.shape[2:]) for f in descriptor(torch.rand(1, 3, side, side)).values()) == 2
        assert min(min(f.shape[2:]) for f in descriptor(torch.rand(1, 3, side - 1, side - 1)).values()) == 1


def test_bf16_features_come_close_to_f32(random_vgg19_file):
    weights = load_vgg19(str(random_vgg19_file))
    image = torch.rand(1, 3, 160, 160)
    with torch.no_grad():
        exact = Vgg19(weights)(image)
        rounded = Vgg19(weights, precision=torch.bfloat16)(image)
    for layer, features in exact.items():
        assert rounded[layer].dtype == torch.float32
        assert (rounded[layer] - features).norm() < 0.02 * features.norm()


@needs_shared_data
def test_the_real_weights_load_only_with_a_stated_convention():
    with pytest.raises(WeightsError, match="input convention"):
        load_vgg19(str(SHARED_VGG19))
    assert load_vgg19(str(SHARED_VGG19), "oxford").convention == "oxford"


def test_the_environment_names_file_and_convention(monkeypatch, random_vgg19_file, tmp_path):
    bare = tmp_path / "bare.safetensors"
    save_file(load_file(random_vgg19_file), bare)
    monkeypatch.setenv("TEXNET_VGG19", str(bare))
    with pytest.raises(WeightsError, match="no input convention"):
        load_vgg19()
    monkeypatch.setenv("TEXNET_VGG19_INPUT", "oxford")
    assert load_vgg19().convention == "oxford"
    assert load_vgg19(convention="torchvision").convention == "torchvision"


def test_file_and_call_must_not_contradict(random_vgg19_file):
    with pytest.raises(WeightsError, match="leave the convention out"):
        load_vgg19(str(random_vgg19_file), "oxford")
    with pytest.raises(WeightsError, match="'bgr'"):
        load_vgg19(str(SHARED_VGG19) if SHARED_VGG19.exists() else str(random_vgg19_file), "bgr")


@pytest.mark.parametrize("change", ["missing", "shape", "integer", "text", "empty"])
def test_files_of_the_wrong_kind_are_refused(random_vgg19_file, tmp_path, change):
    path = tmp_path / "bad.safetensors"
    tensors = load_file(random_vgg19_file)
    if change == "missing":
        del tensors["features.28.bias"]
    elif change == "shape":
        tensors["features.10.weight"] = tensors["features.10.weight"][:, :64].contiguous()
    elif change == "integer":
        tensors["features.0.bias"] = tensors["features.0.bias"].int()
    save_file(tensors, path, metadata={METADATA_KEY: "oxford"})
    if change in ("text", "empty"):
        path.write_text("no tensors" * (change == "text"))
    with pytest.raises(WeightsError) as caught:
        load_vgg19(str(path))
    assert "\n" not in str(caught.value) and caught.value.expected and "; name a file" in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match="nowhere"):
        load_vgg19(str(tmp_path / "nowhere.pth"))


@pytest.fixture
def published(tmp_path, random_vgg19_file, monkeypatch):
    """A stand-in for torchvision's published file, with its hash told to the loader."""
    path = tmp_path / "vgg19-published.pth"
    torch.save(load_file(random_vgg19_file), path)
    monkeypatch.setattr(weights_module, "_HASH_PREFIX", hashlib.sha256(path.read_bytes()).hexdigest()[:8])
    return path


def test_the_download_is_announced_checked_and_cached(published, tmp_path):
    said = []
    loaded = load_vgg19(url=published.as_uri(), announce=said.append)
    assert loaded.convention == "torchvision"  # known by its hash, not guessed
    assert len(said) == 1 and "downloading" in said[0]
    cached = tmp_path / "cache" / "checkpoints" / published.name
    assert cached.read_bytes() == published.read_bytes()
    published.unlink()
    load_vgg19(url=published.as_uri(), announce=said.append)
    assert len(said) == 1


def test_a_download_with_the_wrong_hash_is_refused_and_not_kept(published, tmp_path, monkeypatch):
    monkeypatch.setattr(weights_module, "_HASH_PREFIX", "00000000")
    with pytest.raises(WeightsError, match="hash"):
        load_vgg19(url=published.as_uri())
    assert not list((tmp_path / "cache").rglob("*.pth*"))


def test_offline_the_three_remedies_stand_in_one_line(tmp_path):
    with pytest.raises(WeightsError) as caught:
        load_vgg19(url=(tmp_path / "unreachable.pth").as_uri())
    message = str(caught.value)
    assert "\n" not in message
    assert "vgg19" in message and "$TEXNET_VGG19" in message and weights_module.DOWNLOAD_URL in message


def test_a_periodic_picture_has_the_features_of_the_endless_one(random_vgg19_file):
    """One period's features are those of a piece of the repeated picture that lies far from its borders."""
    descriptor = Vgg19(load_vgg19(str(random_vgg19_file)), layers=(PATCHES, "relu1_2", "relu2_2"))
    tile = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    wrapped, repeated = descriptor(tile, periodic=True), descriptor(tile.repeat(1, 1, 3, 3))
    for layer, stride in ((PATCHES, 1), ("relu1_2", 1), ("relu2_2", 2)):
        side = 32 // stride
        start = side - (3 * side - repeated[layer].shape[2]) // 2  # what valid convolutions lost on each side
        piece = repeated[layer][..., start : start + side, start : start + side]
        torch.testing.assert_close(wrapped[layer], piece, rtol=1e-4, atol=1e-4)


def test_the_features_of_a_rolled_periodic_picture_are_rolled(random_vgg19_file):
    descriptor = Vgg19(load_vgg19(str(random_vgg19_file)))
    tile = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    plain, rolled = (descriptor(picture, periodic=True) for picture in (tile, tile.roll((16, 32), (2, 3))))
    for layer, features in plain.items():
        stride = 64 // features.shape[2]
        expected = features.roll((16 // stride, 32 // stride), (2, 3))
        torch.testing.assert_close(rolled[layer], expected, rtol=1e-4, atol=1e-4)
