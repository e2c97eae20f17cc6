# SPDX-License-Identifier: Apache-2.0
"""The work, the clock, and a loop that says how late it is: the standard library alone.

Run by another interpreter it measures there: `_work.py threads|beside|io STEPS PARTS [PORT]`.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TICK_S = 0.001
CONNECTIONS = 16


def countdown(steps: int) -> None:
    """Count down, as every text on the GIL does."""
    while steps > 0:
        steps -= 1


def read_all(port: int) -> int:
    """Read what a server sends until it closes; return how many bytes came."""
    total = 0
    with socket.create_connection(("127.0.0.1", port)) as connection:
        while piece := connection.recv(4096):
            total += len(piece)
    return total


def in_threads(parts: int, body: Callable[[], object]) -> None:
    """Run the body in as many threads."""
    threads = [threading.Thread(target=body) for _ in range(parts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def milliseconds(run: Callable[[], object]) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    run()
    return (time.perf_counter() - began) * 1e3


async def lateness(work: Callable[[], asyncio.Future[object]]) -> dict[str, float]:
    """Await the work on a loop that is to tick every millisecond; return how late it came."""
    loop = asyncio.get_running_loop()
    worst, due, running = 0.0, loop.time() + TICK_S, True

    def tick() -> None:
        nonlocal worst, due
        now = loop.time()
        worst = max(worst, now - due)
        due = now + TICK_S
        if running:
            loop.call_at(due, tick)

    loop.call_at(due, tick)
    began = time.perf_counter()
    await work()
    seconds = time.perf_counter() - began
    tick()  # what it would have done meanwhile, it does now
    running = False
    return {"late_ms": worst * 1e3, "ms": seconds * 1e3}


def beside_threads(steps: int, parts: int) -> dict[str, float]:
    """Count down in threads beside a loop."""

    async def main() -> dict[str, float]:
        def work() -> asyncio.Future[object]:
            body = lambda: countdown(steps // parts)  # noqa: E731
            return asyncio.gather(*(asyncio.to_thread(body) for _ in range(parts)))

        return await lateness(work)

    return asyncio.run(main())


if __name__ == "__main__":
    do, steps, parts = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if do == "beside":
        print(json.dumps(beside_threads(steps, parts)))
    elif do == "io":
        port = int(sys.argv[4])

        def read_some() -> None:
            for _ in range(CONNECTIONS // parts):
                read_all(port)

        print(json.dumps({"ms": milliseconds(lambda: in_threads(parts, read_some))}))
    else:
        body = lambda: countdown(steps // parts)  # noqa: E731
        print(json.dumps({"ms": milliseconds(lambda: in_threads(parts, body))}))
