"""The report as one HTML file that needs nothing else: pictures inside, no script, no link followed.

Every text that an artifact brings is escaped; a policy in the head forbids all that is not in the file.
"""

import base64
import html
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from texnet_core.errors import printable
from texnet_core.evaluation.evaluate import Evaluation
from texnet_core.evaluation.figures import FIGURES, Figure, rows
from texnet_core.evaluation.losscurve import KEY, Curve, place
from texnet_core.evaluation.outliers import around
from texnet_core.mapset import FloatArray
from texnet_core.pictures.color import quantize
from texnet_core.pictures.encoders import encode_png

_CURVE_WIDTH, _CURVE_HEIGHT = 640, 200
_AROUND = 256  # texels round the outlier
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 1400px; padding: 0 1em; color: #111;
  background: #fff; overflow-wrap: anywhere }
figure { display: inline-block; margin: 0 1em 1em 0; vertical-align: top; max-width: 100% }
figcaption, th { color: #666; font-weight: normal }
img { display: block; max-width: 100%; height: auto }
table { border-collapse: collapse; margin-bottom: 1em }
th, td { text-align: left; vertical-align: top; padding: .2em 1em .2em 0; border-bottom: 1px solid #ddd }
svg { max-width: 100%; border: 1px solid #ddd; overflow: visible }
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def write_page(evaluation: Evaluation, title: str, card: Mapping[str, Any]) -> str:
    """The page.

    Args:
        evaluation: what to show.
        title: what stands above, from anybody.
        card: what is known of the exemplar and the run, name -> text, from anybody.
    """
    parts = [
        f"<h1>{_text(title)}</h1>",
        *_pictures(evaluation),
        "<h2>Figures</h2>",
        _figures(evaluation),
        *_missing(evaluation.missing),
        *(f"<p>Note: {_text(note)}.</p>" for note in evaluation.notes),
        "<h2>Loss</h2>",
        _curve(evaluation.loss_curve) if evaluation.loss_curve else _missing_curve(evaluation.missing),
        "<h2>Parts</h2>",
        _table(("figure", "parts"), ((FIGURES[name].title, _parts(each)) for name, each in evaluation.figures.items())),
        "<h2>Generator</h2>",
        _table(("", ""), ((name, str(value)) for name, value in card.items() if value != "")),
    ]
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width"><title>{_text(title)}</title><style>{_STYLE}</style></head>
<body>
{chr(10).join(parts)}
</body></html>
"""


def _text(text: object) -> str:
    return html.escape(printable(str(text)))


def _pictures(evaluation: Evaluation) -> list[str]:
    exemplar = [] if evaluation.exemplar is None else [_picture("exemplar", evaluation.exemplar)]
    samples = [_picture(f"seed {seed}", sample) for seed, sample in enumerate(evaluation.samples)]
    tiling = _picture("seed 0, its tile repeated 2x2", np.tile(evaluation.samples[0], (2, 2, 1)))
    large = _picture(f"one tile of {len(evaluation.large)} texels, seed 0", evaluation.large)
    return [*exemplar, *samples, tiling, large, *_outlier(evaluation)]


def _outlier(evaluation: Evaluation) -> list[str]:
    """A place that the large sample shows too, where an eye may miss it."""
    if (outlier := evaluation.outlier) is None:
        return []
    return [_picture(f"its outlier, at {outlier.x}, {outlier.y}", around(evaluation.large, outlier, _AROUND))]


def _picture(caption: str, picture: FloatArray) -> str:
    data = base64.b64encode(encode_png(quantize(picture, 8))).decode()
    height, width = picture.shape[:2]
    image = f'<img alt="{_text(caption)}" width="{width}" height="{height}" src="data:image/png;base64,{data}">'
    return f"<figure>{image}<figcaption>{_text(caption)}</figcaption></figure>"


def _figures(evaluation: Evaluation) -> str:
    readings = (kind.reading for kind in FIGURES.values())
    table = ((*row, reading) for row, reading in zip(rows(evaluation.figures), readings, strict=True))
    return _table(("figure", "value", "reference", "how to read it"), table)


def _table(head: tuple[str, ...], body: Iterable[tuple[str, ...]]) -> str:
    def line(cells: tuple[str, ...], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{_text(cell)}</{tag}>" for cell in cells) + "</tr>"

    lines = [line(head, "th")] if any(head) else []
    return "<table>" + "\n".join([*lines, *(line(cells, "td") for cells in body)]) + "</table>"


def _missing(missing: Mapping[str, str]) -> list[str]:
    return [
        f"<p>Missing: {_text(FIGURES[name].title)}: {_text(reason)}.</p>"
        for name, reason in missing.items()
        if name in FIGURES
    ]


def _missing_curve(missing: Mapping[str, str]) -> str:
    return f"<p>Missing: {_text(missing[KEY])}.</p>"


def _parts(figure: Figure) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in figure.parts.items())


def _curve(curve: Curve) -> str:
    """An inline SVG, logarithmic."""
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in place(curve, _CURVE_WIDTH, _CURVE_HEIGHT))
    line = f'<polyline points="{points}" fill="none" stroke="#1f5fa8" stroke-width="2"/>'
    box = f'width="{_CURVE_WIDTH}" height="{_CURVE_HEIGHT}" viewBox="0 0 {_CURVE_WIDTH} {_CURVE_HEIGHT}"'
    (first, start), (last, end) = curve[0], curve[-1]
    caption = f"logarithmic, from {start:.3g} at step {first} to {end:.3g} at step {last}"
    return f"<figure><svg {box}>{line}</svg><figcaption>{_text(caption)}</figcaption></figure>"
