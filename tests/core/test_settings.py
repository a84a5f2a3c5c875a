"""Settings that do not fit: a clause that names the setting and its value, and a remedy."""

import math

import pytest

from texnet_core.errors import RequestError
from texnet_core.model.families.pyramid import generator_settings
from texnet_core.settings import DescriptorSettings, EngineSettings, LossSettings, TrainSettings


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (TrainSettings(size=9), "size 9 is out of range (32 to 1024); choose a value in that range"),
        (TrainSettings(exemplar_size=-1), "exemplar size -1 is out of range (0 to 2048); choose a value in that range"),
        (TrainSettings(steps=10.5), "steps 10.5 is not a whole number; give a whole number"),
        (TrainSettings(batch=True), "batch True is not a whole number; give a whole number"),
        (TrainSettings(flatten=1), "flatten 1 is not true or false; give true or false"),
        (TrainSettings(device=3), "device 3 is not text; give text"),
        (LossSettings(gram_weight=math.nan), "gram weight nan is not a finite number; give a finite number"),
        (
            EngineSettings(engine="x"),
            "engine 'x' is unknown (one of auto, onnx, openvino, torch); choose one of these",
        ),
        (
            DescriptorSettings(vgg19_input="x"),
            "vgg19 input 'x' is unknown (one of torchvision, oxford); choose one of these",
        ),
    ],
)
def test_what_does_not_fit_is_named_with_a_remedy(settings, line):
    with pytest.raises(RequestError) as refused:
        settings.check()
    assert str(refused.value) == line


def test_an_unknown_generator_size_lists_the_known_ones():
    with pytest.raises(RequestError, match=r"^generator size 'huge' is unknown \(one of small, base, large\)"):
        generator_settings("huge")
