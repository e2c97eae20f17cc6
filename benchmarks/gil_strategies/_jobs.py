# SPDX-License-Identifier: Apache-2.0
"""The calls that every contestant makes, and the clocks around them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from harness import loops

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Executor

    from harness import Case

TINY = 2000
CHUNK = 100
LOOPS = 40_000


def work(count: int) -> int:
    """Compute in pure Python for some milliseconds."""
    total = 0
    for i in range(count):
        total += i * i % 7
    return total


def touched(array: Any) -> Any:
    """Read a byte of each page, and give the array back."""
    array.reshape(-1).view("u1")[::4096].sum()
    return array


def measured(
    case: Case,
    executor: Executor,
    mapped: Callable[[Callable[[int], int], Iterable[int]], Iterable[int]],
) -> dict[str, float]:
    """Measure what the case says with a standard executor, whose workers have started."""
    match case.text("what"):
        case "work":
            jobs = case.count(40, 4)
            began = time.perf_counter()
            futures = [executor.submit(work, LOOPS) for _ in range(jobs)]
            found = {future.result() for future in futures}
            seconds = time.perf_counter() - began
            assert found == {work(LOOPS)}
            return {"jobs_per_second": jobs / seconds}
        case "await":
            return {"p50_us": asyncio.run(_awaited(executor, case.count(500, 20)))}
        case "map":
            began = time.perf_counter()
            results = list(mapped(abs, range(-TINY, 0)))
            seconds = time.perf_counter() - began
            assert results == list(range(TINY, 0, -1))
            return {"us_per_call": 1e6 * seconds / TINY}
        case "bulk":
            began = time.perf_counter()
            tiny = [executor.submit(abs, -i) for i in range(TINY)]
            assert [future.result() for future in tiny] == list(range(TINY))
            return {"us_per_call": 1e6 * (time.perf_counter() - began) / TINY}
        case _:
            array = np.ones(1 << 20, "f4")
            return {"p50_us": arrays(lambda: executor.submit(touched, array).result(), case)}


async def _awaited(executor: Executor, count: int) -> float:
    loop = asyncio.get_running_loop()
    return median(await loops.latencies(count, lambda: loop.run_in_executor(executor, abs, -1)))


def median(nanoseconds: list[int]) -> float:
    """Return the middle one, in microseconds."""
    return sorted(nanoseconds)[len(nanoseconds) // 2] / 1e3


def arrays(call: Callable[[], Any], case: Case) -> float:
    """Time a call that gives back an array of ones; the first few warm up."""
    found = []
    for i in range(case.count(100, 5) + 3):
        began = time.perf_counter_ns()
        back = call()
        if i >= 3:
            found.append(time.perf_counter_ns() - began)
        assert back[-1] == 1
    return median(found)


def started(make: Callable[[], Executor]) -> dict[str, float]:
    """Time until an executor has answered its first call."""
    began = time.perf_counter()
    with make() as executor:
        executor.submit(abs, -1).result()
        seconds = time.perf_counter() - began
    return {"ms": 1e3 * seconds}


def standard(case: Case, make: Callable[[], Executor], *, chunked: bool = True) -> dict[str, float]:
    """Measure an executor of the standard kind."""
    if case.text("what") == "start":
        return started(make)
    with make() as executor:
        # Both workers are there before the clock starts.
        for future in [executor.submit(time.sleep, 0.05) for _ in range(case.number("workers"))]:
            future.result()
        chunks = {"chunksize": CHUNK} if chunked else {}
        return measured(case, executor, lambda fn, items: executor.map(fn, items, **chunks))
