"""What the codes of a conditional pyramid come from, in training: a predictor, or a code for each texture."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from texnet_core.adaptive.conditional_exemplars import Exemplar
from texnet_core.instant.predictor import EPSILON, FARTHEST, LAYERS
from texnet_core.model.families.conditional import (
    PredictingSettings,
    TexturesSettings,
    code_shapes,
    predictor_shapes,
)

_DROPPED = 0.1  # of what the predictor reads, and of what its first layer makes
_LEAST_SPREAD = 0.05  # of a number that is told; what hardly differs among pictures is not blown up
_MEAN, _DEVIATION = "predictor.mean", "predictor.deviation"
_CODES, _AXES, _COLORS = "codes", "colors.axes", "colors.mean"


class Named(nn.Module):
    """Parameters under the names that files have for them, which torch takes for modules within modules.

    Args:
        parameters: name -> first value.
        fixed: names of those that are not learned.
    """

    def __init__(self, parameters: Mapping[str, Tensor], fixed: Iterable[str] = ()) -> None:
        super().__init__()
        fixed = set(fixed)
        self._names = list(parameters)
        self.held = nn.ParameterDict(
            {_key(name): nn.Parameter(tensor, requires_grad=name not in fixed) for name, tensor in parameters.items()}
        )

    def named(self, name: str) -> nn.Parameter:
        """The parameter that files call so."""
        held: nn.Parameter = self.held[_key(name)]
        return held

    def by_name(self) -> dict[str, Tensor]:
        """All parameters as a file has them: name -> float32 on the CPU."""
        return {name: self.named(name).detach().float().cpu().contiguous() for name in self._names}

    @torch.no_grad()
    def take(self, parameters: Mapping[str, npt.NDArray[np.float32]]) -> None:
        """Have the values of a file."""
        for name in self._names:
            self.named(name).copy_(torch.from_numpy(np.array(parameters[name], np.float32)))


class Predictor(Named):
    """Statistics of an exemplar -> its code: what `instant.predictor` computes, to be learned.

    Args:
        settings: its shape.
    """

    def __init__(self, settings: PredictingSettings) -> None:
        first = {name: _first_of_predictor(name, shape) for name, shape in predictor_shapes(settings).items()}
        super().__init__(first, fixed=(_MEAN, _DEVIATION))

    @torch.no_grad()
    def normalize_by(self, told: Tensor) -> None:
        """Take numbers from now on as these are spread, (exemplars, numbers)."""
        self.named(_MEAN).copy_(told.mean(0))
        self.named(_DEVIATION).copy_(told.std(0) + _LEAST_SPREAD)

    def forward(self, exemplar: Exemplar, rng: torch.Generator | None = None) -> Tensor:
        """The code of an exemplar, (size,); for `rng` see `predicted`."""
        return self.predicted(exemplar.told, rng)

    def predicted(self, told: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """A code, (size,).

        Args:
            told: what is told of an exemplar, (numbers,); see `instant.exemplar_statistics`.
            rng: on the CPU, decides in training what is dropped; None: nothing is.
        """
        value = (told - self.named(_MEAN)) / self.named(_DEVIATION)
        value = value.clamp(-FARTHEST, FARTHEST)
        for number in range(LAYERS):
            value = value if rng is None or number == LAYERS - 1 else _thinned(value, rng)
            name = f"predictor.{number}"
            value = F.linear(value, self.named(f"{name}.weight"), self.named(f"{name}.bias"))
            scale, shift = self.named(f"{name}.norm.weight"), self.named(f"{name}.norm.bias")
            value = F.layer_norm(value, value.shape, scale, shift, EPSILON)
            value = F.silu(value) if number < LAYERS - 1 else value
        return value


class Codes(Named):
    """A code for each texture, and its colors.

    Args:
        settings: shape of the network, which says how many textures there are.
        exemplars: of these, in their order.
    """

    def __init__(self, settings: TexturesSettings, exemplars: Sequence[Exemplar]) -> None:
        first = {
            _CODES: torch.randn(code_shapes(settings)[_CODES]),
            _AXES: torch.stack([exemplar.axes for exemplar in exemplars]),
            _COLORS: torch.stack([exemplar.mean for exemplar in exemplars]),
        }
        super().__init__(first, fixed=(_AXES, _COLORS))

    def forward(self, exemplar: Exemplar, rng: torch.Generator | None = None) -> Tensor:
        """The code of a texture, (size,). Nothing is left to chance."""
        return self.named(_CODES)[exemplar.number]

    @torch.no_grad()
    def set(self, number: int, code: npt.NDArray[np.float32]) -> None:
        """Give a texture another code."""
        self.named(_CODES)[number] = torch.from_numpy(code)


def _first_of_predictor(name: str, shape: tuple[int, ...]) -> Tensor:
    if name == _DEVIATION or name.endswith(".norm.weight"):
        return torch.ones(shape)
    return nn.init.kaiming_uniform_(torch.empty(shape), a=5**0.5) if len(shape) > 1 else torch.zeros(shape)


def _thinned(value: Tensor, rng: torch.Generator) -> Tensor:
    """Dropout."""
    kept = torch.rand(value.shape, generator=rng) >= _DROPPED
    return value * kept.to(value.device) / (1 - _DROPPED)


def _key(name: str) -> str:
    return name.replace(".", "_")
