# SPDX-License-Identifier: Apache-2.0
"""Feeding a run from an iterable or an asynchronous iterable, item by item as there is room."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterable
from typing import TYPE_CHECKING, Any

from cogway import _core
from cogway._flow_failure import text_of
from cogway._flow_held import SOURCE, native_form
from cogway._flow_items import Item
from cogway._joinable import JoinableThread

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

    from cogway._core import FlowRun, Ticket
    from cogway._engine import Engine
    from cogway._flow_held import Held

_TIDY_EVERY = 16


class SourceDrive:
    """Takes the next item of a source only when there is room for what it becomes.

    Threads: an iterable runs on a thread of its own; an asynchronous one on the consumer's loop,
    or, for a consumer without one, on the engine's.
    """

    def __init__(
        self,
        core: FlowRun,
        held: Held,
        make: Callable[[], Iterable[Any] | AsyncIterable[Any]],
        *,
        native: bool,
    ) -> None:
        """Take what `make` returns as the source; `native`: the first stage is a kernel."""
        self._core = core
        self._held = held
        self._make = make
        self._native = native
        self._count = 0
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._ended: Ticket[None] | None = None

    def start(self, engine: Engine, loop: asyncio.AbstractEventLoop | None) -> None:
        """Begin to feed."""
        source = self._make()
        if isinstance(source, AsyncIterable):
            feeding = self._feed_async(source)
            if loop is None:
                self._ended = engine.spawn(feeding)
            else:
                self._loop = loop
                self._task = loop.create_task(feeding)
            return
        self._ended = _core.open_ticket()
        self._thread = JoinableThread(
            target=self._feed, args=(source,), name="cw-flow-source", daemon=True
        )
        self._thread.start()

    def cancel(self) -> None:
        """Interrupt an asynchronous source that waits; the run has been cancelled."""
        if self._task is not None:
            assert self._loop is not None
            with contextlib.suppress(RuntimeError):  # the loop is closed, and the source with it
                self._loop.call_soon_threadsafe(self._task.cancel)
        elif self._thread is None and self._ended is not None:
            self._ended.cancel()

    def stop(self, timeout: float) -> None:
        """Wait until feeding has ended, except on the consumer's loop; the run is over already."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    async def stopped(self, timeout: float) -> None:  # noqa: ASYNC109
        """Wait until feeding has ended, without blocking the loop."""
        import asyncio

        waited: Any = self._ended if self._task is None else self._task
        if waited is None or waited is asyncio.current_task():
            return
        if self._loop is None or self._loop is asyncio.get_running_loop():
            await asyncio.wait([asyncio.ensure_future(waited)], timeout=timeout)

    def _offer(self, thing: Any) -> bool:
        """Give one item; False: there is no room yet."""
        value, label = (thing.value, thing.label) if isinstance(thing, Item) else (thing, None)
        position = self._count
        self._held.values[position] = value
        if label is not None:
            self._held.labels[position] = label
        if self._core.try_offer(native_form(value) if self._native else value, position) is None:
            return False
        self._count += 1
        if self._count % _TIDY_EVERY == 0:  # the consumer may see none of what is left out
            self._held.forget_left(self._core)
        return True

    def _failed(self, error: BaseException) -> None:
        if self._core.foreign_over():
            return  # it was told to stop
        self._held.errors[SOURCE] = error
        self._core.fail_source(text_of(error))

    def _feed(self, source: Iterable[Any]) -> None:
        core = self._core
        iterator = None
        try:
            iterator = iter(source)
            while True:
                core.wait_room().result()
                if core.foreign_over():
                    return
                try:
                    thing = next(iterator)
                except StopIteration:
                    break
                while not self._offer(thing):
                    core.wait_room().result()
            core.end_source()
        except BaseException as error:
            self._failed(error)
        finally:
            assert self._ended is not None
            try:
                close = getattr(iterator, "close", None)
                if close is not None:
                    close()
            finally:
                _core.finish_ticket(self._ended, None)

    async def _feed_async(self, source: AsyncIterable[Any]) -> None:
        core = self._core
        iterator = None
        try:
            iterator = aiter(source)
            while True:
                await core.wait_room()
                if core.foreign_over():
                    return
                try:
                    thing = await anext(iterator)
                except StopAsyncIteration:
                    break
                while not self._offer(thing):
                    await core.wait_room()
            core.end_source()
        except Exception as error:
            self._failed(error)
        except BaseException as error:
            self._failed(error)
            raise
        finally:
            close = getattr(iterator, "aclose", None)
            if close is not None:
                await close()
