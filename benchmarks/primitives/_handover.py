# SPDX-License-Identifier: Apache-2.0
"""From a thread to a task: an item at a time, the loop asleep before each, and in bursts."""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Channel = tuple["Callable[[Any], object]", "Callable[[], Awaitable[Any]]"]


def _run(
    make: Callable[[], Channel], produce: Callable[[Callable[[Any], object], Any], None], take: Any
) -> list[float]:
    """Let a thread produce, each time after the task has let it; return what the task found."""

    async def main() -> list[float]:
        put, get = make()
        turn = threading.Semaphore(0)
        thread = threading.Thread(target=produce, args=(put, turn))
        thread.start()
        found = await take(get, turn)
        thread.join()
        return found

    return asyncio.run(main())


def one(make: Callable[[], Channel], count: int) -> float:
    """Return the median time from the call that puts an item to the task that has it, in ns."""
    clock = time.perf_counter_ns

    def produce(put: Callable[[Any], object], turn: threading.Semaphore) -> None:
        for _ in range(count):
            turn.acquire()
            time.sleep(0.0002)  # the loop goes to sleep meanwhile
            put(clock())

    async def take(get: Callable[[], Awaitable[int]], turn: threading.Semaphore) -> list[float]:
        found = []
        for _ in range(count):
            turn.release()
            began = await get()
            found.append(clock() - began)
        return found

    return statistics.median(_run(make, produce, take))


def bursts(make: Callable[[], Channel], count: int, size: int = 64) -> float:
    """Return the median time an item from the first put of a burst to its last item, in ns."""
    clock = time.perf_counter_ns

    def produce(put: Callable[[Any], object], turn: threading.Semaphore) -> None:
        for _ in range(count):
            turn.acquire()
            time.sleep(0.0002)
            began = clock()
            for _ in range(size):
                put(began)

    async def take(get: Callable[[], Awaitable[int]], turn: threading.Semaphore) -> list[float]:
        found = []
        for _ in range(count):
            turn.release()
            for _ in range(size):
                began = await get()
            found.append((clock() - began) / size)
        return found

    return statistics.median(_run(make, produce, take))
