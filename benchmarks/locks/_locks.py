# SPDX-License-Identifier: Apache-2.0
"""Locks in four situations. Run by another interpreter: `_locks.py KIND SITUATION LOOPS`."""

from __future__ import annotations

import json
import sys
import threading
import time
import timeit
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

UNROLLED = 10


class Refused(Exception):
    """The lock has no such situation."""


def made(kind: str) -> Callable[[], Any]:
    """Return what makes a lock of a kind.

    Raises:
        ImportError: cogway is not installed for this interpreter.
    """
    if kind == "threading":
        return threading.Lock
    import cogway.sync

    if kind == "section":
        return Section
    return {"mutex": cogway.sync.Mutex, "lock": cogway.sync.Lock}[kind]


class Section:
    """An object that is its own lock."""


def statement(kind: str, situation: str) -> str:
    """What is measured, of the names `lock` and `section`."""
    if situation == "pair":
        if kind == "section":
            raise Refused("a critical section is for `with` alone")
        return "lock.acquire(); lock.release()"
    return "with section(lock): pass" if kind == "section" else "with lock: pass"


def least(text: str, names: dict[str, object], loops: int) -> float:
    """Return the seconds of ten statements in the best of 15 slices."""
    setup = "; ".join(f"{name} = _names[{name!r}]" for name in names)
    timer = timeit.Timer("\n".join([text] * UNROLLED), setup, globals={"_names": names})
    return min(timer.repeat(15, loops)) / loops


def names_of(kind: str, lock: object) -> dict[str, object]:
    """The names that a statement uses."""
    if kind != "section":
        return {"lock": lock}
    import cogway.sync

    return {"lock": lock, "section": cogway.sync.critical_section}


def between_threads(kind: str, locks: list[object], loops: int) -> float:
    """Return the seconds from the first thread's begin to the last one's end, a statement.

    There is a thread for each lock, and the same lock may be there twice.

    What it protects is a number that the statement adds 1 to.
    """
    barrier = threading.Barrier(len(locks))
    clock = time.perf_counter
    times: list[float] = []
    text = statement(kind, "with").replace("pass", "cell[0] += 1")
    cells: dict[int, list[int]] = {id(lock): [0] for lock in locks}

    def body(lock: object) -> None:
        names = {**names_of(kind, lock), "cell": cells[id(lock)]}
        setup = "; ".join(f"{name} = _names[{name!r}]" for name in names)
        timer = timeit.Timer("\n".join([text] * UNROLLED), setup, globals={"_names": names})
        barrier.wait()
        began = clock()
        timer.timeit(loops)
        times.extend((began, clock()))

    threads = [threading.Thread(target=body, args=(lock,)) for lock in locks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = len(locks) * loops * UNROLLED
    if sum(cell[0] for cell in cells.values()) != total:
        raise AssertionError("additions were lost")
    return (max(times) - min(times)) / total


def measure(kind: str, situation: str, loops: int) -> float:
    """Return nanoseconds a time.

    Raises:
        Refused: the lock has no such situation.
        ImportError: cogway is not installed for this interpreter.
    """
    make = made(kind)
    if situation in ("pair", "with"):
        text, names = statement(kind, situation), names_of(kind, make())
        cost = least(text, names, loops) - least("pass", names, loops)
        return max(0.0, cost) / UNROLLED * 1e9
    locks = [make()] * 2 if situation == "shared" else [make(), make()]
    return min(between_threads(kind, locks, loops) for _ in range(5)) * 1e9


if __name__ == "__main__":
    try:
        print(json.dumps({"ns": measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))}))
    except ImportError as error:
        print(json.dumps({"absent": str(error)}))
