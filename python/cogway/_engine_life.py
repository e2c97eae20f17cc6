# SPDX-License-Identifier: Apache-2.0
"""How an engine ends: draining, closing, context managers, what is abandoned.

The order of every ending is coroutines, then Python callables, then kernels: each may submit work
of the next kind while it ends.
"""

from __future__ import annotations

import logging
import sys
import time
import warnings
from typing import TYPE_CHECKING, Literal, Self

from cogway import _core, _lifetime
from cogway._engine_posts import EnginePosts
from cogway._environment import MOST_THREADS
from cogway._kernels import KernelInfo, _kernel_infos
from cogway._scheduling import EngineScheduling
from cogway._statistics import EngineStatistics, _from_fields
from cogway._strategy import MOST_PROCESSES
from cogway._workers import place_of

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from types import TracebackType

    from cogway._coroutines import CoroutineTasks
    from cogway._processes.pool import ProcessPool
    from cogway._workers import WorkerThreads

_logger = logging.getLogger("cogway.engine")
_AFTER_KILL = 10.0
"""Seconds that a Python worker has to notice that its process was killed."""
_TELL_AFTER = 10.0
"""Seconds of draining after which the log tells what cannot end by itself."""


class EngineLife(EnginePosts, EngineScheduling):
    """The life of an engine after its construction; see `cogway.Engine`."""

    _name: str
    _grace: float
    _python: WorkerThreads
    _processes: ProcessPool | None
    _coroutines: CoroutineTasks | None
    _lock: threading.Lock
    _phase: Literal["open", "draining", "closing", "closed"] = "closed"
    _ending: bool  # some thread is in close()
    _switch_interval: float | None

    def drain(self, timeout: float | None = None) -> bool:
        """Refuse new work and wait until everything submitted has ended.

        Work that is under way may still submit what it needs. Call `close` afterwards.

        Args:
            timeout: Seconds to wait; None waits for ever.

        Returns:
            True when all has ended, False when the time-out came first.

        Raises:
            RuntimeError: Called on an event loop that a coroutine of this engine needs.

        Threads: any but a Python worker of this engine. Blocks the calling thread; on an event loop
        use `wait_drained`.
        """
        if self._phase == "closed" or not self._own_process:
            return True
        deadline = None if timeout is None else time.monotonic() + timeout

        def rest() -> float | None:
            return None if deadline is None else max(0.0, deadline - time.monotonic())

        if self._coroutines is not None:
            self._coroutines.refuse_to_block()  # before anything is refused on its account
        with self._lock:
            if self._phase == "open":
                self._phase = "draining"
        if self._coroutines is not None and not self._coroutines.drain(rest()):
            return False
        self._close_python_queue(False)
        if self._python.join(rest()):
            return False
        if not self._drain_kernels(rest):
            return False
        return all(handler._settle(rest()) for handler in self._open_handlers())

    def _drain_kernels(self, rest: Callable[[], float | None]) -> bool:
        """Wait for the native tasks, and say what they wait for when that takes long."""
        left = rest()
        if left is not None and left <= _TELL_AFTER:
            return self._drain(left)
        if self._drain(_TELL_AFTER):
            return True
        parked = int(self._statistics()["parked_for_bus"])
        if parked != 0:
            _logger.warning(
                "%s: drain() waits for %d calls that wait for room on the bus: release buffers, or "
                "cancel them",
                self._name,
                parked,
            )
        return self._drain(rest())

    async def wait_drained(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109
        """Drain without blocking the event loop: `drain` on a helper thread.

        Cancellation: the waiting ends at once; the engine keeps refusing new work.
        """
        import asyncio

        return await asyncio.to_thread(self.drain, timeout)

    def close(self, grace: float | None = None) -> None:
        """End the engine: cancel what is queued, ask what runs to stop, free threads and bus.

        A running kernel sees its cancellation, a running callable that `cogway.cancelled` is true;
        what they return within the grace period counts. One that does not return is abandoned: its
        thread is left behind with everything it uses, its ticket fails with `WorkerLost` or stays
        cancelled, and the log names it now and at exit. Closing twice is allowed; closing again
        after an exception (Ctrl-C) ended the first try goes on where that stopped.

        Args:
            grace: Seconds that running work gets once the coroutines have ended, which get as many
                themselves; None takes the engine's own.

        Threads: any but a Python worker of this engine; the first call does the work, others return
        at once.
        """
        if not self._own_process:
            return  # and take no lock: the thread that held it was not forked along
        mine = False
        try:
            with self._lock:
                if self._phase == "closed" or self._ending:
                    return
                mine = self._ending = True
                self._phase = "closing"
            self._end(self._grace if grace is None else grace)
            self._phase = "closed"
            _lifetime.closed(self)
            if self.debug:
                _core.drain_mailbox()
                self.bus.report_held()
        finally:
            if mine:
                self._ending = False

    def _end(self, grace: float) -> None:
        """Do what `close` says; each step may be repeated."""
        if self._switch_interval is not None:
            sys.setswitchinterval(self._switch_interval)
            self._switch_interval = None
        self._stop_calls()
        if self._coroutines is not None and not self._coroutines.close(grace):
            _logger.warning("%s: the engine's event loop did not end in %s s", self._name, grace)
        end = time.monotonic() + grace
        self._close_python_queue(True)
        abandoned = self._stop(grace)
        for line in _core.abandoned_work()[-abandoned:] if abandoned else ():
            _logger.warning("abandoned: %s", line)
        for handler in self._open_handlers():
            if not handler.close(max(0.0, end - time.monotonic())):
                _lifetime.abandoned(f"{self._name}: {handler!r} did not return")
        stuck = self._python.join(max(0.0, end - time.monotonic()))
        if stuck and self._processes is not None:
            self._processes.kill()  # what runs there can be ended, and its thread returns
            stuck = self._python.join(_AFTER_KILL)
        places = {thread.ident: place_of(thread) for thread in stuck if thread.ident}
        for ident in self._abandon_calls(places):
            _lifetime.abandoned(f"{self._name}: {places[ident]}")
        self._python.leave_behind(stuck)
        if self._processes is not None:
            self._processes.close()

    def _leave(self, failed: bool) -> None:
        try:
            if not failed:
                self.drain()
        finally:
            self.close()

    def __enter__(self) -> Self:
        """Return the engine."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Drain and close; after an exception close at once."""
        self._leave(failed=error is not None)

    async def __aenter__(self) -> Self:
        """Return the engine."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Drain and close without blocking the event loop; after an exception close at once."""
        import asyncio

        try:
            if error is None:
                await self.wait_drained()
        finally:
            # Shielded: a cancelled task must not leave an engine half closed.
            await asyncio.shield(asyncio.to_thread(self.close))

    def __del__(self) -> None:
        """Close an engine that was dropped open, with a ResourceWarning."""
        if self._phase == "closed" or not self._own_process:
            return
        if self._phase != "closing":  # an interrupted close() was asked for at least
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=1)
        self.close()

    def _threads(self) -> set[threading.Thread]:
        loop = None if self._coroutines is None else self._coroutines.thread
        posts = {handler._thread for handler in self._open_handlers()}
        return (self._python.threads() | posts | {loop}) - {None}  # type: ignore[return-value]

    def __repr__(self) -> str:
        """Return name and phase."""
        phase = self._phase if self._own_process else "of the parent process"
        return f"<Engine {self._name!r} {phase}>"

    # --- Changing and looking ------------------------------------------------------------------

    def resize(
        self,
        *,
        native: int | None = None,
        background: int | None = None,
        python: int | None = None,
    ) -> None:
        """Change the number of workers under load. Nothing queued is lost; running work ends.

        Args:
            native: Foreground workers; None leaves them as they are.
            background: Background workers.
            python: Python workers.

        Raises:
            ValueError: A number is not positive, or more than an engine can have.
            RuntimeError: The engine is closed, or belongs to the parent process.
        """
        for label, count in (("native", native), ("background", background), ("python", python)):
            if count is not None and (type(count) is not int or not 1 <= count <= MOST_THREADS):
                raise ValueError(
                    f"resize(): {label} must be an int from 1 to {MOST_THREADS}, got {count!r}"
                )
        if native is not None or background is not None:
            self._resize(-1 if native is None else native, -1 if background is None else background)
        if python is not None:
            if self._phase != "open" or not self._own_process:
                raise RuntimeError("resize(): the engine is closed")
            if self._processes is not None and python > MOST_PROCESSES:
                raise ValueError(f"resize(): at most {MOST_PROCESSES} processes, got {python}")
            self._python.resize(self, python)

    def statistics(self) -> EngineStatistics:
        """Return a snapshot of everything the engine counts.

        Its own `submitted`, `completed` and so on are of native work; Python's are in `python`.
        """
        fields = self._statistics()
        if self._processes is not None:
            fields["python"].update(self._processes.statistics())
        return _from_fields(fields, self._post_statistics())

    def kernels(self) -> tuple[KernelInfo, ...]:
        """Return the kernels that `c_spawn` knows, with signatures and parameters."""
        return _kernel_infos(self._kernels())

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._name
