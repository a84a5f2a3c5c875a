import pytest

from texnet_core.architecture import convolutions, halos, level_channels, parameter_shapes
from texnet_core.settings import GeneratorSettings


def test_parameter_counts_are_the_published_ones():
    """Of the inference form: 71,659 and 116,915 published parameters less the batch norms' own (two a channel)."""
    for levels, published in ((5, 71_659), (6, 116_915)):
        settings = GeneratorSettings(levels=levels)
        norms = sum(2 * conv.out_channels for conv in convolutions(settings) if conv.activated)
        norms += sum(2 * (level_channels(settings, level + 1) + settings.channels) for level in range(levels - 1))
        count = 0
        for shape in parameter_shapes(settings).values():
            size = 1
            for side in shape:
                size *= side
            count += size
        assert count + norms == published


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
