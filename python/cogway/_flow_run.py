# SPDX-License-Identifier: Apache-2.0
"""One epoch of a pipeline, as its consumer sees it."""

from __future__ import annotations

import threading
import time
import types
from typing import TYPE_CHECKING, Self

from cogway._errors import BusExhausted
from cogway._flow_failure import describe, failure_of
from cogway._flow_statistics import PipelineStatistics, statistics_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Generator, Sequence

    from cogway._core import FlowRun
    from cogway._engine import Engine
    from cogway._flow_held import Held
    from cogway._flow_items import Batch, Item
    from cogway._flow_source import SourceDrive
    from cogway._flow_stages import StageDrive

_PENDING, _END, _FAILED = 1, 2, 3
_GRACE = 5.0
"""Seconds that running stages get to end after a failure or close."""
_STALL = 30.0
"""Seconds that a run waits for bytes of the bus while nothing else can move."""
_ROW = 64
_SLICE_NS = 200_000


@types.coroutine
def _yield_once() -> Generator[None, None, None]:
    yield


class PipelineRun:
    """The elements of one epoch: an iterator and an asynchronous iterator.

    Made by `Pipeline.run`, or by iterating over a `Pipeline`. Close it, or use it as a context
    manager, when leaving before the end; a run that is dropped is cancelled.

    Threads: one consumer at a time; `close` and `statistics` from any thread.

    Cancellation: cancelling a task that waits for the next element takes nothing away; the run goes
    on ahead as far as `prefetch` allows until it is closed.
    """

    def __init__(
        self,
        engine: Engine,
        core: FlowRun,
        held: Held,
        drives: Sequence[SourceDrive | StageDrive],
        *,
        needs_loop: bool,
    ) -> None:
        """Take the parts that `Pipeline.run` has made."""
        self._engine = engine
        self._core = core
        self._held = held
        self._drives = drives
        self._needs_loop = needs_loop
        self._started = False
        self._closed = False
        self._taking = threading.RLock()
        self._state = _PENDING
        self._row = 0
        self._row_since = 0

    # --- Iterating -----------------------------------------------------------------------------

    def _start(self, loop: asyncio.AbstractEventLoop | None) -> None:
        if self._started:
            return
        self._started = True
        try:
            for drive in self._drives:
                drive.start(self._engine, loop)
        except BaseException:
            self.close()  # nothing is under way yet, so this waits for nothing
            raise

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Batch | Item:
        try:
            if not self._started:
                if self._needs_loop and _loop_runs_here():
                    raise RuntimeError(
                        "this pipeline has asynchronous parts and a loop runs in this thread: "
                        "iterate with 'async for'"
                    )
                self._start(None)
            while True:
                found = self._take()
                if found is not None:
                    return found
                if self._state != _PENDING:
                    failed = self._state == _FAILED and not self._closed
                    self.close()
                    self._raise_failure(failed)
                    break
                try:
                    self._core.wait_ready().result(_STALL)
                except TimeoutError:
                    stall = self._stall()
                    if stall is not None:
                        self.close()
                        raise stall from None
        except (StopIteration, StopAsyncIteration) as error:
            raise _not_an_end(error) from error
        raise StopIteration

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Batch | Item:
        try:
            if not self._started:
                import asyncio

                self._start(asyncio.get_running_loop())
            while True:
                found = self._take()
                if found is not None:
                    await self._give_way()
                    return found
                if self._state != _PENDING:
                    failed = self._state == _FAILED and not self._closed
                    await self.aclose()
                    self._raise_failure(failed)
                    break
                self._row = 0
                await self._wait_on_loop()
        except (StopIteration, StopAsyncIteration) as error:
            raise _not_an_end(error) from error
        raise StopAsyncIteration

    async def _wait_on_loop(self) -> None:
        import asyncio

        try:
            async with asyncio.timeout(_STALL):
                await self._core.wait_ready()
        except TimeoutError:
            stall = self._stall()
            if stall is not None:
                await self.aclose()
                raise stall from None

    async def _give_way(self) -> None:
        """Let the loop run after a row of elements that were ready: they must not starve it."""
        now = time.monotonic_ns()
        if self._row == 0:
            self._row_since = now
        self._row += 1
        if self._row >= _ROW or now - self._row_since > _SLICE_NS:
            self._row = 0
            await _yield_once()

    def _take(self) -> Batch | Item | None:
        """Return the next element, or None when none is ready or the run is over."""
        with self._taking:
            raw = self._core.try_next()
            if isinstance(raw, int):
                self._state = raw
                return None
            outcome = self._held.outcome(raw)
            self._held.batches.pop(raw[0], None)
            self._held.forget(raw[1])
        self._held.forget_left(self._core)
        return outcome

    def _raise_failure(self, failed: bool) -> None:
        if failed:
            raise failure_of(self._core.failures(), self._held)

    def _stall(self) -> BusExhausted | None:
        """Return what to raise when nothing will move any more."""
        if not self.statistics().stalled:
            return None
        bus = self._engine.bus.statistics()
        return BusExhausted(
            f"nothing moved for {_STALL:g} s: the bus is full ({bus.used_bytes} of {bus.capacity} "
            f"bytes in use, {bus.live_buffers} buffers alive) and nothing of this pipeline can be "
            "given back. Let go of batches that are done with, or raise bus_bytes"
        )

    # --- Ending --------------------------------------------------------------------------------

    def close(self) -> None:
        """End the run: nothing more is taken from the source, running kernels are told to stop.

        Returns when nothing of the run runs any more, or after a grace period; on an event loop
        that parts of the run need, at once. Closing twice is fine.
        """
        if not self._begin_to_close():
            return
        if not self._core.quiet and not (self._needs_loop and _loop_runs_here()):
            try:
                self._core.wait_quiet().result(_GRACE)
            except TimeoutError:
                return  # what still runs keeps what it needs
        for drive in self._drives:
            drive.stop(_GRACE)
        self._clear()

    async def aclose(self) -> None:
        """End the run as `close` does, without blocking the loop.

        Cancellation: the waiting ends; the run has been told to end already.
        """
        if not self._begin_to_close():
            return
        import asyncio

        quiet = asyncio.ensure_future(self._core.wait_quiet())
        done, _ = await asyncio.wait([quiet], timeout=_GRACE)
        if not done:
            return
        for drive in self._drives:
            await drive.stopped(_GRACE)
        self._clear()

    def _begin_to_close(self) -> bool:
        """Tell everything to end; False: it has been told before, or lives in another process."""
        if self._closed or not self._engine._own_process:
            return False
        self._closed = True
        # A run that came to its end by itself leaves its source to finish what it does last.
        if self._core.cancel() or self._core.failures():
            for drive in self._drives:
                drive.cancel()
        return True

    def _clear(self) -> None:
        with self._taking:
            self._held.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        core = getattr(self, "_core", None)  # absent when __init__ failed
        if core is not None and self._engine._own_process:
            core.cancel()

    # --- Looking -------------------------------------------------------------------------------

    def statistics(self) -> PipelineStatistics:
        """Return a snapshot of what the run has counted."""
        return statistics_of(self._core.statistics())

    @property
    def skipped(self) -> list[Exception]:
        """The latest items left out by `Pipeline.skip_errors`, at most 64, as exceptions."""
        return [describe(failure, self._held) for failure in self._core.skipped()]


def _not_an_end(error: Exception) -> RuntimeError:
    """Return what to raise for an exception of the user's code that would read as the end."""
    return RuntimeError(f"the pipeline's source raised {type(error).__name__}")


def _loop_runs_here() -> bool:
    import sys

    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
