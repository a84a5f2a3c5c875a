"""Maps and folders of maps for tests of materials."""

import numpy as np
import pytest
from PIL import Image

from texnet_core.errors import ImageError
from texnet_core.mapset import split_channels
from texnet_core.materials import read_material

SIDE = 64
RELIEF = 0.04


def waves(side=SIDE):
    """A height map of a few waves, (side, side) in [0, 1]."""
    y, x = np.mgrid[:side, :side] / side * 2 * np.pi
    height = np.sin(2 * x + np.cos(y)) + np.sin(3 * y) + 0.5 * np.cos(x + y)
    return ((height - height.min()) / np.ptp(height)).astype(np.float32)


def normals_of(height, relief=RELIEF):
    """What a surface of that height has for normals, in OpenGL's convention, (h, w, 3) in [0, 1]."""
    side = min(height.shape)
    down, across = (np.gradient(np.pad(height, 1, mode="wrap"), axis=axis)[1:-1, 1:-1] for axis in (0, 1))
    vectors = np.stack((-across * relief * side, down * relief * side, np.ones_like(height)), axis=2)
    return ((vectors / np.linalg.norm(vectors, axis=2, keepdims=True) + 1) / 2).astype(np.float32)


def levels(values):
    return np.rint(np.asarray(values) * 255).astype(np.uint8)


def save(path, values, **options):
    """Values in [0, 1], (h, w), (h, w, 3) or (h, w, 4), as 8 bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(levels(values)).save(path, **options)
    return path


COLORS = np.random.default_rng(1).random((SIDE, SIDE, 3)).astype(np.float32)
GRAY = np.random.default_rng(2).random((SIDE, SIDE)).astype(np.float32)
NORMALS = normals_of(waves())
SETS = {
    "ambientCG": "W01_1K-PNG_Color W01_1K-PNG_NormalGL W01_1K-PNG_Roughness W01_1K-PNG_Displacement "
    "W01_1K-PNG_AmbientOcclusion",
    "ambientCG, older": "W01_1K_Color W01_1K_Normal W01_1K_Roughness W01_1K_Displacement W01_1K_AmbientOcclusion",
    "Poly Haven": "wall_02_diff_1k wall_02_nor_gl_1k wall_02_rough_1k wall_02_disp_1k wall_02_ao_1k",
    "FreePBR": "old-wall1_albedo old-wall1_normal-ogl old-wall1_roughness old-wall1_height old-wall1_ao",
    "Megascans": "vbmj_2K_Albedo vbmj_2K_Normal_LOD0 vbmj_2K_Roughness vbmj_2K_Displacement vbmj_2K_AO",
    "Substance": "Wall_Base_Color Wall_Normal_OpenGL Wall_Roughness Wall_Height Wall_Ambient_Occlusion",
    "Painter": "Wall_Mat_BaseColor Wall_Mat_Normal Wall_Mat_Roughness Wall_Mat_Height Wall_Mat_Mixed_AO",
    "Poliigon": "Wall_COL_3K Wall_NRM16_3K Wall_ROUGHNESS_3K Wall_DISP16_3K Wall_AO_3K",
    "Blender": "Wall_Base_Color Wall_Normal Wall_Rough Wall_Bump Wall_Occlusion",
    "Unreal": "T_Wall_BC T_Wall_N T_Wall_R T_Wall_H T_Wall_AO",
    "plain": "albedo normal roughness height ao",
    "first": "diffuse-wall01 normal-wall01 roughness-wall01 height-wall01 ao-wall01",
}

MAPS = ("albedo", "normal", "roughness", "height", "ao")
VALUES = dict(zip(MAPS, (COLORS, NORMALS, GRAY, waves(), 1 - GRAY / 2), strict=True))


def folder_of(path, names=SETS["plain"], values=VALUES):
    for name, value in zip(names.split(), values.values(), strict=True):
        save(path / f"{name}.png", value)
    return path


def maps_of(material):
    assert material.image.dtype == np.float32 and material.image.flags.c_contiguous
    assert material.image.min() >= 0 and material.image.max() <= 1
    return split_channels(material.image, material.maps)


def refused(source, kind=ImageError, **options):
    with pytest.raises(kind) as raised:
        read_material(source, **options)
    message = str(raised.value)
    assert "\n" not in message and raised.value.remedy
    return message


def named_pictures(folder, names, side=SIDE):
    """Pictures that are called so, each with its own content: normals where one is a map of them."""
    for number, name in enumerate(names):
        is_normal = any(word in name.lower() for word in ("nor", "_n."))
        save(folder / name, normals_of(waves(side)) if is_normal else np.full((side, side, 3), (number + 1) / 9))
    return folder


def taken_from(material):
    return {use.map: use.file for use in material.files if use.map}


def directx(normals):
    return normals * (1, -1, 1) + (0, 1, 0)
