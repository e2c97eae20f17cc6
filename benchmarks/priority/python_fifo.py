# SPDX-License-Identifier: Apache-2.0
"""The same Python thread under SCHED_FIFO, where that is granted: the GIL knows no priority."""

from __future__ import annotations

from typing import Any

import cogway
from harness import Absent, Case, Contestant, sibling

golden: Any = sibling(__file__, "_golden")


def prepare() -> None:
    """Ask for real time.

    Raises:
        Absent: it is not granted.
    """
    if cogway.schedule_thread(policy="fifo", priority=10).refused:
        raise Absent("SCHED_FIFO takes CAP_SYS_NICE")


class RealTime(Contestant):
    label = "Python thread, SCHED_FIFO"

    def refuses(self, case: Case) -> str | None:
        del case
        before = cogway.schedule_thread()
        try:
            prepare()
        except Absent as absent:
            return str(absent)
        cogway.schedule_thread(policy=before.policy)
        return None

    def measure(self, case: Case) -> dict[str, float]:
        with golden.logger(case.number("interval_us")):
            return golden.summary(golden.in_thread(case.count(400, 20), prepare))
