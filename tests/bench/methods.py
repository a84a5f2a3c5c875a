"""The peers, each as a function from an exemplar to something that draws pictures.

Whatever a method learns first happens when it is prepared; a drawing is then what a user waits for.
"""

from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.conftest import texture
from texnet_core import list_presets, presets, read_artifact
from texnet_core.lists.recipes import read_recipes
from texnet_core.settings import DescriptorSettings, OptimizeSettings

SIDE = 256  # of exemplars as methods get them, and of pictures

Picture = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Prepared:
    """A method that knows its exemplar.

    Attributes:
        draw: seed -> (256, 256, 3) in [0, 1].
        note: what was reduced or chosen, in words.
        exemplar_side: texels of the exemplar's short side at the scale that is drawn.
    """

    draw: Callable[[int], Picture]
    note: str = ""
    exemplar_side: int = SIDE


def _gatys(name: str, exemplar: Picture, given: Namespace) -> Prepared:
    from texnet_core.optimization import optimize

    def draw(seed: int) -> Picture:
        settings = OptimizeSettings(width=SIDE, height=SIDE, exemplar_size=SIDE, steps=given.gatys_steps, seed=seed)
        return optimize(exemplar, settings, DescriptorSettings()).image

    return Prepared(draw, f"L-BFGS, {given.gatys_steps} steps")


def _paper(name: str, exemplar: Picture, given: Namespace) -> Prepared:
    from tests.bench.paper import BATCH, STEPS, PublishedNetwork
    from texnet_core.descriptor.weights import load_vgg19

    network = PublishedNetwork(exemplar, load_vgg19(), SIDE, given.paper_steps, given.paper_batch)
    note = f"{given.paper_steps} of {STEPS} steps with batches of {given.paper_batch} of {BATCH}; s of a whole batch"
    return Prepared(network.sample, note)


def _ours(name: str, exemplar: Picture, given: Namespace) -> Prepared:
    artifact = read_artifact(_preset_of(name) if given.ours is None else Path(given.ours) / f"{name}.texnet")
    note = f"{artifact.training.get('steps_taken', '?')} steps"
    # a pattern on a grid is stretched a little, so that whole repeats of it fit
    return Prepared(lambda seed: texture(artifact, SIDE, SIDE, seed, engine="auto"), note, artifact.texels_per_exemplar)


def _preset_of(name: str) -> Path:
    """The preset whose recipe has that exemplar, at the training size of this comparison."""
    for recipe in read_recipes(Path(presets.__file__).with_name("recipes.toml")):
        file = Path(recipe.exemplar)
        if name in (file.stem, file.parent.name) and recipe.settings["train"].exemplar_side == SIDE:
            return list_presets()[recipe.name]
    raise FileNotFoundError(f"no preset of {name}; --ours FOLDER can name one {name}.texnet")


def _patches(name: str, exemplar: Picture, given: Namespace) -> Prepared:
    from tests.bench.patch_optimization import optimize_patches

    return Prepared(lambda seed: optimize_patches(exemplar, SIDE, seed))


def _gmic_inpaint(name: str, exemplar: Picture, given: Namespace) -> Prepared:
    from tests.bench.gmic_peer import inpaint

    return Prepared(lambda seed: inpaint(exemplar, SIDE, seed))


def _gmic_texturize(name: str, exemplar: Picture, given: Namespace) -> Prepared:
    from tests.bench.gmic_peer import texturize

    return Prepared(lambda seed: texturize(exemplar, SIDE, seed))


METHODS: dict[str, Callable[[str, Picture, Namespace], Prepared]] = {
    "ours": _ours,
    "gatys": _gatys,
    "paper": _paper,
    "patches": _patches,
    "gmic-inpaint": _gmic_inpaint,
    "gmic-texturize": _gmic_texturize,
}
