"""What is settled before the first step of a run and stays so to its end."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from texnet_core.descriptor.choice import Weights
from texnet_core.descriptor.precision import DTYPES
from texnet_core.descriptor.weights import Vgg19Weights
from texnet_core.engines.torch_device import choose_device
from texnet_core.errors import Range, RequestError
from texnet_core.mapset import ALBEDO, FloatArray, MapSpec, Mask, channels_of, is_picture
from texnet_core.model.artifact import Artifact
from texnet_core.model.design import Design
from texnet_core.model.families.pyramid import PyramidSettings
from texnet_core.model.graph import Graph
from texnet_core.model.look import guess_look
from texnet_core.model.training_form import Generator
from texnet_core.pictures.color import is_gray
from texnet_core.pictures.masks import check_picture, texels_of, visible_sides
from texnet_core.pictures.reading import texels_digest
from texnet_core.settings import TrainSettings, settings_record
from texnet_core.start_settings import StartSettings
from texnet_core.training.comparison import check_patches, make_descriptor, settle_descriptor
from texnet_core.training.exemplar_loss import other_views
from texnet_core.training.fine_loss import FineLoss
from texnet_core.training.first_colors import match_first_colors
from texnet_core.training.objective import Beside, Objective, RunObjective
from texnet_core.training.preparation import Exemplar, prepare_exemplar
from texnet_core.training.reports import Place
from texnet_core.training.request import TrainRequest
from texnet_core.training.resolution import fitting_octaves, with_side
from texnet_core.training.run_plan import Learned
from texnet_core.training.samples import Samples
from texnet_core.training.schedule import half_window, window
from texnet_core.training.shapes_loss import ShapesLoss
from texnet_core.training.starting_point import (
    StartingPoint,
    begin_as,
    choose_starting_point,
    recorded_starting_point,
)
from texnet_core.training.tiles import Tiles
from texnet_core.training.views import View, color_view

DETAIL_SHARE = 0.5  # of the run that learns the exemplar as a whole, for each level of detail
_REPEAT_CHANNELS = 2  # where tiles have tones of their own


@dataclass(frozen=True)
class Plan:
    """What a run works with.

    Attributes:
        request: with all decided that it left open: the descriptor, and what inputs the generator has.
        exemplar: what is learned from.
        image: the same on the device, (1, channels, H, W) in [0, 1].
        mask: its mask there, (H, W) bool, or None.
        weights: of the network whose layers are compared, or None where patches are.
        tiles: which samples should have, or None.
        device: where the run computes.
        start: the trained generator that the run begins with, or None.
        relief: from height 0 to 1, as a share of the exemplar's short side; 0 where none is known.
    """

    request: TrainRequest
    exemplar: Exemplar
    image: Tensor
    mask: Tensor | None
    weights: Weights | None
    tiles: Tiles | None
    device: torch.device
    start: StartingPoint | None = None
    relief: float = 0.0

    @property
    def train(self) -> TrainSettings:
        """Settings of the loop; of the minutes, the part that levels of detail leave."""
        train = self.request.train
        return replace(train, minutes=train.minutes / self.runs)

    @property
    def runs(self) -> float:
        """All runs together, as a multiple of this one."""
        return 1 + DETAIL_SHARE * self.exemplar.octaves

    @property
    def place(self) -> Place:
        """The first of the runs."""
        return Place(0, self.runs)

    @property
    def design(self) -> Design:
        """Of the generator."""
        return _design(self.request.generator, self.exemplar)

    @property
    def graph(self) -> Graph:
        """Of the generator."""
        return self.design.graph

    @property
    def maps(self) -> tuple[MapSpec, ...]:
        """What the channels of samples are."""
        return self.exemplar.maps

    @property
    def views(self) -> list[View]:
        """Pictures of three channels that show all maps: the colors first."""
        others = [] if is_picture(self.maps) else other_views(self.colors, self.maps, self.train.seed)
        return [color_view(self.maps).to(self.device), *others]

    @property
    def _cell(self) -> int:
        return self.request.generator.cell_texels

    @property
    def is_gray(self) -> bool:
        """Whether the exemplar has no colors: then textures have none either, which a loss alone does not bring."""
        has_colors = self.maps[0].role == "color" and self.maps[0].channels == 3
        return has_colors and is_gray(texels_of(self.exemplar.image[..., :3], self.exemplar.mask))

    @property
    def colors(self) -> Tensor:
        """The exemplar's texels that take part: its image, or (1, channels, texels, 1) of it."""
        return _visible(self.image, self.mask)

    def window(self, fraction: float) -> int:
        """Side of the samples of a step: half of it in the first part of a run with a network, where it can be."""
        return self.train.size if self.weights is None else window(self.train, fraction, self._cell)

    def half_window(self) -> int:
        """Half the side of the samples, where that is whole cells and not too small; else 0."""
        return half_window(self.train, self._cell)

    def batch(self, *, frozen: bool) -> int:
        """How many samples a step has."""
        return self.train.batch

    @property
    def is_ahead(self) -> bool:
        """Whether the run begins with a trained generator."""
        return self.start is not None

    def begin(self, generator: Generator, *, again: bool) -> None:
        """Take over the parameters of the generator that the run begins with, and the exemplar's colors."""
        samples, size = self.samples(), self.half_window() or self.train.size
        if self.start is not None and self.start.parameters and not again:
            begin_as(generator, self.start.parameters, samples, self.train.batch, self.train.size)
        match_first_colors(generator, samples, self.colors, batch=self.train.batch, size=size, is_gray=self.is_gray)

    def finish(self, generator: Generator, objective: RunObjective, balance: dict[str, float]) -> None:
        """Nothing is left to be settled of a texture."""

    def samples(self) -> Samples:
        """What draws this run's samples."""
        return Samples(self.design, self.request.train.seed, self.device)

    def objective(self, precision: str, balance: dict[str, float]) -> Objective:
        """What this run minimizes; the descriptor's convolutions are "f32" or "bf16"."""
        sides = self.request.train.size, self.exemplar.side
        descriptor = make_descriptor(self.request.descriptor, self.weights, *sides, DTYPES[precision]).to(self.device)
        parts = (self.image, self.request.loss, self.tiles, self.mask)
        return Objective(descriptor, *parts, self.maps, self.train.seed, large=self.train.size, beside=self._beside())

    def _beside(self) -> tuple[Beside, ...]:
        """What the layers of a network do not see; patches see it themselves."""
        if self.weights is None:
            return ()
        seen, weight = (self.image, self.mask, self.maps), self.request.loss.shapes_weight
        shapes = [ShapesLoss(*seen, self.train.size, weight)] if weight else []
        return FineLoss(*seen, self.views), *shapes

    def record(self) -> dict[str, Any]:
        """The settings that make a run what it is; where the weights lie and where it runs do not."""
        request = self.request
        parts = (request.generator, request.descriptor, request.loss, request.train, request.begin)
        flat = settings_record(parts, request.descriptor.descriptor) | (self.start.record() if self.start else {})
        return flat if self.weights is None else flat | self.weights.record()

    def fingerprint(self) -> dict[str, Any]:
        """What must be equal for a checkpoint to be of this run."""
        return {
            "exemplar": texels_digest(self.exemplar.image, self.exemplar.mask),
            "weights of VGG-19": self.weights.sha256() if isinstance(self.weights, Vgg19Weights) else "",
        } | self.record()

    def kept(self) -> dict[str, Tensor]:
        """Nothing: it follows from request and exemplar."""
        return {}

    def stated(self) -> dict[str, Any]:
        """What the request says of the generator, whatever is learned: fields of an artifact."""
        exemplar = self.exemplar
        digest = texels_digest(exemplar.image, exemplar.mask)
        look = guess_look(exemplar.colors, exemplar.mask).changed(self.request.look)
        return {"look": look, "provenance": replace(self.request.provenance, exemplar_sha256=digest)}

    def artifact(self, learned: Learned) -> Artifact:
        """The generator without detail."""
        request, exemplar = self.request, self.exemplar
        return Artifact(
            settings=request.generator,
            maps=exemplar.maps,
            texels_per_exemplar=exemplar.side,
            relief=self.relief,
            waves=exemplar.waves,
            **self.stated(),
            parameters=learned.parameters,
            preview_png=learned.preview_png,
            training=self.record() | learned.record,
            quality=learned.quality,
        )


def make_plan(
    exemplar: FloatArray,
    request: TrainRequest,
    mask: Mask | None = None,
    *,
    maps: tuple[MapSpec, ...] = (ALBEDO,),
    relief: float = 0.0,
    begun: Mapping[str, Any] | None = None,
    online: bool,
    announce: Callable[[str], None],
) -> Plan:
    """Decide all that the request leaves open.

    Args:
        exemplar: (height, width, channels) in [0, 1], of all maps.
        request: checked.
        mask: (height, width), True where a texel takes part; None where all do.
        maps: what the channels are.
        relief: from height 0 to 1, as a share of the short side; 0 where none is known.
        begun: the record of the run that is taken up again, which keeps the start that it had; None for a new one.
        online: whether weights of the descriptor may be downloaded.
        announce: called with a sentence about each choice, and about each warning of the picture.

    Raises:
        ArtifactError: the file of the start is damaged.
        EngineError: the device is not there.
        ImageError: the exemplar is too small or shows nothing, or its mask leaves too little.
        RequestError: nothing can begin with the start.
        WeightsError: weights that were asked for are not there, or wrong.
    """
    device = torch.device(choose_device(request.train.device))
    check_picture(exemplar, mask, channels_of(maps))
    if not (math.isfinite(relief) and relief >= 0):
        raise RequestError(
            f"relief {relief} is out of range", expected=Range(0, None), remedy="give a share of the side"
        )
    side = min(visible_sides(exemplar.shape, mask, request.train.exemplar_side))
    train, most = with_side(request.train, side)
    relief *= min(exemplar.shape[:2]) / side  # of what is learned from
    request = replace(request, train=train)
    prepared = prepare_exemplar(exemplar, train, request.descriptor, announce, mask, most, maps)
    image = torch.from_numpy(prepared.image).permute(2, 0, 1)[None].to(device)
    device_mask = None if prepared.mask is None else torch.from_numpy(prepared.mask).to(device)
    repeat_channels = _REPEAT_CHANNELS if prepared.tiles else 0
    generator = replace(request.generator, waves=len(prepared.waves), repeat_channels=repeat_channels)
    if begun is None:
        view = color_view(maps).to(device)
        seen = view(_visible(image, device_mask)), view(image)
        start = choose_starting_point(request.begin, _design(generator, prepared), *seen, announce, maps)
    else:
        start = recorded_starting_point(begun)
    parts = (request.descriptor, request.loss, request.train)
    descriptor, weights = settle_descriptor(*parts, prepared.mask, online=online, announce=announce)
    if weights is not None and not descriptor.octaves:
        descriptor = replace(descriptor, octaves=fitting_octaves(train.size, prepared.side))
    if weights is None and prepared.mask is not None:
        check_patches(prepared.mask, request.train.size, prepared.side)
    tiles = Tiles(prepared.image, *prepared.tiles, generator, device, prepared.mask) if prepared.tiles else None
    settled = replace(request, descriptor=descriptor, generator=generator, begin=StartSettings(request.begin.label))
    return Plan(settled, prepared, image, device_mask, weights, tiles, device, start, relief)


def _design(generator: PyramidSettings, exemplar: Exemplar) -> Design:
    return Design(generator, channels_of(exemplar.maps), exemplar.waves)


def _visible(image: Tensor, mask: Tensor | None) -> Tensor:
    """The texels of an image (1, channels, H, W) that take part: all of it, or (1, channels, texels, 1)."""
    return image if mask is None else image[:, :, mask][..., None]
