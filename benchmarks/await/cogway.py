# SPDX-License-Identifier: Apache-2.0
"""`await engine.c_spawn(...)` and `engine.c_map(...)` on one native worker."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

import cogway
from harness import Contestant, loops, samples

if TYPE_CHECKING:
    from cogway import EngineStatistics
    from harness import Case


def wasted_ns(of: EngineStatistics) -> int:
    """Return the time spent in spinning and polling that found nothing."""
    # One budget serves all threads of the process: each class shows the same spinning.
    return of.foreground.wasted_spin_ns + of.bridge.poll_wasted_ns


class Ours(Contestant):
    label = "cogway"

    def measure(self, case: Case) -> dict[str, float]:
        with cogway.Engine(native_workers=1) as engine:
            return loops.run(case.text("loop"), self._measure(engine, case))

    async def _measure(self, engine: cogway.Engine, case: Case) -> dict[str, float]:
        noop = partial(engine.c_spawn, "core.noop")
        turns = case.count(20, 3)
        match case.text("do"):
            case "gather":
                return {"per_second": await loops.gather_rate(turns, 1000, noop)}
            case "map":
                return await self._map(engine, turns)
            case "idle":
                return await self._idle(engine, case)
            case "sparse":
                return await self._sparse(engine, case)
        duration = case.number("duration_ns")
        start = partial(engine.c_spawn, "core.spin", ns=duration) if duration else noop
        count = case.count(1000 if case.hogs else 2000, 50)
        return samples.latency(await loops.latencies(count, start), duration)

    async def _map(self, engine: cogway.Engine, turns: int) -> dict[str, float]:
        items = [()] * 1000
        before = engine.statistics().bridge.wakeups
        best = 0.0
        for _ in range(turns):
            began = time.perf_counter()
            await engine.c_map("core.noop", items)
            best = max(best, 1000 / (time.perf_counter() - began))
        wakeups = engine.statistics().bridge.wakeups - before
        return {"per_second": best, "wakeups_per_task": wakeups / (turns * 1000)}

    async def _idle(self, engine: cogway.Engine, case: Case) -> dict[str, float]:
        await loops.latencies(100, partial(engine.c_spawn, "core.noop"))
        seconds = case.count(3, 1)
        began = time.process_time()
        await asyncio.sleep(seconds)
        return {"cpu_percent": 100 * (time.process_time() - began) / seconds}

    async def _sparse(self, engine: cogway.Engine, case: Case) -> dict[str, float]:
        turns = case.count(1000, 100)
        before, cpu, began = (
            wasted_ns(engine.statistics()),
            time.process_time(),
            time.perf_counter(),
        )
        for _ in range(turns):
            await asyncio.sleep(0.002)
            await engine.c_spawn("core.noop")
        seconds = time.perf_counter() - began
        return {
            "spin_percent": (wasted_ns(engine.statistics()) - before) / seconds / 1e7,
            "cpu_percent": 100 * (time.process_time() - cpu) / seconds,
        }
