"""Every default and every limit, once. Front ends derive their options from these dataclasses.

A field made with `setting` carries its help text and, where numbers have bounds, its range; both the
command line and the Blender panel read them from here. This module imports nothing heavy.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import partial
from numbers import Integral, Real
from typing import Any, Literal, Self, TypeVar, get_args

from texnet_core.errors import Range, RequestError

MIN_SIZE = 16
MAX_SIZE = 65536
MIN_EXEMPLAR_SIDE = 32
MAX_SEED = 2**32 - 1
PANORAMAS_VARIABLE = "TEXNET_PANORAMAS"  # of the environment: the folder of Blender's studio panoramas
WORKER_PROTOCOL = 14  # of texnet_core.worker and of the files that pass between both ends, which must have the same

EngineName = Literal["auto", "onnx", "openvino", "torch"]
Tiling = Literal["xy", "x", "y", "none"]
Pooling = Literal["average", "max", "mixed"]
Padding = Literal["valid", "zero"]
InputConvention = Literal["torchvision", "oxford"]
Precision = Literal["auto", "f32", "bf16"]
PatternSearch = Literal["auto", "off"]
DetailName = Literal["auto", "256", "512", "1024", "full"]
DescriptorName = Literal["auto", "vgg19", "light", "patches"]
OptimizerName = Literal["lbfgs", "adam"]


def setting(
    default: Any,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    group: str = "",
    option: str = "",
    descriptors: tuple[DescriptorName, ...] = (),
    machine: bool = False,
    compares: bool = False,
    length: bool = False,
) -> Any:
    """A dataclass field with its help text, its inclusive range, and what else is to be known of it.

    Args:
        default: the value where nobody says otherwise; the only place it is written.
        help: one sentence without a full stop; empty where front ends offer no choice.
        low: smallest value allowed, or None.
        high: largest value allowed, or None.
        group: the heading under which front ends list it.
        option: its name on the command line where that differs from the field's.
        descriptors: those that it belongs to, or none where it belongs to all.
        machine: whether it says where things lie and run, not what is made.
        compares: whether it weighs a loss that compares samples with the exemplar.
        length: whether it is a length in meters, which front ends take in other units too; 0 where nothing is said.
    """
    facts = {"help": help, "low": low, "high": high, "group": group, "option": option, "descriptors": descriptors}
    return field(default=default, metadata=facts | {"machine": machine, "compares": compares, "length": length})


NETWORKS: tuple[DescriptorName, ...] = ("vgg19", "light")  # the descriptors whose layers losses compare

# One for each group, so that no field has to name its own.
_picture = partial(setting, group="picture")
_budget = partial(setting, group="budget")
_comparison = partial(setting, group="comparison")
_vgg19 = partial(_comparison, descriptors=("vgg19",))
_losses = partial(setting, group="losses")
_weight = partial(_losses, low=0.0, high=1e6)
_loss = partial(_weight, descriptors=NETWORKS, compares=True)
_machine = partial(setting, group="machine", machine=True)

# Files and messages keep the spelling that they began with: field -> key.
_KEYS = {"color_space": "colour_space", "license": "licence", "centered_gram_weight": "centred_gram_weight"}
_FIELDS = {key: name for name, key in _KEYS.items()}


def as_record(facts: Any) -> dict[str, Any]:
    """The fields of a dataclass under the keys that they have in files and messages."""
    return {_KEYS.get(spec.name, spec.name): getattr(facts, spec.name) for spec in fields(facts)}


def as_fields(record: Mapping[str, Any]) -> dict[str, Any]:
    """What `as_record` made, or what was written by hand in today's spelling, under the names of the fields."""
    return {_FIELDS.get(key, key): value for key, value in record.items()}


def _plain_record(facts: Any) -> dict[str, Any]:
    values = {spec.name: getattr(facts, spec.name) for spec in fields(facts)}
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    """A value as JSON and TOML have it, be it a number of NumPy's or a dataclass."""
    if is_dataclass(value):
        return _plain_record(value)
    if isinstance(value, tuple):
        return [_plain(number) for number in value]
    if isinstance(value, bool | str):
        return value
    return int(value) if isinstance(value, Integral) else float(value)


def _as_field(value: Any, kind: Any) -> Any:
    if kind is float and type(value) is int and abs(value) < 2**31:
        return float(value)  # so that 2 and 2.0 are one request
    return tuple(value) if isinstance(value, list) else value


class Checked:
    """Gives a settings dataclass a `check` that holds each field made with `setting` to its type, choices and range."""

    def check(self) -> Self:
        """Return self, or raise RequestError at the first field that does not fit."""
        for spec in fields(self):  # type: ignore[arg-type]
            if "help" in spec.metadata:
                try:
                    _check_field(spec.name, getattr(self, spec.name), spec)
                except RequestError as error:
                    error.setting = spec
                    raise
        return self


C = TypeVar("C", bound=Checked)


def changed(settings: C, values: Mapping[str, Any]) -> C:
    """Settings with those of the values that are their own, checked; the others are left alone."""
    own = {spec.name: values[spec.name] for spec in fields(settings) if spec.name in values}  # type: ignore[arg-type]
    return replace(settings, **own).check()  # type: ignore[type-var]


class Recorded(Checked):
    """Gives a request its record, and makes it of one."""

    def record(self) -> dict[str, Any]:
        """All fields as plain values for JSON; those that are None are left out, for TOML has no word for it."""
        return _plain_record(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """The request behind a record, a JSON object or a TOML table; what it does not say has its default.

        Whole numbers will do where fractions may stand. Keys that are no fields are left alone.

        Raises:
            RequestError: a value that does not fit.
        """
        return cls(**cls._stated(record)).check()

    @classmethod
    def _stated(cls, record: Mapping[str, Any]) -> dict[str, Any]:
        """What a record says of the fields."""
        specs = fields(cls)  # type: ignore[arg-type]
        return {spec.name: _as_field(record[spec.name], spec.type) for spec in specs if spec.name in record}


def belongs_to(descriptor: str, spec: Any) -> bool:
    """Whether a field made with `setting` means anything with a descriptor."""
    return not spec.metadata["descriptors"] or descriptor in spec.metadata["descriptors"]


def settings_record(parts: Iterable[Any], descriptor: str) -> dict[str, Any]:
    """Settings that make a run what it is, under the keys of files; where things lie and run is left out."""
    return {
        key: getattr(part, spec.name)
        for part in parts
        for key, spec in zip(as_record(part), fields(part), strict=True)
        if not spec.metadata["machine"] and belongs_to(descriptor, spec)
    }


def choices_of(kind: Any) -> tuple[str | int, ...]:
    """What a Literal or a union of Literals allows; () for any other type."""
    parts = [choices_of(part) if get_args(part) else (part,) for part in get_args(kind)]
    return tuple(choice for part in parts for choice in part if isinstance(choice, str | int))


def _check_field(name: str, value: Any, spec: Any) -> None:
    label = name.replace("_", " ")
    if choices := choices_of(spec.type):
        if not any(type(value) is type(choice) and value == choice for choice in choices):
            known = [str(choice) for choice in choices if choice != ""]  # empty: as if it were left out
            raise RequestError(f"{label} {value!r} is unknown", expected=known, remedy="choose one of these")
    elif spec.type in (str, bool):
        if not isinstance(value, spec.type):
            expected = "text" if spec.type is str else "true or false"
            raise RequestError(f"{label} {value!r} is not {expected}", expected=expected, remedy=f"give {expected}")
    else:
        _check_number(label, value, spec)


def _check_number(label: str, value: Any, spec: Any) -> None:
    whole = spec.type is int
    finite = isinstance(value, Integral) or (isinstance(value, Real) and math.isfinite(value))
    if isinstance(value, bool) or not isinstance(value, Integral if whole else Real) or not finite:
        expected = "a whole number" if whole else "a finite number"
        raise RequestError(f"{label} {value!r} is not {expected}", expected=expected, remedy=f"give {expected}")
    low, high = spec.metadata["low"], spec.metadata["high"]
    if (low is not None and value < low) or (high is not None and value > high):
        found, remedy = f"{label} {value} is out of range", "choose a value in that range"
        raise RequestError(found, expected=Range(low, high), remedy=remedy)


@dataclass(frozen=True, kw_only=True)
class EngineSettings(Checked):
    """What runs a generator."""

    engine: EngineName = _machine(
        "auto", "what runs the generator; auto takes torch on a GPU, else openvino if it is installed, else onnx"
    )
    device: str = _machine("auto", "where the torch engine runs: auto, cpu, cuda, mps or xpu")
    precision: Precision = _machine(
        "auto", "number format of the largest convolutions; auto takes bf16 where that is faster and close enough"
    )
    threads: int = _machine(0, "blocks of the texture made at once on the CPU; 0 means one per core", low=0, high=1024)


@dataclass(frozen=True, kw_only=True)
class ExemplarSettings(Checked):
    """The picture that some sources make their generator of, and how it is taken.

    Attributes:
        exemplar: its file; "" where the source needs none, or where it is at hand.
        mask: a picture of the same size, white where the exemplar takes part; "" where all of it does.
    """

    exemplar: str = setting("", "")
    mask: str = setting("", "")
    exemplar_size: int = _picture(
        0, "short side in texels to which the exemplar is scaled first; 0 leaves that to the source", low=0, high=16384
    )
    flatten: bool = _picture(False, "take slow changes of brightness out of the exemplar first")
    real_width: float = _picture(
        0.0, "what the exemplar's width shows, such as 1.2m, 50cm or 3ft", low=0.0, length=True
    )


@dataclass(frozen=True)
class DescriptorSettings(Checked):
    """What compares textures, and where its weights come from."""

    descriptor: DescriptorName = _comparison(
        "auto",
        "what compares textures; auto takes vgg19 where its weights are on this computer, else light, "
        "and patches for exemplars too small for both",
    )
    vgg19: str = _vgg19(
        "",
        "file with VGG-19 weights; without it $TEXNET_VGG19, the cache or, for training with VGG-19, a download",
        machine=True,
    )
    vgg19_input: InputConvention | Literal[""] = _vgg19(
        "", "input convention of the weights, where their file does not say it", machine=True
    )
    pooling: Pooling = _vgg19("mixed", "how VGG-19 halves its features; mixed is the mean of average and max")
    padding: Padding = _vgg19(
        "valid", "what VGG-19 sees past the edge: valid leaves the edge out, zero adds zeros as in its own training"
    )
    octaves: int = _comparison(
        0,
        "how many sizes of the picture are compared, each half the one before; 0 takes more, the larger the exemplar",
        low=0,
        high=4,
        descriptors=NETWORKS,
    )


@dataclass(frozen=True)
class LossSettings(Checked):
    """Weights of the texture losses; zero leaves one out."""

    gram_weight: float = _loss(0.0, "weight of the Gram loss: which features occur together")
    sliced_wasserstein_weight: float = _loss(
        1.0, "weight of the sliced Wasserstein loss: how all features are distributed"
    )
    centered_gram_weight: float = _loss(0.0, "weight of the centered Gram loss: means and covariances of features")
    shifted_gram_weight: float = _loss(0.0, "weight of the shifted Gram loss: which features occur together far apart")
    histogram_weight: float = _loss(0.0, "weight of the histogram loss: how often each value of a feature occurs")
    autocorrelation_weight: float = _loss(0.0, "weight of the autocorrelation loss: at which distances features repeat")
    diversity_weight: float = _weight(
        0.0, "weight of the reward for samples that differ; needs a batch of 2 or more", descriptors=NETWORKS
    )
    shapes_weight: float = _weight(
        0.0,
        "weight of the shapes loss: which places belong together, by patches of smaller copies",
        descriptors=NETWORKS,
    )
    tone_weight: float = _weight(1.0, "weight of the tone loss: the tone of each tile, where tiles differ in it")
    range_weight: float = _weight(10.0, "weight of the penalty on colors outside 0 to 1")
    directions: int = _losses(
        96, "random directions a step, for sliced Wasserstein", low=1, high=1024, descriptors=NETWORKS
    )
    positions: int = _losses(
        1024,
        "random positions a layer, for sliced Wasserstein and histograms",
        low=64,
        high=2**20,
        descriptors=NETWORKS,
    )

    def compares(self) -> bool:
        """Whether any loss compares samples with the exemplar; what is left only restrains them."""
        return any(getattr(self, spec.name) for spec in fields(self) if spec.metadata["compares"])


@dataclass(frozen=True)
class TrainSettings(Checked):
    """The training loop."""

    size: int = _picture(256, "side of the training samples in texels", low=MIN_EXEMPLAR_SIDE, high=1024)
    exemplar_size: int = _picture(
        0,
        "short side of the exemplar in texels, which sets the scale of the texture; 0 leaves it to the detail",
        low=0,
        high=2048,
    )
    detail: DetailName = _picture(
        "auto",
        "texels of the exemplar's short side up to which detail is learned; full takes all it has, auto up to 1024",
    )
    pattern: PatternSearch = _picture(
        "auto", "auto looks for a grid or stripes and guides the generator by them; off does not"
    )
    flatten: bool = _picture(False, "take slow changes of brightness out of the exemplar first")
    steps: int = _budget(400, "number of training steps", low=10, high=10**6)
    minutes: float = _budget(0.0, "train for this many minutes instead of a number of steps", low=0.0, high=10**5)
    batch: int = _budget(1, "samples a step", low=1, high=64)
    half_share: float = _budget(
        0.6, "first part of the run, with samples of half the size", low=0.0, high=0.9, descriptors=NETWORKS
    )
    frozen_share: float = _budget(
        0.2, "last part of the run, with frozen statistics; the generator is the average over it", low=0.0, high=0.9
    )
    lr: float = _budget(0.01, "learning rate at its peak", low=1e-6, high=1.0)
    seed: int = setting(
        0, "seed of the initial parameters and of every random choice", low=0, high=MAX_SEED, group="generator"
    )
    precision: Precision = _machine("auto", "number format of the convolutions; auto times both and takes the faster")
    device: str = _machine("auto", "where to train: auto, cpu, cuda, mps or xpu")

    @property
    def exemplar_side(self) -> int:
        """Short side of the exemplar, in texels, as the run sees it."""
        return self.exemplar_size or self.size


# Settings of a training that say where it runs and where its weights lie.
MACHINE_SETTINGS = tuple(
    spec.name for kind in (DescriptorSettings, TrainSettings) for spec in fields(kind) if spec.metadata["machine"]
)


@dataclass(frozen=True)
class EvaluationSettings(Checked):
    """What is looked at to measure a generator."""

    seeds: int = _budget(4, "how many samples to measure, with the seeds from 0 on", low=2, high=64)
    detail: bool = _budget(False, "measure detail at the exemplar's own resolution too, octave by octave")


@dataclass(frozen=True)
class OptimizeSettings(Checked):
    """One picture, found by optimizing its pixels."""

    width: int = _picture(256, "width of the picture in texels, a multiple of 16", low=64, high=4096)
    height: int = _picture(256, "height of the picture in texels, a multiple of 16", low=64, high=4096)
    exemplar_size: int = _picture(
        256, "short side in texels to which the exemplar is scaled", low=MIN_EXEMPLAR_SIDE, high=2048
    )
    steps: int = _budget(500, "how often the loss and its gradient are computed", low=1, high=10**6)
    optimizer: OptimizerName = _budget("lbfgs", "what moves the pixels")
    lr: float = _budget(0.02, "learning rate of adam; lbfgs finds its own", low=1e-6, high=1.0)
    seed: int = _picture(0, "seed of the noise that the picture starts from", low=0, high=MAX_SEED)
    precision: Precision = _machine("auto", "number format inside the descriptor; auto times both and takes the faster")
    device: str = _machine("auto", "where to optimize: auto, cpu, cuda, mps or xpu")
