# SPDX-License-Identifier: Apache-2.0
"""Two pipes, and memory that both processes mapped before."""

from __future__ import annotations

import mmap
import os
import time
from typing import Any

from harness import sibling

peer: Any = sibling(__file__, "_peer")


def _answer(memory: mmap.mmap, source: int, sink: int) -> None:
    while message := os.read(source, 64):
        if len(message) != 8:
            small = bytes(peer.SMALL)
            for _ in range(int(message[1:])):
                os.write(sink, small)
        elif message == b"pages...":
            os.write(sink, peer.touch(memory))
        else:
            os.write(sink, message)


class Floor(peer.Sender):  # type: ignore[misc]
    label = "pipes and mapped memory"

    def open(self) -> None:
        self._memory = mmap.mmap(-1, peer.NBYTES)
        source, self._sink = os.pipe()
        self._source, sink = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._sink)
            os.close(self._source)
            _answer(self._memory, source, sink)
            os._exit(0)
        os.close(source)
        os.close(sink)

    def echo(self, message: bytes) -> bytes:
        os.write(self._sink, message)
        return os.read(self._source, 64)

    def pages(self, stamp: bytes) -> bytes:
        self._memory[:8] = stamp
        return self.echo(b"pages...")

    def flood(self, count: int) -> float:
        os.write(self._sink, b"n%d" % count)
        left = count * peer.SMALL - len(os.read(self._source, peer.SMALL))
        began = time.perf_counter()
        while left:
            taken = os.read(self._source, 1 << 16)
            [taken[i : i + peer.SMALL] for i in range(0, len(taken), peer.SMALL)]
            left -= len(taken)
        return time.perf_counter() - began

    def close(self) -> None:
        os.close(self._sink)
        os.close(self._source)
        os.waitpid(self._pid, 0)
