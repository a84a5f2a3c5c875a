"""Surfaces whose maps are known, and samples of them as cameras may see them: what `build_derivation.py` takes."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

import build_reliefs
from texnet_core.mapset import split_channels
from texnet_core.materials import read_material

SIDE = 224  # of a sample, in texels
_STEEPEST = 6.0  # slope that still counts


@dataclass
class Surface:
    """What a network is to know of one surface.

    Attributes:
        name: of it.
        levels: (9, h, w) at full and at half size: colors, normals (OpenGL, unit), height, roughness, occlusion.
        known: whether height, roughness and occlusion are.
    """

    name: str
    levels: tuple[Tensor, Tensor]
    known: tuple[bool, bool, bool]


def surfaces_in(folder: Path) -> Iterable[Surface]:
    """The materials of a folder."""
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        picture = read_material(place)
        maps = {
            name: np.asarray(part, np.float32) for name, part in split_channels(picture.image, picture.maps).items()
        }
        shape = picture.image.shape[:2]
        parts = [np.broadcast_to(maps["albedo"], (*shape, 3)), 2 * maps["normal"] - 1]
        parts += [maps.get(name, np.zeros((*shape, 1), np.float32)) for name in ("height", "roughness", "ao")]
        known = ("height" in maps, "roughness" in maps, "ao" in maps)
        yield _surface(place.name, np.concatenate(parts, 2), known, halves=True)


def drawings(count: int) -> Iterable[Surface]:
    for number in range(count):
        colors, height, seen = build_reliefs.draw(number)
        across, down = ((np.roll(height, -1, axis) - np.roll(height, 1, axis)) / 2 for axis in (1, 0))
        normals = np.stack((-across, down, np.ones_like(height)), 2)
        normals /= np.linalg.norm(normals, axis=2, keepdims=True)
        raised = (height - height.min()) / (np.ptp(height) + 1e-6)
        parts = (colors, normals, raised[..., None], np.zeros_like(height)[..., None], seen[..., None])
        yield _surface(f"drawing {number}", np.concatenate(parts, 2), (True, False, True), halves=False)


def _surface(name: str, values: np.ndarray, known: tuple[bool, bool, bool], *, halves: bool) -> Surface:
    full = torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1), np.float32))
    rows, columns = (side // 2 * 2 for side in full.shape[1:])
    half = F.avg_pool2d(full[None, :, :rows, :columns], 2)[0] if halves else full
    return Surface(name, (full, half), known)


def sample(rng: np.random.Generator, surface: Surface) -> tuple[Tensor, Tensor, Tensor]:
    """A piece of a surface, turned, scaled, lit and colored anew: colors, slopes and maps, (channels, side, side)."""
    whole = surface.levels[int(rng.random() < 0.6)]
    zoom = math.exp(rng.uniform(math.log(0.75), math.log(1.2)))
    angle = rng.uniform(0, 2 * math.pi) if rng.random() < 0.5 else 0.0
    piece = _turned(whole, rng, zoom, angle)
    colors, slopes, maps = piece[:, :3], _slopes(piece[:, 3:6]), piece[:, 6:]
    cos, sin = math.cos(angle), math.sin(angle)
    across, down = cos * slopes[:, :1] + sin * slopes[:, 1:], -sin * slopes[:, :1] + cos * slopes[:, 1:]
    for _ in range(int(rng.integers(4))):
        colors, maps = colors.rot90(1, (2, 3)), maps.rot90(1, (2, 3))
        across, down = down.rot90(1, (2, 3)), -across.rot90(1, (2, 3))
    if rng.random() < 0.5:
        colors, maps, across, down = colors.flip(3), maps.flip(3), -across.flip(3), down.flip(3)
    light = _light(rng, across, down, maps[:, 2:3] if surface.known[2] else None)
    if light is not None:
        colors = colors * (light / light.mean()) ** (1 / 2.2)
    mean = surface.levels[1][:3, ::3, ::3].mean((1, 2), keepdim=True)
    return _recolored(rng, colors, mean)[0], torch.cat((across, down), 1)[0], maps[0]


def _turned(whole: Tensor, rng: np.random.Generator, zoom: float, angle: float) -> Tensor:
    """A piece of a surface that tiles, (1, channels, SIDE, SIDE)."""
    reach = math.ceil(SIDE / zoom * (abs(math.cos(angle)) + abs(math.sin(angle)))) + 3
    top, left = rng.integers(whole.shape[1]), rng.integers(whole.shape[2])
    corner = zip((top, left), whole.shape[1:], strict=True)
    rows, columns = ((start + torch.arange(reach)) % side for start, side in corner)
    share = SIDE / zoom / reach
    cos, sin = math.cos(angle) * share, math.sin(angle) * share
    turn = torch.tensor([[[cos, -sin, 0], [sin, cos, 0]]], dtype=torch.float32)
    grid = F.affine_grid(turn, (1, 1, SIDE, SIDE), align_corners=False)
    return F.grid_sample(whole[:, rows][:, :, columns][None], grid, align_corners=False)


def _slopes(normals: Tensor) -> Tensor:
    up = normals[:, 2:].clamp_min(0.12)
    return torch.cat((-normals[:, :1] / up, normals[:, 1:2] / up), 1).clamp(-_STEEPEST, _STEEPEST)


def _light(rng: np.random.Generator, across: Tensor, down: Tensor, sky: Tensor | None) -> Tensor | None:
    """What light does to a photograph, and to no measured color: corners are dark, and slopes face a lamp or not."""
    light = None
    if sky is not None and rng.random() < 0.35:
        light = sky.clamp_min(0.05) ** rng.uniform(0.3, 1.0)
    if rng.random() < 0.3:
        from_, low = rng.uniform(0, 2 * math.pi), rng.uniform(0.2, 1.0)
        facing = 1 - low * (math.cos(from_) * across + math.sin(from_) * down)
        lit = (facing / (1 + across**2 + down**2).sqrt()).clamp(0.15, 2)
        light = lit if light is None else light * lit
    return light


def _recolored(rng: np.random.Generator, colors: Tensor, mean: Tensor) -> Tensor:
    gamma = math.exp(rng.uniform(-0.35, 0.35))
    saturation = rng.uniform(0.0, 1.3) if rng.random() < 0.6 else 1.0
    contrast = math.exp(rng.uniform(-0.45, 0.35))
    tint = torch.tensor(rng.uniform(0.85, 1.15, 3), dtype=torch.float32)[:, None, None]
    order = torch.from_numpy(rng.permutation(3)) if rng.random() < 0.3 else torch.arange(3)
    colors = mean + contrast * (colors - mean)
    gray = colors.mean(-3, keepdim=True)
    colors = (gray + saturation * (colors - gray)) * tint
    return colors.clamp(0, 1).index_select(-3, order) ** gamma
