# SPDX-License-Identifier: Apache-2.0
"""What cogway's own tests use, for yours: an engine that runs when you say so, and leak checks.

`ManualEngine` has no threads: tasks wait until `step` runs one of them, and time stands still until
`advance`. So a test decides the order of everything, and needs no sleep::

    with ManualEngine() as engine:
        ticket = engine.c_spawn("core.noop", deadline=1.0)
        engine.advance(2.0)
        with pytest.raises(TimeoutError):
            ticket.result(timeout=0)

`no_leaks` fails when what ran inside it left tickets, buffers, threads or open engines behind.
For pytest, put ``pytest_plugins = ["cogway.testing.plugin"]`` into your conftest to have both as
fixtures.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cogway import _concurrent, _core, _lifetime
from cogway._engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cogway._core import Bus

__all__ = ["LeakError", "ManualEngine", "no_leaks"]


class ManualEngine(Engine):
    """A deterministic engine: no native or Python threads, and a clock that you move.

    Everything else is as in `Engine`: tickets, priorities, deadlines, the bus, cancellation.

    Args:
        bus_bytes: Capacity of the bus.
        options: Further options of `Engine`, but for the numbers of workers.

    Threads: call `step`, `run_until_idle` and `advance` from one thread at a time.
    """

    def __init__(self, *, bus_bytes: int = 16 << 20, **options: Any) -> None:
        """Make an engine that stands still."""
        super().__init__(bus_bytes=bus_bytes, _manual=True, **options)

    def step(self) -> bool:
        """Run the next task here, kernels before Python callables, then deliver posts.

        Returns:
            False when there was nothing to do.
        """
        return self._run_one() or self._run_call() or self._deliver_posts()

    def run_until_idle(self) -> int:
        """Run tasks until none is queued; return how many ran."""
        count = 0
        while self.step():
            count += 1
        return count

    def advance(self, seconds: float) -> None:
        """Move the clock and expire the deadlines that fell due.

        Raises:
            ValueError: `seconds` is negative.
        """
        self._advance(seconds)

    def drain(self, timeout: float | None = None) -> bool:
        """Run everything that is queued, then drain as `Engine.drain`."""
        self.run_until_idle()
        return super().drain(timeout)


class LeakError(AssertionError):
    """Something outlived the block it was made in."""


def _state() -> dict[str, Any]:
    _concurrent.settle()
    gc.collect()
    _core.drain_mailbox()
    engines = set(_lifetime._engines)
    return {
        "tickets": _core.live_tickets(),
        "engines": engines,
        "threads": set(threading.enumerate()),
        "buffers": {engine: engine.bus.statistics().live_buffers for engine in engines},
    }


def _settled(before: dict[str, Any], buses: list[Bus]) -> dict[str, Any]:
    """Return the state once engines of outside the block have ended what they were told to do.

    A worker lets go of buffers, and tells who else waits, a moment after the ticket that gave them
    is done. Without the GIL a thread that is gone from `threading.enumerate` may still have to drop
    what others let go of for it.
    """
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    patience = time.monotonic() + 1.0
    while True:
        # Asked before the state is read: what nobody works on by then is all told in it.
        busy = any(engine.statistics().in_flight for engine in before["engines"])
        after = _state()
        more = after["tickets"] > before["tickets"] or any(
            after["buffers"].get(engine, 0) > count for engine, count in before["buffers"].items()
        )
        held = more or any(bus.statistics().live_buffers for bus in buses)
        if (not (more and busy) and (gil or not held)) or time.monotonic() > patience:
            return after
        os.sched_yield()


@contextmanager
def no_leaks() -> Iterator[None]:
    """Fail with `LeakError` when the block leaves tickets, buffers, threads or open engines behind.

    Buffers are those on the buses of engines, whatever refers to them. The service thread of
    `Ticket.as_concurrent`, which the process keeps, is not counted.

    Example:
        >>> with no_leaks(), Engine(native_workers=1) as engine:
        ...     engine.c_spawn("core.noop").result()
    """
    before = _state()
    with _lifetime.buses_opened() as buses:
        yield
    after = _settled(before, buses)
    # Engines of outside the block start threads when they need them.
    elsewhere = {thread for engine in before["engines"] for thread in engine._threads()}
    problems = []
    if after["tickets"] > before["tickets"]:
        problems.append(f"{after['tickets'] - before['tickets']} tickets are still alive")
    buffers = sum(bus.statistics().live_buffers for bus in buses)
    for engine, count in before["buffers"].items():
        buffers += max(0, after["buffers"].get(engine, 0) - count)
    if buffers:
        problems.append(f"{buffers} buffers are still alive")
    problems.extend(f"{engine!r} is open" for engine in after["engines"] - before["engines"])
    problems.extend(
        f"thread {thread.name!r} still runs"
        for thread in after["threads"] - before["threads"] - elsewhere
        if thread.is_alive() and thread.name != "cogway-callbacks"
    )
    if problems:
        raise LeakError("; ".join(problems))
