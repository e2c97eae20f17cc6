# SPDX-License-Identifier: Apache-2.0
"""Calling Python functions many times, and through the interface of the standard executors."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from cogway._engine_life import EngineLife
from cogway._errors import StrategyUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor

    from cogway._core import SharedBus, Ticket
    from cogway._spawn_map import SpawnMap
    from cogway._strategy import Strategy

_R = TypeVar("_R")


def _positive(name: str, value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError(f"{name} must be an int of at least 1, got {value!r}")
    return value


class EngineCalls(EngineLife):
    """The calls of an engine beyond `spawn`; see `cogway.Engine`."""

    _strategy: Strategy

    if TYPE_CHECKING:

        def _check_open(self, *, draining: bool = False) -> None: ...
        def spawn(self, fn: Any, /, *args: Any, **options: Any) -> Ticket[Any]: ...
        def _spawn_call(
            self, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None, priority: str
        ) -> Ticket[Any]: ...

    def _placed(self, fn: Any) -> Any:
        """Return what runs `fn` where the strategy says, called by a Python worker."""
        if self._processes is None:
            return fn
        from cogway._processes.pool import Remote

        return Remote(self._processes, fn)

    @property
    def strategy(self) -> Strategy:
        """Where callables run: ``"main"``, ``"free_threaded"`` or ``"processes"``."""
        return self._strategy

    @property
    def worker_bus(self) -> SharedBus:
        """The bus that worker processes share with this one: what lies there is not copied.

        Raises:
            StrategyUnavailable: The workers are threads, and see everything.
        """
        if self._processes is None:
            raise StrategyUnavailable(f"worker_bus: strategy {self._strategy!r} has no processes")
        self._check_open(draining=True)
        return self._processes.bus

    def map(
        self,
        fn: Callable[..., _R],
        *iterables: Iterable[Any],
        chunksize: int = 1,
        ordered: bool = True,
        ahead: int | None = None,
        timeout: float | None = None,
        priority: str = "normal",
    ) -> SpawnMap[_R]:
        """Call `fn` with the items of the iterables; iterate over the results.

        Works with ``for`` and ``async for``. Calls begin when the first result is asked for.

        Args:
            fn: A callable, which runs on Python workers, or a coroutine function, which runs on the
                event loop of the consumer, or on the engine's own.
            iterables: One for each parameter; it ends with the shortest. They are read by the
                consumer's thread, as far ahead as `ahead` says.
            chunksize: Calls that go to a worker together: more for short ones.
            ordered: Results in the order of the items; False: as they are completed (within a
                Python worker, which does calls itself while it waits: in order).
            ahead: Chunks that may be under way or wait for the consumer. None: twice the Python
                workers, and two.
            timeout: Seconds from now until the last result; then `TimeoutError`.
            priority: ``"high"``, ``"normal"`` or ``"low"``; for callables.

        Raises:
            ValueError: `chunksize` or `ahead` is no positive int.

        What a call raises is raised when its result is due; nothing more begins then.
        """
        if not iterables:
            raise TypeError("map() takes an iterable for each parameter of the callable")
        return self.starmap(
            fn,
            zip(*iterables, strict=False),
            chunksize=chunksize,
            ordered=ordered,
            ahead=ahead,
            timeout=timeout,
            priority=priority,
        )

    def starmap(
        self,
        fn: Callable[..., _R],
        arguments: Iterable[Iterable[Any]],
        *,
        chunksize: int = 1,
        ordered: bool = True,
        ahead: int | None = None,
        timeout: float | None = None,
        priority: str = "normal",
    ) -> SpawnMap[_R]:
        """Call `fn` with each of `arguments`, an iterable of tuples; as `map` otherwise."""
        from cogway._spawn_map import SpawnMap

        if not callable(fn):
            raise TypeError(f"map() takes a callable, not {type(fn).__name__}")
        if timeout is not None and not timeout >= 0:
            raise ValueError(f"timeout must be 0 seconds or more, got {timeout!r}")
        ahead = 2 * self._python.count + 2 if ahead is None else _positive("ahead", ahead)
        return SpawnMap(
            partial(self.spawn, priority=priority),
            fn,
            map(tuple, arguments),
            chunksize=_positive("chunksize", chunksize),
            ahead=ahead,
            # A worker that waits runs what it waits for, which must then be one certain call.
            ordered=ordered or threading.current_thread() in self._python.threads(),
            timeout=timeout,
        )

    def executor(self, *, priority: str = "normal") -> Executor:
        """Return the Python workers as a `concurrent.futures.Executor`.

        For `asyncio.loop.run_in_executor`, Dask and other code that takes one. Its futures are as
        those of the standard executors: a call can be cancelled until it begins, and callbacks run
        on a thread (``cogway-callbacks``). It has no threads of its own: shutting it down waits
        for its own calls, and the engine goes on.

        Args:
            priority: Of its calls.
        """
        from cogway._executor import EngineExecutor

        def eager_map(
            fn: Callable[..., Any],
            rows: Iterator[tuple[Any, ...]],
            timeout: float | None,
            chunksize: int,
            ahead: int | None,
        ) -> Iterator[Any]:
            results = self.starmap(
                fn,
                rows,
                chunksize=chunksize,
                ahead=2**62 if ahead is None else ahead,
                timeout=timeout,
                priority=priority,
            )
            results.begin()
            return results

        return EngineExecutor(
            partial(self._spawn_call, priority=priority),
            self._placed,
            eager_map,
            lambda: self._python.count,
        )
