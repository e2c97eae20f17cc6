# SPDX-License-Identifier: Apache-2.0
"""`asyncio.to_thread`, as most people write it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from harness import Case, Contestant, built, loops, samples

_floor: Any = built.extension("await/floor", "_await_floor")  # for a kernel without the GIL


def nothing() -> None:
    """Do nothing, on a thread of the pool."""


class ToThread(Contestant):
    label = "asyncio.to_thread"

    def refuses(self, case: Case) -> str | None:
        return "as run_in_executor" if case.text("do") != "await" else None

    def measure(self, case: Case) -> dict[str, float]:
        return loops.run(case.text("loop"), self._measure(case))

    async def _measure(self, case: Case) -> dict[str, float]:
        duration = case.number("duration_ns")
        start = partial(asyncio.to_thread, nothing)
        if duration:
            start = partial(asyncio.to_thread, _floor.spin, duration)
        count = case.count(1000, 50)
        return samples.latency(await loops.latencies(count, start), duration)
