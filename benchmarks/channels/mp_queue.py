# SPDX-License-Identifier: Apache-2.0
"""Two `multiprocessing.Queue`: pickled, written by a thread, read from a pipe."""

from __future__ import annotations

import multiprocessing
import time
from typing import Any

from harness import sibling

peer: Any = sibling(__file__, "_peer")


def _answer(there: Any, back: Any) -> None:
    while (message := there.get()) is not None:
        if isinstance(message, int):
            small = bytes(peer.SMALL)
            for _ in range(message):
                back.put(small)
        elif len(message) == peer.NBYTES:
            back.put(peer.touch(message))
        else:
            back.put(message)


class Queue(peer.Sender):  # type: ignore[misc]
    label = "multiprocessing.Queue"

    def open(self) -> None:
        fork = multiprocessing.get_context("fork")
        self._there, self._back = fork.Queue(), fork.Queue()
        self._source = bytearray(peer.NBYTES)
        self._peer = fork.Process(target=_answer, args=(self._there, self._back))
        self._peer.start()

    def echo(self, message: bytes) -> bytes:
        self._there.put(message)
        return bytes(self._back.get(timeout=60))

    def pages(self, stamp: bytes) -> bytes:
        self._source[:8] = stamp
        self._there.put(bytes(self._source))
        return bytes(self._back.get(timeout=60))

    def flood(self, count: int) -> float:
        self._there.put(count)
        self._back.get(timeout=60)
        began = time.perf_counter()
        for _ in range(count - 1):
            self._back.get(timeout=60)
        return time.perf_counter() - began

    def close(self) -> None:
        self._there.put(None)
        self._peer.join()
