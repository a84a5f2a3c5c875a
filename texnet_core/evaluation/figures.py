"""Which figures there are, what one is, and how to read it. docs/quality.md says more."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from texnet_core.mapset import MATERIAL_MAPS


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Attributes:
        value: mean over the samples, or what was found in the large one.
        reference: the same figure of the exemplar itself, or None.
        interval: (low, high) in which the value lies with 95% probability if nothing is wrong, or None.
        parts: what the value is made of, for the record.
    """

    value: float
    reference: float | None = None
    interval: tuple[float, float] | None = None
    parts: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """What a figure is called and says.

    Attributes:
        title: a few words.
        unit: "" for pure numbers.
        reading: one sentence without a full stop.
    """

    title: str
    unit: str
    reading: str


_CROPS = "reference: how far apart crops of the exemplar are"
_SEAM = "gradient across the seam over the one inside; reference: where it lies in 19 of 20 cases without a seam"

# In the order of reports.
FIGURES = {
    "texture_gram": Kind("texture, Gram", "", f"0 is equal, 1 as far off as no features at all; {_CROPS}"),
    "texture_wasserstein": Kind("texture, Wasserstein", "SD", f"0 is equal; {_CROPS}"),
    "texture_held_out": Kind(
        "texture, held-out layers", "SD", f"as Wasserstein, of layers that no loss looked at: 0 is equal; {_CROPS}"
    ),
    "colour": Kind("color", "dE", f"0 is equal, 1 just visible; {_CROPS}"),
    "spectrum": Kind("spectrum", "dB", f"0 is equal; {_CROPS}"),
    "oddest": Kind(
        "outlier distance",
        "dE",
        f"how far the strangest place of a large tile is from the nearest of the exemplar's; {_CROPS}",
    ),
    "seam_x": Kind("seam, left to right", "", _SEAM),
    "seam_y": Kind("seam, top to bottom", "", _SEAM),
    "diversity": Kind("diversity", "", "1: seeds differ as much as places of the exemplar do, 0: all seeds are alike"),
    "memorisation": Kind(
        "memorization", "", "share of windows copied from the exemplar; reference: one half from the other"
    ),
    "repetition": Kind("repetition", "", "highest peak of the autocorrelation; reference: the exemplar's"),
}

_QUADRANTS = "reference: how far apart quadrants of the exemplar are"
_OCTAVE = f"in held-out layers, windows of 256 texels: 0 is equal; {_CROPS}"

# Those of detail at the exemplar's own resolution, where they are asked for.
DETAIL_FIGURES = {
    "detail_1": Kind("detail at the exemplar's texels", "SD", _OCTAVE),
    "detail_2": Kind("detail at half of them", "SD", _OCTAVE),
    "detail_4": Kind("detail at a quarter of them", "SD", _OCTAVE),
    "detail_spectrum": Kind("spectrum at the exemplar's texels", "dB", f"0 is equal; {_CROPS}"),
    "detail_mesh": Kind(
        "mesh at the exemplar's texels", "dB", f"a regular hatch stands out among fine frequencies: 0 is none; {_CROPS}"
    ),
    "detail_grain": Kind(
        "grain at the exemplar's texels", "dB", f"smooth places and coarse ones: 0 is equal; {_CROPS}"
    ),
    "detail_blurred": Kind(
        "blurred places at the exemplar's texels",
        "",
        "share of places that are smoother than 99 of 100 of the exemplar's; reference: one crop of it against others",
    ),
}

# Those of a set of several maps.
TOGETHER_FIGURES = {
    "maps_together": Kind("maps together, neighborhoods", "SD", f"0 is equal; {_QUADRANTS}"),
    "maps_correlation": Kind("maps together, correlations", "", f"mean difference: 0 is equal; {_QUADRANTS}"),
    "maps_slopes": Kind(
        "normals against the height", "", "correlation of their slopes: 1 agrees; reference: the exemplar's"
    ),
}
MAP_FIGURES = {
    f"map_{spec.name}": Kind(f"map {spec.name}, held-out layers", "SD", f"0 is equal; {_QUADRANTS}")
    for spec in MATERIAL_MAPS
}
KINDS = FIGURES | DETAIL_FIGURES | TOGETHER_FIGURES | MAP_FIGURES


def map_figure(name: str) -> str:
    """The figure of a map of that name."""
    return f"map_{name}"


def shown(figures: Mapping[str, Figure]) -> dict[str, Kind]:
    """What reports list: those of every generator, and what else was measured."""
    return {name: kind for name, kind in KINDS.items() if name in FIGURES or name in figures}


def rows(figures: Mapping[str, Figure]) -> list[tuple[str, str, str]]:
    """The table that reports show: title, value with its unit, and reference; values as text."""
    return [(kind.title, *_cells(kind, figures.get(name))) for name, kind in shown(figures).items()]


def _cells(kind: Kind, figure: Figure | None) -> tuple[str, str]:
    if figure is None:
        return "missing", ""
    value = f"{figure.value:.3f} {kind.unit}".rstrip()
    if figure.interval:
        return value, "{:.3f} to {:.3f}".format(*figure.interval)
    return value, "" if figure.reference is None else f"{figure.reference:.3f}"
