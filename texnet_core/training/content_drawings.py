"""Drawings of what pictures show: cells, strokes, shapes, lettering, atlases, landscapes, rooms, and rounded forms.

Each says which shape a texel belongs to and how light falls there; `content_paints` gives the shapes their colors.
"""

from collections.abc import Callable

import numpy as np

from texnet_core.training.content_paints import Drawing, Grid
from texnet_core.training.content_sheet import Points, Sheet, Stencil, lit, sun_from


def cells(side: int, rng: np.random.Generator) -> Drawing:
    """Voronoi cells, from a few large ones to many small ones, in some pictures with joints between."""
    sheet = Sheet(side, rng)
    count = int(2 ** rng.uniform(2.5, 6.5))
    points = rng.random((count, 2)).astype(np.float32)
    stretch = np.float32(2 ** rng.uniform(-1, 1))
    nearest = np.full(sheet.labels.shape, np.inf, np.float32)
    second = nearest.copy()
    for label, (x, y) in enumerate(points):
        distance = np.hypot((sheet.x - x) * stretch, sheet.y - y)
        closer = distance < nearest
        second = np.where(closer, nearest, np.minimum(second, distance))
        sheet.labels[closer] = label + 1
        nearest = np.minimum(nearest, distance)
    if rng.random() < 0.6:
        joint = second - nearest < rng.uniform(0.03, 0.2) / count**0.6
        return _with_plain(sheet, sheet.put(joint, label=0))
    return sheet.drawing()


def strokes(side: int, rng: np.random.Generator) -> Drawing:
    """Curved strokes of all widths over a ground."""
    sheet = Sheet(side, rng)
    for _ in range(int(2 ** rng.uniform(3, 6))):
        start, bend, end = rng.uniform(-0.15, 1.15, (3, 2))
        t = np.linspace(0, 1, 14)[:, None]
        curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end
        stencil = sheet.line([(x, y) for x, y in curve], 2 ** rng.uniform(-7.5, -3))
        if rng.random() < 0.3:
            sheet.shadow(stencil, 0.008, 0.012)
        sheet.put(stencil)
    return sheet.drawing()


def shapes(side: int, rng: np.random.Generator) -> Drawing:
    """Discs, rounded boxes and polygons under one light, some of them with shadows."""
    sheet, sun = Sheet(side, rng), sun_from(rng)
    for size in sorted(2 ** rng.uniform(-4.5, -1.6, int(2 ** rng.uniform(2.3, 5))), reverse=True):
        x, y = rng.random(2)
        kind, light = rng.integers(4), rng.uniform(0.8, 1.15)
        shading: Grid | float = light
        if kind == 0:
            stencil = sheet.ellipse(x, y, size, size * rng.uniform(0.6, 1))
            shading = sheet.ball(x, y, size, size, sun) if rng.random() < 0.6 else light
        elif kind == 1:
            stencil = _rounded(sheet, x, y, size, size * rng.uniform(0.4, 1.2), rng.uniform(0.1, 0.9) * size / 2)
        else:
            stencil = sheet.polygon(_blob(x, y, size, int(rng.integers(3, 9)), rng))
        if rng.random() < 0.6:
            sheet.shadow(stencil, -0.03 * sun[0], -0.03 * sun[1])
        sheet.put(stencil, shading)
        if rng.random() < 0.25:
            sheet.put(stencil & ~_shrunk(stencil, sheet.side // 90))
    return sheet.drawing()


def bars(side: int, rng: np.random.Generator) -> Drawing:
    """Panels with rows of bars, as lettering looks from afar."""
    sheet = Sheet(side, rng)
    plain = []
    for _ in range(rng.integers(2, 6)):
        left, top = rng.uniform(-0.1, 0.7, 2)
        width, height = rng.uniform(0.25, 0.8, 2)
        panel = _rounded(sheet, left + width / 2, top + height / 2, width / 2, height / 2, 0.02)
        sheet.shadow(panel, 0.01, 0.015)
        sheet.put(panel)
        ink = int(sheet.labels.max()) + 1
        plain.append(ink)
        line = rng.uniform(0.03, 0.12)
        row = top + line * 0.6
        while row + line < top + height:
            column, end = left + 0.03, left + width * rng.uniform(0.6, 0.95)
            while column < end:
                letter = line * rng.uniform(0.08, 0.5)
                rise = line * rng.choice([0.3, 0.45, 0.6])
                spot = (sheet.x > column) & (sheet.x < column + letter) & (sheet.y > row + line * 0.65 - rise)
                sheet.put(spot & (sheet.y < row + line * 0.65), label=ink)
                column += letter + line * rng.choice([0.08, 0.1, 0.35], p=[0.45, 0.35, 0.2])
            row += line
    return sheet.drawing(plain=plain)


def atlas(side: int, rng: np.random.Generator) -> Drawing:
    """Islands on a flat ground, as UV maps are laid out, with details on them."""
    sheet = Sheet(side, rng)
    rows = int(rng.integers(2, 5))
    for row in range(rows):
        columns = int(rng.integers(1, 6))
        for column in range(columns):
            x, y = (column + 0.5) / columns, (row + 0.5) / rows
            half_w, half_h = 0.5 / columns * rng.uniform(0.6, 0.92), 0.5 / rows * rng.uniform(0.6, 0.92)
            island = _island(sheet, x, y, half_w, half_h)
            label = sheet.put(island, _pillow(sheet, x, y, half_w, half_h) if rng.random() < 0.5 else 1.0)
            for _ in range(rng.integers(0, 5)):  # seams, panels and spots on it
                px, py = x + half_w * rng.uniform(-0.8, 0.8), y + half_h * rng.uniform(-0.8, 0.8)
                size = min(half_w, half_h) * rng.uniform(0.1, 0.5)
                if rng.random() < 0.5:
                    spot = sheet.ellipse(px, py, size, size)
                else:
                    spot = _rounded(sheet, px, py, 2 * size, size * rng.uniform(0.1, 0.6), size / 8)
                sheet.put(spot & (sheet.labels == label))
    return _with_plain(sheet, 0)


def landscape(side: int, rng: np.random.Generator) -> Drawing:
    """A sky, hills, a ground that runs to the horizon, and things on it."""
    sheet, sun = Sheet(side, rng), sun_from(rng)
    horizon = rng.uniform(0.25, 0.65)
    sheet.light = (0.75 + 0.45 * sheet.y / np.float32(horizon)).clip(0, 1.2)
    if rng.random() < 0.7:
        for _ in range(rng.integers(1, 6)):  # clouds, the parts of each as one shape
            _heap(sheet, rng.random(), rng.uniform(0, horizon * 0.8), rng.uniform(0.04, 0.12), 0.4, sun)
    for _ in range(rng.integers(0, 4)):
        edge = horizon - rng.uniform(0.02, 0.22) * _waves(sheet.x[0], rng)
        sheet.put((sheet.y > edge[None, :]) & (sheet.y < horizon + 0.01), rng.uniform(0.6, 1.1))
    ground = sheet.y >= horizon
    sheet.put(ground, rng.uniform(0.7, 1.05))
    depth = np.where(ground, (1 - horizon) / np.maximum(sheet.y - horizon, 0.02), 1).astype(np.float32)
    if rng.random() < 0.5:  # a road
        far, near = rng.uniform(0.2, 0.8), rng.uniform(-0.2, 0.8)
        sheet.put(sheet.polygon([(far, horizon), (far + 0.02, horizon), (near + 0.5, 1), (near, 1)]))
    for distance in sorted(rng.uniform(0.02, 1, rng.integers(3, 12))):
        foot, size = horizon + (1 - horizon) * distance, 0.06 + 0.45 * distance * rng.uniform(0.4, 1)
        _thing(sheet, rng.uniform(-0.05, 1.05), foot, size, sun)
    return sheet.drawing(depth)


def room(side: int, rng: np.random.Generator) -> Drawing:
    """Walls, ceiling and floor that run together, openings, and things that stand there."""
    sheet, sun = Sheet(side, rng), sun_from(rng)
    left, right = rng.uniform(0.05, 0.4), rng.uniform(0.6, 0.95)
    top, bottom = rng.uniform(0.02, 0.3), rng.uniform(0.5, 0.8)
    x, y = (left + right) / 2, (top + bottom) / 2
    sheet.put(sheet.polygon([(0, 0), (left, top), (left, bottom), (0, y + (bottom - y) * x / (x - left))]), 0.75)
    sheet.put(sheet.polygon([(1, 0), (right, top), (right, bottom), (1, y + (bottom - y) * x / (x - left))]), 1.1)
    sheet.put(sheet.polygon([(0, 1), (-0.5, 1.2), (left, bottom), (right, bottom), (1.5, 1.2), (1, 1)]), 0.9)
    wall = (sheet.x > left) & (sheet.x < right) & (sheet.y > top) & (sheet.y < bottom)
    sheet.put(wall, 1 - 0.3 * np.abs(sheet.x - np.float32(rng.random())))
    for _ in range(rng.integers(1, 5)):  # windows, doors, pictures, each in a frame
        cx, cy = rng.uniform(left, right), rng.uniform(top, bottom)
        w, h = rng.uniform(0.04, 0.14, 2)
        sheet.put(_rounded(sheet, cx, cy, w, h, 0.004), 1.0)
        sheet.put(_rounded(sheet, cx, cy, w * 0.85, h * 0.85, 0.002), rng.choice([0.5, 1.6]))
    for _ in range(rng.integers(2, 6)):
        _thing(sheet, rng.random(), rng.uniform(bottom, 1.1), rng.uniform(0.15, 0.45), sun)
    return sheet.drawing()


def forms(side: int, rng: np.random.Generator) -> Drawing:
    """A few large rounded forms, near enough to fill the picture, under one light."""
    sheet, sun = Sheet(side, rng), sun_from(rng)
    sheet.light = (1 - 0.35 * np.hypot(sheet.x - 0.5, sheet.y - 0.5)).astype(np.float32)
    for size in sorted(rng.uniform(0.08, 0.42, rng.integers(3, 9)), reverse=True):
        x, y = rng.uniform(0.05, 0.95, 2)
        tall = size * rng.uniform(0.6, 1.3)
        stencil = sheet.ellipse(x, y, size, tall)
        sheet.shadow(stencil, -0.05 * sun[0], -0.05 * sun[1])
        label = sheet.put(stencil, sheet.ball(x, y, size, tall, sun))
        for _ in range(rng.integers(0, 4)):  # marks on it, under the same light
            mx, my = x + size * rng.uniform(-0.6, 0.6), y + tall * rng.uniform(-0.6, 0.6)
            mark = sheet.ellipse(mx, my, size * rng.uniform(0.05, 0.25), size * rng.uniform(0.05, 0.25))
            sheet.put(mark & (sheet.labels == label), sheet.light)
    return sheet.drawing()


DRAWINGS: tuple[Callable[[int, np.random.Generator], Drawing], ...] = (
    landscape,
    shapes,
    atlas,
    forms,
    cells,
    room,
    bars,
    strokes,
)


def _with_plain(sheet: Sheet, label: int) -> Drawing:
    return sheet.drawing(plain=[label])


def _rounded(sheet: Sheet, x: float, y: float, half_w: float, half_h: float, radius: float) -> Stencil:
    """A box with rounded corners."""
    radius = min(radius, half_w, half_h)
    out_x = np.maximum(np.abs(sheet.x - x) - (half_w - radius), 0)
    out_y = np.maximum(np.abs(sheet.y - y) - (half_h - radius), 0)
    stencil: Stencil = np.hypot(out_x, out_y) <= radius
    return stencil


def _blob(x: float, y: float, size: float, corners: int, rng: np.random.Generator) -> Points:
    """Corners around a middle, at uneven distances."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = size * rng.uniform(0.5, 1.1, corners)
    return [(x + r * float(np.cos(a)), y + r * float(np.sin(a))) for a, r in zip(angles, reach, strict=True)]


def _shrunk(stencil: Stencil, texels: int) -> Stencil:
    """A shape without its rim."""
    inside = stencil.copy()
    for axis in (0, 1):
        for shift in (-texels, texels):
            inside &= np.roll(stencil, shift, axis)
    return inside


def _island(sheet: Sheet, x: float, y: float, half_w: float, half_h: float) -> Stencil:
    """One to three boxes or ellipses that overlap."""
    rng = sheet.rng
    stencil = np.zeros(sheet.labels.shape, np.bool_)
    for _ in range(rng.integers(1, 4)):
        w, h = half_w * rng.uniform(0.5, 1), half_h * rng.uniform(0.5, 1)
        cx, cy = x + (half_w - w) * rng.choice([-1, 0, 1]), y + (half_h - h) * rng.choice([-1, 0, 1])
        is_round = rng.random() < 0.3
        stencil |= sheet.ellipse(cx, cy, w, h) if is_round else _rounded(sheet, cx, cy, w, h, rng.uniform(0, w / 2))
    return stencil


def _pillow(sheet: Sheet, x: float, y: float, half_w: float, half_h: float) -> Grid:
    """Light on an island whose edges are in some shade, as baked maps have it."""
    edge = np.maximum(np.abs(sheet.x - x) / half_w, np.abs(sheet.y - y) / half_h)
    return np.asarray(1.1 - 0.55 * np.clip(edge, 0, 1) ** 4, np.float32)


def _waves(x: Grid, rng: np.random.Generator) -> Grid:
    """(n,) in about [0, 1]: a ridge."""
    ridge = np.full_like(x, 0.5)
    for octave in range(5):
        ridge += 0.35 / 1.8**octave * np.sin(2.2**octave * 5 * x + rng.uniform(0, 7)).astype(np.float32)
    return ridge.clip(0, 1.4)


def _heap(sheet: Sheet, x: float, y: float, size: float, flat: float, sun: tuple[float, float, float]) -> None:
    """Balls that overlap: a cloud, a bush, the crown of a tree."""
    label = None
    for _ in range(sheet.rng.integers(10, 24)):
        bx, by = x + size * sheet.rng.normal(0, 0.8), y + size * flat * sheet.rng.normal(0, 0.8)
        radius = size * sheet.rng.uniform(0.2, 0.6)
        stencil = sheet.ellipse(bx, by, radius, radius)
        label = sheet.put(stencil, sheet.ball(bx, by, radius, radius, sun), label=label)


def _thing(sheet: Sheet, x: float, foot: float, size: float, sun: tuple[float, float, float]) -> None:
    """Something that stands at (x, foot): a ball, a box, a tree, a cone or a post."""
    rng = sheet.rng
    sheet.shadow(sheet.ellipse(x - 0.25 * size * sun[0], foot, size * 0.5, size * 0.1), 0, 0, 0.6)
    kind = rng.integers(5)
    if kind == 0:
        radius = size * 0.3
        y = foot - radius
        sheet.put(sheet.ellipse(x, y, radius, radius), sheet.ball(x, y, radius, radius, sun))
    elif kind == 1:
        w, h, side = size * rng.uniform(0.15, 0.4), size * rng.uniform(0.3, 0.9), size * rng.uniform(0.1, 0.3)
        bright = sun[0] > 0
        sheet.put(_box(sheet, x - w, x + w, foot - h, foot), 0.6 if bright else 1.1)
        flank = [(x + w, foot), (x + w + side, foot - side / 3), (x + w + side, foot - h - side / 3), (x + w, foot - h)]
        label = sheet.put(sheet.polygon(flank), 1.1 if bright else 0.6)
        lid = [(x - w, foot - h), (x - w + side, foot - h - side / 3), flank[2], flank[3]]
        sheet.put(sheet.polygon(lid), 1.3, label=label)
    elif kind == 2:
        sheet.put(_box(sheet, x - size * 0.04, x + size * 0.04, foot - size * 0.5, foot), 0.6)
        _heap(sheet, x, foot - size * 0.65, size * 0.25, 1.0, sun)
    elif kind == 3:
        w, h = size * 0.3, size * rng.uniform(0.5, 1)
        round_ = np.clip((sheet.x - x) / np.float32(w), -1, 1)
        light = lit(round_, np.zeros_like(round_), np.sqrt(1 - round_**2), sun)
        sheet.put(sheet.polygon([(x - w, foot), (x, foot - h), (x + w, foot)]), light)
    else:
        w = size * rng.uniform(0.02, 0.1)
        round_ = np.clip((sheet.x - x) / np.float32(w), -1, 1)
        light = lit(round_, np.zeros_like(round_), np.sqrt(1 - round_**2), sun)
        sheet.put(_box(sheet, x - w, x + w, foot - size, foot), light)


def _box(sheet: Sheet, left: float, right: float, top: float, bottom: float) -> Stencil:
    stencil: Stencil = (sheet.x > left) & (sheet.x < right) & (sheet.y > top) & (sheet.y < bottom)
    return stencil
