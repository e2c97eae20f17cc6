# SPDX-License-Identifier: Apache-2.0
"""Event loops for contestants, and the two ways to time what is awaited on them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, TypeVar

from harness.contestant import Absent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

T = TypeVar("T")


def run(loop: str, main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a new loop, `asyncio` or `uvloop`.

    Raises:
        Absent: uvloop is not installed.
    """
    if loop == "asyncio":
        return asyncio.run(main)
    try:
        import uvloop
    except ImportError:
        main.close()
        raise Absent("uvloop is not installed") from None
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


async def latencies(count: int, start: Callable[[], Awaitable[object]]) -> list[int]:
    """Await `start()` one at a time and return how long each took, in nanoseconds."""
    clock = time.perf_counter_ns
    found = [0] * count
    for _ in range(min(200, count)):  # the loop, the worker and the caches fall into step
        await start()
    for i in range(count):
        began = clock()
        await start()
        found[i] = clock() - began
    return found


async def gather_rate(turns: int, count: int, start: Callable[[], Awaitable[object]]) -> float:
    """Gather `count` awaitables at once, `turns` times; return the best rate per second."""
    clock = time.perf_counter
    best = 0.0
    for _ in range(turns):
        began = clock()
        await asyncio.gather(*[start() for _ in range(count)])
        best = max(best, count / (clock() - began))
    return best
