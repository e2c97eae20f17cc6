# SPDX-License-Identifier: Apache-2.0
"""What every contestant sends, and what its clock covers."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import Any

from harness import Case, Contestant, samples

NBYTES = 4 << 20
PAGE = 4096
SMALL = 64


def touch(buffer: Any) -> bytes:
    """Read a byte of every page; return the stamp."""
    with memoryview(buffer) as view:
        if len(bytes(view[::PAGE])) != NBYTES // PAGE:
            raise RuntimeError("the buffer is not whole")
        return bytes(view[:8])


class Sender(Contestant):
    """A way of sending to a process that answers."""

    @abstractmethod
    def echo(self, message: bytes) -> bytes:
        """Send 8 bytes; return the answer."""

    @abstractmethod
    def pages(self, stamp: bytes) -> bytes:
        """Send 4 MiB that begin with the stamp; return the answer."""

    @abstractmethod
    def flood(self, count: int) -> float:
        """Have so many small messages sent here; return the seconds that they took."""

    def measure(self, case: Case) -> dict[str, float]:
        what = case.text("what")
        if what == "flood":
            count = case.count(20_000, 5_000)
            return {"messages_per_second": count / self.flood(count)}
        count, send = (
            (case.count(2_000, 100), self.echo)
            if what == "echo"
            else (case.count(40, 5), self.pages)
        )
        found = []
        for number in range(-2, count):
            stamp = (number + 2).to_bytes(8, "little")
            began = time.perf_counter_ns()
            answer = send(stamp)
            took = time.perf_counter_ns() - began
            if answer != stamp:
                raise RuntimeError("another message came back")
            if number >= 0:
                found.append(took)
        return samples.latency(found)
