# SPDX-License-Identifier: Apache-2.0
"""What every contestant does with a buffer once Python has it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from harness import samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

NBYTES = 4 << 20
PAGE = 4096


def touch(buffer: Any, stamp: int) -> None:
    """Check the stamp in the first 8 bytes and read a byte of every page.

    Raises:
        RuntimeError: the buffer is not the one that was sent.
    """
    with memoryview(buffer) as view:
        found = int.from_bytes(view[:8], "little")
        if found != stamp or len(bytes(view[::PAGE])) != NBYTES // PAGE:
            raise RuntimeError(f"the buffer holds {found}, not {stamp}")


def through_pool(
    count: int,
    loop: bool,
    pool: Executor,
    produce: Callable[[int], Any],
    consume: Callable[[Any, int], None],
) -> dict[str, float]:
    """Time the way of what `produce` returns in a pool to `consume` here."""

    async def awaited() -> list[int]:
        running = asyncio.get_running_loop()
        found = []
        for stamp in range(count):
            began = time.perf_counter_ns()
            consume(await running.run_in_executor(pool, produce, stamp), stamp)
            found.append(time.perf_counter_ns() - began)
        return found

    consume(pool.submit(produce, 0).result(), 0)  # the worker is up, its pages are warm
    if loop:
        return samples.latency(asyncio.run(awaited()))
    found = []
    for stamp in range(count):
        began = time.perf_counter_ns()
        consume(pool.submit(produce, stamp).result(), stamp)
        found.append(time.perf_counter_ns() - began)
    return samples.latency(found)
