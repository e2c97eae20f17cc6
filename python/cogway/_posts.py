# SPDX-License-Identifier: Apache-2.0
"""Callables that take what kernels post: on an event loop, or on a thread of their own.

Native threads never attach to the interpreter for this: they leave the post in a port and make its
descriptor readable, and whoever waits for the descriptor calls the callable.
"""

from __future__ import annotations

import contextvars
import select
import threading
from typing import TYPE_CHECKING, Self

from cogway import _core
from cogway._joinable import JoinableThread
from cogway._statistics import PostStatistics

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["PostHandler"]

_POLICIES = ("fail", "drop-newest", "drop-oldest")


class _Reader:
    """What a loop calls when there are posts; it alone keeps the port open."""

    def __init__(self, port: _core.PostPort) -> None:
        self._port = port

    def __call__(self) -> None:
        self._port.deliver()

    def __del__(self) -> None:
        # The loop was closed: from now on kernels are told so, rather than posting to nobody.
        self._port.close()


class PostHandler:
    """A callable that an engine calls with what its kernels post under one name.

    Made by `Engine.on_post`. A context manager: leaving the block closes it.

    Threads: `close` and `statistics` from any. The callable runs on the event loop or thread that
    `Engine.on_post` says, one post at a time, in the order of posting.
    """

    def __init__(
        self,
        engine: _core.Engine,
        name: str,
        fn: Callable[..., object],
        loop: asyncio.AbstractEventLoop | None,
        capacity: int,
        when_full: str,
        thread_name: str | None,
        ended: Callable[[PostHandler], None],
    ) -> None:
        """Open the port; see `Engine.on_post`."""
        if not callable(fn):
            raise TypeError(f"on_post(): fn must be callable, not {type(fn).__name__}")
        if when_full not in _POLICIES:
            raise ValueError(
                f"on_post(): when_full must be one of {', '.join(map(repr, _POLICIES))}, "
                f"not {when_full!r}"
            )
        self._name = name
        self._fn = fn
        self._loop = loop
        self._ended = ended
        self._port = engine._open_port(
            name,
            fn,
            None if loop is None else self._report,
            capacity,
            _POLICIES.index(when_full),
        )
        self._turned = threading.Condition()
        self._thread: threading.Thread | None = None
        if loop is None and thread_name is not None:
            context = contextvars.copy_context()
            self._thread = JoinableThread(
                target=context.run,
                args=(self._serve,),
                name=thread_name,
                daemon=_core.IN_MAIN_INTERPRETER,
            )
            self._thread.start()
        elif loop is not None:
            self._on_loop(self._listen, at_once=True)

    @property
    def name(self) -> str:
        """The name that kernels post under."""
        return self._name

    @property
    def closed(self) -> bool:
        """True once posts are refused."""
        return self._port.closed

    def statistics(self) -> PostStatistics:
        """Return a snapshot of what was posted, and what became of it."""
        return PostStatistics(**self._port.statistics())

    def close(self, timeout: float | None = None) -> bool:
        """Refuse posts from now on, and have those accepted before delivered.

        On an event loop that happens in its next turns; on a handler's own thread, it is waited
        for, unless it is the callable itself that closes.

        Args:
            timeout: Seconds to wait for the thread; None waits as long as the callable takes.

        Returns:
            False when the time-out came first.
        """
        self._port.close()
        if self._loop is None:
            return self._end_thread(timeout)
        self._on_loop(self._unlisten, at_once=False)
        return True

    def __enter__(self) -> Self:
        """Return the handler."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def __repr__(self) -> str:
        """Return name and state."""
        return f"<PostHandler {self._name!r} {'closed' if self.closed else 'open'}>"

    # --- On a loop -----------------------------------------------------------------------------

    def _on_loop(self, call: Callable[[], None], *, at_once: bool) -> None:
        """Call it on the loop: here and now if that is where this runs, or in its next turn."""
        import asyncio

        assert self._loop is not None
        try:
            if at_once and asyncio.get_running_loop() is self._loop:
                call()
                return
        except RuntimeError:  # no loop runs here
            pass
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:  # it is closed, and will call nobody any more
            self._port.close()
            self._ended(self)

    def _listen(self) -> None:
        assert self._loop is not None
        if not self._port.closed:
            self._loop.add_reader(self._port.fileno(), _Reader(self._port))

    def _unlisten(self) -> None:
        assert self._loop is not None
        while not self._port.idle:
            self._port.deliver()
        self._loop.remove_reader(self._port.fileno())
        self._ended(self)

    # --- On a thread ---------------------------------------------------------------------------

    def _serve(self) -> None:
        try:
            while not (self._port.closed and self._port.idle):
                select.select([self._port], [], [])
                self._port.deliver()
                with self._turned:
                    self._turned.notify_all()
        finally:
            self._port.close()
            self._ended(self)

    def _end_thread(self, timeout: float | None) -> bool:
        thread = self._thread
        if thread is None:
            self._deliver_here()
            self._ended(self)
            return True
        self._port.wake()
        if thread is not threading.current_thread():
            thread.join(timeout)
        return thread is threading.current_thread() or not thread.is_alive()

    def _settle(self, timeout: float | None) -> bool:
        """Wait until the thread has delivered what was posted before; loops do so by themselves."""
        thread = self._thread
        if thread is None:
            self._deliver_here()
            return True
        if thread is threading.current_thread():
            return True
        with self._turned:
            return self._turned.wait_for(lambda: self._port.idle or not thread.is_alive(), timeout)

    def _deliver_here(self) -> bool:
        """Deliver what waits, for a manual engine, which has no threads; False when nothing did."""
        delivered = False
        while self._loop is None and self._thread is None and not self._port.idle:
            self._port.deliver()
            delivered = True
        return delivered

    # --- What the callable raised --------------------------------------------------------------

    def _report(self, error: BaseException) -> None:
        assert self._loop is not None
        message = f"Exception in {self._fn!r}, which takes the posts {self._name!r}"
        self._loop.call_exception_handler({"message": message, "exception": error})
