# SPDX-License-Identifier: Apache-2.0
"""The golden thread and the logger, in Python.

Run by another interpreter: `_golden.py COUNT MICROSECONDS`.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PERIOD_NS = 1_000_000
_BYTES = 1 << 16


@contextmanager
def logger(interval_us: int) -> Iterator[None]:
    """A thread that makes lines of a log all the while, at that switch interval."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(interval_us / 1e6)
    stopping = threading.Event()
    started = threading.Event()

    def log() -> None:
        lines: list[str] = []
        started.set()
        number = 0
        while not stopping.is_set():
            lines += [f"{n:08d} INFO loss={n / 7:.4f}" for n in range(number, number + 100)]
            number += 100
            lines.clear()

    thread = threading.Thread(target=log)
    thread.start()
    started.wait()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
        sys.setswitchinterval(before)


def feed(count: int) -> list[int]:
    """Copy a tensor a millisecond after the last; return how late each began, in nanoseconds."""
    source, target = bytearray(_BYTES), bytearray(_BYTES)
    late = []
    clock, sleep = time.monotonic_ns, time.sleep
    began = clock()
    for _ in range(count):
        due = began + PERIOD_NS
        while (left := due - clock()) > 0:
            sleep(left / 1e9)
        began = clock()
        late.append(began - due)
        target[:] = source
    return late


def in_thread(count: int, prepare: object = None) -> list[int]:
    """Feed on a thread of its own, which calls `prepare` first."""
    found: list[list[int]] = []

    def body() -> None:
        if callable(prepare):
            prepare()
        found.append(feed(count))

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    return found[0]


def summary(late: Sequence[int]) -> dict[str, float]:
    """Return the median and the 99th percentile in milliseconds."""
    ordered = sorted(late)
    return {
        "p50_ms": ordered[len(ordered) // 2] / 1e6,
        "p99_ms": ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] / 1e6,
    }


if __name__ == "__main__":
    with logger(int(sys.argv[2])):
        print(json.dumps(summary(in_thread(int(sys.argv[1])))))
