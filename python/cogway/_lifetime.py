# SPDX-License-Identifier: Apache-2.0
"""What happens to engines when the interpreter exits or the process forks.

At exit, before `threading` waits for its threads and long before finalisation, every engine that is
still open is closed as by `Engine.close()`: queued work is cancelled, running work has the engine's
grace period, and what has not returned by then is abandoned and named in the log. A ResourceWarning
counts the work that was under way and the buffers that are still alive, if there are any.

In a forked child no thread of an engine exists. Engines inherited there refuse every call; closing
them does nothing. The default engine is made anew by the child's first use.
"""

from __future__ import annotations

import logging
import os
import threading
import warnings
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cogway import _core
from cogway._leftovers import buffers_of, work_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cogway._core import Bus
    from cogway._engine_life import EngineLife

_engines: weakref.WeakSet[EngineLife] = weakref.WeakSet()
_exit_calls: list[Callable[[], None]] = []
_abandoned: list[str] = []
_watching: list[list[Bus]] = []
_logger = logging.getLogger("cogway.engine")


def opened(engine: EngineLife) -> None:
    """Remember an engine that has threads."""
    _engines.add(engine)
    for buses in _watching:
        buses.append(engine.bus)


@contextmanager
def buses_opened() -> Iterator[list[Bus]]:
    """Give a list to which the bus of every engine that is opened meanwhile is added."""
    buses: list[Bus] = []
    _watching.append(buses)
    try:
        yield buses
    finally:
        _watching.remove(buses)


def closed(engine: EngineLife) -> None:
    """Forget an engine that has none any more."""
    _engines.discard(engine)


def at_exit(call: Callable[[], None]) -> None:
    """Have something called once at exit, after the engines have been closed."""
    if call not in _exit_calls:
        _exit_calls.append(call)


def abandoned(description: str) -> None:
    """Log a Python worker that was left behind, now and at exit."""
    _logger.warning("abandoned: %s", description)
    _abandoned.append(description)


def _close(engine: EngineLife) -> None:
    """Close one at exit. Ctrl-C ends the waiting, not the closing."""
    text, work = repr(engine), work_of(engine)
    for grace in (None, 0.0):
        try:
            engine.close(grace)
        except KeyboardInterrupt:
            continue
        break
    left = [part for part in (work and f"under way: {work}", buffers_of(engine.bus)) if part]
    if left:
        message = f"{text} was left open at exit; {'; '.join(left)}"
        warnings.warn(message, ResourceWarning, source=engine, stacklevel=1)


def _close_all() -> None:
    for engine in list(_engines):
        try:
            _close(engine)
        except Exception:
            _logger.exception("closing %r at exit failed", engine)
    while _exit_calls:
        _exit_calls.pop()()
    for line in [*_core.abandoned_work(), *_abandoned]:
        _logger.warning("abandoned at exit: %s", line)
    _core.drain_mailbox()


def _after_fork_in_child() -> None:
    _engines.clear()
    _exit_calls.clear()
    _abandoned.clear()
    _watching.clear()


# Private, but what concurrent.futures uses: runs before threading joins its threads, which atexit
# does not. On every supported version it takes a function without arguments.
threading._register_atexit(_close_all)  # type: ignore[attr-defined]
os.register_at_fork(after_in_child=_after_fork_in_child)
