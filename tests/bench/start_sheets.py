"""Pictures of starts: what is to be seen and measured of a start in what was trained from it."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from tests.bench.figures import Picture, center_square
from texnet_core import presets
from texnet_core.lists.recipes import read_recipes
from texnet_core.pictures.color import quantize
from texnet_core.pictures.reading import read_exemplar
from texnet_core.training.first_colors import Colors, color_map

_GAP, _LINE = 16, 20


def in_colors_of(picture: Picture, exemplar: Picture) -> Picture:
    """A picture with the mean and the covariance of another's colors, as a run gives them to its start."""
    source, target = (torch.from_numpy(np.ascontiguousarray(it)).permute(2, 0, 1)[None] for it in (picture, exemplar))
    matrix, offset = color_map(Colors.of([source]), Colors.of([target]))
    return np.clip(picture @ matrix.numpy().T + offset.numpy(), 0, 1).astype(np.float32)


def likeness(one: Picture, other: Picture) -> float:
    """The correlation of their lightness, texel by texel; about 0 where nothing lies in the same places."""
    return float(np.corrcoef(one.mean(2).ravel(), other.mean(2).ravel())[0, 1])


def exemplar_of_preset(name: str, side: int, data: Path) -> Picture | None:
    """What a preset was trained from, at its scale; None where it is not at hand or the start is no preset."""
    recipes = {recipe.name: recipe for recipe in read_recipes(presets.FOLDER / "recipes.toml")}
    if name not in recipes or not (data / recipes[name].exemplar).exists():
        return None
    return center_square(read_exemplar(data / recipes[name].exemplar).image, side)


def draw_sheet(
    file: Path, exemplar: Picture, start_name: str | None, start: Picture | None, made: dict[str, Picture], side: int
) -> None:
    """The exemplar, its start in its colors and what was made, side by side; below, what tiles, twice each way."""
    shown = {"exemplar": center_square(exemplar, side)}
    if start is not None:
        shown[f"start: {start_name}"] = in_colors_of(start, exemplar)
    shown |= made
    width = len(shown) * (2 * side + _GAP) + _GAP
    sheet = Image.new("RGB", (width, 3 * side + 3 * _GAP + _LINE), "#ffffff")
    draw = ImageDraw.Draw(sheet)
    for place, (label, picture) in enumerate(shown.items()):
        left, top = _GAP + place * (2 * side + _GAP), _GAP + _LINE
        draw.text((left, _GAP), label, fill="#111111")
        sheet.paste(Image.fromarray(quantize(picture, 8)), (left, top))
        if label != "exemplar":
            tiled = np.tile(quantize(picture, 8), (2, 2, 1))
            sheet.paste(Image.fromarray(tiled), (left, top + side + _GAP))
    sheet.save(file)
