# SPDX-License-Identifier: Apache-2.0
"""Running the Python stages of a run."""

from __future__ import annotations

import inspect
import threading
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

from cogway import _core
from cogway._errors import EngineClosed
from cogway._flow_failure import text_of
from cogway._flow_held import native_form
from cogway._flow_items import Batch
from cogway._joinable import JoinableThread

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from concurrent.futures import Future

    from cogway._core import FlowRun, Ticket
    from cogway._engine import Engine
    from cogway._flow_held import Held, RawElement


class StageDrive:
    """Takes items that wait for a Python stage, has them run, gives the results back.

    Each item is given back once, by whoever claims it: its call when it begins, or the one who
    learns that it will never begin.

    Threads: one thread hands items out; callables run on the engine's Python workers, coroutine
    functions on the consumer's loop or, for a consumer without one, on the engine's.
    """

    def __init__(
        self,
        core: FlowRun,
        held: Held,
        functions: dict[int, Callable[[Any], Any]],
        native_after: set[int],
    ) -> None:
        """Take the functions by stage, and the stages that a kernel follows."""
        self._core = core
        self._held = held
        self._functions = functions
        self._native_after = native_after
        self._unclaimed: set[int] = set()
        self._futures: dict[int, Future[None]] = {}
        self._cancelled = False
        self._engine: Engine | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._ended: Ticket[None] | None = None

    def start(self, engine: Engine, loop: asyncio.AbstractEventLoop | None) -> None:
        """Begin to hand out items."""
        self._engine = engine
        self._loop = loop
        self._ended = _core.open_ticket()
        self._thread = JoinableThread(target=self._hand_out, name="cw-flow-stages", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Cancel the calls under way: the run has been cancelled. They give back their items."""
        self._cancelled = True
        for future in list(self._futures.values()):
            self._cancel_call(future)

    def stop(self, timeout: float) -> None:
        """Wait until handing out has ended; the run is over already."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    async def stopped(self, timeout: float) -> None:  # noqa: ASYNC109
        """Wait as `stop`, without blocking the loop."""
        import asyncio

        if self._ended is not None:
            await asyncio.wait([asyncio.ensure_future(self._ended)], timeout=timeout)

    def _hand_out(self) -> None:
        core = self._core
        try:
            while True:
                core.wait_foreign().result()
                while (taken := core.take_foreign()) is not None:
                    self._begin(*taken)
                if core.foreign_over():
                    return
        finally:
            assert self._ended is not None
            _core.finish_ticket(self._ended, None)

    def _begin(self, ticket: int, stage: int, raw: RawElement) -> None:
        function = self._functions[stage]
        engine = self._engine
        assert engine is not None
        self._unclaimed.add(ticket)
        work: Any = None
        running: Future[None]
        try:
            if inspect.iscoroutinefunction(function):
                work = self._call_async(ticket, stage, raw, function)
                if self._loop is not None:
                    import asyncio

                    running = asyncio.run_coroutine_threadsafe(work, self._loop)
                else:
                    running = engine.spawn(work).as_concurrent()
            else:
                running = engine._spawn_call(
                    self._call, (ticket, stage, raw, engine._placed(function)), None, "normal"
                ).as_concurrent()
        except Exception as error:
            if not self._claim(ticket):
                return  # the call has begun, and gives the item back itself
            if work is not None:
                work.close()
            self._give_failure(ticket, stage, raw[1][0], error)
            return
        self._futures[ticket] = running
        running.add_done_callback(partial(_over, weakref.ref(self), ticket, stage, raw[1][0]))
        if self._cancelled:
            self._cancel_call(running)

    def _cancel_call(self, future: Future[None]) -> None:
        if self._loop is None or not self._loop.is_closed():
            future.cancel()

    def _claim(self, ticket: int) -> bool:
        """Take over the duty to give an item back; False: somebody has it already."""
        try:
            self._unclaimed.remove(ticket)
        except KeyError:
            return False
        return True

    def _argument(self, raw: RawElement) -> Any:
        outcome = self._held.outcome(raw)
        return outcome if isinstance(outcome, Batch) else outcome.value

    def _call(
        self, ticket: int, stage: int, raw: RawElement, function: Callable[[Any], Any]
    ) -> None:
        if not self._claim(ticket):
            return
        position = raw[1][0]
        try:
            value = function(self._argument(raw))
        except BaseException as error:
            del raw  # the exception refers to this frame, and the item holds buffers
            self._give_failure(ticket, stage, position, error)
        else:
            self._give(ticket, stage, raw, value)

    async def _call_async(
        self, ticket: int, stage: int, raw: RawElement, function: Callable[[Any], Any]
    ) -> None:
        if not self._claim(ticket):
            return
        position = raw[1][0]
        try:
            value = await function(self._argument(raw))
        except Exception as error:
            del raw
            self._give_failure(ticket, stage, position, error)
        except BaseException as error:  # cancelled, perhaps because the engine is closing
            del raw
            self._give_failure(ticket, stage, position, self._reason(error))
            raise
        else:
            self._give(ticket, stage, raw, value)

    def _give(self, ticket: int, stage: int, raw: RawElement, value: Any) -> None:
        number, positions, indices, is_batch, *_ = raw
        if is_batch:
            before = self._held.outcome(raw)
            assert isinstance(before, Batch)
            after = value if isinstance(value, Batch) else Batch(value, before.labels, indices)
            self._held.batches[number] = after
            value = after.data
        else:
            self._held.values[positions[0]] = value
        if stage in self._native_after:
            value = native_form(value)
        try:
            self._core.give_foreign(ticket, stage, value, None)
        except Exception as error:  # not a value that the next kernel can take
            self._give_failure(ticket, stage, positions[0], error)

    def _give_failure(self, ticket: int, stage: int, position: int, error: BaseException) -> None:
        self._unclaimed.discard(ticket)
        self._held.fail(position, error)
        self._core.give_foreign(ticket, stage, None, text_of(error))
        self._held.forget_left(self._core)

    def _reason(self, error: BaseException) -> BaseException:
        if self._engine is not None and self._engine.closed:
            return EngineClosed("the engine was closed while the stage ran")
        return error


def _over(
    reference: weakref.ref[StageDrive],
    ticket: int,
    stage: int,
    position: int,
    future: Future[None],
) -> None:
    """Forget a call; give its item back if it never began, as when the engine is closed.

    Called by the callback thread, perhaps long after the run is over: it must not be the last to
    hold the run, its failures or its buffers.
    """
    drive = reference()
    if drive is None:
        return
    drive._futures.pop(ticket, None)
    if not drive._claim(ticket):
        drive._held.forget_left(drive._core)
        return
    if drive._cancelled and future.cancelled():
        drive._core.give_foreign(ticket, stage, None, "")  # the run is over: nothing failed
        drive._held.forget_left(drive._core)
        return
    error = None if future.cancelled() else future.exception()
    drive._give_failure(
        ticket, stage, position, error or EngineClosed("the engine was closed before the stage ran")
    )
