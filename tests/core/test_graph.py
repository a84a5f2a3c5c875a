"""What follows from a graph: counts, margins, and forms that are the same function."""

from dataclasses import replace

import numpy as np
import pytest

from texnet_core.engines.bf16 import with_bf16
from texnet_core.engines.fusion import fused
from texnet_core.errors import RequestError
from texnet_core.model.design import Design
from texnet_core.model.families.pyramid import (
    DEFAULT_GENERATOR_SIZE,
    GENERATOR_SIZES,
    PyramidSettings,
    generator_settings,
)
from texnet_core.model.graph import GraphBuilder, inference_form
from texnet_core.model.nodes import Clamp, Convolution, Crop, Norm, Upsample, UpsamplingConvolution


def pyramid(levels):
    return Design(PyramidSettings(levels=levels), 3).graph


def test_parameter_counts_are_the_published_ones():
    """Of the inference form: 71,659 and 116,915 published parameters less the batch norms' own (two a channel)."""
    for levels, published in ((5, 71_659), (6, 116_915)):
        graph = pyramid(levels)
        norms = sum(2 * norm.channels for norm in graph.of(Norm))
        bounds = {clamp.bound for clamp in graph.of(Clamp)}
        counts = {name: np.prod(shape) for name, shape in graph.parameter_shapes.items() if name not in bounds}
        assert sum(counts.values()) + norms == published


def test_generator_sizes_grow_and_begin_with_the_default():
    works = [Design(settings, 3).graph.flops_per_texel for settings in GENERATOR_SIZES.values()]
    assert works == sorted(set(works))
    assert generator_settings() == GENERATOR_SIZES[DEFAULT_GENERATOR_SIZE] == PyramidSettings()
    assert generator_settings("large", channels=4) == replace(GENERATOR_SIZES["large"], channels=4)
    for size, changes, says in (("huge", {}, "huge"), ("base", {"channels": 0}, "channels")):
        with pytest.raises(RequestError, match=says):
            generator_settings(size, **changes)


@pytest.mark.parametrize("levels", range(1, 9))
def test_windows_and_crops_make_up_for_what_valid_convolutions_eat(levels):
    """Walk a block through the inference form, by sizes alone, and see that it comes out at its own size."""
    graph = inference_form(pyramid(levels))
    sizes = {window.name: (window.height, window.width) for window in graph.windows(256, -128, 128, 256)}
    for node in graph.nodes:
        if node.name in sizes:
            continue
        read = {sizes[name] for name in node.inputs}
        assert len(read) == 1, node  # what is joined has one size
        height, width = read.pop()
        match node:
            case Convolution():
                height, width = height - node.kernel + 1, width - node.kernel + 1
            case Upsample():
                height, width = 2 * height, 2 * width
            case Crop():
                height, width = height - 2 * node.margin, width - 2 * node.margin
        sizes[node.name] = height, width
    assert sizes[graph.output.name] == (128, 256)


def test_a_value_that_two_nodes_need_unequally_is_cropped_for_one():
    builder = GraphBuilder()
    noise = builder.input("noise", 2, 0)
    wide = builder.convolution(noise, "a", 2, 3)
    builder.convolution(builder.concat((noise, wide), "both"), "out", 1, 3)
    graph = inference_form(builder.graph())
    (crop,) = graph.of(Crop)
    assert crop.inputs == (noise,) and crop.margin == 1
    assert graph.margins[noise] == 2


def test_two_nodes_of_one_name_are_refused():
    builder = GraphBuilder()
    builder.input("noise", 2, 0)
    with pytest.raises(ValueError, match="noise"):
        builder.input("noise", 2, 0)


@pytest.mark.parametrize("levels", range(1, 9))
def test_fusion_leaves_no_upsampling_and_needs_the_same_windows(levels):
    plain = inference_form(pyramid(levels))
    rng = np.random.default_rng(0)
    parameters = {name: rng.normal(size=shape).astype(np.float32) for name, shape in plain.parameter_shapes.items()}
    graph, found = fused(plain, parameters)
    assert not any(graph.of(Upsample)) and len(list(graph.of(UpsamplingConvolution))) == levels - 1
    assert {name: array.shape for name, array in found.items()} == graph.parameter_shapes


@pytest.mark.parametrize("levels", range(1, 9))
def test_bf16_takes_nearly_all_the_work_but_not_the_ends(levels):
    convolutions = list(with_bf16(inference_form(pyramid(levels))).of(Convolution))
    chosen = [conv for conv in convolutions if conv.bf16]
    shares = [sum(map(work_of, convs)) for convs in (chosen, convolutions)]
    assert shares[0] > 0.8 * shares[1] if levels > 2 else shares[0] > 0.5 * shares[1] or levels == 1
    assert all(conv.level < 2 and conv.name != "output" and not conv.name.endswith("noise.0") for conv in chosen)


@pytest.mark.parametrize("detail_levels", [1, 2])
def test_bf16_keeps_away_from_coarser_pictures(detail_levels):
    """Neither what writes one nor what reads it; all else of the finest levels takes part."""
    settings = PyramidSettings(levels=4, channels=4, detail_levels=detail_levels)
    convolutions = list(with_bf16(inference_form(Design(settings, 3).graph)).of(Convolution))
    chosen = {conv.name for conv in convolutions if conv.bf16}
    assert {"level0.join.0", "level0.join.1", "level0.join.2", "level0.seen.1"} <= chosen
    assert not any(name.endswith(("output", "seen.0", "noise.0")) for name in chosen)
    shares = [sum(work_of(conv) for conv in convolutions if conv.bf16 in kinds) for kinds in ((True,), (True, False))]
    assert shares[0] > 0.7 * shares[1]


def work_of(conv):
    return conv.in_channels * conv.channels * conv.kernel**2 / 4**conv.level
