# SPDX-License-Identifier: Apache-2.0
"""Interpreters with a GIL of their own: a thread and an interpreter for each part."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from harness import Absent, sibling

way: Any = sibling(__file__, "_way")
work: Any = sibling(__file__, "_work")

_COUNTDOWN = "def countdown(steps):\n    while steps > 0:\n        steps -= 1\n"
_MOST = 8


class Interpreters(way.Way):
    label = "interpreters with their own GIL"
    reads = False

    def start(self) -> None:
        if sys.version_info < (3, 13):
            raise Absent("Python 3.13 is the first with a module for them")
        if sys.version_info >= (3, 14):
            import concurrent.interpreters as interpreters

            self._made = [interpreters.create() for _ in range(_MOST)]
            for made in self._made:
                made.exec(_COUNTDOWN)
        else:
            import _interpreters

            self._low = _interpreters
            self._made = [_interpreters.create() for _ in range(_MOST)]
            for made in self._made:
                _interpreters.exec(made, _COUNTDOWN)

    def stop(self) -> None:
        for made in self._made:
            if sys.version_info >= (3, 14):
                made.close()
            else:
                self._low.destroy(made)

    def count(self, steps: int, parts: int) -> float:
        free = list(self._made[:parts])
        return work.milliseconds(
            lambda: work.in_threads(parts, lambda: self._run(free.pop(), steps // parts))
        )

    def beside(self, steps: int, parts: int) -> dict[str, float]:
        async def main() -> dict[str, float]:
            return await work.lateness(
                lambda: asyncio.gather(
                    *(
                        asyncio.to_thread(self._run, made, steps // parts)
                        for made in self._made[:parts]
                    )
                )
            )

        return asyncio.run(main())

    def _run(self, made: Any, steps: int) -> None:
        text = f"countdown({steps})"
        if sys.version_info >= (3, 14):
            made.exec(text)
        else:
            failed = self._low.exec(made, text)
            if failed is not None:
                raise RuntimeError(str(failed))
