# SPDX-License-Identifier: Apache-2.0
"""The cost of one call from Python, the loop around it subtracted."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_UNROLLED = 10


def nanoseconds(call: Callable[[], object], loops: int, slices: int) -> float:
    """Return the least cost of `call()` over `slices` slices of `loops` × 10 calls."""
    return max(0.0, _least(_calls, call, loops, slices) - _least(_loads, call, loops, slices))


def _least(
    body: Callable[[Callable[[], object], int], float],
    call: Callable[[], object],
    loops: int,
    slices: int,
) -> float:
    return min(body(call, loops) for _ in range(slices)) / (loops * _UNROLLED) * 1e9


def _calls(call: Callable[[], object], loops: int) -> float:
    began = time.perf_counter()
    for _ in itertools.repeat(None, loops):
        call()
        call()
        call()
        call()
        call()
        call()
        call()
        call()
        call()
        call()
    return time.perf_counter() - began


def _loads(call: Callable[[], object], loops: int) -> float:
    """What remains of the loop when the calls are taken out of it."""
    began = time.perf_counter()
    for _ in itertools.repeat(None, loops):
        _ = call
        _ = call
        _ = call
        _ = call
        _ = call
        _ = call
        _ = call
        _ = call
        _ = call
        _ = call
    return time.perf_counter() - began
