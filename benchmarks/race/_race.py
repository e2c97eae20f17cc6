# SPDX-License-Identifier: Apache-2.0
"""Ten threads and a counter: the standard library alone, but for two ways to be right of cogway.

Run by another interpreter it measures there: `_race.py KIND RUNS STEPS`.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS = 10


class Plain:
    """A counter whose value is a property: `counter.value += 1` is a read, a sum and a write."""

    def __init__(self) -> None:
        self._value = 0

    @property
    def value(self) -> int:
        """The number."""
        return self._value

    @value.setter
    def value(self, value: int) -> None:
        self._value = value


def plain() -> tuple[Callable[[int], None], Callable[[], int]]:
    """Return a loop that adds 1 so many times, and what reads the counter."""
    counter = Plain()

    def add(steps: int) -> None:
        for _ in range(steps):
            counter.value += 1

    return add, lambda: counter.value


def locked() -> tuple[Callable[[int], None], Callable[[], int]]:
    """The same under a lock."""
    counter, lock = Plain(), threading.Lock()

    def add(steps: int) -> None:
        for _ in range(steps):
            with lock:
                counter.value += 1

    return add, lambda: counter.value


def critical_section() -> tuple[Callable[[int], None], Callable[[], int]]:
    """The same in a critical section of the counter.

    Raises:
        ImportError: cogway is not installed for this interpreter.
    """
    import cogway.sync

    section = cogway.sync.critical_section
    counter = Plain()

    def add(steps: int) -> None:
        for _ in range(steps):
            with section(counter):
                counter.value += 1

    return add, lambda: counter.value


def atomic() -> tuple[Callable[[int], None], Callable[[], int]]:
    """The same with AtomicInt64.

    Raises:
        ImportError: cogway is not installed for this interpreter.
    """
    import cogway.sync

    counter = cogway.sync.AtomicInt64()

    def add(steps: int) -> None:
        nonlocal counter
        for _ in range(steps):
            counter += 1

    return add, lambda: int(counter)


KINDS = {
    "plain": plain,
    "locked": locked,
    "critical_section": critical_section,
    "atomic": atomic,
}


def run_once(kind: str, steps: int) -> tuple[int, float]:
    """Return how many additions were lost, and the seconds that all of them took."""
    add, read = KINDS[kind]()
    barrier = threading.Barrier(THREADS + 1)

    def body() -> None:
        barrier.wait()
        add(steps)

    threads = [threading.Thread(target=body) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return THREADS * steps - read(), time.perf_counter() - began


def repeat(kind: str, runs: int, steps: int) -> dict[str, float]:
    """Run so often; return how many runs were wrong, what was lost, and an addition's time."""
    found = [run_once(kind, steps) for _ in range(runs)]
    total = runs * THREADS * steps
    return {
        "wrong_percent": 100 * sum(lost != 0 for lost, _ in found) / runs,
        "lost_percent": 100 * sum(lost for lost, _ in found) / total,
        "ns": sum(seconds for _, seconds in found) / total * 1e9,
    }


if __name__ == "__main__":
    kind, runs, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    try:
        print(json.dumps(repeat(kind, runs, steps)))
    except ImportError as error:
        print(json.dumps({"absent": str(error)}))
