# SPDX-License-Identifier: Apache-2.0
"""An engine of some strategy: with its own calls where they differ from an executor's."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import cogway
import numpy as np
from harness import loops, sibling

if TYPE_CHECKING:
    from harness import Case

_jobs = sibling(__file__, "_jobs")


def touched(buffer: Any) -> Any:
    """Read a byte of each page, and give the buffer back."""
    import numpy as np

    np.asarray(buffer).view("u1")[::4096].sum()
    return buffer


def measure(case: Case, strategy: str) -> dict[str, float]:
    """Measure what the case says on an engine whose workers have started."""
    what, workers = case.text("what"), case.number("workers")

    def make() -> cogway.Engine:
        return cogway.Engine(
            native_workers=1, background_workers=1, python_workers=workers, strategy=strategy
        )

    if what == "start":
        return _started(make)
    with make() as engine:
        for ticket in [engine.spawn(time.sleep, 0.05) for _ in range(workers)]:
            ticket.result()
        if what == "await":
            count = case.count(500, 20)
            found = asyncio.run(loops.latencies(count, lambda: engine.spawn(abs, -1)))
            return {"p50_us": _jobs.median(found)}
        if what == "bulk":
            began = time.perf_counter()
            tickets = [engine.spawn(abs, -i) for i in range(_jobs.TINY)]
            assert [ticket.result() for ticket in tickets] == list(range(_jobs.TINY))
            return {"us_per_call": 1e6 * (time.perf_counter() - began) / _jobs.TINY}
        if what == "array":
            bus = engine.worker_bus if strategy == "processes" else engine.bus
            buffer = bus.copy(np.ones(1 << 20, "f4")).freeze()
            call = lambda: np.asarray(engine.spawn(touched, buffer).result())  # noqa: E731
            return {"p50_us": _jobs.arrays(call, case)}
        with engine.executor() as executor:
            return _jobs.measured(
                case, executor, lambda fn, items: engine.map(fn, items, chunksize=_jobs.CHUNK)
            )


def _started(make: Any) -> dict[str, float]:
    began = time.perf_counter()
    with make() as engine:
        engine.spawn(abs, -1).result()
        seconds = time.perf_counter() - began
    return {"ms": 1e3 * seconds}
