"""Small networks with random parameters that make generators of an exemplar or of a code."""

import numpy as np

from texnet_core import Artifact
from texnet_core.mapset import ALBEDO, FloatArray
from texnet_core.model.artifact import Provenance, rounded
from texnet_core.model.families import CONDITIONAL, TEXTURES
from texnet_core.model.families.conditional import ConditionalSettings, PredictingSettings, TexturesSettings
from texnet_core.model.parameters import Shapes

_SMALL = {"levels": 3, "channels": 4, "kernels": 2, "code": 8}


def predicting_network(seed: int = 0) -> Artifact:
    """One that predicts codes."""
    return _network(PredictingSettings(**_SMALL, hidden=8), CONDITIONAL.name, seed)


def textures_network(*names: str, seed: int = 0) -> Artifact:
    """One with textures of these names."""
    return _network(TexturesSettings(**_SMALL, textures=len(names)), TEXTURES.name, seed, names)


def _network(settings: ConditionalSettings, family: str, seed: int, names: tuple[str, ...] = ()) -> Artifact:
    empty = Artifact(settings=settings, maps=(ALBEDO,), family=family, textures=names)
    rng = np.random.default_rng(seed)
    parameters = {name: _random(name, shape, rng) for name, shape in _shapes(empty).items()}
    return Artifact(
        settings=settings,
        maps=(ALBEDO,),
        family=family,
        textures=names,
        texels_per_exemplar=256,
        provenance=Provenance(exemplar="small"),
        parameters=rounded(parameters),
    )


def _shapes(artifact: Artifact) -> Shapes:
    return artifact.design.parameter_shapes


def _random(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
    values = rng.standard_normal(shape).astype(np.float32)
    if name == "predictor.deviation":
        return np.abs(values) + 1
    if name.endswith("bank"):
        return values / np.sqrt(np.prod(shape[2:])).astype(np.float32)
    if name == "colors.mean":
        return np.full(shape, 0.5, np.float32) + values / 20
    if name == "colors.axes":
        return values / 10
    return values / np.sqrt(shape[-1]).astype(np.float32) + (1 if name.endswith("norm.bias") else 0)
