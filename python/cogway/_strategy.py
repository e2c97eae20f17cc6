# SPDX-License-Identifier: Apache-2.0
"""Where the Python workers of an engine run: what may be asked for, and what that comes to."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from cogway import _core
from cogway._errors import StrategyUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from cogway._core import SharedBus
    from cogway._processes.pool import ProcessPool

__all__ = ["Processes", "Strategy", "strategies", "worker_bus"]

Strategy = Literal["auto", "main", "free_threaded", "processes"]
MOST_PROCESSES = 28
"""Worker processes of an engine: each needs two of a bus's 64 channels, and users need some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """How an engine's Python workers run as processes: for `Engine(strategy=)`.

    Attributes:
        bus_bytes: Capacity of the bus that engine and workers share.
        initializer: Called in each process before its first call; what it raises, the calls raise.
        initargs: Its arguments.
        retries: How often a call is tried again whose process died while it ran. Give a number to
            calls that may run twice.
        recycle_after: Calls after which a process is replaced by a new one; 0: never.
        time_limit: Seconds after which a call's process is killed and the call fails with
            `TimeoutError`; None: never.

    Example:
        >>> with Engine(strategy=Processes(recycle_after=1000)) as engine:
        ...     engine.spawn(pow, 2, 10).result()
        1024
    """

    bus_bytes: int = 256 << 20
    initializer: Callable[..., Any] | None = None
    initargs: tuple[Any, ...] = ()
    retries: int = 0
    recycle_after: int = 0
    time_limit: float | None = None

    def __post_init__(self) -> None:
        """Check what can be checked before a process is started."""
        for name, least in (("bus_bytes", 1 << 20), ("retries", 0), ("recycle_after", 0)):
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise ValueError(f"{name} must be an int of at least {least}, got {value!r}")
        if self.initializer is not None and not callable(self.initializer):
            raise TypeError(f"initializer must be callable, got {self.initializer!r}")
        if not isinstance(self.initargs, tuple):
            raise TypeError(f"initargs must be a tuple, got {self.initargs!r}")
        if self.time_limit is not None and not self.time_limit > 0:
            raise ValueError(f"time_limit must be more than 0 seconds, got {self.time_limit!r}")


def worker_bus() -> SharedBus:
    """Return the bus that a worker process shares with its engine: what lies there is not copied.

    The engine's side of it is `Engine.worker_bus`.

    Raises:
        RuntimeError: This process is no worker of an engine.
    """
    worker = sys.modules.get("cogway._processes.worker")
    bus: SharedBus | None = None if worker is None else worker.bus
    if bus is None:
        raise RuntimeError("worker_bus(): this is no worker process; use Engine.worker_bus")
    return bus


def _gil() -> bool:
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def strategies() -> dict[str, str | None]:
    """Return the strategies by name, each with the reason why it cannot be had here, or None."""
    with_gil = "the GIL is on: this needs a free-threaded build (3.13t, 3.14t) that runs without it"
    processes = None
    if not _core.IN_MAIN_INTERPRETER:
        processes = "a subinterpreter starts no processes"
    elif not sys.executable:
        processes = "sys.executable is empty: set it to the path of a Python program"
    return {
        "main": None,
        "free_threaded": with_gil if _gil() else None,
        "processes": processes,
    }


def _chosen(strategy: Any) -> tuple[Strategy, Processes | None]:
    options = strategy if isinstance(strategy, Processes) else None
    name = "processes" if options is not None else strategy
    if name is None:
        name = os.environ.get("COGWAY_STRATEGY") or "main"
    if name == "auto":
        name = "processes" if _gil() else "free_threaded"
    offered = strategies()
    if not isinstance(name, str) or name not in offered:
        names = ", ".join(repr(each) for each in ("auto", *offered))
        raise ValueError(f"strategy must be one of {names} or a cogway.Processes, got {name!r}")
    reason = offered[name]
    if reason is not None:
        raise StrategyUnavailable(f"strategy {name!r}: {reason}")
    return cast("Strategy", name), (options or Processes()) if name == "processes" else None


def planned(strategy: Any, workers: int | None) -> tuple[Strategy, int, ProcessPool | None]:
    """Return the strategy that was asked for, how many workers, and their pool of processes.

    Nothing is started yet.

    Raises:
        ValueError: There is no such strategy, or it takes fewer workers.
        StrategyUnavailable: There is, and it cannot be had here.
    """
    name, options = _chosen(strategy)
    count = max(2, _core.processors()["usable"]) if workers is None else workers
    if options is None:
        return name, count, None
    if workers is None:
        count = min(count, MOST_PROCESSES)
    elif workers > MOST_PROCESSES:
        raise ValueError(f"python_workers: at most {MOST_PROCESSES} processes, got {workers}")
    from cogway._processes.pool import ProcessPool

    return name, count, ProcessPool(options)
