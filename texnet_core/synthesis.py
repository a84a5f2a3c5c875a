"""From an artefact and a seed to a texture: block by block, padding nothing.

The noise is periodic, so the texture is periodic: what lies beyond an edge is what lies at the other one.
Blocks have one fixed shape on one fixed grid, so every texel is always made by the same arithmetic.
"""

import numpy as np
import numpy.typing as npt

from texnet_core.artefact import Artefact
from texnet_core.engines import Engine, open_engine
from texnet_core.errors import EngineError, RequestError
from texnet_core.mapset import MapSet, split_channels
from texnet_core.noise import NoisePlane
from texnet_core.progress import Progress, ProgressCallback, ignore_progress
from texnet_core.resampling import resample_periodic
from texnet_core.settings import EngineName, SynthesisSettings

BLOCK_TEXELS = 256  # every legal coarsest cell (up to 128) divides it

_DEFAULTS = SynthesisSettings()


def synthesize(
    artefact: Artefact,
    size: tuple[int, int] = (_DEFAULTS.width, _DEFAULTS.height),
    seed: int = _DEFAULTS.seed,
    *,
    engine: EngineName | Engine = _DEFAULTS.engine,
    device: str = _DEFAULTS.device,
    progress: ProgressCallback = ignore_progress,
) -> MapSet:
    """Make one seamless texture.

    Args:
        artefact: the generator.
        size: (width, height) in texels, each 16 to 16384.
        seed: 0 to 2^32 - 1; equal seeds give equal bytes on the same engine and machine.
        engine: name of an engine, or one that is open for this artefact.
        device: for the torch engine, when named.
        progress: called after every block; raising Cancelled from it stops the work.

    Returns:
        Map name -> (height, width, channels) float32 in [0, 1].

    Raises:
        RequestError: size or seed out of range.
        EngineError: the engine is missing or failed, memory did not suffice, or the parameters are senseless.
    """
    settings = SynthesisSettings(width=size[0], height=size[1], seed=seed).check()
    if isinstance(engine, str):
        engine = open_engine(artefact, engine, device)
    if engine.artefact is not artefact:
        raise RequestError(
            "an engine that is open for another artefact", expected="one for this", remedy="open another"
        )
    try:
        stack = _make_tile(artefact, engine, settings, progress)
    except MemoryError as error:
        raise EngineError(
            f"too little memory for {size[0]}x{size[1]}",
            expected="room for 12 bytes a texel and more",
            remedy="make a smaller texture",
        ) from error
    return split_channels(stack, artefact.maps)


def _make_tile(
    artefact: Artefact, engine: Engine, settings: SynthesisSettings, progress: ProgressCallback
) -> npt.NDArray[np.float32]:
    """The tile at the next multiple of the coarsest cell, resampled where that is not the size asked for."""
    cell = artefact.settings.cell_texels
    height, width = (-(-side // cell) * cell for side in (settings.height, settings.width))
    plane = NoisePlane(settings.seed, artefact.settings.noise_channels, height, width)
    tile = np.empty((height, width, artefact.settings.out_channels), np.float32)
    corners = [(top, left) for top in range(0, height, BLOCK_TEXELS) for left in range(0, width, BLOCK_TEXELS)]
    for done, (top, left) in enumerate(corners):
        progress(Progress("blocks", done, len(corners), "block"))
        target = tile[top : top + BLOCK_TEXELS, left : left + BLOCK_TEXELS]
        block = engine.block(plane, top, left, BLOCK_TEXELS, BLOCK_TEXELS)
        if not np.isfinite(block).all():
            raise EngineError(
                "values that are not finite", expected="a generator that makes textures", remedy="train it again"
            )
        target[...] = block[: target.shape[0], : target.shape[1]]
    progress(Progress("blocks", len(corners), len(corners), "block"))
    tile = resample_periodic(tile, settings.height, settings.width)
    return np.clip(tile, 0, 1, out=tile)
