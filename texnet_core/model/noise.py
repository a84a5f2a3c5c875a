"""Noise that is looked up, never drawn.

A value depends on (seed, level, channel, row, column) alone, so any window of the plane can be had on
any device, in any order, with the same bits. Rows and columns either wrap at a period, which is what
makes textures seamless, or go on without end (wrapping only at 2^32).

How a value is made: row and column are each hashed with their own keys to 32 bits, combined by xor, and
hashed once more; the top 24 bits are the fraction. Only that last hash runs per texel.

On a loop, every value runs up and down between 0 and 1 at one speed, each from where it stands and in a
direction of its own: it moves on a circle that is folded flat. At any moment the values are as uniform and
as independent as at rest, so each frame is a texture like any other, and a full turn ends where it began.

A generator of a pattern that repeats also sees where in the pattern it is: the phase of each wave, as a sine and
a cosine moved into [0, 1], the same at all levels but those whose cells are more than half a cycle long: there it
would pass for another wave, and is still. On a periodic axis waves have whole numbers of cycles
(`waves.fitted_waves`), so they join themselves; which phase the origin has follows from the seed. On a loop, waves
stay where they are.

Where the pattern is a grid there may also be noise that has one value for each of its repeats (`repeats`), the same at
all levels that are fine enough for the waves: what a brick or a tile has to itself, such as its tone.

Source: the integer hash is `lowbias32` by C. Wellons ("Prospecting for Hash Functions", 2018), public domain.
Periodic inputs after Bergmann et al. 2017, "Learning Texture Manifolds with the Periodic Spatial GAN". Differs: their
waves are learned, ours are found in the exemplar and fitted to the period.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from texnet_core.patterns.repeats import Stretch, numbered_repeats, places_in_repeats, repeats
from texnet_core.patterns.waves import Grid, Wave, fitted_waves

if TYPE_CHECKING:
    import torch

_MASK = 0xFFFFFFFF
_MULTIPLIER_1 = 0x7FEB352D
_MULTIPLIER_2 = 0x846CA68B
_ROW, _COLUMN, _WAVE, _REPEAT = 1, 2, 3, 4
_UNIT = np.float32(2**-24)
_SMALL = 4096  # texels of a window
_NYQUIST = 0.5  # cycles a cell
_CIRCLE = 2**25 - 1  # a value and its way up or down: 24 bits and one


@dataclass(frozen=True)
class NoisePlane:
    """The noise of one texture, all levels of it.

    Attributes:
        seed: 0 to 2^32 - 1.
        channels: noise channels of every level.
        height: period in texels of level 0, or None for an endless plane. Must be a multiple of
            2^level for every level that is asked for.
        width: likewise.
        phase: position on the loop, in turns; whole numbers are the noise at rest.
        waves: of the pattern, as (cycles per texel down, across) each.
        repeat_channels: channels of noise with one value for each repeat; only where there are two waves.
    """

    seed: int
    channels: int
    height: int | None = None
    width: int | None = None
    phase: float = 0.0
    waves: tuple[Wave, ...] = ()
    repeat_channels: int = 0

    def window(self, level: int, top: int, left: int, height: int, width: int) -> npt.NDArray[np.float32]:
        """A window of one level; see `inputs.InputPlane`.

        Returns:
            (channels + 2 waves + repeat_channels, height, width) in [0, 1]: noise uniform in [0, 1), waves, then noise
            of repeats.
        """
        rows, columns = self._axis_keys(level, top, left, height, width)
        result = np.empty((self.channels + 2 * len(self.waves) + self.repeat_channels, height, width), np.float32)
        # Large windows channel by channel in the same two arrays: fresh memory would cost more than all the arithmetic.
        # Small ones all at once: there the calls cost more.
        at_once = self.channels if height * width <= _SMALL else 1
        bits, scratch = np.empty((2, at_once, height, width), np.uint32)
        for first in range(0, self.channels, at_once):
            part = slice(first, first + at_once)
            np.bitwise_xor(rows[part, :, None], columns[part, None], out=bits)
            _hash_in_place(bits, scratch)
            self._values(bits, result[part])
        for number, (down, across) in enumerate(self._wave_axes(level, top, left, height, width)):
            place = self.channels + 2 * number
            result[place], result[place + 1] = _sine_and_cosine(down[:, :, None], across[:, None])
        if self.repeat_channels:
            self._noise_of_repeats(level, top, left, height, width, out=result[-self.repeat_channels :])
        return result

    def window_torch(
        self, level: int, top: int, left: int, height: int, width: int, device: "torch.device | str" = "cpu"
    ) -> "torch.Tensor":
        """The same window, bit for bit, as a tensor made on the device."""
        import torch

        rows, columns = self._axis_keys(level, top, left, height, width)
        row_bits = torch.from_numpy(rows.view(np.int32).copy()).to(device)
        column_bits = torch.from_numpy(columns.view(np.int32).copy()).to(device)
        noise = self._values_torch(_hashed_torch(row_bits[:, :, None] ^ column_bits[:, None, :]))
        waves: list[torch.Tensor] = []
        for down, across in self._wave_axes(level, top, left, height, width):
            axes = (torch.from_numpy(down)[:, :, None].to(device), torch.from_numpy(across)[:, None].to(device))
            waves += _sine_and_cosine(*axes)
        parts = [noise, torch.stack(waves)] if waves else [noise]
        if self.repeat_channels:
            parts.append(self._noise_of_repeats_torch(level, top, left, height, width, device))
        return torch.cat(parts) if len(parts) > 1 else noise

    def _values(self, bits: npt.NDArray[np.uint32], out: npt.NDArray[np.float32]) -> None:
        """From hashed bits, which are used up, to values in [0, 1) where the loop stands."""
        if shift := np.uint32(self._shift()):
            against = (np.uint32(0) - (bits & np.uint32(1))) & np.uint32(_CIRCLE)
            bits[...] = (((bits >> np.uint32(8)) ^ against) + shift) & np.uint32(_CIRCLE)
            bits ^= (np.uint32(0) - (bits >> np.uint32(24))) & np.uint32(_CIRCLE)
        else:
            bits >>= np.uint32(8)
        # values of 24 bits are the same as signed numbers, which NumPy brings to float32 without a detour
        np.multiply(bits.view(np.int32), _UNIT, out=out, dtype=np.float32, casting="unsafe")

    def _values_torch(self, bits: "torch.Tensor") -> "torch.Tensor":
        """The same of torch's integers, whose bits are the same with a sign."""
        values = (bits >> 8) & 0xFFFFFF
        if shift := self._shift():
            values = ((values ^ (-(bits & 1) & _CIRCLE)) + shift) & _CIRCLE
            values = values ^ (-(values >> 24) & _CIRCLE)
        return values.float() * 2.0**-24

    def _noise_of_repeats(
        self, level: int, top: int, left: int, height: int, width: int, out: npt.NDArray[np.float32]
    ) -> None:
        """Fill (repeat_channels, height, width); with 0.5, as waves are there, where cells are too long for these."""
        if not all(_fits(wave, level) for wave in self.waves):
            out[...] = 0.5
            return
        numbers = repeats(*self._grid(), *self._stretches(level, top, left, height, width))
        first, second = (number.astype(np.uint32) for number in numbers)
        scratch = np.empty_like(first)
        for channel in range(self.repeat_channels):
            bits = first ^ np.uint32(derive_seed(self.seed, channel, _REPEAT))
            _hash_in_place(bits, scratch)
            bits += second
            _hash_in_place(bits, scratch)
            self._values(bits, out[channel])

    def _noise_of_repeats_torch(
        self, level: int, top: int, left: int, height: int, width: int, device: "torch.device | str"
    ) -> "torch.Tensor":
        """The same as a tensor, made on the device."""
        import torch

        if not all(_fits(wave, level) for wave in self.waves):
            return torch.full((self.repeat_channels, height, width), 0.5, device=device)
        numbers = repeats(
            *self._grid(),
            *self._stretches(level, top, left, height, width),
            put=lambda axis: torch.from_numpy(axis).to(device),
        )
        first, second = (((number & _MASK) - ((number & 0x80000000) << 1)).to(torch.int32) for number in numbers)
        keys = [derive_seed(self.seed, channel, _REPEAT) for channel in range(self.repeat_channels)]
        hashed = [_hashed_torch(_hashed_torch(first ^ _signed(key)) + second) for key in keys]
        return self._values_torch(torch.stack(hashed))

    def _stretches(self, level: int, top: int, left: int, height: int, width: int) -> tuple[Stretch, Stretch]:
        return Stretch(level, top, height, self.height), Stretch(level, left, width, self.width)

    def _wave_axes(
        self, level: int, top: int, left: int, height: int, width: int
    ) -> Iterator[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
        """Sines and cosines of each wave's phase down, (2, height), and across, (2, width), at the cells' centers.

        Zeros down where the cells are too long for the wave.
        """
        fitted = fitted_waves(self.waves, self.height, self.width)
        for number, (wave, (down, across)) in enumerate(zip(self.waves, fitted, strict=True)):
            start = self._origin(number) / 2**32
            yield (
                _sines(start + _cycles(down, level, top, height, self.height)) * np.float32(_fits(wave, level)),
                _sines(_cycles(across, level, left, width, self.width)),
            )

    def places_in_repeats(self, height: int, width: int) -> npt.NDArray[np.float64]:
        """Where in its repeat of a grid each texel from the corner on lies, (2, height, width) in [0, 1)."""
        return places_in_repeats(*self._grid(), *self._stretches(0, 0, 0, height, width))

    def numbered_repeats(self, height: int, width: int) -> npt.NDArray[np.int64]:
        """Which repeat of a grid each texel from the corner on lies in, (height, width), numbered from 0 on."""
        return numbered_repeats(*self._grid(), *self._stretches(0, 0, 0, height, width))

    def _grid(self) -> tuple[Grid, tuple[int, int]]:
        first, second = self.waves
        return (first, second), (self._origin(0), self._origin(1))

    def _origin(self, number: int) -> int:
        """Phase of a wave at the corner of the plane, in 2^-32 cycles."""
        return derive_seed(self.seed, number, _WAVE)

    def _shift(self) -> int:
        """How far along the circle of 2^25 places the values have moved."""
        return round(self.phase * (_CIRCLE + 1)) & _CIRCLE

    def _axis_keys(
        self, level: int, top: int, left: int, height: int, width: int
    ) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
        """Hashed rows (channels, height) and hashed columns (channels, width)."""
        rows = _hashed_axis(self.seed, level, self.channels, _ROW, top, height, self.height)
        columns = _hashed_axis(self.seed, level, self.channels, _COLUMN, left, width, self.width)
        return rows, columns


def _fits(wave: Wave, level: int) -> bool:
    """Whether cells of a level are short enough to show a wave."""
    return bool(max(map(abs, wave)) * 2**level <= _NYQUIST)


def _cycles(frequency: float, level: int, start: int, count: int, period_texels: int | None) -> npt.NDArray[np.float64]:
    """Cycles of a wave along a stretch of an axis of cells, less whole ones; exact where the axis has a period.

    The frequency is in whole cycles per period, or in cycles per texel where there is none.
    """
    doubled = (2 * np.arange(start, start + count, dtype=np.int64) + 1) << level  # twice the centers, in texels
    if period_texels is None:
        return doubled / 2 * frequency % 1.0
    twice = 2 * period_texels
    cycles: npt.NDArray[np.float64] = doubled % twice * round(frequency) % twice / twice
    return cycles


def _sines(cycles: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    turns = 2 * np.pi * cycles
    return np.stack((np.sin(turns), np.cos(turns)), dtype=np.float32, casting="same_kind")


def _sine_and_cosine(down: Any, across: Any) -> tuple[Any, Any]:
    """Of the sum of two phases, from the sine and cosine of each; moved from [-1, 1] to [0, 1]."""
    sine = down[0] * across[1] + down[1] * across[0]
    cosine = down[1] * across[1] - down[0] * across[0]
    return 0.5 + 0.5 * sine, 0.5 + 0.5 * cosine


def derive_seed(*parts: int) -> int:
    """One 32-bit seed from several integers; different parts give unrelated seeds."""
    key = 0
    for part in parts:
        key = _hash_int(key ^ _hash_int((part & _MASK) + 0x9E3779B9))
    return key


def _cell_indices(start: int, count: int, period_texels: int | None, level: int) -> npt.NDArray[np.uint32]:
    indices = np.arange(start, start + count, dtype=np.int64)
    if period_texels is None:
        return (indices & _MASK).astype(np.uint32)
    period, rest = divmod(period_texels, 2**level)
    if rest or period < 1:
        raise ValueError(f"a period of {period_texels} texels is no multiple of 2^{level}")
    return (indices % np.int64(period)).astype(np.uint32)


@lru_cache(maxsize=8192)  # every block of a row has the same rows, every block of a column the same columns
def _hashed_axis(
    seed: int, level: int, channels: int, axis: int, start: int, count: int, period_texels: int | None
) -> npt.NDArray[np.uint32]:
    """Hashed indices of a stretch of one axis, (channels, count); not to be changed."""
    keys = [derive_seed(seed, level, channel, axis) for channel in range(channels)]
    bits = _cell_indices(start, count, period_texels, level) ^ np.array(keys, np.uint32)[:, None]
    _hash_in_place(bits)
    bits += np.array([_hash_int(key) for key in keys], np.uint32)[:, None]
    _hash_in_place(bits)
    bits.flags.writeable = False
    return bits


def _hash_in_place(bits: npt.NDArray[np.uint32], scratch: npt.NDArray[np.uint32] | None = None) -> None:
    scratch = np.empty_like(bits) if scratch is None else scratch
    for shift, multiplier in ((16, _MULTIPLIER_1), (15, _MULTIPLIER_2), (16, 0)):
        np.right_shift(bits, np.uint32(shift), out=scratch)
        bits ^= scratch
        if multiplier:
            bits *= np.uint32(multiplier)


def _hashed_torch(bits: "torch.Tensor") -> "torch.Tensor":
    """The same hash of torch's signed integers, in place."""
    for shift, multiplier in ((16, _MULTIPLIER_1), (15, _MULTIPLIER_2), (16, 0)):
        # int32 shifts keep the sign, so the copies of the sign bit are masked away
        bits ^= (bits >> shift) & (_MASK >> shift)
        if multiplier:
            bits *= _signed(multiplier)
    return bits


def _hash_int(value: int) -> int:
    value &= _MASK
    value = ((value ^ (value >> 16)) * _MULTIPLIER_1) & _MASK
    value = ((value ^ (value >> 15)) * _MULTIPLIER_2) & _MASK
    return value ^ (value >> 16)


def _signed(value: int) -> int:
    return value - 2**32 if value >= 2**31 else value
