"""The report of a generator of textures as one HTML file."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from texnet_core.evaluation.evaluate import Evaluation
from texnet_core.evaluation.figures import KINDS, Figure, rows, shown
from texnet_core.evaluation.losscurve import KEY, Curve, place
from texnet_core.evaluation.outliers import around
from texnet_core.evaluation.page_parts import document, picture, table, text

_CURVE_WIDTH, _CURVE_HEIGHT = 640, 200
_AROUND = 256  # texels round the outlier


def write_page(evaluation: Evaluation, title: str, card: Mapping[str, Any]) -> str:
    """The page.

    Args:
        evaluation: what to show.
        title: what stands above, from anybody.
        card: what is known of the exemplar and the run, name -> text, from anybody.
    """
    parts = [
        f"<h1>{text(title)}</h1>",
        *_pictures(evaluation),
        "<h2>Figures</h2>",
        _figures(evaluation),
        *_missing(evaluation.missing),
        *(f"<p>Note: {text(note)}.</p>" for note in evaluation.notes),
        "<h2>Loss</h2>",
        _curve(evaluation.loss_curve) if evaluation.loss_curve else _missing_curve(evaluation.missing),
        "<h2>Parts</h2>",
        table(("figure", "parts"), ((KINDS[name].title, _parts(each)) for name, each in evaluation.figures.items())),
        "<h2>Generator</h2>",
        table(("", ""), ((name, str(value)) for name, value in card.items() if value != "")),
    ]
    return document(title, parts)


def _pictures(evaluation: Evaluation) -> list[str]:
    exemplar = [] if evaluation.exemplar is None else [picture("exemplar", evaluation.exemplar)]
    samples = [picture(f"seed {seed}", sample) for seed, sample in enumerate(evaluation.samples)]
    tiling = picture("seed 0, its tile repeated 2x2", np.tile(evaluation.samples[0], (2, 2, 1)))
    large = picture(f"one tile of {len(evaluation.large)} texels, seed 0", evaluation.large)
    return [*exemplar, *samples, tiling, large, *_outlier(evaluation), *_detail(evaluation)]


def _outlier(evaluation: Evaluation) -> list[str]:
    """A place that the large sample shows too, where an eye may miss it."""
    if (outlier := evaluation.outlier) is None:
        return []
    return [picture(f"its outlier, at {outlier.x}, {outlier.y}", around(evaluation.large, outlier, _AROUND))]


def _detail(evaluation: Evaluation) -> list[str]:
    if (detail := evaluation.detail) is None:
        return []
    side = len(detail.exemplar)
    return [
        picture(f"the exemplar at {side} texels", detail.exemplar),
        picture("as much of the texture, seed 0", detail.sample),
    ]


def _figures(evaluation: Evaluation) -> str:
    readings = (kind.reading for kind in shown(evaluation.figures).values())
    body = ((*row, reading) for row, reading in zip(rows(evaluation.figures), readings, strict=True))
    return table(("figure", "value", "reference", "how to read it"), body)


def _missing(missing: Mapping[str, str]) -> list[str]:
    return [
        f"<p>Missing: {text(KINDS[name].title)}: {text(reason)}.</p>"
        for name, reason in missing.items()
        if name in KINDS
    ]


def _missing_curve(missing: Mapping[str, str]) -> str:
    return f"<p>Missing: {text(missing[KEY])}.</p>"


def _parts(figure: Figure) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in figure.parts.items())


def _curve(curve: Curve) -> str:
    """An inline SVG, logarithmic."""
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in place(curve, _CURVE_WIDTH, _CURVE_HEIGHT))
    line = f'<polyline points="{points}" fill="none" stroke="#1f5fa8" stroke-width="2"/>'
    box = f'width="{_CURVE_WIDTH}" height="{_CURVE_HEIGHT}" viewBox="0 0 {_CURVE_WIDTH} {_CURVE_HEIGHT}"'
    (first, start), (last, end) = curve[0], curve[-1]
    caption = f"logarithmic, from {start:.3g} at step {first} to {end:.3g} at step {last}"
    return f"<figure><svg {box}>{line}</svg><figcaption>{text(caption)}</figcaption></figure>"
