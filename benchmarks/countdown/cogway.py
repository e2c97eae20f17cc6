# SPDX-License-Identifier: Apache-2.0
"""The countdown as a native kernel; waiting for the server on Python workers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import cogway
from harness import compiled, sibling

way: Any = sibling(__file__, "_way")
work: Any = sibling(__file__, "_work")


class Ours(way.Way):
    label = "cogway, a native kernel"

    def start(self) -> None:
        cogway.load(str(compiled.c(Path(__file__).parent / "kernels" / "countdown.c")))
        self._engine = cogway.Engine(native_workers=2, background_workers=1, python_workers=8)

    def stop(self) -> None:
        self._engine.close()

    def count(self, steps: int, parts: int) -> float:
        return work.milliseconds(lambda: self._map(steps, parts).result(60))

    def beside(self, steps: int, parts: int) -> dict[str, float]:
        async def main() -> dict[str, float]:
            return await work.lateness(lambda: self._map(steps, parts))

        return asyncio.run(main())

    def read(self, parts: int, port: int) -> float:
        def run() -> None:
            tickets = [self._engine.spawn(way.read_share, parts, port) for _ in range(parts)]
            for ticket in tickets:
                ticket.result(60)

        return work.milliseconds(run)

    def _map(self, steps: int, parts: int) -> Any:
        return self._engine.c_map("countdown.run", parts, steps=steps // parts)
