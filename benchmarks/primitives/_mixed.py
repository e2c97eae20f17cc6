# SPDX-License-Identifier: Apache-2.0
"""Nine reads and a write, over and over, on keys that are each thread's own.

Run by another interpreter: `_mixed.py KIND ROUNDS wrapped|plain`.
"""

from __future__ import annotations

import importlib
import itertools
import json
import sys
import threading
import time
from typing import Any

KEYS = 1024
THREADS = 2


def made(kind: str) -> Any:
    """Return an empty dict of a kind.

    Raises:
        ImportError: it is not installed for this interpreter.
    """
    if kind == "cogway":
        return importlib.import_module("cogway.sync").ConcurrentDict()
    if kind == "ft_utils":
        return importlib.import_module("ft_utils.concurrency").ConcurrentDict()
    if kind == "cereggii":
        return importlib.import_module("cereggii").AtomicDict()
    return {}


def wrapper(kind: str) -> Any:
    """Return what makes a thread's stand-in: ft_utils' own for its dict, else ours."""
    package = "ft_utils.local" if kind == "ft_utils" else "cogway.sync"
    return importlib.import_module(package).LocalWrapper


def rows_of(first: int) -> list[tuple[int, ...]]:
    """Return the keys from `first` on, ten at a time.

    Made by the thread that uses them, whose their reference counts are then.
    """
    keys = range(first, first + KEYS)
    return [tuple(keys[(10 * row + n) % KEYS] for n in range(10)) for row in range(KEYS)]


def body(table: Any, rows: list[tuple[int, ...]], rounds: int) -> None:
    """Read nine keys and write one, so many times."""
    for a, b, c, d, e, f, g, h, i, j in itertools.islice(itertools.cycle(rows), rounds):
        table[a]
        table[b]
        table[c]
        table[d]
        table[e]
        table[f]
        table[g]
        table[h]
        table[i]
        table[j] = 1


def nanoseconds(kind: str, threads: int, rounds: int, wrapped: bool) -> float:
    """Return the time of an operation, of the whole."""
    table = made(kind)
    for key in range(threads * KEYS):
        table[key] = 0
    wrap = wrapper(kind) if wrapped else lambda shared: shared
    barrier = threading.Barrier(threads)
    clock = time.perf_counter
    times: list[float] = []

    def run(first: int) -> None:
        mine, rows = wrap(table), rows_of(first)
        barrier.wait()
        began = clock()
        body(mine, rows, rounds)
        times.extend((began, clock()))

    workers = [threading.Thread(target=run, args=(n * KEYS,)) for n in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return (max(times) - min(times)) / (threads * rounds * 10) * 1e9


def measure(kind: str, rounds: int, wrapped: bool) -> dict[str, float]:
    """Return an operation's time with two threads, and how much more they do than one."""
    one = min(nanoseconds(kind, 1, rounds, wrapped) for _ in range(3))
    two = min(nanoseconds(kind, THREADS, rounds, wrapped) for _ in range(3))
    return {"ns": two, "speedup": one / two}


if __name__ == "__main__":
    try:
        print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), sys.argv[3] == "wrapped")))
    except ImportError as error:
        print(json.dumps({"absent": str(error)}))
