# SPDX-License-Identifier: Apache-2.0
"""A `multiprocessing.Pipe`, bytes as they are: no pickle, no thread."""

from __future__ import annotations

import multiprocessing
import time
from typing import Any

from harness import sibling

peer: Any = sibling(__file__, "_peer")


def _answer(end: Any) -> None:
    while message := end.recv_bytes():
        if len(message) < 8:
            small = bytes(peer.SMALL)
            for _ in range(int(message[1:])):
                end.send_bytes(small)
        elif len(message) == peer.NBYTES:
            end.send_bytes(peer.touch(message))
        else:
            end.send_bytes(message)


class Pipe(peer.Sender):  # type: ignore[misc]
    label = "multiprocessing.Pipe"

    def open(self) -> None:
        fork = multiprocessing.get_context("fork")
        self._end, theirs = fork.Pipe()
        self._source = bytearray(peer.NBYTES)
        self._peer = fork.Process(target=_answer, args=(theirs,))
        self._peer.start()

    def echo(self, message: bytes) -> bytes:
        self._end.send_bytes(message)
        return bytes(self._end.recv_bytes())

    def pages(self, stamp: bytes) -> bytes:
        self._source[:8] = stamp
        self._end.send_bytes(self._source)
        return bytes(self._end.recv_bytes())

    def flood(self, count: int) -> float:
        self._end.send_bytes(b"n%d" % count)
        self._end.recv_bytes()
        began = time.perf_counter()
        for _ in range(count - 1):
            self._end.recv_bytes()
        return time.perf_counter() - began

    def close(self) -> None:
        self._end.send_bytes(b"")
        self._peer.join()
