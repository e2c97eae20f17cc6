# SPDX-License-Identifier: Apache-2.0
"""The same calls in the calling thread: nothing is sent, nothing is parallel."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from harness import Case, Contestant, sibling

_jobs = sibling(__file__, "_jobs")


class Loop(Contestant):
    label = "loop in one thread"

    def refuses(self, case: Case) -> str | None:
        return "it starts no worker" if case.text("what") == "start" else None

    def measure(self, case: Case) -> dict[str, float]:
        tiny: Any = _jobs.TINY
        match case.text("what"):
            case "work":
                jobs = case.count(40, 4)
                began = time.perf_counter()
                for _ in range(jobs):
                    _jobs.work(_jobs.LOOPS)
                return {"jobs_per_second": jobs / (time.perf_counter() - began)}
            case "map" | "bulk":
                began = time.perf_counter()
                assert len([abs(-i) for i in range(tiny)]) == tiny
                return {"us_per_call": 1e6 * (time.perf_counter() - began) / tiny}
            case "await":
                found = []
                for _ in range(case.count(500, 20)):
                    begin = time.perf_counter_ns()
                    abs(-1)
                    found.append(time.perf_counter_ns() - begin)
                return {"p50_us": _jobs.median(found)}
        array = np.ones(1 << 20, "f4")
        return {"p50_us": _jobs.arrays(lambda: _jobs.touched(array), case)}
