# SPDX-License-Identifier: Apache-2.0
"""A pool of `concurrent.futures` as a way, its workers started and warm."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from harness import sibling

if TYPE_CHECKING:
    from concurrent.futures import Executor

way: Any = sibling(__file__, "_way")
work: Any = sibling(__file__, "_work")

WORKERS = 8


def countdown(steps: int) -> None:
    """Count down; found by name where it runs."""
    while steps > 0:
        steps -= 1


class Pool(way.Way):
    @abstractmethod
    def pool(self) -> Executor:
        """Return the pool."""

    def start(self) -> None:
        self._pool = self.pool()
        list(self._pool.map(self.countdown, [1000] * WORKERS * 4))

    def stop(self) -> None:
        self._pool.shutdown()

    countdown = staticmethod(countdown)

    def count(self, steps: int, parts: int) -> float:
        shares = [steps // parts] * parts
        return work.milliseconds(lambda: list(self._pool.map(self.countdown, shares)))

    def beside(self, steps: int, parts: int) -> dict[str, float]:
        async def main() -> dict[str, float]:
            loop = asyncio.get_running_loop()
            share = steps // parts
            return await work.lateness(
                lambda: asyncio.gather(
                    *(loop.run_in_executor(self._pool, self.countdown, share) for _ in range(parts))
                )
            )

        return asyncio.run(main())
