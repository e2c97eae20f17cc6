# SPDX-License-Identifier: Apache-2.0
"""The bare bridge: one thread, an eventfd, no checks, no scheduling (`floor/`)."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from harness import Case, Contestant, built, loops, samples

_floor: Any = built.extension("await/floor", "_await_floor")


class Floor(Contestant):
    label = "bare bridge"

    def refuses(self, case: Case) -> str | None:
        return "it has no engine" if case.text("do") in {"idle", "sparse"} else None

    def measure(self, case: Case) -> dict[str, float]:
        # Loop-side polling pays for a 20 µs kernel and costs a little for a no-op, by machine: the
        # floor is the better of both ways.
        rounds = [
            loops.run(case.text("loop"), self._measure(case, poll_us)) for poll_us in (0, 150)
        ]
        metric = case.metrics[0]
        best = min if metric.better == "lower" else max
        return best(rounds, key=lambda values: values[metric.name])

    async def _measure(self, case: Case, poll_us: int) -> dict[str, float]:
        bridge = _floor.Bridge(asyncio.get_running_loop(), poll_us=poll_us)
        try:
            if case.text("do") == "await":
                duration = case.number("duration_ns")
                count = case.count(1000 if case.hogs else 2000, 50)
                found = await loops.latencies(count, lambda: bridge.submit(duration))
                return samples.latency(found, duration)
            turns = case.count(20, 3)
            if case.text("do") == "gather":
                return {"per_second": await loops.gather_rate(turns, 1000, bridge.submit)}
            best = 0.0
            for _ in range(turns):
                began = time.perf_counter()
                for future in bridge.submit_many(1000):
                    await future
                best = max(best, 1000 / (time.perf_counter() - began))
            return {"per_second": best}
        finally:
            bridge.close()
