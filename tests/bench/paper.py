"""Texture Networks as it was published: recipe, loss and sampling, around this project's generator module.

Source: Ulyanov et al. 2016, section 4 and the published code of that time. Where both differ, the code: six scales,
LeakyReLU 0.01, Adam at 0.1 times 0.8 every 300 of 1500 steps, batches of 16, noise redrawn at every step, relu1_1 to
relu5_1 of an unpadded VGG-19 with its max pooling, Gram matrices with normalized gradients, output in levels of 0 to
255 less the mean of VGG-19's training pictures, and samples drawn with the statistics of their batch.
Differs: the batch norm of coarser features stands before the upsampling, which is the same function; convolutions are
in bf16 where that is faster, as in this project's own training; the last bias starts at 0.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from texnet_core.descriptor.precision import DTYPES, choose_precision
from texnet_core.descriptor.vgg19 import Vgg19
from texnet_core.descriptor.weights import Vgg19Weights
from texnet_core.losses import Sample
from texnet_core.losses.gram import GramLoss
from texnet_core.model.design import Design
from texnet_core.model.families.pyramid import PyramidSettings
from texnet_core.model.noise import derive_seed
from texnet_core.model.training_form import Generator, periodic_inputs
from texnet_core.optimization.pixels import LAYERS

STEPS, BATCH = 1500, 16
_LR, _DECAY, _DECAYS = 0.1, 0.8, 5  # every 300 of 1500 steps
_MEAN_LEVELS = (123.68, 116.779, 103.939)

Picture = npt.NDArray[np.float32]


class PublishedNetwork:
    """A generator trained on construction.

    Args:
        exemplar: (H, W, 3) in [0, 1], at least 172 a side.
        weights: of VGG-19.
        side: of the samples.
        steps: the published 1500, or fewer; the learning rate then falls at the same shares of the run.
        batch: the published 16, or fewer.
    """

    def __init__(self, exemplar: Picture, weights: Vgg19Weights, side: int, steps: int, batch: int) -> None:
        torch.manual_seed(0)
        self.side, self.batch = side, batch
        self.design = Design(PyramidSettings(), 3)
        self.generator = Generator(self.design.graph)
        nn.init.zeros_(self.generator.convolution_of(self.design.graph.output.name).bias)
        self.precision = DTYPES[choose_precision("auto", torch.device("cpu"))]
        vgg19 = Vgg19(weights, LAYERS, pooling="max", precision=self.precision)
        with torch.no_grad():
            image = torch.from_numpy(exemplar).permute(2, 0, 1)[None]
            loss = GramLoss(Sample(image, vgg19(image), periodic=False))
        adam = torch.optim.Adam(self.generator.parameters(), lr=_LR)
        falling = torch.optim.lr_scheduler.StepLR(adam, max(1, steps // _DECAYS), _DECAY)
        for step in range(steps):
            adam.zero_grad()
            batch = self._pictures(derive_seed(0, step))
            loss(Sample(batch, vgg19(batch), periodic=False), 0).backward()
            adam.step()
            falling.step()

    @torch.no_grad()
    def sample(self, seed: int) -> Picture:
        """The first picture of a batch, (side, side, 3) in [0, 1]; it has the statistics of them all."""
        return self._pictures(derive_seed(1, seed))[0].clamp(0, 1).permute(1, 2, 0).numpy()

    def _pictures(self, seed: int) -> Tensor:
        """(batch, 3, side, side) in about [0, 1], with the statistics of the batch."""
        seeds = [derive_seed(seed, index) for index in range(self.batch)]
        noise = periodic_inputs(self.design, seeds, self.side)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.precision is torch.bfloat16):
            levels = self.generator(noise).float()
        return (levels + torch.tensor(_MEAN_LEVELS)[:, None, None]) / 255
