# SPDX-License-Identifier: Apache-2.0
"""`loop.run_in_executor` on a `ThreadPoolExecutor`."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from harness import Case, Contestant, built, loops, samples

_floor: Any = built.extension("await/floor", "_await_floor")  # for a kernel without the GIL


def nothing() -> None:
    """Do nothing, on a thread of the pool."""


class Executor(Contestant):
    label = "run_in_executor"

    def measure(self, case: Case) -> dict[str, float]:
        return loops.run(case.text("loop"), self._measure(case))

    async def _measure(self, case: Case) -> dict[str, float]:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as pool:
            start = partial(loop.run_in_executor, pool, nothing)
            match case.text("do"):
                case "await":
                    duration = case.number("duration_ns")
                    if duration:
                        start = partial(loop.run_in_executor, pool, _floor.spin, duration)
                    count = case.count(1000, 50)
                    return samples.latency(await loops.latencies(count, start), duration)
                case "idle":
                    return await self._idle(case, start)
                case "sparse":
                    return await self._sparse(case, start)
            turns = case.count(5, 2)
            return {"per_second": await loops.gather_rate(turns, 1000, start)}

    async def _idle(self, case: Case, start: Any) -> dict[str, float]:
        await loops.latencies(100, start)
        seconds = case.count(3, 1)
        began = time.process_time()
        await asyncio.sleep(seconds)
        return {"cpu_percent": 100 * (time.process_time() - began) / seconds}

    async def _sparse(self, case: Case, start: Any) -> dict[str, float]:
        cpu, began = time.process_time(), time.perf_counter()
        for _ in range(case.count(1000, 100)):
            await asyncio.sleep(0.002)
            await start()
        seconds = time.perf_counter() - began
        return {"cpu_percent": 100 * (time.process_time() - cpu) / seconds}
