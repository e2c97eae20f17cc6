# SPDX-License-Identifier: Apache-2.0
"""`multiprocessing.Pool`, started by fork."""

from __future__ import annotations

import multiprocessing
import time
from typing import Any

import numpy as np
from harness import Case, Contestant, sibling

_jobs = sibling(__file__, "_jobs")


class Pool(Contestant):
    label = "multiprocessing.Pool"

    def refuses(self, case: Case) -> str | None:
        return "it cannot be awaited" if case.text("what") == "await" else None

    def measure(self, case: Case) -> dict[str, float]:
        context = multiprocessing.get_context("fork")
        began = time.perf_counter()
        with context.Pool(case.number("workers")) as pool:
            pool.apply(abs, (-1,))
            if case.text("what") == "start":
                return {"ms": 1e3 * (time.perf_counter() - began)}
            return self._measured(case, pool)

    def _measured(self, case: Case, pool: Any) -> dict[str, float]:
        tiny = _jobs.TINY
        match case.text("what"):
            case "work":
                jobs = case.count(40, 4)
                began = time.perf_counter()
                found = set(pool.map(_jobs.work, [_jobs.LOOPS] * jobs, chunksize=1))
                seconds = time.perf_counter() - began
                assert found == {_jobs.work(_jobs.LOOPS)}
                return {"jobs_per_second": jobs / seconds}
            case "map":
                began = time.perf_counter()
                assert len(pool.map(abs, range(-tiny, 0), chunksize=_jobs.CHUNK)) == tiny
            case "bulk":
                began = time.perf_counter()
                found = [pool.apply_async(abs, (-i,)) for i in range(tiny)]
                assert [each.get() for each in found] == list(range(tiny))
            case _:
                array = np.ones(1 << 20, "f4")
                return {"p50_us": _jobs.arrays(lambda: pool.apply(_jobs.touched, (array,)), case)}
        return {"us_per_call": 1e6 * (time.perf_counter() - began) / tiny}
