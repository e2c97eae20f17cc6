# SPDX-License-Identifier: Apache-2.0
"""`threading.Thread`, one for each part."""

from __future__ import annotations

from typing import Any

from harness import sibling

way: Any = sibling(__file__, "_way")
work: Any = sibling(__file__, "_work")


class Threads(way.Way):
    label = "threads"

    def count(self, steps: int, parts: int) -> float:
        return work.milliseconds(
            lambda: work.in_threads(parts, lambda: work.countdown(steps // parts))
        )

    def beside(self, steps: int, parts: int) -> dict[str, float]:
        return work.beside_threads(steps, parts)

    def read(self, parts: int, port: int) -> float:
        return work.milliseconds(
            lambda: work.in_threads(parts, lambda: way.read_share(parts, port))
        )
