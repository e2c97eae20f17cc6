# SPDX-License-Identifier: Apache-2.0
"""Waiting for an atomic to change: threads, tasks, notifications that are not lost."""

import asyncio
import gc
import threading
import weakref

import pytest
from cogway.sync import AtomicBool, AtomicFloat64, AtomicInt64, AtomicReference, AtomicUInt64

OLD, NEW = ("old",), ("new",)
KINDS = [
    pytest.param(AtomicInt64, -1, 2, id="int64"),
    pytest.param(AtomicUInt64, 2**64 - 1, 2, id="uint64"),
    pytest.param(AtomicFloat64, -0.5, 2.0, id="float64"),
    pytest.param(AtomicBool, True, False, id="bool"),
    pytest.param(AtomicReference, OLD, NEW, id="reference"),
]
kinds = pytest.mark.parametrize(("kind", "old", "new"), KINDS)


def notify_until_told(atomic, count):
    """Threads come to their waits in their own time; returns when so many were told."""
    told = 0
    while told < count:
        told += atomic.notify(count - told)
        if told < count:
            threading.Event().wait(0.001)


@kinds
def test_a_value_that_differs_is_not_waited_for(kind, old, new):
    atomic = kind(old)
    assert atomic.wait(new)
    assert atomic.wait(expected=new, timeout=0)
    assert not atomic.wait(old, 0)
    assert not atomic.wait(old, timeout=0.001)
    assert atomic.notify() == 0
    assert atomic.notify_all() == 0
    with pytest.raises(ValueError, match="negative"):
        atomic.wait(old, -1)
    with pytest.raises(TypeError):
        atomic.wait()


@kinds
def test_threads_wake_when_it_changed_and_they_are_told(kind, old, new):
    atomic = kind(old)
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(atomic.wait(old, 30))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    notify_until_told(atomic, 3)  # told, but it is as it was: they wait on
    assert answers == []
    atomic.set(new)
    atomic.notify_all()
    for thread in threads:
        thread.join()
    assert answers == [True] * 3


@kinds
def test_tasks_wait(run, kind, old, new):
    atomic = kind(old)

    async def main():
        assert await atomic.wait_async(new) is True
        first, second, third = (asyncio.ensure_future(atomic.wait_async(old)) for _ in range(3))
        await asyncio.sleep(0)
        assert atomic.notify() == 1
        await asyncio.sleep(0)
        third.cancel()
        atomic.set(new)
        changer = threading.Thread(target=atomic.notify_all)
        changer.start()
        assert await first is True
        assert await second is True
        changer.join()
        with pytest.raises(asyncio.CancelledError):
            await third

    run(main())


def test_what_the_type_cannot_hold_it_does_not_hold():
    assert AtomicInt64(1).wait(2**70)
    assert AtomicUInt64(1).wait(-1)
    with pytest.raises(OverflowError):
        AtomicInt64(1).wait_async(2**70)
    with pytest.raises(TypeError):
        AtomicInt64(1).wait("1")


def test_numbers_that_are_not_numbers_are_waited_for_by_their_bits():
    nan = float("nan")
    assert not AtomicFloat64(nan).wait(nan, 0)
    assert AtomicFloat64(0.0).wait(-0.0, 0)


def test_a_byte_is_true_whatever_it_is():
    memory = bytearray([5])
    flag = AtomicBool.in_buffer(memory)
    assert not flag.wait(True, 0)
    assert flag.wait(False, 0)


def test_two_atomics_on_one_word_reach_each_other():
    memory = bytearray(16)
    here, there = AtomicInt64.in_buffer(memory, 8), AtomicInt64.in_buffer(memory, 8)
    thread = threading.Thread(target=lambda: here.wait(0, 30))
    thread.start()
    there.incr()
    there.notify_all()
    thread.join()
    assert memory[8] == 1


def test_a_notification_for_who_is_cancelled_goes_to_another(run):
    atomic = AtomicInt64()

    async def main():
        first, second = (asyncio.ensure_future(atomic.wait_async(0)) for _ in range(2))
        await asyncio.sleep(0)
        atomic.set(1)
        assert atomic.notify(1) == 1  # told to the first, which has not run yet
        first.cancel()
        assert await second is True
        with pytest.raises(asyncio.CancelledError):
            await first

    run(main())


def test_ping_pong_loses_no_change():
    turn = AtomicInt64()

    def play(mine, rounds):
        for _ in range(rounds):
            while (now := turn.get()) % 2 != mine:
                turn.wait(now)
            turn.incr()
            turn.notify_all()

    threads = [threading.Thread(target=play, args=(mine, 200)) for mine in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert turn.get() == 400


def test_a_thread_tells_a_task_of_each_change(run):
    reference = AtomicReference(0)

    def change():
        for value in range(1, 51):
            reference.set(value)
            reference.notify_all()

    async def main():
        thread = threading.Thread(target=change)
        thread.start()
        seen = 0
        while seen != 50:
            await reference.wait_async(seen)
            seen = reference.get()
        thread.join()

    run(main())


def test_an_await_that_never_ran_keeps_nothing():
    class Thing:
        pass

    thing = Thing()
    gone = weakref.ref(thing)
    reference = AtomicReference(thing)
    waits = reference.wait_async(thing)
    reference.set([reference, waits])  # a cycle
    del thing, waits, reference
    gc.collect()
    assert gone() is None
