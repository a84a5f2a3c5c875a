"""Weights that ship in a safetensors file: read, and held against what must be in it. No torch here."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from texnet_core.errors import WeightsError
from texnet_core.mapset import FloatArray


def read_shipped(file: Path, shapes: Mapping[str, tuple[int, ...]], what: str) -> dict[str, FloatArray]:
    """Read and check the weights, float32.

    Args:
        file: a safetensors file, in any floating point format of numpy's.
        shapes: name of a parameter -> its shape; others in the file are left alone.
        what: says in messages what the file is, behind its name.

    Raises:
        WeightsError: it is missing, damaged, or of another network.
    """
    from safetensors import safe_open

    try:
        with safe_open(file, framework="np") as opened:
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - no dict
    except Exception as error:  # a file of another kind can be wrong in any way
        reason = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
        raise _damaged(file, what, f"cannot be read{reason}") from error
    for name, shape in shapes.items():
        found = arrays.get(name)
        if found is None or found.shape != shape or found.dtype.kind != "f":
            raise _damaged(file, what, f"has no {name} of shape {shape}")
        if not np.isfinite(found).all():
            raise _damaged(file, what, f"has numbers in {name} that are not finite")
    return {name: np.ascontiguousarray(arrays[name], np.float32) for name in shapes}


def _damaged(file: Path, what: str, found: str) -> WeightsError:
    return WeightsError(
        f"{file}, {what}, {found}",
        expected="the file as it ships",
        remedy="install TexNet again",
    )
