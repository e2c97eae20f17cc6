# SPDX-License-Identifier: Apache-2.0
"""Tickets as `concurrent.futures.Future`, for code that has no event loop.

One thread of the interpreter, named ``cogway-callbacks``, resolves these futures and so runs their
callbacks. It starts with the first future and sleeps while none is due.
"""

from __future__ import annotations

import concurrent.futures
import os
import select
import threading
from typing import TYPE_CHECKING, Any

from cogway import _core, _lifetime
from cogway._joinable import JoinableThread
from cogway._workers import place_of

if TYPE_CHECKING:
    from cogway._core import Ticket

_GRACE = 5.0
"""Seconds that a callback which runs at exit gets to return."""

_lock = threading.Lock()
_service: _CallbackThread | None = None


class _CallbackThread:
    """The thread that waits for completions on behalf of everybody without a loop."""

    def __init__(self) -> None:
        self.queue = _core.CallbackQueue()
        self._stopping = False
        self._turns = 0
        self._turned = threading.Condition()
        self._thread = JoinableThread(target=self._run, name="cogway-callbacks", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        # Not select(), which refuses descriptors beyond 1023.
        poll = select.poll()
        poll.register(self.queue, select.POLLIN)
        stopping = False
        while not stopping:
            poll.poll()
            stopping = self._stopping  # before the last turn, which still delivers what is due
            self.queue.deliver()
            with self._turned:
                self._turns += 1
                self._turned.notify_all()

    def settle(self, timeout: float) -> bool:
        if self._thread is threading.current_thread():
            return False
        with self._turned:
            for _ in range(2):  # the turn that runs now may have begun too early
                seen = self._turns
                self.queue.wake()
                if not self._turned.wait_for(lambda: self._turns > seen, timeout):  # noqa: B023
                    return False
        return True

    def stop(self) -> None:
        self._stopping = True
        self.queue.wake()
        if self._thread is threading.current_thread():
            return
        self._thread.join(_GRACE)
        if self._thread.is_alive():
            _lifetime.abandoned(place_of(self._thread))


class TicketFuture(concurrent.futures.Future[Any]):
    """A future whose cancellation reaches the ticket.

    A Python worker that waits for a call of its own engine runs it, if nobody has begun it.
    """

    def __init__(self, ticket: Ticket[Any]) -> None:
        super().__init__()
        self.ticket = ticket

    def cancel(self) -> bool:
        """Cancel the work; False when it is done already."""
        # The outcome arrives as any other does: through the callback thread.
        return self.ticket.cancel() or self.cancelled()

    def running(self) -> bool:
        """Return True while a worker runs the work."""
        return self.ticket.running()

    def result(self, timeout: float | None = None) -> Any:
        """As `concurrent.futures.Future.result`."""
        if timeout is None:
            self.ticket._run_here()
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """As `concurrent.futures.Future.exception`."""
        if timeout is None:
            self.ticket._run_here()
        return super().exception(timeout)


def _resolve(future: TicketFuture, ticket: Ticket[Any]) -> None:
    if ticket.cancelled() or future.cancelled():
        concurrent.futures.Future.cancel(future)
        future.set_running_or_notify_cancel()
        return
    error = ticket.exception()
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(ticket.result())


def as_concurrent(ticket: Ticket[Any]) -> concurrent.futures.Future[Any]:
    """Return a future of the ticket's outcome; what `Ticket.as_concurrent` calls."""
    future = TicketFuture(ticket)
    resolve_later(future)
    return future


def resolve_later(future: TicketFuture) -> None:
    """Give the future the outcome of its ticket once that has ended."""
    global _service
    with _lock:
        if _service is None:
            _service = _CallbackThread()
            _lifetime.at_exit(_stop)
        service = _service
    service.queue.add(future.ticket, lambda done: _resolve(future, done))


def settle(timeout: float = 30.0) -> bool:
    """Wait until the callback thread has delivered what was due before this call.

    Until then it holds the tickets, their results and what their callbacks refer to. False when a
    callback kept it for longer, or is the caller.
    """
    with _lock:
        service = _service
    return service is None or service.settle(timeout)


def _stop() -> None:
    global _service
    with _lock:
        service, _service = _service, None
    if service is not None:
        service.stop()


def _after_fork_in_child() -> None:
    global _service, _lock
    _service = None
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork_in_child)
