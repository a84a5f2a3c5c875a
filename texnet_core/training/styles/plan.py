"""What is settled before the first step of a style's run."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from texnet_core.descriptor.choice import network_of
from texnet_core.descriptor.octaves import Octaves
from texnet_core.descriptor.precision import DTYPES
from texnet_core.descriptor.weights import Vgg19Weights, load_vgg19
from texnet_core.engines.torch_device import choose_device
from texnet_core.losses.content import CONTENT_LAYER
from texnet_core.mapset import ALBEDO, FloatArray, MapSpec, Mask, channels_of
from texnet_core.model.artifact import Artifact
from texnet_core.model.design import Design
from texnet_core.model.families import STYLIZER
from texnet_core.model.graph import Graph
from texnet_core.model.training_form import Generator
from texnet_core.pictures.color import is_gray
from texnet_core.pictures.color_statistics import MATCHED_RANGE, ColorStatistics, matching
from texnet_core.pictures.masks import texels_of
from texnet_core.pictures.reading import texels_digest
from texnet_core.pictures.surface import reduced_surface
from texnet_core.settings import settings_record
from texnet_core.style_settings import StyleTrainSettings
from texnet_core.training.comparison import see_exemplar
from texnet_core.training.first_colors import match_first_colors
from texnet_core.training.objective import RunObjective
from texnet_core.training.reports import ALONE, Place
from texnet_core.training.run_plan import Learned
from texnet_core.training.schedule import half_window, window
from texnet_core.training.starting_point import begin_as
from texnet_core.training.styles.full_strength import settle_full_strength
from texnet_core.training.styles.objective import StyleObjective
from texnet_core.training.styles.request import StyleRequest
from texnet_core.training.styles.samples import StyleSamples

MAPS = (ALBEDO,)


@dataclass(frozen=True)
class StylePlan:
    """What a run works with; see `training.run_plan.RunPlan`.

    Attributes:
        request: of the run.
        image: the style's picture, (height, width, 3) sRGB in [0, 1].
        mask: which of its texels take part, (height, width), or None.
        style_colors: of these texels, or None where pictures are painted with their own colors.
        pool: (count, 3, side, side), pictures as the generator is given them.
        pool_sha256: of the pictures as they came.
        weights: of VGG-19.
        device: where the run computes.
        start: the style whose parameters the run begins with, or None.
    """

    request: StyleRequest
    image: FloatArray
    mask: Mask | None
    style_colors: ColorStatistics | None
    pool: Tensor
    pool_sha256: str
    weights: Vgg19Weights
    device: torch.device
    start: Artifact | None = None
    tiles: None = None
    place: Place = ALONE

    @property
    def train(self) -> StyleTrainSettings:
        """Settings of the loop."""
        return self.request.train

    @property
    def design(self) -> Design:
        """Of the generator."""
        return Design(self.request.generator, channels_of(MAPS), family=STYLIZER.name)

    @property
    def graph(self) -> Graph:
        """Of the generator."""
        return self.design.graph

    @property
    def maps(self) -> tuple[MapSpec, ...]:
        """What the channels of samples are."""
        return MAPS

    @property
    def is_gray(self) -> bool:
        """Whether the style has no colors."""
        return is_gray(texels_of(self.image, self.mask))

    @property
    def colors(self) -> Tensor:
        """The style's texels that take part, (1, 3, ..., ...)."""
        return _tensor(texels_of(self.image, self.mask), self.device)

    def window(self, fraction: float) -> int:
        """Side of the samples of a step: half of it in the first part of a run."""
        return window(self.train, fraction, self.request.generator.cell_texels)

    def half_window(self) -> int:
        """Half the side of the samples, where that is whole cells and not too small; else 0."""
        return half_window(self.train, self.request.generator.cell_texels)

    def batch(self, *, frozen: bool) -> int:
        """How many samples a step has: with statistics that are frozen, one will do."""
        return 1 if frozen else self.train.batch

    @property
    def is_ahead(self) -> bool:
        """Whether the run begins as another style."""
        return self.start is not None

    def begin(self, generator: Generator, *, again: bool) -> None:
        """Take over the parameters of the style that the run begins with, and the style's colors."""
        samples, batch, size = self.samples(), self.batch(frozen=False), self.half_window() or self.train.size
        if self.start is not None and not again:
            begin_as(generator, self.start.parameters, samples, batch, self.train.size)
        match_first_colors(generator, samples, self.colors, batch=batch, size=size, is_gray=self.is_gray)

    def finish(self, generator: Generator, objective: RunObjective, balance: dict[str, float]) -> None:
        """Settle what strength 1 means, where there is a goal for it."""
        assert isinstance(objective, StyleObjective)
        goal = self.request.style.content_goal
        if goal and self.request.generator.strength_channels:
            content = objective.content_distance
            balance["full_strength"] = settle_full_strength(generator, self.samples(), content, goal)

    def samples(self) -> StyleSamples:
        """What draws this run's samples."""
        return StyleSamples(self.design, self.train.seed, self.device, self.pool)

    def objective(self, precision: str, balance: dict[str, float]) -> StyleObjective:
        """What this run minimizes; the weight of the content is kept in `balance`."""
        request = self.request
        network = network_of(request.descriptor, self.weights, DTYPES[precision])
        descriptor = Octaves(network, request.descriptor.octaves or 1, self.train.size, more=(CONTENT_LAYER,))
        descriptor = descriptor.to(self.device)
        mask = None if self.mask is None else torch.from_numpy(self.mask).to(self.device)
        with torch.no_grad():
            style = see_exemplar(descriptor, _tensor(self.image, self.device), mask)
        return StyleObjective(descriptor, style, self.samples(), request.loss, request.style, balance)

    def record(self) -> dict[str, Any]:
        """The settings that make a run what it is; where the weights lie and where it runs do not."""
        return asked_for(self.request, self.start) | self.weights.record() | {"content": self.pool_sha256}

    def fingerprint(self) -> dict[str, Any]:
        """What must be equal for a checkpoint to be of this run."""
        of_files = {"style": texels_digest(self.image, self.mask), "weights of VGG-19": self.weights.sha256()}
        return of_files | self.record()

    def kept(self) -> dict[str, Tensor]:
        """Nothing: it follows from the request and the pictures."""
        return {}

    def artifact(self, learned: Learned) -> Artifact:
        """The style."""
        digest = texels_digest(self.image, self.mask)
        return Artifact(
            settings=self.request.generator,
            maps=MAPS,
            family=STYLIZER.name,
            texels_per_exemplar=min(self.image.shape[:2]),
            style_colors=self.style_colors,
            provenance=replace(self.request.provenance, exemplar_sha256=digest),
            parameters=learned.parameters,
            preview_png=learned.preview_png,
            training=self.record() | learned.record,
            quality=learned.quality,
        )


def make_style_plan(
    picture: FloatArray,
    request: StyleRequest,
    pool: Sequence[FloatArray],
    mask: Mask | None = None,
    *,
    start: Artifact | None = None,
    online: bool,
    announce: Callable[[str], None],
) -> StylePlan:
    """Decide all that the request leaves open.

    Args:
        picture: of the style, (height, width, 3) sRGB in [0, 1].
        request: checked.
        pool: pictures to be painted, (side, side, 3) sRGB in [0, 1] each.
        mask: which texels of the style take part, (height, width), or None for all.
        start: the style whose parameters the run begins with, or None.
        online: whether weights may be downloaded.
        announce: called with a sentence about each choice.

    Raises:
        EngineError: the device is not there.
        ImageError: the style is too small or shows nothing.
        WeightsError: the weights of VGG-19 cannot be had.
    """
    train, descriptor = request.train, request.descriptor
    device = torch.device(choose_device(train.device))
    image, mask = reduced_surface(picture, mask, train.exemplar_side, announce)
    weights = load_vgg19(descriptor.vgg19, descriptor.vgg19_input, online=online, announce=announce)
    colors = ColorStatistics.of([texels_of(image, mask)]) if request.style.match_colors else None
    given = [_as_given(content, colors) for content in pool]
    stacked = torch.from_numpy(np.stack(given)).permute(0, 3, 1, 2).contiguous().to(device)
    return StylePlan(request, image, mask, colors, stacked, pool_sha256(pool), weights, device, start)


def asked_for(request: StyleRequest, start: Artifact | None) -> dict[str, Any]:
    """The settings that make a run what it is, and what it begins with."""
    parts = (request.generator, request.style, request.descriptor, request.loss, request.train)
    begun = {} if start is None else {"start": start.provenance.exemplar_sha256}
    return settings_record(parts, "vgg19") | begun | {"descriptor": "vgg19"}


def pool_sha256(pool: Sequence[FloatArray]) -> str:
    """Of the pictures as they came."""
    return hashlib.sha256(b"".join(content.tobytes() for content in pool)).hexdigest()


def _as_given(content: FloatArray, style: ColorStatistics | None) -> FloatArray:
    """A picture as the generator is given it."""
    if style is None:
        return content.astype(np.float32)
    matched = matching(ColorStatistics.of([content]), style)(content)
    return np.clip(matched, *MATCHED_RANGE).astype(np.float32)


def _tensor(image: FloatArray, device: torch.device) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].to(device)
