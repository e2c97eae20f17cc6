# SPDX-License-Identifier: Apache-2.0
"""A kernel on a native worker, submitted to the high lane: it never needs the GIL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cogway
from harness import Case, Contestant, compiled, sibling

golden: Any = sibling(__file__, "_golden")
_KERNELS = Path(__file__).parent / "kernels"


class Native(Contestant):
    label = "cogway, native worker"
    distribution = "cogway"

    def open(self) -> None:
        cogway.load(str(compiled.c(_KERNELS / "feed.c")))
        self._engine = cogway.Engine(native_workers=1)

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
