"""Benchmarks: how fast this machine makes textures, and how fast it could.

Every contender lives in a process of its own, so that start-up and peak memory are its own too. They take turns:
one repetition of each, then the next, so that a machine that slows down slows them all. What is reported is the
median of a run and ratios within it; figures of different runs or machines are not to be compared.
"""

import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from texnet_core.benchmark.contender import COPY_BYTES, PRODUCT_SIDE, Contender
from texnet_core.engines import NumberFormat, available_cores, devices, formats_of, installed_engines
from texnet_core.mapset import ALBEDO, MapSpec, channels_of
from texnet_core.model.artifact import Artifact, Provenance, without_clamps, write_artifact
from texnet_core.model.design import Design
from texnet_core.model.families.pyramid import PyramidSettings
from texnet_core.progress import Progress, ProgressCallback, ignore_progress
from texnet_core.settings import EngineName

NAIVE_LIMIT = 2048  # texels a side: the peer holds whole frames of 40 channels and takes many seconds for one
_REST_S = 0.1  # between runs, for threads of the last one that still spin


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        contender: engine, or "naive" for the peer.
        device: where it ran.
        precision: number format of its largest convolutions.
        size: side of the square texture in texels.
        milliseconds: median time to make it as 8-bit rows, in memory that is used again.
        spread: largest minus smallest time over the median; None of a single one.
        texels_per_second: by the median.
        gflops: billions of operations a second, counted for the plain form of the network.
        of_product: the same as a share of the machine's matrix product in this format; None where that is unknown.
        of_copy: activations read and written a second as a share of the device's copy bandwidth, or None.
        noise: share of a block's time that goes into its noise, or None for the peer.
        peak_mb: most memory that the process held, in MiB, while it also wrote the texture as PNG; None if unknown.
        png_seconds: making it and writing it as PNG, once.
        startup_seconds: from starting the process to its first texture of 256x256.
        faster_than_naive: the peer's median in float32 over this one's, or None where the peer did not run.
        of_colors: of several maps, the median over that of such a generator with colors alone; else None.
        of_plain: of a generator with detail, the median over that of such a generator without; else None.
    """

    contender: str
    device: str
    precision: str
    size: int
    milliseconds: float
    spread: float | None
    texels_per_second: float
    gflops: float
    of_product: float | None
    of_copy: float | None
    noise: float | None
    peak_mb: float | None
    png_seconds: float | None
    startup_seconds: float
    faster_than_naive: float | None
    of_colors: float | None = None
    of_plain: float | None = None


@dataclass(frozen=True)
class Report:
    """A whole run.

    Attributes:
        rows: the table.
        product_gflops: (library, device, precision) -> billions of operations a second in a 2048^3 matrix product.
        copy_gb: device -> billions of bytes a second, read and written, when copying 256 MiB.
        threads: that each contender used on the CPU.
        levels: of the generator, without detail.
        repeats: of every measurement.
        notes: sentences about what could not be measured.
        detail_levels: of the generator.
    """

    rows: list[Row]
    product_gflops: dict[tuple[str, str, str], float]
    copy_gb: dict[str, float]
    threads: int
    levels: int
    repeats: int
    notes: list[str]
    detail_levels: int = 0


def run_benchmark(
    artifact: Artifact,
    sizes: list[int],
    engines: tuple[EngineName, ...] | None = None,
    *,
    repeats: int = 5,
    threads: int = 0,
    progress: ProgressCallback = ignore_progress,
) -> Report:
    """Measure engines, the naive peer, matrix products and copies by turns.

    Args:
        artifact: the generator to run.
        sizes: sides of square textures in texels.
        engines: which; None for all that are installed.
        repeats: of every measurement.
        threads: on the CPU; 0 for one per core.
        progress: called after every measurement.
    """
    threads = threads or available_cores()
    engines = engines or installed_engines()
    with tempfile.TemporaryDirectory(prefix="texnet-bench-") as folder, ExitStack() as stack:
        source = Path(folder) / "bench.texnet"
        write_artifact(source, artifact)

        def start(role: str, device: str, precision: str, file: Path = source) -> Contender:
            progress(Progress("starting", 0, 1, "run"))
            return stack.enter_context(Contender(role, device, precision, threads, [str(file), folder]))

        places = [(engine, device, kind) for engine in engines for device, kind in _places(engine)]
        makers = [start(*place) for place in places]
        beside: dict[str, list[Contender]] = {}
        for name, simpler in _simpler(artifact).items():
            file = Path(folder) / f"{name}.texnet"
            write_artifact(file, simpler)
            beside[name] = [start(*place, file) for place in places]
        naive = start("naive", "cpu", "f32") if "torch" in installed_engines() else None
        products = [
            start(f"product:{library}", device, kind)
            for device, kind in sorted({place[1:] for place in places})
            for library in _libraries(device, kind)
        ]
        copies = [start("copy", device, "f32") for device in sorted({device for _, device, _ in places})]
        peers = _Peers(beside, naive, products, copies)
        return _measure(artifact, sorted(sizes), makers, peers, repeats, threads, progress)


def _simpler(artifact: Artifact) -> dict[str, Artifact]:
    """Ratio of a row -> a generator of the same shape, but for what the ratio says the cost of."""
    shape = artifact.settings
    if not isinstance(shape, PyramidSettings):
        return {}
    shape = replace(shape, waves=0, repeat_channels=0)  # whose inputs differ, by next to no time
    found = {}
    if len(artifact.maps) > 1:
        found["of_colors"] = untrained(shape, (ALBEDO,))
    if shape.detail_levels:
        found["of_plain"] = untrained(replace(shape, detail_levels=0), artifact.maps)
    return found


def untrained(settings: PyramidSettings, maps: tuple[MapSpec, ...]) -> Artifact:
    """A generator with random parameters that keep the size of activations: as fast as a trained one."""
    graph = Design(settings, channels_of(maps)).graph
    rng = np.random.default_rng(0)
    parameters = {
        name: rng.normal(0, np.sqrt(2 / np.prod(shape[1:])) if len(shape) > 1 else 0.1, shape).astype(np.float32)
        for name, shape in graph.parameter_shapes.items()
    } | without_clamps(graph)
    provenance = Provenance(exemplar="none", license="none")
    return Artifact(settings=settings, maps=maps, parameters=parameters, provenance=provenance)


@dataclass(frozen=True)
class _Peers:
    """What engines are held against.

    Attributes:
        simpler: ratio of a row -> a simpler generator on each engine, in their order.
        naive: the peer, or None.
        products: of matrices.
        copies: of memory.
    """

    simpler: dict[str, list[Contender]]
    naive: Contender | None
    products: list[Contender]
    copies: list[Contender]


def _places(engine: EngineName) -> list[tuple[str, NumberFormat]]:
    """Devices and number formats of an engine; torch runs on the CPU also where there is a GPU."""
    names = dict.fromkeys(["cpu", *devices(engine, "auto")[:1]])
    return [(device, kind) for device in names for kind in formats_of(engine, device)]


def _libraries(device: str, precision: str) -> list[str]:
    """Whoever can multiply matrices in this format here; the fastest is the yardstick."""
    installed = installed_engines()
    if device != "cpu":
        return ["torch"]
    both: list[str] = [name for name in ("openvino", "torch") if name in installed]
    return both if precision == "bf16" else ["numpy", *both, *(["onnx"] if "onnx" in installed else [])]


def _measure(
    artifact: Artifact,
    sizes: list[int],
    makers: list[Contender],
    peers: _Peers,
    repeats: int,
    threads: int,
    progress: ProgressCallback,
) -> Report:
    naive, products, copies = peers.naive, peers.products, peers.copies
    beside = [peer for simpler in peers.simpler.values() for peer in simpler]
    runs = [(maker, size) for size in sizes for maker in (*makers, *beside)]
    runs += [(naive, size) for size in sizes if naive and size <= NAIVE_LIMIT]
    runs += [(yardstick, 0) for yardstick in (*products, *copies)]
    total, done = len(makers) * len(sizes) + len(runs) * repeats, 0

    def ask(contender: Contender, **request: object) -> dict[str, float]:
        nonlocal done
        progress(Progress("measuring", done, total, "run"))
        done += 1
        time.sleep(_REST_S)
        return contender.ask(**request)

    first = {(maker, size): ask(maker, kind="png", size=size) for maker, size in runs if maker in makers}
    noise = {maker: maker.ask(kind="noise")["share"] for maker in makers}
    seconds: dict[tuple[Contender, int], list[float]] = {run: [] for run in runs}
    for _ in range(repeats):
        for contender, size in runs:
            seconds[contender, size].append(ask(contender, kind="time", size=size)["seconds"])
    medians = {run: statistics.median(values) for run, values in seconds.items()}
    product_rates = {
        (product.role.split(":")[1], product.device, product.precision): 2 * PRODUCT_SIDE**3 / medians[product, 0] / 1e9
        for product in products
    }
    copy_rates = {copy.device: 2 * COPY_BYTES / medians[copy, 0] / 1e9 for copy in copies}
    rows = [
        _row(artifact, maker, size, times, first.get((maker, size), {}), noise.get(maker))
        for (maker, size), times in seconds.items()
        if size and maker not in beside
    ]
    shares = {
        (ratio, maker.role, maker.device, maker.precision, size): medians[maker, size] / medians[peer, size]
        for ratio, simpler in peers.simpler.items()
        for maker, peer in zip(makers, simpler, strict=True)
        for size in sizes
    }

    def share(ratio: str, row: Row) -> float | None:
        return shares.get((ratio, row.contender, row.device, row.precision, row.size))

    rows = [replace(row, of_colors=share("of_colors", row), of_plain=share("of_plain", row)) for row in rows]
    rows = [_compared(artifact, row, rows, product_rates, copy_rates) for row in rows]
    notes = [] if naive else ["the naive peer needs torch, which is not installed"]
    shape = artifact.settings
    detail = shape.detail_levels if isinstance(shape, PyramidSettings) else 0
    return Report(rows, product_rates, copy_rates, threads, artifact.graph.levels - detail, repeats, notes, detail)


def _row(
    artifact: Artifact,
    contender: Contender,
    size: int,
    seconds: list[float],
    first: dict[str, float],
    noise: float | None,
) -> Row:
    median = statistics.median(seconds)
    return Row(
        contender=contender.role,
        device=contender.device,
        precision=contender.precision,
        size=size,
        milliseconds=median * 1e3,
        spread=(max(seconds) - min(seconds)) / median if len(seconds) > 1 else None,
        texels_per_second=size**2 / median,
        gflops=artifact.graph.flops_per_texel * size**2 / median / 1e9,
        of_product=None,
        of_copy=None,
        noise=noise,
        peak_mb=first.get("peak_mb"),
        png_seconds=first.get("seconds"),
        startup_seconds=contender.startup_seconds,
        faster_than_naive=None,
    )


def _compared(
    artifact: Artifact,
    row: Row,
    rows: list[Row],
    product_rates: dict[tuple[str, str, str], float],
    copy_rates: dict[str, float],
) -> Row:
    """A row with its ratios to the yardsticks and to the peer, all of the same run."""
    rates = [rate for (_, device, kind), rate in product_rates.items() if (device, kind) == (row.device, row.precision)]
    naive = [other.milliseconds for other in rows if (other.contender, other.size) == ("naive", row.size)]
    traffic = artifact.graph.values_per_texel * (2 if row.precision == "bf16" else 4)
    return replace(
        row,
        of_product=row.gflops / max(rates) if rates else None,
        of_copy=traffic * row.texels_per_second / 1e9 / copy_rates[row.device],
        faster_than_naive=naive[0] / row.milliseconds if naive and row.device == "cpu" else None,
    )
