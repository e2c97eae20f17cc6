# SPDX-License-Identifier: Apache-2.0
"""The engine: owner of native workers, Python workers and the bus."""

from __future__ import annotations

import inspect
import sys
import threading
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from cogway import _lifetime
from cogway._engine_calls import EngineCalls
from cogway._environment import (
    MOST_THREADS,
    checked_interval,
    count_of,
    interval_of,
    nanoseconds_of,
)
from cogway._errors import EngineClosed
from cogway._kernels import _load_bundled
from cogway._strategy import Processes, Strategy, planned
from cogway._workers import WorkerThreads

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from cogway._core import Ticket
    from cogway._coroutines import CoroutineTasks

__all__ = ["Engine"]

_T = TypeVar("_T")
_Count = int | Literal["auto"] | None


def _count(name: str, value: _Count) -> int | None:
    if value is None or value == "auto":
        return None
    if type(value) is not int or not 1 <= value <= MOST_THREADS:
        raise ValueError(f"{name} must be 'auto' or an int from 1 to {MOST_THREADS}, got {value!r}")
    return value


class Engine(EngineCalls):
    """Owner of workers, queues and the bus; the place where native code and Python meet.

    Use it as a context manager, with ``async with`` on an event loop and ``with`` elsewhere.
    Leaving the block drains the engine (waits for all that was submitted) and closes it; leaving it
    by an exception closes it at once.

    Args:
        name: Shown in thread names, logs and statistics.
        native_workers: Threads of the foreground class, for work that somebody awaits. ``"auto"``:
            as many processors as affinity and the control group leave.
        background_workers: Threads of the background class, for loading and batch work; they yield
            the processor to everything else. ``"auto"``: likewise.
        background_policy: How the system schedules them: ``"idle"``, when no other thread wants
            the processor; ``"batch"``, with the share of a very nice thread, whose time slices the
            others wait for now and then.
        python_workers: Threads that run Python callables. ``"auto"``: the usable processors, at
            least 2.
        bus_bytes: Capacity of the bus. Default 256 MiB.
        full_bus: What a call does when the bus has no room for its results: ``"wait"`` parks the
            task until there is (no thread waits), ``"fail"`` raises `BusExhausted`.
        queue_capacity: Tasks that may wait per class before calls raise `QueueFull`; 0: no limit.
        order: ``"fifo"`` or ``"lifo"`` within a priority.
        ageing: One task in so many is taken from a lower priority while higher ones wait.
        reserved_cores: Processors kept free of background workers.
        pin: Pin workers to processors, those of `cpus` if given.
        cpus: Processors for `pin`.
        spin: Longest spin of an idle worker in seconds, or ``"auto"`` (50 µs, within a budget).
        grace: Seconds that a running kernel gets to notice its cancellation.
        openmp_threads: Threads that OpenMP and MKL may use within one kernel, its worker's own
            among them. ``"auto"``: the processors, shared among the workers that are busy when the
            kernel begins, so that N kernels with M threads each do not come to N × M threads; None:
            leave these libraries alone.
        strategy: Where Python callables run: ``"main"``, threads; ``"free_threaded"``, the same,
            only without the GIL; ``"processes"``, or `Processes`; ``"auto"``, what is parallel.
        debug: Look for mistakes of native code: redzones around every buffer and scratch that a
            kernel gets, poison in what is freed, a report of what is still held at close and of
            kernels that enter Python. See `findings`; slow.
        switch_interval: Value for `sys.setswitchinterval` while the engine is open. An await beside
            a busy Python thread takes that long, whatever cogway does.

    Each default can be set by an environment variable: ``COGWAY_NATIVE_WORKERS``,
    ``COGWAY_BACKGROUND_WORKERS``, ``COGWAY_PYTHON_WORKERS``, ``COGWAY_RESERVED_CORES``,
    ``COGWAY_BUS_BYTES``, ``COGWAY_SPIN_NS``, ``COGWAY_OPENMP_THREADS``, ``COGWAY_CRASH_REPORT``,
    ``COGWAY_DEBUG``, ``COGWAY_STRATEGY``, ``COGWAY_SWITCH_INTERVAL``.

    Threads: every method may be called from any thread. In a forked child an inherited engine
    refuses every call.

    Example:
        >>> with Engine(native_workers=1) as engine:
        ...     engine.c_spawn("core.noop").result()
    """

    def __init__(
        self,
        *,
        name: str = "cogway",
        native_workers: _Count = None,
        background_workers: _Count = None,
        background_policy: Literal["idle", "batch"] = "idle",
        python_workers: _Count = None,
        bus_bytes: int | None = None,
        full_bus: Literal["wait", "fail"] = "wait",
        queue_capacity: int = 0,
        order: Literal["fifo", "lifo"] = "fifo",
        ageing: int = 16,
        reserved_cores: int | None = None,
        pin: bool = False,
        cpus: Iterable[int] | None = None,
        spin: float | Literal["auto"] | None = None,
        grace: float = 5.0,
        openmp_threads: _Count = "auto",
        strategy: Strategy | Processes | None = None,
        debug: bool | None = None,
        switch_interval: float | None = None,
        _manual: bool = False,
    ) -> None:
        """Start the native workers; Python workers start with the first call that needs one."""
        if not isinstance(name, str):
            raise TypeError(f"name must be a str, not {type(name).__name__}")
        if not name or "\0" in name:
            raise ValueError(f"name must have characters, and none of them NUL, got {name!r}")
        if full_bus not in ("wait", "fail"):
            raise ValueError(f"full_bus must be 'wait' or 'fail', got {full_bus!r}")
        if order not in ("fifo", "lifo"):
            raise ValueError(f"order must be 'fifo' or 'lifo', got {order!r}")
        if background_policy not in ("idle", "batch"):
            raise ValueError(
                f"background_policy must be 'idle' or 'batch', got {background_policy!r}"
            )
        options: dict[str, Any] = {
            "native_workers": _count("native_workers", native_workers),
            "background_workers": _count("background_workers", background_workers),
            "bus_bytes": bus_bytes,
            "debug": debug,
            "reserved_cores": reserved_cores,
            "spin_ns": None if spin is None or spin == "auto" else round(spin * 1e9),
            "cpus": None if cpus is None else list(cpus),
            "openmp_threads": (
                0 if openmp_threads is None else _count("openmp_threads", openmp_threads)
            ),
        }
        # All that may be refused is refused before a thread is started.
        workers = _count("python_workers", python_workers)
        if workers is None:
            workers = count_of("COGWAY_PYTHON_WORKERS")
        self._strategy, workers, self._processes = planned(strategy, workers)
        if switch_interval is None:
            switch_interval = interval_of("COGWAY_SWITCH_INTERVAL")
        else:
            switch_interval = checked_interval("switch_interval", switch_interval)
        _load_bundled()
        super().__init__(
            name=name,
            pin=pin,
            lifo=order == "lifo",
            background_idle=background_policy == "idle",
            ageing=ageing,
            queue_capacity=queue_capacity,
            wait_for_bus=full_bus == "wait",
            grace=float(grace),
            manual=_manual,
            **{key: value for key, value in options.items() if value is not None},
        )
        self._name = name
        self._grace = grace
        self._spin_ns = options["spin_ns"]
        if self._spin_ns is None:
            self._spin_ns = nanoseconds_of("COGWAY_SPIN_NS")
        ending = None if self._processes is None else self._processes.leave
        self._python = WorkerThreads(name, 0 if _manual else workers, ending)
        self._coroutines: CoroutineTasks | None = None
        self._lock = threading.Lock()
        self._ending = False
        self._phase = "open"
        self._switch_interval: float | None = None
        if switch_interval is not None:
            self._switch_interval = sys.getswitchinterval()
            sys.setswitchinterval(switch_interval)
        _lifetime.opened(self)

    # --- Submission ----------------------------------------------------------------------------

    @overload
    def spawn(
        self,
        fn: Callable[..., Coroutine[Any, Any, _T]],
        /,
        *args: Any,
        priority: str = ...,
        deadline: float | None = ...,
    ) -> Ticket[_T]: ...
    @overload
    def spawn(
        self,
        fn: Coroutine[Any, Any, _T],
        /,
        *,
        priority: str = ...,
        deadline: float | None = ...,
    ) -> Ticket[_T]: ...
    @overload
    def spawn(
        self,
        fn: Callable[..., _T],
        /,
        *args: Any,
        priority: str = ...,
        deadline: float | None = ...,
    ) -> Ticket[_T]: ...

    def spawn(
        self,
        fn: Any,
        /,
        *args: Any,
        priority: str = "normal",
        deadline: float | None = None,
    ) -> Ticket[Any]:
        """Run Python code and return its ticket at once.

        A callable runs on a Python worker. A coroutine, or a coroutine function, runs on the event
        loop of the calling thread, or on the engine's own when none runs here. Context variables
        cross. Give keyword arguments with `functools.partial`.

        Args:
            fn: What to run.
            args: Its positional arguments.
            priority: ``"high"``, ``"normal"`` or ``"low"``; for callables.
            deadline: Seconds from now after which the ticket fails with `TimeoutError`. A callable
                that has not started never runs; one that runs goes on unseen.

        Returns:
            The ticket of what `fn` returns or raises.

        Raises:
            EngineClosed: The engine takes no more work.
            QueueFull: `queue_capacity` calls wait already.

        Cancellation: the ticket ends at once. A queued callable never runs; a running one cannot be
        interrupted, and its result is dropped. A coroutine gets `asyncio.CancelledError`.
        """
        if inspect.iscoroutine(fn):
            if args:
                fn.close()
                raise TypeError("spawn() of a coroutine object takes no further arguments")
            coroutine = fn
        elif inspect.iscoroutinefunction(fn):
            coroutine = fn(*args)
        elif callable(fn):
            return self._spawn_call(self._placed(fn), args, None, priority, deadline)
        else:
            raise TypeError(
                f"spawn() takes a callable or a coroutine, not {type(fn).__name__}"
                + ("; name kernels in c_spawn()" if isinstance(fn, str) else "")
            )
        try:
            self._check_open()
            return self._coroutine_tasks().spawn(coroutine, deadline)
        except Exception:  # beside Ctrl-C it may run already
            coroutine.close()
            raise

    def _spawn_call(
        self,
        fn: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any] | None,
        priority: str,
        deadline: float | None = None,
    ) -> Ticket[Any]:
        # Work under way may go on spawning callables while the engine drains.
        self._check_open(draining=True)
        self._python.ensure_started(self)
        return self._call(fn, args, kwargs, priority, deadline)

    def _check_open(self, *, draining: bool = False) -> None:
        if not self._own_process:
            raise EngineClosed(
                "the engine belongs to the parent process; make a new Engine in this one"
            )
        if self._phase != "open" and not (draining and self._phase == "draining"):
            raise EngineClosed("the engine is closed")

    def _coroutine_tasks(self) -> CoroutineTasks:
        if self._coroutines is None:
            from cogway._coroutines import CoroutineTasks

            with self._lock:
                self._check_open()  # close() ends only what it finds here
                if self._coroutines is None:
                    self._coroutines = CoroutineTasks(self._name)
        return self._coroutines
