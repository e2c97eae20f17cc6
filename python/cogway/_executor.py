# SPDX-License-Identifier: Apache-2.0
"""An engine's Python workers as a `concurrent.futures.Executor`."""

from __future__ import annotations

import concurrent.futures
import threading
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from cogway._concurrent import TicketFuture, resolve_later

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cogway._core import Ticket

_P = ParamSpec("_P")
_T = TypeVar("_T")


class _Call:
    """One call; knows whether it has begun."""

    __slots__ = ("_begun", "_cancelled", "_fn", "_lock")

    def __init__(self, fn: Callable[..., Any]) -> None:
        self._fn: Callable[..., Any] | None = fn
        self._lock = threading.Lock()
        self._begun = False
        self._cancelled = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with self._lock:
            if self._cancelled:
                return None
            self._begun = True
        assert self._fn is not None
        return self._fn(*args, **kwargs)

    def cancel(self) -> bool:
        with self._lock:
            if self._begun:
                return False
            self._cancelled = True
            self._fn = None
            return True


class _CallFuture(TicketFuture):
    """A future that can be cancelled until its call begins, as the standard executors' are."""

    def __init__(self, ticket: Ticket[Any], call: _Call) -> None:
        super().__init__(ticket)
        self._call = call

    def cancel(self) -> bool:
        """Cancel a call that has not begun; False for one that runs or has ended."""
        if self.cancelled():
            return True
        if self.done() or not self._call.cancel():
            return False
        concurrent.futures.Future.cancel(self)
        self.ticket.cancel()
        return True


class EngineExecutor(concurrent.futures.Executor):
    """Runs calls on the Python workers of an engine; what `Engine.executor` returns.

    For `asyncio.loop.run_in_executor`, joblib, Dask and other code that takes an executor. It has
    no threads of its own: shutting it down waits for its own calls, and the engine goes on.
    Callbacks of its futures run on the thread ``cogway-callbacks``.

    Threads: any. A call that waits for another with `result` runs it itself if no worker has begun
    it, so that calls may nest deeper than there are workers; `concurrent.futures.wait` only waits.

    Cancellation: as for the standard executors, a call can be cancelled until it begins.
    """

    def __init__(
        self,
        call: Callable[..., Ticket[Any]],
        placed: Callable[[Any], Any],
        map_: Callable[..., Any],
        workers: Callable[[], int],
    ) -> None:
        """Take the engine's ways to call, to place and to map, and to tell its workers' number."""
        self._submit = call
        self._placed = placed
        self._map = map_
        self._workers = workers
        self._lock = threading.Lock()
        self._shut_down = False
        self._pending: set[_CallFuture] = set()

    @property
    def _max_workers(self) -> int:
        """How many calls run at once; Dask asks."""
        return self._workers()

    def submit(
        self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> concurrent.futures.Future[_T]:
        """Have ``fn(*args, **kwargs)`` run; the future of its outcome.

        Raises:
            RuntimeError: The executor has been shut down, or the engine is closed.
            QueueFull: `queue_capacity` calls wait already.
        """
        call = _Call(self._placed(fn))
        with self._lock:
            if self._shut_down:
                raise RuntimeError("cannot schedule new futures after shutdown")
            future = _CallFuture(self._submit(call, args, kwargs), call)
            self._pending.add(future)
        resolve_later(future)
        future.add_done_callback(self._forget)
        return future

    def _forget(self, future: concurrent.futures.Future[Any]) -> None:
        with self._lock:
            self._pending.discard(future)

    def map(
        self,
        fn: Callable[..., _T],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
        buffersize: int | None = None,
    ) -> Iterator[_T]:
        """Call `fn` with the items of the iterables; an iterator over the results, in order.

        Args:
            fn: What to call.
            iterables: One for each parameter; it ends with the shortest.
            timeout: Seconds from now until the last result; then `TimeoutError`.
            chunksize: Calls that go to a worker together.
            buffersize: How many calls are taken from the iterables ahead of the results that have
                been asked for. None: all of them, now.

        Raises:
            RuntimeError: The executor has been shut down, or the engine is closed.
        """
        with self._lock:
            if self._shut_down:
                raise RuntimeError("cannot schedule new futures after shutdown")
        if buffersize is not None and buffersize < 1:
            raise ValueError(f"buffersize must be None or at least 1, got {buffersize}")
        ahead = None if buffersize is None else -(-buffersize // max(1, chunksize))
        rows: Iterator[tuple[Any, ...]] = zip(*iterables, strict=False)
        if ahead is None:
            rows = iter(list(rows))  # taken now, as the standard executors do
        results: Iterator[_T] = self._map(fn, rows, timeout, chunksize, ahead)
        return results

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls.

        Args:
            wait: Return only when those taken have ended.
            cancel_futures: Cancel those that have not begun.
        """
        with self._lock:
            self._shut_down = True
            pending = list(self._pending)
        if cancel_futures:
            for future in pending:
                future.cancel()
        if wait:
            for future in pending:
                future.ticket._run_here()
            concurrent.futures.wait(pending)
