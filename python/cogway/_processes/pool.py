# SPDX-License-Identifier: Apache-2.0
"""Python workers that are processes: each thread of the engine's has one, and waits for it.

The threads take calls from the engine's queue as they always do, so that priorities, deadlines,
cancellation, resizing and draining are the same. What a thread takes it sends to its process
through a channel of a bus that both share, and waits for the outcome without the GIL.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from cogway._core import Bus
from cogway._errors import WorkerLost
from cogway._processes.process import WorkerProcess, raised
from cogway._processes.shipping import Message
from cogway._processes.worker import CALL, ERROR

if TYPE_CHECKING:
    from cogway._core import SharedBus
    from cogway._strategy import Processes


class Remote:
    """A callable that runs in the process of the worker thread that calls it."""

    __slots__ = ("_fn", "_pool")

    def __init__(self, pool: ProcessPool, fn: Any) -> None:
        """Take the callable; it is sent with each call."""
        self._pool = pool
        self._fn = fn

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run it there."""
        return self._pool.run(self._fn, args, kwargs)


class ProcessPool:
    """The processes of one engine.

    Threads: any; each worker thread has a process of its own, started with its first call.
    """

    def __init__(self, options: Processes) -> None:
        """Take the options; no process is started, and no bus made."""
        self.options = options
        self._lock = threading.Lock()
        self._bus: SharedBus | None = None
        self._here = threading.local()
        self._alive: dict[threading.Thread, WorkerProcess] = {}
        self._serial = 0
        self._closing = False
        self.started = self.lost = self.retried = 0

    @property
    def bus(self) -> SharedBus:
        """The bus that all share; made when it is first asked for."""
        with self._lock:
            if self._bus is None:
                self._bus = Bus.create(None, bytes=self.options.bus_bytes)
            return self._bus

    def _process(self) -> WorkerProcess:
        found: WorkerProcess | None = getattr(self._here, "process", None)
        if found is not None:
            limit = self.options.recycle_after
            if found.process.poll() is None and not (limit and found.calls_done >= limit):
                return found
            self.leave()
        bus = self.bus
        with self._lock:
            self._serial += 1
            serial = self._serial
        made = WorkerProcess(bus, serial, self.options)
        with self._lock:
            self.started += 1
            self._alive[threading.current_thread()] = made
            killed = self._closing
        if killed:
            made.kill()
        try:
            made.begin()
        except BaseException:
            with self._lock:
                self._alive.pop(threading.current_thread(), None)
            raise
        self._here.process = made
        return made

    def run(self, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run a call in this thread's process and return what it returns.

        Raises:
            BaseException: What the call raised, its traceback there as the cause.
            WorkerLost: The process died, more often than `retries` says.
        """
        for attempt in range(self.options.retries, -1, -1):
            last = attempt == 0 or self._closing
            try:
                process = self._process()
            except WorkerLost:
                if last:
                    raise
                self._retry()
                continue
            message = Message(CALL, (fn, args, kwargs), self.bus)
            try:
                answer = process.call(message)
            except (WorkerLost, TimeoutError) as error:
                del message
                self._bury()
                if last or isinstance(error, TimeoutError):
                    raise
                self._retry()
                continue
            if answer.kind == ERROR:
                raise raised(answer)
            return answer.value()
        raise AssertionError("unreachable")

    def _retry(self) -> None:
        with self._lock:
            self.retried += 1

    def _bury(self) -> None:
        """Forget a process that died, and take back what it held."""
        self.leave()
        with self._lock:
            self.lost += 1
        self.bus.reclaim()

    def leave(self) -> None:
        """End this thread's process: the thread ends, or gets another one."""
        process: WorkerProcess | None = getattr(self._here, "process", None)
        if process is None:
            return
        self._here.process = None
        process.stop()
        with self._lock:
            self._alive.pop(threading.current_thread(), None)

    def kill(self) -> None:
        """Kill every process: what runs fails with `WorkerLost`, and its thread goes on."""
        with self._lock:
            self._closing = True
            for process in self._alive.values():
                process.kill()

    def close(self) -> None:
        """Let go of the bus; buffers that are held stay whole."""
        with self._lock:
            bus, self._bus = self._bus, None
            left, self._alive = self._alive, {}
        for process in left.values():  # of threads that are no workers, or that were given up
            process.stop()
        if bus is not None:
            bus.close()

    def statistics(self) -> dict[str, int]:
        """Return how many processes there are and were."""
        with self._lock:
            return {
                "processes": len(self._alive),
                "processes_started": self.started,
                "processes_lost": self.lost,
                "retried": self.retried,
            }
