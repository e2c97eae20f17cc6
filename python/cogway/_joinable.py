# SPDX-License-Identifier: Apache-2.0
"""Threads that may be waited for with Ctrl-C at hand."""

from __future__ import annotations

import threading


class JoinableThread(threading.Thread):
    """A thread that is alive until its work has ended, whatever interrupts `join`.

    Before Python 3.13 an interrupted `threading.Thread.join` takes a running thread for an ended
    one (what it does since bpo-45274 for a lock that it may have got), so that whoever closes again
    after Ctrl-C forgets the work that goes on.
    """

    _ended: threading.Event

    def start(self) -> None:
        """As `threading.Thread.start`."""
        self._ended = threading.Event()
        super().start()

    def run(self) -> None:
        """As `threading.Thread.run`."""
        try:
            super().run()
        finally:
            self._ended.set()

    def join(self, timeout: float | None = None) -> None:
        """As `threading.Thread.join`; an exception that ends the wait leaves it alive."""
        runs = self.is_alive() and self is not threading.current_thread()
        if not runs or self._ended.wait(timeout):
            super().join(timeout)
