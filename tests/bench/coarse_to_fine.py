"""Gatys et al. run coarse to fine: what pixel optimization makes of a large picture, at its own resolution.

From noise at a quarter of the size, then again from the result with twice the texels. VGG-19 sees shapes of up to some
hundred texels; so the coarse runs decide what is large, and the fine ones what it is made of.

Source: Gatys et al. 2015, "Texture Synthesis Using Convolutional Neural Networks", in octaves as Gatys et al. 2017,
"Controlling Perceptual Factors in Neural Style Transfer", section 6. Differs: the pictures wrap around.
"""

import numpy as np
import numpy.typing as npt
import torch

from tests.bench.patch_optimization import enlarged
from texnet_core.descriptor.precision import DTYPES, choose_precision
from texnet_core.descriptor.vgg19 import Vgg19
from texnet_core.descriptor.weights import load_vgg19
from texnet_core.engines.torch_device import choose_device
from texnet_core.losses import Sample
from texnet_core.optimization.pixels import LAYERS, search_from
from texnet_core.optimization.search import noise_like, to_array, to_tensor
from texnet_core.pictures.resizing import resize_exemplar
from texnet_core.progress import ignore_progress
from texnet_core.settings import OptimizeSettings

STEPS = (400, 200, 100)  # at a quarter, half and all of the size

Picture = npt.NDArray[np.float32]


def optimize_coarse_to_fine(exemplar: Picture, side: int, seed: int, steps: tuple[int, ...] = STEPS) -> Picture:
    """A picture that tiles, (side, side, 3) in [0, 1].

    Args:
        exemplar: (H, W, 3) in [0, 1], `side` texels on the short side or more.
        side: a multiple of 64.
        seed: of the noise it starts from.
        steps: an octave, from coarse to fine.
    """
    device = torch.device(choose_device("auto"))
    precision = DTYPES[choose_precision("auto", device)]
    network = Vgg19(load_vgg19(), LAYERS, "average", "valid", precision).to(device)
    image = None
    for octave, budget in enumerate(steps):
        texels = side >> (len(steps) - 1 - octave)
        wanted = to_tensor(resize_exemplar(exemplar, texels), device)
        start = noise_like(wanted, texels, texels, seed) if image is None else enlarged(image, texels).clamp(0, 1)
        with torch.no_grad():
            seen = Sample(wanted, network(wanted), periodic=False)
        search = search_from(start, seen, network, OptimizeSettings(steps=budget), ignore_progress)
        search.to_the_end()
        image = search.best
    assert image is not None
    return to_array(image)
