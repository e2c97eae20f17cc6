# SPDX-License-Identifier: Apache-2.0
"""Three threads in a storm of `d[k] += 1`, on keys that are there and on keys that appear.

The statement is a read, a sum and a write, so additions may be lost, with a lock in the dict or
without; what must not happen is a crash, a wrong key, or a value beyond the sum.
"""

import subprocess
import sys
import threading

import pytest
from cogway.sync import ConcurrentDict

THREADS, STEPS, KEYS = 3, 3000, 64


def storm(step):
    barrier = threading.Barrier(THREADS)
    errors = []

    def body():
        barrier.wait()
        try:
            for number in range(STEPS):
                step(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=body) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


def test_adding_in_place_loses_additions_and_nothing_else():
    table = ConcurrentDict(dict.fromkeys(range(KEYS), 0))

    def step(number):
        table[number % KEYS] += 1

    storm(step)
    assert sorted(table) == list(range(KEYS))
    assert STEPS <= sum(table.values()) <= THREADS * STEPS


def test_adding_to_keys_that_appear():
    table = ConcurrentDict()

    def step(number):
        try:
            table[number] += 1
        except KeyError:
            table[number] = 1

    storm(step)
    assert sorted(table) == list(range(STEPS))
    assert set(table.values()) <= set(range(1, THREADS + 1))


def test_update_with_a_function_loses_none():
    table = ConcurrentDict()
    storm(lambda number: table.update(number % KEYS, lambda value: value + 1, 0))
    assert sum(table.values()) == THREADS * STEPS
    storm(lambda number: table.update(-number, lambda value: value + 1, 0))
    assert sum(table.values()) == 2 * THREADS * STEPS


OTHERS = """
import sys, threading
if sys.argv[1] == "dict":
    table = {}
else:
    from ft_utils.concurrency import ConcurrentDict
    table = ConcurrentDict()
for key in range(64):
    table[key] = 0
def body():
    for number in range(3000):
        table[number % 64] += 1
threads = [threading.Thread(target=body) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert sum(table[key] for key in range(64)) <= 9000
"""


@pytest.mark.parametrize("kind", ["dict", "ft_utils"])
def test_what_others_do(kind):
    """In a process of its own: a crash of theirs is reported, and is not ours."""
    if kind == "ft_utils":
        pytest.importorskip("ft_utils", reason="ft_utils is not installed")
    done = subprocess.run(
        [sys.executable, "-c", OTHERS, kind], capture_output=True, text=True, check=False
    )
    if done.returncode < 0:
        pytest.xfail(f"{kind} ended by signal {-done.returncode}")
    assert done.returncode == 0, done.stderr
