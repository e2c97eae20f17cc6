# SPDX-License-Identifier: Apache-2.0
"""A Python thread: it waits for the GIL each time."""

from __future__ import annotations

from typing import Any

from harness import Case, Contestant, sibling

golden: Any = sibling(__file__, "_golden")


class Thread(Contestant):
    label = "Python thread"

    def measure(self, case: Case) -> dict[str, float]:
        with golden.logger(case.number("interval_us")):
            return golden.summary(golden.in_thread(case.count(400, 20)))
