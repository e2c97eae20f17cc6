# SPDX-License-Identifier: Apache-2.0
"""The laws of `image.sample` and of shuffling, in Python: for the feeds without cogway.

Every feed then trains on the same crops in the same order, and differs in nothing but who does the
work. Drawing is done before the clock starts, so the peers do not pay for Philox in Python.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_M32 = 0xFFFFFFFF
_M64 = 0xFFFFFFFFFFFFFFFF
_CROP, _FLIP = 1, 2


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of a picture in pixels, and whether it is mirrored."""

    left: int
    top: int
    right: int
    bottom: int
    mirrored: bool = False


def _philox(counter: tuple[int, int, int, int], low: int, high: int) -> tuple[int, int, int, int]:
    c0, c1, c2, c3 = counter
    for _ in range(10):
        a, b = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (b >> 32) ^ c1 ^ low, b & _M32, (a >> 32) ^ c3 ^ high, a & _M32
        low, high = (low + 0x9E3779B9) & _M32, (high + 0xBB67AE85) & _M32
    return c0, c1, c2, c3


def _draws(seed: int, epoch: int, index: int, operation: int) -> Iterator[int]:
    block = 0
    while True:
        counter = (index & _M32, index >> 32 & _M32, epoch & _M32, operation << 16 | block)
        yield from _philox(counter, seed & _M32, seed >> 32 & _M32)
        block += 1


def random_crop(
    size: tuple[int, int],
    *,
    seed: int,
    epoch: int,
    index: int,
    scale: tuple[float, float],
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
    flip: float = 0.5,
) -> Crop:
    """Return what ``image.sample(crop="random")`` takes of a picture of `size` (width, height)."""
    width, height = size
    mirrored = next(_draws(seed, epoch, index, _FLIP)) * 2.0**-32 < flip
    draws = _draws(seed, epoch, index, _CROP)
    low, high = math.log(ratio[0]), math.log(ratio[1])
    for _ in range(10):
        target = width * height * (scale[0] + (scale[1] - scale[0]) * next(draws) * 2.0**-32)
        shape = math.exp(low + (high - low) * next(draws) * 2.0**-32)
        wide, tall = round(math.sqrt(target * shape)), round(math.sqrt(target / shape))
        if 1 <= wide <= width and 1 <= tall <= height:
            top = next(draws) * (height - tall + 1) >> 32
            left = next(draws) * (width - wide + 1) >> 32
            return Crop(left, top, left + wide, top + tall, mirrored)
    wide, tall = width, height
    if width / height < ratio[0]:
        tall = min(height, round(width / ratio[0]))
    elif width / height > ratio[1]:
        wide = min(width, round(height * ratio[1]))
    left, top = (width - wide) // 2, (height - tall) // 2
    return Crop(left, top, left + wide, top + tall, mirrored)


def centre_crop(size: tuple[int, int]) -> Crop:
    """Return what ``image.sample(crop="center")`` takes for a square sample."""
    side = min(size)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    return Crop(left, top, left + side, top + side)


def _mix(x: int) -> int:
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & _M64
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & _M64
    return x ^ (x >> 31)


def epoch_order(count: int, *, seed: int, epoch: int) -> list[int]:
    """Return the order in which ``Pipeline.source(..., shuffle=seed)`` takes `count` items."""
    golden = 0x9E3779B97F4A7C15
    half = ((count - 1 if count > 1 else 1).bit_length() + 1) // 2
    mask = (1 << half) - 1
    state = _mix((seed + golden) & _M64) ^ _mix((epoch + 0xBF58476D1CE4E5B9) & _M64)
    keys = []
    for _ in range(6):
        state = _mix((state + golden) & _M64)
        keys.append(state)

    def place(position: int) -> int:
        while True:
            left, right = position >> half, position & mask
            for key in keys:
                left, right = right, left ^ (_mix(right ^ key) & mask)
            position = left << half | right
            if position < count:
                return position

    return [place(position) for position in range(count)]
