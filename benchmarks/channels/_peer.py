# SPDX-License-Identifier: Apache-2.0
"""What every contestant sends, and what its clock covers."""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from harness import Case, Contestant, samples

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

NBYTES = 4 << 20
PAGE = 4096
SMALL = 64


def touch(buffer: Any) -> bytes:
    """Read a byte of every page; return the stamp."""
    with memoryview(buffer) as view:
        if len(bytes(view[::PAGE])) != NBYTES // PAGE:
            raise RuntimeError("the buffer is not whole")
        return bytes(view[:8])


async def turn(ended: asyncio.Event) -> None:
    """Keep the loop awake, as other tasks do."""
    while not ended.is_set():  # noqa: ASYNC110 -- turning is what it is for
        await asyncio.sleep(0)


async def awaited(
    count: int, awake: bool, ask: Callable[[], None], answer: Callable[[], Awaitable[bytes]]
) -> list[int]:
    """Return the nanoseconds from the other process's stamps to the task that waits for them."""
    ended = asyncio.Event()
    turning = asyncio.ensure_future(turn(ended)) if awake else None
    found = []
    for number in range(-2, count):
        ask()
        stamp = int.from_bytes(await answer(), "little")
        took = time.perf_counter_ns() - stamp
        if number >= 0:
            found.append(took)
    ended.set()
    if turning is not None:
        await turning
    return found


class Sender(Contestant):
    """A way of sending to a process that answers."""

    answers = ("echo", "pages", "flood")

    def refuses(self, case: Case) -> str | None:
        if case.text("what") in self.answers:
            return None
        return "it has no awaitable form" if "echo" in self.answers else "it is a way to a task"

    def awaits(self, count: int, awake: bool) -> list[int]:
        """Have so many stamps sent here one by one, to a task."""
        raise NotImplementedError

    @abstractmethod
    def echo(self, message: bytes) -> bytes:
        """Send 8 bytes; return the answer."""

    @abstractmethod
    def pages(self, stamp: bytes) -> bytes:
        """Send 4 MiB that begin with the stamp; return the answer."""

    @abstractmethod
    def flood(self, count: int) -> float:
        """Have so many small messages sent here; return the seconds that they took."""

    def measure(self, case: Case) -> dict[str, float]:
        what = case.text("what")
        if what == "flood":
            count = case.count(20_000, 5_000)
            return {"messages_per_second": count / self.flood(count)}
        if what in ("awake", "asleep"):
            return samples.latency(self.awaits(case.count(2_000, 100), what == "awake"))
        count, send = (
            (case.count(2_000, 100), self.echo)
            if what == "echo"
            else (case.count(40, 5), self.pages)
        )
        found = []
        for number in range(-2, count):
            stamp = (number + 2).to_bytes(8, "little")
            began = time.perf_counter_ns()
            answer = send(stamp)
            took = time.perf_counter_ns() - began
            if answer != stamp:
                raise RuntimeError("another message came back")
            if number >= 0:
                found.append(took)
        return samples.latency(found)
