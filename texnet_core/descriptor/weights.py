"""Where VGG-19's weights come from, and what input they were trained on.

Search order: an explicit path, `$TEXNET_VGG19`, torch's own cache, torchvision's published download. Two
trainings of the same network are in use and differ in their input; the convention is always read from the
file or from the call, never guessed from the numbers.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

import torch
from torch import Tensor

from texnet_core.descriptor.structure import Convolution
from texnet_core.errors import MissingWeightsError, NoWeightsFileError, WeightsError
from texnet_core.paths import user_path
from texnet_core.progress import ignore_note
from texnet_core.settings import InputConvention

DOWNLOAD_URL = "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"
_HASH_PREFIX = "dcbb9e9d"  # of the SHA-256 of torchvision's published file, which is part of its name
METADATA_KEY = "texnet_input"
PATH_VARIABLE = "TEXNET_VGG19"
INPUT_VARIABLE = "TEXNET_VGG19_INPUT"


def _convolutions() -> tuple[Convolution, ...]:
    found, index, channels = [], 0, 3
    for block, (width, convs) in enumerate(((64, 2), (128, 2), (256, 4), (512, 4), (512, 1)), start=1):
        for number in range(1, convs + 1):
            first = block > 1 and number == 1
            found.append(Convolution(f"features.{index}", f"relu{block}_{number}", channels, width, first))
            channels, index = width, index + 2
        index += 1  # the pooling
    return tuple(found)


CONVOLUTIONS = _convolutions()


@dataclass(frozen=True)
class Vgg19Weights:
    """Parameters under torchvision's names ("features.0.weight", ...) with their input convention."""

    parameters: dict[str, Tensor]
    convention: InputConvention

    def sha256(self) -> str:
        """Hash of the parameters and their convention: equal for networks with equal features."""
        digest = hashlib.sha256(self.convention.encode())
        for name in sorted(self.parameters):
            digest.update(self.parameters[name].contiguous().numpy().tobytes())
        return digest.hexdigest()

    def record(self) -> dict[str, str]:
        """What records say of them."""
        return {"vgg19_input": self.convention}

    def input_affine(self) -> tuple[Tensor, Tensor]:
        """(scale, shift), each (3,), that take RGB in [0, 1] to what the first convolution expects.

        "torchvision": (x - mean) / std of ImageNet. "oxford": 255 x minus the mean of the original
        training set in RGB order. Source: torchvision's model documentation; Simonyan & Zisserman's release.
        """
        if self.convention == "torchvision":
            std = torch.tensor([0.229, 0.224, 0.225])
            return 1 / std, -torch.tensor([0.485, 0.456, 0.406]) / std
        return torch.full((3,), 255.0), -torch.tensor([123.68, 116.779, 103.939])


def load_vgg19(
    path: str = "",
    convention: str = "",
    *,
    url: str = DOWNLOAD_URL,
    online: bool = True,
    announce: Callable[[str], None] = ignore_note,
) -> Vgg19Weights:
    """Find, load and check the weights.

    Args:
        path: a .safetensors or .pth file; empty: search as described above.
        convention: "torchvision", "oxford", or empty where the file itself says which.
        url: where the download comes from.
        online: whether a download is allowed.
        announce: called with one sentence before a download starts.

    Raises:
        MissingWeightsError: no weights were named, found or downloaded.
        WeightsError: no file of that name, damaged weights, wrong shapes, or no known convention.
    """
    if path or os.environ.get(PATH_VARIABLE):
        convention = convention or os.environ.get(INPUT_VARIABLE, "")
    file = find_vgg19(path, url=url) or _downloaded(url, online, announce)
    if not os.path.isfile(file):  # unlike pathlib's, never raises
        raise NoWeightsFileError(f"there is no file {file}", expected="a file with VGG-19 weights", remedy=_remedies())
    parameters, stated = _read(file)
    _check_shapes(file, parameters)
    return Vgg19Weights(parameters, _decide_convention(file, stated, convention))


def find_vgg19(path: str = "", *, url: str = DOWNLOAD_URL) -> Path | None:
    """The file that `load_vgg19` would read, be it there or not; None where it would download one.

    Torch's cache is shared with torchvision, so either may have filled it already.
    """
    path = path or os.environ.get(PATH_VARIABLE, "")
    if path:
        return user_path(path)
    file = _cached(url)
    return file if file.is_file() else None


def _cached(url: str) -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[-1]


def _downloaded(url: str, online: bool, announce: Callable[[str], None]) -> Path:
    if not online:
        raise MissingWeightsError(
            "VGG-19 weights not found",
            expected="weights on this computer, or leave to download them",
            remedy="allow the download (548 MB, once) or name a file with them (vgg19)",
        )
    file = _cached(url)
    announce(f"downloading VGG-19 weights (548 MB, once) from {url}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(file), hash_prefix=_HASH_PREFIX, progress=False)
    except (OSError, RuntimeError, ValueError) as error:
        raise MissingWeightsError(
            f"VGG-19 weights not found, and their download failed ({error})",
            expected="weights on this computer, or a connection",
            remedy=_remedies(),
        ) from error
    return file


def _read(file: Path) -> tuple[dict[str, Tensor], str]:
    """The tensors of a file and the convention that the file states, if any."""
    try:
        if file.suffix == ".safetensors":
            from safetensors import safe_open

            with safe_open(file, framework="pt") as opened:
                stated = (opened.metadata() or {}).get(METADATA_KEY, "")
                return {name: opened.get_tensor(name) for name in opened.keys()}, stated  # noqa: SIM118 - no dict
        loaded = torch.load(file, map_location="cpu", weights_only=True)
        return dict(loaded), "torchvision" if _is_published(file) else ""
    except Exception as error:
        raise WeightsError(
            f"{file} cannot be read" + (f" ({error.strerror})" if isinstance(error, OSError) else ""),
            expected="VGG-19 weights as .safetensors or as torchvision's .pth",
            remedy=_remedies(),
        ) from error


def _is_published(file: Path) -> bool:
    """Whether this is torchvision's own file, byte for byte: then its convention is known."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest().startswith(_HASH_PREFIX)


def _check_shapes(file: Path, parameters: dict[str, Tensor]) -> None:
    for conv in CONVOLUTIONS:
        shapes = {"weight": (conv.out_channels, conv.in_channels, 3, 3), "bias": (conv.out_channels,)}
        for kind, shape in shapes.items():
            name = f"{conv.key}.{kind}"
            tensor = parameters.get(name)
            found = "nothing" if not isinstance(tensor, Tensor) else f"{tensor.dtype} {tuple(tensor.shape)}"
            if not isinstance(tensor, Tensor) or tuple(tensor.shape) != shape or not tensor.is_floating_point():
                raise WeightsError(
                    f"{name} in {file} is {found}, not floating point {shape} as in VGG-19",
                    expected=f"floating point {shape}",
                    remedy=_remedies(),
                )
            parameters[name] = tensor.float()
    for name in parameters.keys() - {f"{conv.key}.{kind}" for conv in CONVOLUTIONS for kind in ("weight", "bias")}:
        del parameters[name]  # deeper layers and the classifier


def _decide_convention(file: Path, stated: str, called: str) -> InputConvention:
    if stated and called and stated != called:
        raise WeightsError(
            f"{file} states the input convention {stated!r}, and the call {called!r}",
            expected="two that agree",
            remedy="leave the convention out of the call",
        )
    convention = stated or called
    if convention not in get_args(InputConvention):
        raise WeightsError(
            f"{file} has an unknown input convention, {convention!r}"
            if convention
            else f"{file} states no input convention",
            expected=get_args(InputConvention),
            remedy=f"say which input convention it has (vgg19_input), or set ${INPUT_VARIABLE}",
        )
    return cast(InputConvention, convention)


def _remedies() -> str:
    return (
        f"name a file with them (vgg19), or set ${PATH_VARIABLE} to one, or connect once and let a training download "
        f"{DOWNLOAD_URL} (a copy of it in {Path(torch.hub.get_dir()) / 'checkpoints'} serves as well)"
    )
