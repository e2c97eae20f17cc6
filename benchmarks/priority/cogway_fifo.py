# SPDX-License-Identifier: Apache-2.0
"""The same kernel on a worker under SCHED_FIFO, where that is granted: nobody is before it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cogway
from harness import Case, Contestant, compiled, sibling

golden: Any = sibling(__file__, "_golden")
_KERNELS = Path(__file__).parent / "kernels"


class RealTime(Contestant):
    label = "cogway, native worker, SCHED_FIFO"
    distribution = "cogway"

    def open(self) -> None:
        cogway.load(str(compiled.c(_KERNELS / "feed.c")))
        self._engine = cogway.Engine(native_workers=1)
        (self._granted,) = self._engine.schedule_workers(policy="fifo", priority=10)

    def refuses(self, case: Case) -> str | None:
        del case
        return "SCHED_FIFO takes CAP_SYS_NICE" if self._granted.refused else None

    def measure(self, case: Case) -> dict[str, float]:
        count = case.count(400, 20)
        with golden.logger(case.number("interval_us")):
            ticket = self._engine.c_spawn(
                "priority.feed", n=count, period_ns=golden.PERIOD_NS, priority="high"
            )
            late = memoryview(ticket.result(60)).tolist()
        return golden.summary(late)

    def close(self) -> None:
        self._engine.close()
