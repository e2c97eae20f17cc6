# SPDX-License-Identifier: Apache-2.0
"""The threads that run Python callables for an engine.

Each is a `threading.Thread`, so that debuggers, profilers and `threading.enumerate` see it. Its
body is a loop in C that waits for work without the GIL. The threads start with the first call that
needs one.
"""

from __future__ import annotations

import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from cogway import _core
from cogway._joinable import JoinableThread

if TYPE_CHECKING:
    from collections.abc import Callable

_SLICE = 0.2
"""Seconds between two looks at what no event tells."""


def place_of(thread: threading.Thread) -> str:
    """Return what a thread runs and where it is, for the report of abandoned work."""
    frame = sys._current_frames().get(thread.ident or 0)
    stack = []
    while frame is not None and frame.f_code.co_qualname != "Thread.run":
        stack.append(f"{frame.f_code.co_qualname} ({frame.f_code.co_filename}:{frame.f_lineno})")
        frame = frame.f_back
    if not stack:
        return thread.name
    return f"{thread.name} in {stack[-1]}" + (f", now in {stack[0]}" if len(stack) > 1 else "")


def _run(work: Callable[[], None], ending: Callable[[], None]) -> None:
    try:
        work()
    finally:
        ending()


class WorkerThreads:
    """The Python workers of one engine.

    Threads: any. Does not keep the engine alive: a worker holds the native side alone.
    """

    def __init__(self, name: str, count: int, ending: Callable[[], None] | None = None) -> None:
        """Plan `count` threads; none is started yet. Each calls `ending` when it ends."""
        self._name = name
        self._lock = threading.Lock()
        self._count = count
        self._threads: list[threading.Thread] = []
        self._left_behind: set[threading.Thread] = set()
        self._started = False
        self._serial = 0
        self._ending = ending

    @property
    def count(self) -> int:
        """How many workers there are, or will be once one is needed."""
        return self._count

    def ensure_started(self, core: _core.Engine) -> None:
        """Start the planned threads unless that has been done."""
        if self._started:
            return
        with self._lock:
            if not self._started:
                self._grow(core, self._count)
                self._started = True

    def resize(self, core: _core.Engine, count: int) -> None:
        """Change the number of workers; calls that run end where they are, queued ones are kept."""
        with self._lock:
            if self._started:
                for _ in range(self._count - count):
                    core._retire_worker()
                self._threads = [thread for thread in self._threads if thread.is_alive()]
                self._grow(core, count - self._count)
            self._count = count

    def _grow(self, core: _core.Engine, count: int) -> None:
        for _ in range(count):
            target: Callable[[], None] = core._worker()
            if self._ending is not None:
                target = partial(_run, target, self._ending)
            # A thread abandoned in a callable that never returns must not hold up the exit.
            thread = JoinableThread(
                target=target,
                name=f"{self._name}-python-{self._serial}",
                daemon=_core.IN_MAIN_INTERPRETER,
            )
            self._serial += 1
            thread.start()
            self._threads.append(thread)

    def threads(self) -> set[threading.Thread]:
        """Return the threads started so far, ended ones among them."""
        with self._lock:
            return set(self._threads)

    def join(self, timeout: float | None) -> list[threading.Thread]:
        """Wait for the threads, whose queue has been closed; return those still running.

        The calling thread, when it is a worker itself, is not waited for.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            threads = [each for each in self._threads if each is not threading.current_thread()]
        running = []
        for thread in threads:
            # In slices, since close() may leave a thread behind that another one waits for here.
            while thread.is_alive() and thread not in self._left_behind:
                rest = _SLICE if deadline is None else min(_SLICE, deadline - time.monotonic())
                if rest <= 0:
                    running.append(thread)
                    break
                thread.join(rest)
        return running

    def leave_behind(self, threads: list[threading.Thread]) -> None:
        """Wait no more for these."""
        with self._lock:
            self._left_behind.update(threads)
