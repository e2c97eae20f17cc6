# SPDX-License-Identifier: Apache-2.0
"""asyncio tasks that give way to one another every 10,000 steps."""

from __future__ import annotations

import asyncio
from typing import Any

from harness import sibling

way: Any = sibling(__file__, "_way")
work: Any = sibling(__file__, "_work")

_TURN = 10_000


async def countdown(steps: int) -> None:
    """Count down in turns."""
    while steps > 0:
        work.countdown(min(_TURN, steps))
        steps -= _TURN
        await asyncio.sleep(0)


async def read_share(parts: int, port: int) -> None:
    """Read one part's connections, one after another."""
    for _ in range(work.CONNECTIONS // parts):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        if len(await reader.read()) != way.server.TOTAL:
            raise RuntimeError("the server closed too early")
        writer.close()
        await writer.wait_closed()


class AsyncioTasks(way.Way):
    label = "asyncio tasks"

    def count(self, steps: int, parts: int) -> float:
        async def main() -> None:
            await asyncio.gather(*(countdown(steps // parts) for _ in range(parts)))

        return work.milliseconds(lambda: asyncio.run(main()))

    def beside(self, steps: int, parts: int) -> dict[str, float]:
        async def main() -> dict[str, float]:
            return await work.lateness(
                lambda: asyncio.gather(*(countdown(steps // parts) for _ in range(parts)))
            )

        return asyncio.run(main())

    def read(self, parts: int, port: int) -> float:
        async def main() -> None:
            await asyncio.gather(*(read_share(parts, port) for _ in range(parts)))

        return work.milliseconds(lambda: asyncio.run(main()))
