# SPDX-License-Identifier: Apache-2.0
"""Ten threads add to one counter until the sum is wrong, then rightly: `14_race.py [STEPS]`."""

import sys
from collections.abc import Callable
from threading import Barrier, Lock, Thread

from cogway.sync import AtomicInt64, critical_section

THREADS = 10
STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
gil = getattr(sys, "_is_gil_enabled", lambda: True)()


class Counter:
    """Its value is a property, so `counter.value += 1` is three steps that others come between."""

    def __init__(self) -> None:
        self._value = 0

    @property
    def value(self) -> int:
        """The number."""
        return self._value

    @value.setter
    def value(self, value: int) -> None:
        self._value = value


def run(add: Callable[[], None]) -> None:
    """Have ten threads add, from a barrier on."""
    barrier = Barrier(THREADS)

    def body() -> None:
        barrier.wait()
        for _ in range(STEPS):
            add()

    threads = [Thread(target=body) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def unprotected() -> int:
    counter = Counter()

    def add() -> None:
        counter.value += 1

    run(add)
    return counter.value


def locked() -> int:
    counter, lock = Counter(), Lock()

    def add() -> None:
        with lock:
            counter.value += 1

    run(add)
    return counter.value


def sectioned() -> int:
    counter = Counter()

    def add() -> None:
        with critical_section(counter):  # the object itself is what they agree on
            counter.value += 1

    run(add)
    return counter.value


def atomic() -> int:
    counter = AtomicInt64()

    def add() -> None:
        nonlocal counter
        counter += 1  # one step of the processor

    run(add)
    return int(counter)


wanted = THREADS * STEPS
print(f"{THREADS} threads × {STEPS:,} (the GIL is {'on' if gil else 'off'})")
for attempt in range(1, 21):
    found = unprotected()
    print(f"  no protection, run {attempt}: {found:,}")
    if found != wanted:
        print(f"  {wanted - found:,} additions are lost")
        break
else:
    print("  right every time, by luck: nothing promises it")

for protected in (locked, sectioned, atomic):
    found = protected()
    print(f"  {protected.__name__}: {found:,}")
    assert found == wanted
