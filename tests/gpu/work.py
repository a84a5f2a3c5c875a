"""A training or a texture in a process of its own, which prints what it took as one object of JSON."""

import json
import sys
import tempfile
import time
from pathlib import Path

import torch

from tests.conftest import write_random_vgg19
from texnet_core import TextureRequest, find_source, open_engine, open_plane, read_artifact, synthesize
from texnet_core.engines import formats_of
from texnet_core.model.families.pyramid import PyramidSettings
from texnet_core.settings import DescriptorSettings, TrainSettings
from texnet_core.training import TrainRequest, train

_PRESET = "moss"


def training(device: str, effort: str, vgg19: str = "") -> dict[str, object]:
    """Steps a second over the second half of a run, when everything is warm, and the loss that it ends with."""
    quick = effort == "quick"
    reports: list[tuple[float, float]] = []
    asked = TextureRequest(width=256, height=256, seed=1, engine="torch", device="cpu")
    exemplar = synthesize(read_artifact(find_source(_PRESET)), asked)
    with tempfile.TemporaryDirectory() as folder:
        weights = vgg19 or write_random_vgg19(Path(folder) / "vgg19.safetensors")
        request = TrainRequest(
            generator=PyramidSettings(levels=3, channels=4) if quick else PyramidSettings(),
            train=TrainSettings(steps=10 if quick else 300, size=64 if quick else 256, device=device),
            descriptor=DescriptorSettings(vgg19=str(weights), padding="zero" if quick else "valid"),
        )

        def note(progress: object) -> None:
            if getattr(progress, "loss", None) is not None:
                reports.append((time.monotonic(), progress.loss))

        train(exemplar["albedo"], Path(folder) / "out.texnet", request, progress=note)
    half = len(reports) // 2
    seconds = reports[-1][0] - reports[half][0]
    return {
        "steps": len(reports),
        "steps_per_second": (len(reports) - 1 - half) / seconds,
        "first_loss": reports[0][1],
        "last_loss": reports[-1][1],
        "peak_mb": peak_mb(device),
    }


def texture(device: str, side: str) -> dict[str, object]:
    """Seconds to have a square texture in memory, the first time and the second, in every number format."""
    artifact, found = read_artifact(find_source(_PRESET)), {"size": int(side)}
    for precision in formats_of("torch", device):
        engine = open_engine(artifact, "torch", device, precision)
        forget_peak(device)
        seconds = []
        for seed in (1, 2):
            asked = TextureRequest(width=int(side), height=int(side), seed=seed)
            plane = open_plane(artifact, asked, engine=engine)
            started = time.perf_counter()
            for _ in plane.bands(0, 0, int(side), int(side)):
                pass
            seconds.append(time.perf_counter() - started)
        found[precision] = {"first_seconds": seconds[0], "seconds": seconds[1], "peak_mb": peak_mb(device)}
    return found


def forget_peak(device: str) -> None:
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()


def peak_mb(device: str) -> float | None:
    """Most memory of the device that tensors took at once, in MiB."""
    return torch.cuda.max_memory_allocated() / 2**20 if device == "cuda" else None


if __name__ == "__main__":
    _, name, *words = sys.argv
    print(json.dumps({"training": training, "texture": texture}[name](*words)))  # noqa: T201
