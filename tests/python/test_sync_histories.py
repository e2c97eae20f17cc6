# SPDX-License-Identifier: Apache-2.0
"""What locks and the deque answer to threads at once has an order in which one by one they would.

Calls do not wait: a history of finished calls is what the search can order.
"""

import random

import pytest
from cogway.sync import ConcurrentDeque, Event, Latch, Lock, RWLock, Semaphore
from histories import Recorder, violation

ROUNDS = 40
THREADS = 3
CALLS = 6


def histories(make, calls, seed):
    """Record rounds of random calls, each on a new object."""
    choose = random.Random(seed)
    for _ in range(ROUNDS):
        scripts = [[choose.choice(calls) for _ in range(CALLS)] for _ in range(THREADS)]
        yield Recorder(make()).run(scripts)


# Each of these is told a state and a call, and gives the state after it, or None where the call
# cannot have answered so. The states are tuples or numbers, and never None.


def of_deque(items, call):
    if call.name == "append":
        return (*items, call.arguments[0]) if call.answer is None else None
    if call.name == "appendleft":
        return (call.arguments[0], *items) if call.answer is None else None
    if not items:
        return items if call.answer == "IndexError" else None
    first = call.name == "popleft"
    if call.answer != items[0 if first else -1]:
        return None
    return items[1:] if first else items[:-1]


def of_lock(held, call):
    if call.name == "locked":
        return held if call.answer is held else None
    if call.name == "acquire":
        return True if call.answer is not held else None
    expected = None if held else "RuntimeError"
    return False if call.answer == expected else None


def of_semaphore(permits, call):
    if call.name == "acquire":
        if permits:
            return permits - 1 if call.answer is True else None
        return permits if call.answer is False else None
    if permits == 2:
        return permits if call.answer == "ValueError" else None
    return permits + 1 if call.answer is None else None


def of_event(is_set, call):
    if call.name in ("set", "clear"):
        return call.name == "set" if call.answer is None else None
    return is_set if call.answer is is_set else None


def of_latch(count, call):
    if call.name == "wait":
        return count if call.answer is (count == 0) else None
    if count == 0:
        return count if call.answer == "ValueError" else None
    return count - 1 if call.answer is None else None


def of_rw_lock(state, call):
    """State: how often each thread reads, and which one writes, or -1."""
    reads, writer = state
    me, answer = call.thread, call.answer
    mine, others = reads[me], sum(reads) - reads[me]

    def after(count, writing):
        return (*reads[:me], count, *reads[me + 1 :]), writing

    refused = state if answer == "RuntimeError" else None
    done = answer is (True if call.arguments else None)  # those with an argument try, and say so
    if call.name == "acquire_read":
        if writer == me:
            return refused
        if writer >= 0:
            return state if answer is False else None
        return after(mine + 1, writer) if done else None
    if call.name == "acquire_write":
        if writer == me or mine:
            return refused
        if writer >= 0 or others:
            return state if answer is False else None
        return after(0, me) if done else None
    if call.name == "upgrade":
        if mine != 1:
            return refused
        if others:
            return state if answer is False else None
        return after(0, me) if done else None
    if call.name == "release_read":
        return (after(mine - 1, writer) if done else None) if mine else refused
    if writer != me:
        return refused
    return after(1 if call.name == "downgrade" else 0, -1) if done else None


TRY = (False,)
SUBJECTS = {
    "deque": (
        ConcurrentDeque,
        [("append", 1), ("append", 2), ("appendleft", 3), ("pop",), ("popleft",)],
        (),
        of_deque,
    ),
    "lock": (Lock, [("acquire", *TRY), ("release",), ("locked",)], False, of_lock),
    "semaphore": (
        lambda: Semaphore(1, most=2),
        [("acquire", *TRY), ("release",)],
        1,
        of_semaphore,
    ),
    "event": (Event, [("set",), ("clear",), ("is_set",), ("wait", 0)], False, of_event),
    "latch": (lambda: Latch(4), [("count_down",), ("wait", 0)], 4, of_latch),
    "rw_lock": (
        RWLock,
        [
            ("acquire_read", *TRY),
            ("acquire_read", *TRY),
            ("acquire_write", *TRY),
            ("upgrade", *TRY),
            ("downgrade",),
            ("release_read",),
            ("release_write",),
        ],
        ((0,) * THREADS, -1),
        of_rw_lock,
    ),
}


@pytest.mark.parametrize("subject", SUBJECTS)
def test_histories_are_linearizable(subject):
    make, calls, first, apply = SUBJECTS[subject]
    for history in histories(make, calls, subject):
        assert not violation(history, first, apply)


class Forgetful:
    """A deque whose items stay."""

    def __init__(self):
        self._items = []

    def append(self, item):
        self._items.append(item)

    def pop(self):
        if not self._items:
            raise IndexError
        return self._items[-1]


def test_a_wrong_answer_is_found():
    calls = Recorder(Forgetful()).run([[("append", 1), ("pop",), ("pop",)]])
    assert "no order explains" in violation(calls, (), of_deque)
