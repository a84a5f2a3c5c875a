"""The nodes of a generator's graph: one operation on feature maps each. See `graph`."""

from dataclasses import dataclass
from typing import ClassVar, Literal

Shapes = dict[str, tuple[int, ...]]
Halving = Literal["average", "mixed"]  # how a pooling makes one cell of four; mixed is the mean of average and maximum


@dataclass(frozen=True)
class Node:
    """One operation on feature maps.

    Attributes:
        name: of the node and of the value that it makes.
        inputs: names of the values that it reads.
        channels: of the value that it makes.
        level: of the value that it makes.
        operation: name of the method that does it, of whatever runs or writes a graph.
    """

    operation: ClassVar[str]

    name: str
    inputs: tuple[str, ...]
    channels: int
    level: int

    @property
    def parameter_shapes(self) -> Shapes:
        """Name -> shape of its parameters."""
        return {}


@dataclass(frozen=True)
class Input(Node):
    """A window of an input plane."""

    operation = "input"


@dataclass(frozen=True)
class Constant(Node):
    """One number a channel, the same in all of a texture, computed before its first block."""

    operation = "constant"


@dataclass(frozen=True)
class Convolution(Node):
    """A convolution of odd kernel size: `NAME.weight` (out, in, kernel, kernel), `NAME.bias` (out,).

    Attributes:
        bf16: whether it may run in that format.
        biased: whether it has a bias. Only graphs that are not run by engines have some without.
        shared: what its parameters are called, where several convolutions have the same; else its own name.
    """

    operation = "convolution"

    in_channels: int
    kernel: int
    bf16: bool = False
    biased: bool = True
    shared: str = ""

    @property
    def parameter_shapes(self) -> Shapes:
        name = self.shared or self.name
        weight = (self.channels, self.in_channels, self.kernel, self.kernel)
        return {f"{name}.weight": weight} | ({f"{name}.bias": (self.channels,)} if self.biased else {})


@dataclass(frozen=True)
class UpsamplingConvolution(Node):
    """Nearest x2 and a 3x3 convolution as one: transposed, kernel 4, stride 2. Only `engines.fusion` makes it.

    `NAME.weight` is (in, out, 4, 4). It makes 2n + 2 cells of n, of which `crop` are cut from every side.
    """

    operation = "upsampling_convolution"

    in_channels: int
    crop: int
    bf16: bool = False

    @property
    def parameter_shapes(self) -> Shapes:
        return {f"{self.name}.weight": (self.in_channels, self.channels, 4, 4)}


@dataclass(frozen=True)
class Norm(Node):
    """A batch norm. `without_norms` leaves it out, once its parameters are folded into the convolutions around it."""

    operation = "norm"


@dataclass(frozen=True)
class InstanceNorm(Node):
    """A norm over all positions of one picture: `NAME.scale` and `NAME.shift`, (channels,), come after it.

    No engine runs it: once its statistics are measured, it is folded into the convolutions before it.
    """

    operation = "instance_norm"

    epsilon: float

    @property
    def parameter_shapes(self) -> Shapes:
        return {f"{self.name}.{part}": (self.channels,) for part in ("scale", "shift")}


@dataclass(frozen=True)
class MixedConvolution(Node):
    """A convolution without bias, whose kernels are a mix of some, by shares that are an affine map of a code.

    `NAME.bank` (kernels, out, in, kernel, kernel), `NAME.shares.weight` (kernels, code), `NAME.shares.bias` (kernels,).
    No engine runs it: once a code is known, it is a convolution.

    Source: Yang et al. 2019, "CondConv: Conditionally Parameterized Convolutions for Efficient Inference". Differs: the
    shares are not squashed and belong to a texture, not to an input.
    """

    operation = "mixed_convolution"

    in_channels: int
    kernel: int
    kernels: int
    code: int

    @property
    def parameter_shapes(self) -> Shapes:
        bank = (self.kernels, self.channels, self.in_channels, self.kernel, self.kernel)
        return {
            f"{self.name}.bank": bank,
            f"{self.name}.shares.weight": (self.kernels, self.code),
            f"{self.name}.shares.bias": (self.kernels,),
        }


@dataclass(frozen=True)
class CodedNorm(Node):
    """A norm over all positions whose scale and shift are an affine map of a code.

    `NAME.weight` (2 channels, code), `NAME.bias` (2 channels,): scales first, then shifts. No engine runs it: once a
    code is known, it is an instance norm.

    Source: Dumoulin et al. 2017, "A Learned Representation for Artistic Style", with a code instead of a style's own
    numbers.
    """

    operation = "coded_norm"

    epsilon: float
    code: int

    @property
    def parameter_shapes(self) -> Shapes:
        both = 2 * self.channels
        return {f"{self.name}.weight": (both, self.code), f"{self.name}.bias": (both,)}


@dataclass(frozen=True)
class GramGradient(Node):
    """The gradient of the Gram loss with respect to the features that it reads.

    No engine runs it: once the Gram matrices are measured, it is a convolution.

    Attributes:
        layer: of the descriptor, whose target it is held against.
        stage: in which it stands.
        shift: cells, for the gradient of shifted Gram matrices too, along both axes; 0 for none.
        averaged: whether it is divided by the number of positions, as published.
    """

    operation = "gram_gradient"

    layer: str
    stage: int
    shift: int
    averaged: bool


@dataclass(frozen=True)
class LeakyReLU(Node):
    """x where it is positive, else `slope` x."""

    operation = "leaky_relu"

    slope: float


@dataclass(frozen=True)
class Clamp(Node):
    """No value above the bound of its channel, the parameter `bound` (channels,)."""

    operation = "clamp"

    bound: str

    @property
    def parameter_shapes(self) -> Shapes:
        return {self.bound: (self.channels,)}


@dataclass(frozen=True)
class Affine(Node):
    """x * scale + shift of its three inputs, of which the last two are constants."""

    operation = "affine"


@dataclass(frozen=True)
class Sigmoid(Node):
    """1 / (1 + exp(-x))."""

    operation = "sigmoid"


@dataclass(frozen=True)
class Pool(Node):
    """One cell of each four."""

    operation = "pool"

    halving: Halving


@dataclass(frozen=True)
class Upsample(Node):
    """Nearest x2."""

    operation = "upsample"


@dataclass(frozen=True)
class Blur(Node):
    """Each cell averaged with its neighbors, which weigh 1 2 1 along each axis: behind nearest x2, linear x2.

    Source: Zhang 2019, "Making Convolutional Networks Shift-Invariant Again", for blurs where the resolution changes.
    """

    operation = "blur"
    weights: ClassVar[tuple[tuple[float, ...], ...]] = (
        (1 / 16, 2 / 16, 1 / 16),
        (2 / 16, 4 / 16, 2 / 16),
        (1 / 16, 2 / 16, 1 / 16),
    )


@dataclass(frozen=True)
class Crop(Node):
    """`margin` cells cut from every side. `cropped` puts it where valid convolutions leave one value too large."""

    operation = "crop"

    margin: int


@dataclass(frozen=True)
class Concat(Node):
    """Channels one after the other."""

    operation = "concat"


@dataclass(frozen=True)
class Add(Node):
    """The sum of two values."""

    operation = "add"


@dataclass(frozen=True)
class Multiply(Node):
    """The product of two values, number by number."""

    operation = "multiply"
