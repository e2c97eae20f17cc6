# SPDX-License-Identifier: Apache-2.0
"""Coroutines under an engine: on the loop that runs where they are spawned, else on its own.

The engine's own loop runs on a thread that starts with the first coroutine that needs it. This
module imports asyncio, so it is itself imported by the first coroutine only.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import time
from typing import TYPE_CHECKING, Any

from cogway import _core
from cogway._errors import EngineClosed
from cogway._joinable import JoinableThread

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from cogway._core import Ticket

_SLICE = 0.2
"""Seconds between two looks at what no event tells."""


def _loop_here() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class _LoopThread:
    """An event loop on a thread of its own."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self.thread = JoinableThread(target=self._run, name=name, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        # Runner ends as asyncio.run does: tasks cancelled, generators and executor shut down.
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self._stop.wait())

    def stop(self, timeout: float | None) -> bool:
        """Cancel what runs on the loop and end the thread; False when it does not end in time."""
        try:
            self.loop.call_soon_threadsafe(self._stop.set)
        except RuntimeError:  # closed already
            return True
        if self.thread is not threading.current_thread():
            self.thread.join(timeout)
        return not self.thread.is_alive()


class _Run:
    """One coroutine and its ticket. Everything but `cancel` happens on the coroutine's loop."""

    __slots__ = ("coroutine", "deadline", "loop", "owner", "task", "ticket")

    def __init__(
        self,
        owner: CoroutineTasks,
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[Any, Any, Any],
        deadline: float | None,
    ) -> None:
        self.owner = owner
        self.loop = loop
        self.coroutine = coroutine
        self.deadline = deadline
        self.task: asyncio.Task[Any] | None = None
        self.ticket: Ticket[Any] = _core.open_ticket(loop, self.cancel)

    def cancel(self) -> None:
        """Stop the coroutine: the ticket has been ended, by whatever thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nothing of it runs again
            self.loop.call_soon_threadsafe(self._cancel_task)

    def _cancel_task(self) -> None:
        if self.task is not None:
            self.task.cancel()

    def start(self) -> None:
        """Begin to run, unless it has begun or is over."""
        if self.task is not None or self not in self.owner._runs:
            return
        if self.ticket.done():  # cancelled before it began
            self.coroutine.close()
            self.owner._ended(self)
            return
        self.task = self.loop.create_task(self.coroutine)
        timer = None
        if self.deadline is not None:
            timer = self.loop.call_later(self.deadline, self._expire)

        def ended(task: asyncio.Task[Any]) -> None:
            if timer is not None:
                timer.cancel()
            self._settle(task)
            self.owner._ended(self)

        self.task.add_done_callback(ended)

    def _settle(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            self.ticket.cancel()
        elif (error := task.exception()) is not None:
            _core.fail_ticket(self.ticket, error)
        else:
            _core.finish_ticket(self.ticket, task.result())

    def _expire(self) -> None:
        error = TimeoutError(f"the deadline of {self.deadline} s passed")
        if _core.fail_ticket(self.ticket, error):
            self._cancel_task()


class CoroutineTasks:
    """The coroutines of one engine, wherever they run.

    Threads: any; each coroutine stays on its loop.
    """

    def __init__(self, name: str) -> None:
        """Prepare; the engine's own loop is not started yet."""
        self._name = name
        self._changed = threading.Condition()
        self._own: _LoopThread | None = None
        self._runs: set[_Run] = set()
        self._closed = False

    def spawn(self, coroutine: Coroutine[Any, Any, Any], deadline: float | None) -> Ticket[Any]:
        """Start a coroutine and return its ticket.

        Raises:
            EngineClosed: `close` came first.
        """
        loop = _loop_here()
        with self._changed:
            if self._closed:
                raise EngineClosed("the engine is closed")
            run = _Run(self, loop or self._own_loop(), coroutine, deadline)
            self._runs.add(run)
            if loop is None:
                # Under the lock, so that close() ends the loop after it, not before.
                self._hand_over(run)
        if loop is not None:
            run.start()
        return run.ticket

    def _hand_over(self, run: _Run) -> None:
        try:
            run.loop.call_soon_threadsafe(run.start, context=contextvars.copy_context())
        except KeyboardInterrupt:
            # It may have come after the loop took the run. Cancelled, the run ends there, and a
            # second start does nothing.
            run.ticket.cancel()
            run.loop.call_soon_threadsafe(run.start)
            raise

    @property
    def thread(self) -> threading.Thread | None:
        """The thread of the engine's own loop, if there is one."""
        return None if self._own is None else self._own.thread

    @property
    def count(self) -> int:
        """How many have not ended."""
        return len(self._runs)

    def _own_loop(self) -> asyncio.AbstractEventLoop:
        if self._own is None:
            self._own = _LoopThread(f"{self._name}-loop")
        return self._own.loop

    def _ended(self, run: _Run) -> None:
        with self._changed:
            self._runs.discard(run)
            self._changed.notify_all()

    def refuse_to_block(self) -> None:
        """Raise RuntimeError on an event loop that one of the coroutines needs."""
        here = _loop_here()
        if here is None:
            return
        with self._changed:
            if any(run.loop is here for run in self._runs):
                raise RuntimeError(
                    "draining here would block the event loop that coroutines of this engine "
                    "run on: use `async with` or `await engine.wait_drained()`"
                )

    def drain(self, timeout: float | None) -> bool:
        """Wait until every coroutine has ended; False when the time-out comes first."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while True:
                # A loop that was closed will not run its tasks again, and tells nobody: look.
                self._runs = {run for run in self._runs if not run.loop.is_closed()}
                rest = _SLICE if deadline is None else min(_SLICE, deadline - time.monotonic())
                if not self._runs or rest <= 0:
                    return not self._runs
                self._changed.wait(rest)

    def close(self, timeout: float | None) -> bool:
        """Cancel every coroutine and end the engine's own loop; False when it does not end."""
        with self._changed:
            self._closed = True
            runs, own = list(self._runs), self._own
        for run in runs:
            run.ticket.cancel()
        return own is None or own.stop(timeout)
