"""`texnet bench`: how fast this machine makes textures, and how fast it could."""

import json
from dataclasses import asdict, dataclass
from typing import Any

import click

from texnet_core import PyramidSettings, read_artifact
from texnet_core.benchmark import Report, Row, run_benchmark, untrained
from texnet_core.engines import installed_engines
from texnet_core.errors import RequestError
from texnet_core.mapset import ALBEDO, MATERIAL_MAPS, MapSpec
from texnet_core.model.artifact import Artifact
from texnet_core.model.families.pyramid import MOST_DETAIL
from texnet_core.settings import MAX_SIZE, Checked, EngineName, setting
from texnet_core.synthesis.textures import check_is_texture
from train_cli.display import showing
from train_cli.groups import command, option
from train_cli.options import json_option, settings_from, settings_options
from train_cli.streams import source_file

_PUBLISHED_LEVELS = 5  # the network of the Texture Networks paper
_COLUMNS = (
    ("engine", "{contender}"),
    ("device", "{device}"),
    ("dtype", "{precision}"),
    ("size", "{size}"),
    ("ms", "{milliseconds:.1f}"),
    ("spread", "{spread:.0%}"),
    ("Mtexel/s", "{megatexels:.2f}"),
    ("GFLOP/s", "{gflops:.0f}"),
    ("of product", "{of_product:.2f}"),
    ("of copy", "{of_copy:.2f}"),
    ("x naive", "{faster_than_naive:.1f}"),
    ("of colors", "{of_colors:.2f}"),
    ("of plain", "{of_plain:.2f}"),
    ("noise", "{noise:.1%}"),
    ("PNG s", "{png_seconds:.2f}"),
    ("peak MiB", "{peak_mb:.0f}"),
    ("start s", "{startup_seconds:.2f}"),
)


@dataclass(frozen=True)
class _BenchSettings(Checked):
    repeats: int = setting(5, "how often everything is measured", low=1, high=1000, group="budget")
    threads: int = setting(0, "blocks made at once on the CPU; 0 means one per core", low=0, high=1024, group="machine")
    levels: int = setting(
        _PUBLISHED_LEVELS, "scales of the generator where no SOURCE is given", low=1, high=8, group="generator"
    )
    detail_levels: int = setting(
        0,
        "levels of detail of the generator where no SOURCE is given",
        low=0,
        high=MOST_DETAIL,
        group="generator",
    )


@command()
@click.argument("source", required=False)
@json_option
@settings_options(_BenchSettings)
@option(
    "--sizes",
    group="texture",
    default="256,512,1024,2048",
    show_default=True,
    help="sides of square textures in texels, separated by commas",
)
@option(
    "--maps",
    group="generator",
    default=ALBEDO.name,
    show_default=True,
    help="maps of the generator where no SOURCE is given, separated by commas; several are held against colors alone",
)
@option(
    "--engines",
    group="machine",
    default="",
    help="engines to measure, separated by commas; without it all that are installed",
)
def bench(source: str | None, sizes: str, maps: str, engines: str, as_json: bool, **values: Any) -> None:
    """Measure how fast this machine makes textures.

    SOURCE is a preset or a .texnet file. Without it an untrained generator of the published shape runs, which is as
    fast as a trained one. Every engine runs in a process of its own. It takes turns with a naive version in torch,
    which makes the whole picture at once (up to 2048 texels a side), and with the machine's own matrix product and
    memory copy. docs/performance.md says how to read the table.

    \b
    Examples:
      texnet bench
      texnet bench moss --sizes 1024,4096 --engines onnx --repeats 3
      texnet bench --maps albedo,normal,roughness,height,ao --sizes 1024
      texnet bench --levels 6 --detail-levels 1 --sizes 2048
    """
    settings = settings_from(_BenchSettings, values).check()
    asked, chosen = _sizes(sizes), _engines(engines)
    artifact = _read(source) if source else _untrained(settings, maps)
    if source and (settings.levels, settings.detail_levels, maps) != (_PUBLISHED_LEVELS, 0, ALBEDO.name):
        raise RequestError(
            f"--levels, --detail-levels and --maps say which generator to make, and {source} is one",
            expected="one of both",
            remedy="leave out SOURCE, or these options",
        )
    effort = {"repeats": settings.repeats, "threads": settings.threads}
    with showing(quiet=as_json) as display:
        report = run_benchmark(artifact, asked, chosen, **effort, progress=display)
    click.echo(json.dumps(_facts(report)) if as_json else _table(report))


def _untrained(settings: _BenchSettings, maps: str) -> Artifact:
    return untrained(PyramidSettings(levels=settings.levels, detail_levels=settings.detail_levels), _maps(maps))


def _read(source: str) -> Artifact:
    with source_file(source) as path:
        artifact = read_artifact(path)
    check_is_texture(artifact)
    return artifact


def _sizes(text: str) -> list[int]:
    try:
        sizes = sorted({int(part) for part in text.split(",")})
    except ValueError:
        sizes = []
    if not sizes or sizes[0] < 128 or sizes[-1] > MAX_SIZE or any(size % 128 for size in sizes):
        raise RequestError(
            f"--sizes {text} is not a list of multiples of 128 up to {MAX_SIZE}",
            expected="sides of textures",
            remedy="write, for example, 256,1024",
        )
    return sizes


def _maps(text: str) -> tuple[MapSpec, ...]:
    known = {spec.name: spec for spec in MATERIAL_MAPS}
    names = [name.strip() for name in text.split(",")]
    if len(set(names)) != len(names) or any(name not in known for name in names):
        raise RequestError(
            f"--maps {text} is not a list of different maps",
            expected=[*known],
            remedy="write, for example, albedo,height",
        )
    return tuple(spec for name, spec in known.items() if name in names)


def _engines(text: str) -> tuple[EngineName, ...]:
    installed, named = installed_engines(), {name.strip() for name in text.split(",")} - {""}
    chosen = tuple(name for name in installed if name in named) if text else installed
    unknown = named - set(chosen)
    if unknown or not chosen:
        raise RequestError(
            f"--engines {text} names an engine that is not installed",
            expected=installed,
            remedy="install it or name others",
        )
    return chosen


def _table(report: Report) -> str:
    lines = [[name for name, _ in _COLUMNS], *([_cell(shape, row) for _, shape in _COLUMNS] for row in report.rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    text = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    detail = f" and {report.detail_levels} of detail" if report.detail_levels else ""
    text += ["", f"{report.levels} levels{detail}, {report.threads} threads, medians of {report.repeats}"]
    text += [
        f"2048^3 matrix product, {kind} on {device}, {library}: {rate:.0f} GFLOP/s"
        for (library, device, kind), rate in report.product_gflops.items()
    ]
    text += [f"copy on {device}: {rate:.1f} GB/s read and written" for device, rate in report.copy_gb.items()]
    return "\n".join(text + report.notes)


def _cell(shape: str, row: Row) -> str:
    values = asdict(row) | {"megatexels": row.texels_per_second / 1e6}
    name = shape[1:].split(":")[0].rstrip("}")
    return "-" if values[name] is None else shape.format(**values)


def _facts(report: Report) -> dict[str, Any]:
    facts = asdict(report)
    facts["product_gflops"] = [
        {"library": library, "device": device, "precision": kind, "gflops": rate}
        for (library, device, kind), rate in report.product_gflops.items()
    ]
    return facts
