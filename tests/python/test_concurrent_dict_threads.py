# SPDX-License-Identifier: Apache-2.0
"""ConcurrentDict with several threads: nothing lost, nothing mixed up, every history explained."""

from __future__ import annotations

import itertools
import random
import sys
import threading

import pytest
from cogway.sync import ABSENT, ConcurrentDict
from histories import Recorder, violation

TURNS = 3000


@pytest.fixture(autouse=True)
def _switch_often():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def together(*bodies):
    """Runs each body in a thread, begun at once, and raises what any of them raised."""
    start = threading.Barrier(len(bodies))
    failures = []

    def work(body):
        start.wait()
        try:
            body()
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=work, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def apply_to_dict(state, call):
    """The sequential dict; states are frozensets of items."""
    items = dict(state)
    key, *rest = call.arguments
    match call.name:
        case "get":
            return state if items.get(key) == call.answer else None
        case "__setitem__":
            items[key] = rest[0]
        case "pop":
            if items.pop(key, None) != call.answer:
                return None
        case "setdefault":
            if items.setdefault(key, rest[0]) != call.answer:
                return None
        case "compare_and_set":
            holds = items.get(key, ABSENT) == rest[0]
            if holds != call.answer:
                return None
            if holds and rest[1] is ABSENT:
                items.pop(key, None)
            elif holds:
                items[key] = rest[1]
        case _:
            raise AssertionError(call)
    return frozenset(items.items())


@pytest.mark.slow
def test_histories_are_linearizable():
    random_numbers = random.Random(7)
    for _ in range(150):
        shared = ConcurrentDict()
        scripts = [
            [
                random_numbers.choice(
                    [
                        ("get", key),
                        ("__setitem__", key, value),
                        ("pop", key, None),
                        ("setdefault", key, value),
                        ("compare_and_set", key, ABSENT, value),
                        ("compare_and_set", key, random_numbers.randrange(40), value),
                        ("compare_and_set", key, random_numbers.randrange(40), ABSENT),
                    ]
                )
                for value in random_numbers.sample(range(40), 8)
                for key in [random_numbers.randrange(2)]
            ]
            for _ in range(3)
        ]
        history = Recorder(shared).run(scripts)
        assert violation(history, frozenset(), apply_to_dict) == ""


def test_updates_are_not_lost():
    shared = ConcurrentDict()

    def count():
        for turn in range(TURNS):
            shared.update(turn % 5, lambda value: value + 1, 0)

    together(count, count, count)
    assert sum(shared.values()) == 3 * TURNS


def test_readers_never_see_another_keys_value():
    shared = ConcurrentDict()
    over = threading.Event()

    def write(first):
        def body():
            for turn in range(TURNS):
                key = first + turn % 40
                shared[key] = [key, turn]
                shared[f"k{key}"] = [f"k{key}", turn]
                if turn % 3 == 0:
                    shared.pop(first + (turn * 7) % 40, None)
                if turn % 500 == 0:
                    shared.clear()
            over.set()

        return body

    def read():
        while not over.is_set():
            for key in range(80):
                for name in (key, f"k{key}"):
                    value = shared.get(name)
                    assert value is None or value[0] == name
            for key, value in shared.items():
                assert value[0] == key

    together(write(0), write(40), read)


def test_each_key_is_popped_once():
    shared = ConcurrentDict((number, number) for number in range(TURNS))
    popped = [[], [], []]

    def pop(mine):
        def body():
            for number in range(TURNS):
                value = shared.pop(number, None)
                if value is not None:
                    mine.append(value)

        return body

    def pop_some(mine):
        def body():
            for _ in range(TURNS // 4):
                try:
                    mine.append(shared.popitem()[0])
                except KeyError:
                    return

        return body

    together(pop(popped[0]), pop(popped[1]), pop_some(popped[2]))
    assert sorted(itertools.chain(*popped)) == list(range(TURNS))
    assert len(shared) == 0


def test_setdefault_and_get_or_create_agree_on_one_value():
    shared = ConcurrentDict()
    results = [[], [], [], []]

    def default(mine):
        return lambda: mine.extend(shared.setdefault(n, object()) for n in range(TURNS))

    def create(mine):
        return lambda: mine.extend(shared.get_or_create(n, object) for n in range(TURNS))

    together(*map(default, results[:2]), *map(create, results[2:]))
    assert results[0] == results[1] == results[2] == results[3]


def test_a_snapshot_is_one_moment():
    shared = ConcurrentDict(a=0, b=0)
    over = threading.Event()

    def write():
        for turn in range(1, TURNS):
            shared["a"] = turn
            shared["b"] = turn
        over.set()

    def look():
        while not over.is_set():
            moment = shared.snapshot()
            assert moment["b"] <= moment["a"] <= moment["b"] + 1

    together(write, look)


@pytest.mark.slow
def test_growth_under_readers():
    shared = ConcurrentDict((str(number), number) for number in range(100))
    over = threading.Event()

    def grow():
        for turn in range(20 * TURNS):
            shared[turn % 20_000] = turn
            if turn % 20_000 == 19_999:
                for number in range(20_000):
                    del shared[number]
        over.set()

    def read():
        while not over.is_set():
            for number in range(100):
                assert shared[str(number)] == number

    together(grow, read, read)


def test_comparisons_that_run_python_code():
    class Key:
        def __init__(self, number):
            self.number = number

        def __hash__(self):
            return self.number % 3

        def __eq__(self, other):
            return self.number == other.number

    shared = ConcurrentDict()

    def work(seed):
        def body():
            numbers = random.Random(seed)
            for turn in range(TURNS // 3):
                number = numbers.randrange(12)
                shared[Key(number)] = number
                assert shared.get(Key(number)) in (number, None)
                if turn % 2:
                    assert shared.pop(Key(number), None) in (number, None)

        return body

    together(work(1), work(2), work(3))
    for key, number in shared.items():
        assert key.number == number


def test_plain_increments_may_be_lost_but_nothing_else_breaks():
    shared = ConcurrentDict((n, 0) for n in range(10))

    def storm():
        for turn in range(TURNS * 3):
            shared[turn % 10] += 1

    together(storm, storm, storm)
    assert sorted(shared) == list(range(10))
    assert all(0 < value <= TURNS for value in shared.values())
