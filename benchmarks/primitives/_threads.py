# SPDX-License-Identifier: Apache-2.0
"""What two threads do at once: started by a barrier, timed by themselves.

(The thread that waits for them may come late beside them.)
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def seconds(bodies: Sequence[Callable[[], object]]) -> float:
    """Run each in a thread of its own; return the time from the first's begin to the last's end."""
    barrier = threading.Barrier(len(bodies))
    clock = time.perf_counter
    times: list[float] = []

    def run(body: Callable[[], object]) -> None:
        barrier.wait()
        began = clock()
        body()
        times.extend((began, clock()))

    threads = [threading.Thread(target=run, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(times) - min(times)


def between(queue: object, count: int) -> float:
    """Return nanoseconds an item that one thread puts and another gets."""
    put, get = queue.put, queue.get  # type: ignore[attr-defined]

    def produce() -> None:
        for item in range(count):
            put(item)

    def consume() -> None:
        for _ in range(count):
            get()

    return min(seconds([produce, consume]) for _ in range(5)) / count * 1e9
