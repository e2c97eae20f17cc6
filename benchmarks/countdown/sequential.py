# SPDX-License-Identifier: Apache-2.0
"""One thing after another: the floor that parallel work should come below."""

from __future__ import annotations

import asyncio
from typing import Any

from harness import sibling

way: Any = sibling(__file__, "_way")
work: Any = sibling(__file__, "_work")


class Sequential(way.Way):
    label = "one after another"

    def count(self, steps: int, parts: int) -> float:
        return work.milliseconds(lambda: [work.countdown(steps // parts) for _ in range(parts)])

    def beside(self, steps: int, parts: int) -> dict[str, float]:
        async def main() -> dict[str, float]:
            async def on_the_loop() -> None:
                work.countdown(steps)

            return await work.lateness(lambda: asyncio.ensure_future(on_the_loop()))

        return asyncio.run(main())

    def read(self, parts: int, port: int) -> float:
        return work.milliseconds(lambda: way.read_share(1, port))
