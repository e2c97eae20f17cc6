# SPDX-License-Identifier: Apache-2.0
"""What an engine does for kernels that call Python: the callables that take their posts."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, Literal

from cogway import _core
from cogway._errors import EngineClosed
from cogway._posts import PostHandler

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from cogway._statistics import PostStatistics


class EnginePosts(_core.Engine):
    """The posts of an engine; see `cogway.Engine`."""

    _name: str
    _phase: Literal["open", "draining", "closing", "closed"]
    _manual: bool
    _handlers: list[PostHandler]
    _handlers_lock: threading.Lock

    def __init__(self, **options: Any) -> None:
        """Begin without any."""
        self._manual = options["manual"]
        super().__init__(**options)
        self._handlers = []
        self._handlers_lock = threading.Lock()

    def on_post(
        self,
        name: str,
        fn: Callable[..., object],
        *,
        loop: asyncio.AbstractEventLoop | Literal["auto"] | None = "auto",
        capacity: int = 256,
        when_full: Literal["fail", "drop-newest", "drop-oldest"] = "fail",
    ) -> PostHandler:
        """Have `fn` called with what kernels post under `name`.

        A kernel posts by `host->post(context, name, buffers, n)`: it hands over copies of up to
        eight buffers and goes on at once, without attaching to the interpreter. `fn` is called
        with them as frozen Buffers, one post at a time, in the order of posting.

        Args:
            name: What kernels post under, up to 63 bytes. One handler a name.
            fn: A plain callable; its result is dropped. What it raises goes to the loop's exception
                handler, or to `sys.unraisablehook` on a thread, and the next post is delivered.
            loop: The event loop to call it on. ``"auto"``: the one that runs in this thread, where
                one does; None, or otherwise: a thread of its own, which starts now.
            capacity: Posts that may wait, rounded up to a power of two.
            when_full: What becomes of a post when as many wait: ``"fail"`` refuses it, and the
                kernel is told; ``"drop-newest"`` drops it, ``"drop-oldest"`` the one that has
                waited longest, and the kernel is not told. All are counted.

        Returns:
            The handler, which `statistics` knows too; close it to take no more posts.

        Raises:
            EngineClosed: The engine takes no more work.
            RuntimeError: The name is taken.

        Draining waits for the callables on threads. When the engine is closed, posts accepted
        before are still delivered: on a loop in its next turns, on a thread within the grace
        period; later ones are refused, and the kernel is told so. When its loop is closed a handler
        closes.
        """
        if self._phase != "open" or not self._own_process:
            raise EngineClosed("the engine is closed")
        chosen = _running_loop() if loop == "auto" else loop
        handler = PostHandler(
            self,
            name,
            fn,
            chosen,
            capacity,
            when_full,
            None if self._manual else f"{self._name}-post-{name}",
            self._handler_ended,
        )
        with self._handlers_lock:
            self._handlers.append(handler)
        return handler

    def _handler_ended(self, handler: PostHandler) -> None:
        with self._handlers_lock:
            if handler in self._handlers:
                self._handlers.remove(handler)

    def _open_handlers(self) -> list[PostHandler]:
        with self._handlers_lock:
            return list(self._handlers)

    def _deliver_posts(self) -> bool:
        """Deliver what waits on no loop of a manual engine; False when nothing did."""
        return any([handler._deliver_here() for handler in self._open_handlers()])

    def _post_statistics(self) -> tuple[PostStatistics, ...]:
        return tuple(handler.statistics() for handler in self._open_handlers())


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop of this thread, without importing asyncio where nobody has."""
    if "asyncio" not in sys.modules:
        return None
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
