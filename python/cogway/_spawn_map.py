# SPDX-License-Identifier: Apache-2.0
"""Many calls of one function: what `Engine.map` and `Engine.starmap` return."""

from __future__ import annotations

import inspect
import itertools
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cogway._errors import QueueFull

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

    from cogway._core import Ticket

    Outcome = tuple[list[Any], Exception | None]
    """The results of a chunk up to its first failure, and that."""

_R = TypeVar("_R")


def _run(fn: Callable[..., Any], chunk: tuple[Any, ...]) -> Outcome:
    results: list[Any] = []
    try:
        results.extend(fn(*arguments) for arguments in chunk)
    except Exception as error:
        return results, error
    return results, None


async def _run_async(fn: Callable[..., Any], chunk: tuple[Any, ...]) -> Outcome:
    results: list[Any] = []
    try:
        for arguments in chunk:
            result = await fn(*arguments)
            results.append(result)  # noqa: PERF401: what came before a failure counts
    except Exception as error:
        return results, error
    return results, None


class SpawnMap(Generic[_R]):
    """The results of many calls, with ``for`` or ``async for``: as they are asked for.

    No more than `ahead` chunks are under way, so that the arguments may come from an endless
    iterator. The first call that fails ends the iteration with its exception, after the results
    that precede it; what has not begun then never runs. So does leaving a ``with`` block.

    Threads: one consumer at a time.

    Cancellation: cancelling a task that waits for the next result takes nothing away.
    """

    def __init__(
        self,
        spawn: Callable[..., Ticket[Any]],
        fn: Callable[..., _R],
        arguments: Iterator[tuple[Any, ...]],
        *,
        chunksize: int,
        ahead: int,
        ordered: bool,
        timeout: float | None,
    ) -> None:
        """Take what `Engine.map` has checked; nothing is called yet."""
        self._spawn = spawn
        self._fn = fn
        self._run = _run_async if inspect.iscoroutinefunction(fn) else _run
        self._arguments = arguments
        self._chunksize = chunksize
        self._ahead = ahead
        self._ordered = ordered
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._timeout = timeout
        self._under_way: deque[Ticket[Outcome]] = deque()
        self._futures: dict[Ticket[Outcome], concurrent.futures.Future[Outcome]] = {}
        self._results: deque[_R] = deque()
        self._chunk: tuple[Any, ...] = ()  # taken, and not under way yet
        self._error: BaseException | None = None
        self._exhausted = False

    # --- Submitting ----------------------------------------------------------------------------

    def _fill(self) -> None:
        """Have as many chunks under way as may be."""
        while not self._exhausted and len(self._under_way) < self._ahead:
            if not self._chunk:
                self._read()
            if not self._chunk:
                self._exhausted = True
                return
            try:
                self._under_way.append(self._spawn(self._run, self._fn, self._chunk))
            except QueueFull:
                if not self._under_way:
                    raise
                return  # there is room again when these have ended
            self._chunk = ()

    def _read(self) -> None:
        """Take a chunk from the arguments; shorter where they end or fail."""
        chunk: list[tuple[Any, ...]] = []
        if self._error is None:
            try:
                chunk.extend(itertools.islice(self._arguments, self._chunksize))
            except Exception as error:  # raised where its results would come
                self._error = error
        self._chunk = tuple(chunk)

    def begin(self) -> None:
        """Begin with the calls before a result is asked for."""
        try:
            self._fill()
        except BaseException:
            self.close()
            raise

    def _take(self, ticket: Ticket[Outcome]) -> None:
        self._under_way.remove(ticket)
        self._futures.pop(ticket, None)
        try:
            results, error = ticket.result()
        except BaseException:  # its engine was closed
            self.close()
            raise
        self._results.extend(results)
        if error is not None:
            self._cancel()
            self._exhausted = True
            self._error = error

    def _next(self) -> tuple[bool, Any]:
        """Return (True, a result), or (False, None): wait for one."""
        self._fill()
        if self._results:
            return True, self._results.popleft()
        if self._under_way:
            return False, None
        error, self._error = self._error, None
        if error is None:
            raise _Ended
        if isinstance(error, (StopIteration, StopAsyncIteration)):  # would read as the end
            raise RuntimeError(f"map(): a call raised {type(error).__name__}") from error
        raise error

    def _rest(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def _late(self) -> TimeoutError:
        self.close()
        return TimeoutError(f"map(): no result within {self._timeout} seconds of the call")

    # --- Iterating -----------------------------------------------------------------------------

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> _R:
        while True:
            try:
                here, result = self._next()
            except _Ended:
                raise StopIteration from None
            if here:
                found: _R = result
                return found
            ticket = self._under_way[0]
            if not self._ordered and not ticket.done():
                import concurrent.futures

                for each in self._under_way:
                    if each not in self._futures:
                        self._futures[each] = each.as_concurrent()
                if not concurrent.futures.wait(
                    self._futures.values(), self._rest(), concurrent.futures.FIRST_COMPLETED
                ).done:
                    raise self._late()
                ticket = next(each for each in self._under_way if each.done())
            elif self._deadline is not None:
                try:
                    ticket.exception(timeout=self._rest())
                except TimeoutError:
                    raise self._late() from None
            else:
                ticket.exception()
            self._take(ticket)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _R:
        import asyncio

        while True:
            try:
                here, result = self._next()
            except _Ended:
                raise StopAsyncIteration from None
            if here:
                found: _R = result
                return found
            waited = [self._under_way[0]] if self._ordered else list(self._under_way)
            futures = {asyncio.ensure_future(each): each for each in waited}
            done, _ = await asyncio.wait(
                futures, timeout=self._rest(), return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                raise self._late()
            ticket = futures[done.pop()]
            self._take(ticket)

    # --- Ending --------------------------------------------------------------------------------

    def _cancel(self) -> None:
        self._futures.clear()
        while self._under_way:
            self._under_way.pop().cancel()

    def close(self) -> None:
        """Drop what has not been asked for: what has not begun never runs."""
        self._exhausted = True
        self._error = None
        self._results.clear()
        self._cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Ended(Exception):  # noqa: N818: no error
    """There is no further result."""
