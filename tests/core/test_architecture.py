from dataclasses import replace

import pytest
from texnet_core.model.architecture import (
    ceiling_shapes,
    convolutions,
    flops_per_texel,
    halos,
    level_channels,
    parameter_shapes,
)

from texnet_core.errors import RequestError
from texnet_core.settings import DEFAULT_GENERATOR_SIZE, GENERATOR_SIZES, GeneratorSettings, generator_settings


def test_parameter_counts_are_the_published_ones():
    """Of the inference form: 71,659 and 116,915 published parameters less the batch norms' own (two a channel)."""
    for levels, published in ((5, 71_659), (6, 116_915)):
        settings = GeneratorSettings(levels=levels)
        norms = sum(2 * conv.out_channels for conv in convolutions(settings) if conv.activated)
        norms += sum(2 * (level_channels(settings, level + 1) + settings.channels) for level in range(levels - 1))
        count = 0
        for name, shape in parameter_shapes(settings).items():
            if name in ceiling_shapes(settings):
                continue
            size = 1
            for side in shape:
                size *= side
            count += size
        assert count + norms == published


def test_generator_sizes_grow_and_begin_with_the_default():
    works = [flops_per_texel(settings) for settings in GENERATOR_SIZES.values()]
    assert works == sorted(set(works))
    assert generator_settings() == GENERATOR_SIZES[DEFAULT_GENERATOR_SIZE] == GeneratorSettings()
    assert generator_settings("large", channels=4) == replace(GENERATOR_SIZES["large"], channels=4)
    for size, changes, says in (("huge", {}, "one of small"), ("base", {"channels": 0}, "channels 0")):
        with pytest.raises(RequestError, match=says):
            generator_settings(size, **changes)


@pytest.mark.parametrize("levels", range(1, 9))
def test_halos_cover_what_valid_convolutions_eat(levels):
    """Walk a block of one coarsest cell through the pyramid and see that it comes out at its own size."""
    settings = GeneratorSettings(levels=levels)
    margins = halos(settings)
    block = settings.cell_texels
    size = block // 2 ** (levels - 1) + 2 * margins[-1].noise - 4
    for level in range(levels - 2, -1, -1):
        upsampled = 2 * size - 2 * margins[level].crop
        branch = block // 2**level + 2 * margins[level].noise - 4
        assert upsampled == branch
        assert margins[level].crop in (0, 1)
        size = upsampled - 4
    assert size == block
