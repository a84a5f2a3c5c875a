"""The peers, each as a function from an exemplar to something that draws pictures.

Whatever a method learns first happens when it is prepared; a drawing is then what a user waits for.
"""

from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tests.conftest import texture
from texnet_core import Artifact, find_source, list_presets, presets, read_artifact
from texnet_core.instant.open import MAKERS, open_source
from texnet_core.lists.recipes import read_recipes
from texnet_core.settings import DescriptorSettings, OptimizeSettings

if TYPE_CHECKING:
    from tests.bench.autoencoders import Autoencoders

SIDE = 256  # of exemplars as methods get them, and of pictures

Picture = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Prepared:
    """A method that knows its exemplar.

    Attributes:
        draw: seed -> (256, 256, 3) in [0, 1].
        note: what was reduced or chosen, in words.
        exemplar_side: texels of the exemplar's short side at the scale that is drawn.
        parameters: how many numbers it keeps, of all exemplars that it knows; None where it keeps pictures.
        tiles: whether it says that its pictures wrap.
    """

    draw: Callable[[int], Picture]
    note: str = ""
    exemplar_side: int = SIDE
    parameters: int | None = None
    tiles: bool = True


Method = Callable[[str, Picture, Namespace], Prepared]


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
    return Prepared(network.sample, note, parameters=sum(each.numel() for each in network.generator.parameters()))


def _ours(name: str, exemplar: Picture, given: Namespace) -> Prepared:
    return _generator(read_artifact(_preset_of(name) if given.ours is None else Path(given.ours) / f"{name}.texnet"))


def generators_of(where: str) -> Method:
    """A method of its own: a folder with one NAME.texnet for every exemplar, or a source that takes the exemplar."""
    if Path(where).is_dir():
        return lambda name, exemplar, given: _generator(read_artifact(Path(where) / f"{name}.texnet"))
    return lambda name, exemplar, given: _adapted(where, exemplar)


def _adapted(source: str, exemplar: Picture) -> Prepared:
    """What comes of the exemplar; the parameters are those of all that the source knows."""
    prepared = _generator(open_source(source, exemplar))
    file = presets.INSTANT if source == "instant" else None if source in MAKERS else find_source(source)
    parameters = None if file is None else _size(read_artifact(file))
    return replace(prepared, note="no training", parameters=parameters)


def _generator(artifact: Artifact) -> Prepared:
    note = f"{artifact.training.get('steps_taken', '?')} steps"
    return Prepared(
        lambda seed: texture(artifact, SIDE, SIDE, seed, engine="auto"),
        note,
        # a pattern on a grid is stretched a little, so that whole repeats of it fit
        artifact.texels_per_exemplar,
        _size(artifact),
    )


def _size(artifact: Artifact) -> int:
    return sum(values.size for values in artifact.parameters.values())


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

    return Prepared(lambda seed: texturize(exemplar, SIDE, seed), tiles=False)


def _adain(name: str, exemplar: Picture, given: Namespace) -> Prepared:
    from tests.bench.feature_transfer import Adain

    autoencoders = _autoencoders(given)
    adain = Adain(exemplar, autoencoders)
    return Prepared(lambda seed: adain.draw(SIDE, seed), _learned(autoencoders), parameters=adain.parameters)


def _wct(name: str, exemplar: Picture, given: Namespace) -> Prepared:
    from tests.bench.feature_transfer import Wct

    autoencoders = _autoencoders(given)
    wct = Wct(exemplar, autoencoders)
    return Prepared(lambda seed: wct.draw(SIDE, seed), _learned(autoencoders), parameters=wct.parameters)


def _autoencoders(given: Namespace) -> "Autoencoders":
    from tests.bench.autoencoders import load_autoencoders

    return load_autoencoders(_named(given.autoencoders, "--autoencoders"))


def _learned(autoencoders: "Autoencoders") -> str:
    return f"decoders learned {autoencoders.minutes:.0f} min, {autoencoders.step} steps"


def _multitexture(name: str, exemplar: Picture, given: Namespace) -> Prepared:
    from tests.bench.multitexture import MultiTexture

    model = MultiTexture.load(_named(given.multitexture, "--multitexture"))
    if name not in model.names or model.settings.side != SIDE:
        raise FileNotFoundError(f"{given.multitexture} has no {name} of {SIDE} texels")
    note = f"one network of {len(model.names)} textures, {model.step} steps; s of a batch of {model.settings.batch}"
    return Prepared(lambda seed: model.draw(name, seed), note, parameters=model.parameters)


def _portilla_simoncelli(name: str, exemplar: Picture, given: Namespace) -> Prepared:
    from tests.bench.portilla_simoncelli import PortillaSimoncelli

    model = PortillaSimoncelli(exemplar, given.portilla_steps)
    return Prepared(model.draw, f"L-BFGS, {given.portilla_steps} steps", parameters=model.parameters)


def _dcgan(name: str, exemplar: Picture, given: Namespace) -> Prepared:
    from tests.bench.dcgan import Dcgan

    model = Dcgan(exemplar, given.dcgan_steps, given.dcgan_width, given.dcgan_batch)
    note = f"{given.dcgan_steps} steps, width {given.dcgan_width}, batches of {given.dcgan_batch}"
    return Prepared(lambda seed: model.draw(SIDE, seed), note, parameters=model.parameters)


def _named(file: Path | None, option: str) -> Path:
    if file is None or not file.exists():
        raise FileNotFoundError(f"no file of {option}" if file is None else f"{file} is missing")
    return file


METHODS: dict[str, Method] = {
    "ours": _ours,
    "gatys": _gatys,
    "paper": _paper,
    "patches": _patches,
    "gmic-inpaint": _gmic_inpaint,
    "gmic-texturize": _gmic_texturize,
    "instant": generators_of("instant"),
    "collage": generators_of("collage"),
    "adain": _adain,
    "wct": _wct,
    "multitexture": _multitexture,
    "portilla-simoncelli": _portilla_simoncelli,
    "dcgan": _dcgan,
}
