"""Samples of a level of detail: windows of two kinds, in one batch.

The first half is of what the coarser generator makes, the other half is of the exemplar itself, made smaller: of that
it is known what the level is to make.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from texnet_core.engines import Engine
from texnet_core.mapset import FloatArray
from texnet_core.model.design import Design
from texnet_core.model.families.pyramid import PICTURE, detail_graph
from texnet_core.model.inputs import CoarserPlane, InputPlane
from texnet_core.model.noise import derive_seed
from texnet_core.model.training_form import Generator
from texnet_core.training.samples import CALIBRATION_FIELDS, Samples, Stream

_NOISE = "noise0"
_PLACES = 2**16  # cells of level 1 along each axis at which a window of an endless plane may begin


class DetailSamples(Samples):
    """Draws windows.

    Args:
        design: of the generator with this level of detail.
        coarser: runs the generator without it.
        small: (height, width, channels), the exemplar at the coarser generator's resolution.
        large: (2 height, 2 width, channels), at twice that.
        run_seed: of the run.
        device: where the level is trained.
    """

    def __init__(
        self,
        design: Design,
        coarser: Engine,
        small: FloatArray,
        large: FloatArray,
        run_seed: int,
        device: torch.device,
    ) -> None:
        super().__init__(design, run_seed, device)
        self._coarser, self._small, self._large = coarser, small, large
        settings = design.settings
        self.graph = detail_graph(settings, design.channels)  # type: ignore[arg-type]
        self._margins = self.graph.margins
        self._kept: tuple[tuple[tuple[int, ...], int], Tensor] | None = None

    def draw(self, generator: nn.Module, seeds: list[int], size: int, precision: str) -> Tensor:
        """Windows, (2 N, channels, size, size) float32, size even; see `Samples.draw`."""
        assert isinstance(generator, Generator)
        planes = [self._design.input_plane(seed) for seed in seeds]
        seen = [self._seen(*self._place_in_exemplar(seed, size), size) for seed in seeds]
        noise = [self._noise(plane, *self._place(seed), size) for plane, seed in zip(planes, seeds, strict=True)]
        noise += [self._noise(plane, 0, 0, size) for plane in planes]
        pictures = torch.cat((self._made(tuple(seeds), size), self._stacked(seen)))
        inputs = {PICTURE: pictures, _NOISE: torch.stack(noise)}
        with torch.autocast(self._device.type, torch.bfloat16, enabled=precision == "bf16"):
            image = generator.window(inputs)
        return image.float()

    def coarse(self, seeds: Sequence[int], size: int) -> Tensor:
        """What the coarser generator makes where `draw` makes the first half of its windows, at half their size."""
        margin = self._margins[PICTURE]
        return self._made(tuple(seeds), size)[:, :, margin:-margin, margin:-margin]

    def goal(self, seeds: Sequence[int], size: int) -> Tensor:
        """What the other half of the windows should be: the exemplar there, (N, channels, size, size)."""
        places = (self._place_in_exemplar(seed, size) for seed in seeds)
        return self._stacked([self._large[2 * y : 2 * y + size, 2 * x : 2 * x + size] for y, x in places])

    @property
    def most_window(self) -> int:
        """The largest side of windows for which the exemplar has the surroundings that a level sees."""
        return 2 * (min(self._small.shape[:2]) - 2 * self._margins[PICTURE])

    def portrait(self, generator: nn.Module, size: int) -> Tensor:
        """A sample that shows as much as that of the generator without detail, made smaller, (channels, size, size)."""
        factor = 1 << self._design.settings.detail_levels  # type: ignore[attr-defined]
        image: Tensor = generator(self._period(0, size * factor))
        return F.avg_pool2d(image.float(), factor)[0]

    def calibration_fields(self, size: int) -> Iterator[dict[str, Tensor]]:
        """Inputs of whole periods, on which statistics are measured: of what the coarser generator makes alone."""
        cell = self._design.graph.cell_texels
        for seed in self.seeds(Stream.CALIBRATION, count=CALIBRATION_FIELDS):
            yield self._period(seed, cell * -(-size // cell))

    def _period(self, seed: int, size: int) -> dict[str, Tensor]:
        plane = self._design.input_plane(seed, size, size)
        picture = self._coarser.block(CoarserPlane(plane), 0, 0, size // 2, size // 2)
        noise = plane.window_torch(0, 0, 0, size, size, self._device)[None]
        return {PICTURE: self._stacked([picture]), _NOISE: noise}

    def _made(self, seeds: tuple[int, ...], size: int) -> Tensor:
        """Windows of the coarser generator's pictures, with what a level sees around them. The last ones are kept."""
        if self._kept is None or self._kept[0] != (seeds, size):
            pictures = [self._window(self._design.input_plane(seed), *self._place(seed), size) for seed in seeds]
            self._kept = (seeds, size), self._stacked(pictures)
        return self._kept[1]

    def _window(self, plane: InputPlane, top: int, left: int, size: int) -> FloatArray:
        cell, margin = self._coarser.artifact.graph.cell_texels, self._margins[PICTURE]
        first, last = ([at + end for at in (top, left)] for end in (-margin, size // 2 + margin))
        corner = [at // cell * cell for at in first]
        sides = [-(-(end - at) // cell) * cell for at, end in zip(corner, last, strict=True)]
        (y, x), (height, width) = corner, sides
        block = self._coarser.block(CoarserPlane(plane), y, x, height, width)
        rows, columns = (slice(a - at, b - at) for at, a, b in zip(corner, first, last, strict=True))
        return block[rows, columns]

    def _seen(self, top: int, left: int, size: int) -> FloatArray:
        margin, half = self._margins[PICTURE], size // 2
        return self._small[top - margin : top + half + margin, left - margin : left + half + margin]

    def _noise(self, plane: InputPlane, top: int, left: int, size: int) -> Tensor:
        margin = self._margins[_NOISE]
        side = size + 2 * margin
        return plane.window_torch(0, 2 * top - margin, 2 * left - margin, side, side, self._device)

    def _place(self, seed: int) -> tuple[int, int]:
        """Where a window of an endless plane begins, in cells of level 1."""
        return derive_seed(seed, 1) % _PLACES, derive_seed(seed, 2) % _PLACES

    def _place_in_exemplar(self, seed: int, size: int) -> tuple[int, int]:
        margin = self._margins[PICTURE]
        room = (length - size // 2 - 2 * margin + 1 for length in self._small.shape[:2])
        top, left = (margin + derive_seed(seed, 3 + axis) % count for axis, count in enumerate(room))
        return top, left

    def _stacked(self, pictures: Sequence[FloatArray]) -> Tensor:
        return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous().to(self._device)
