# SPDX-License-Identifier: Apache-2.0
"""One engine for those who need no more: made by the first use, closed at exit."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from cogway._engine import Engine

if TYPE_CHECKING:
    from cogway._core import Ticket

__all__ = ["c_spawn", "default_engine", "setup", "spawn"]

_lock = threading.Lock()
_engine: Engine | None = None


def default_engine() -> Engine:
    """Return the default engine, made on first use with the defaults of `Engine`.

    Threads: any. A forked child makes its own.
    """
    global _engine
    engine = _engine
    if engine is not None and not engine.closed:
        return engine
    with _lock:
        if _engine is None or _engine.closed:
            _engine = Engine()
        return _engine


def setup(**options: Any) -> Engine:
    """Make the default engine with other options than the defaults.

    Args:
        options: What `Engine` takes.

    Raises:
        RuntimeError: The default engine is in use already; close it first.
    """
    global _engine
    with _lock:
        if _engine is not None and not _engine.closed:
            raise RuntimeError(
                "the default engine exists already: call setup() before its first use, or close it "
                "with default_engine().close()"
            )
        _engine = Engine(**options)
        return _engine


def spawn(fn: Any, /, *args: Any, **options: Any) -> Ticket[Any]:
    """Run a Python callable or coroutine on the default engine; see `Engine.spawn`."""
    return default_engine().spawn(fn, *args, **options)


def c_spawn(kernel: str, /, *inputs: Any, **options: Any) -> Ticket[Any]:
    """Call a kernel on the default engine; see `Engine.c_spawn`."""
    return default_engine().c_spawn(kernel, *inputs, **options)


def _after_fork_in_child() -> None:
    global _engine, _lock
    _engine = None
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork_in_child)
