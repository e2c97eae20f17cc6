# SPDX-License-Identifier: Apache-2.0
"""Latch and Barrier: from threads, from tasks, and who gives up."""

import asyncio
import threading

import pytest
from cogway.sync import Barrier, Latch, Semaphore


def started(*bodies):
    """Threads that run each body, and a list of what they returned or raised."""
    results = []

    def run(body):
        try:
            results.append(body())
        except Exception as error:
            results.append(type(error))

    threads = [threading.Thread(target=run, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    return threads, results


def wait_until_there(barrier, count):
    """The count is under the barrier's lock; threads come to it in their own time."""
    while barrier.n_waiting < count:
        threading.Event().wait(0.001)


def test_a_latch_opens_at_zero_and_stays_open():
    latch = Latch(3)
    assert latch.count == 3
    assert repr(latch) == "<cogway.sync.Latch, 3 to come>"
    assert not latch.wait(0)
    assert not latch.wait(timeout=0.001)
    threads, results = started(latch.wait, lambda: latch.wait(30))
    latch.count_down()
    with pytest.raises(ValueError, match="fewer than 3"):
        latch.count_down(3)
    latch.count_down(n=2)
    for thread in threads:
        thread.join()
    assert results == [True, True]
    assert latch.wait()
    assert Latch(0).wait(0)
    for wrong in (-1, 2**63):
        with pytest.raises(ValueError, match="Latch"):
            Latch(wrong)
    with pytest.raises(TypeError):
        Latch()


def test_tasks_and_threads_wait_for_a_latch(run):
    latch, done = Latch(2), Semaphore(0)

    async def main():
        waits = asyncio.ensure_future(latch.wait_async())
        given_up = asyncio.ensure_future(latch.wait_async())
        await asyncio.sleep(0)
        given_up.cancel()
        threads, results = started(latch.wait)
        latch.count_down()
        assert not waits.done()
        counting, _ = started(latch.count_down)
        assert await waits is True
        for thread in threads + counting:
            thread.join()
        assert results == [True]
        assert given_up.cancelled()
        done.release()

    run(main())
    assert done.acquire(timeout=0)


def test_a_barrier_counts_rounds():
    barrier = Barrier(3)
    seen = []

    def body():
        seen.extend(barrier.wait() for _ in range(20))

    threads, results = started(body, body, body)
    for thread in threads:
        thread.join()
    assert results == [None] * 3
    assert sorted(seen) == sorted([0, 1, 2] * 20)
    assert barrier.n_waiting == 0
    assert barrier.parties == 3
    assert repr(barrier) == "<cogway.sync.Barrier, 0 of 3 wait>"
    with pytest.raises(ValueError, match="parties"):
        Barrier(0)


def test_who_gives_up_was_never_there():
    barrier = Barrier(2)
    with pytest.raises(TimeoutError):
        barrier.wait(0)
    with pytest.raises(TimeoutError):
        barrier.wait(timeout=0.001)
    assert not barrier.broken
    assert barrier.n_waiting == 0
    threads, results = started(barrier.wait)
    assert barrier.wait(30) in (0, 1)
    threads[0].join()
    assert results[0] in (0, 1)


def test_abort_and_reset():
    barrier = Barrier(2)
    threads, results = started(barrier.wait)
    wait_until_there(barrier, 1)
    barrier.abort()
    threads[0].join()
    assert results == [threading.BrokenBarrierError]
    assert barrier.broken
    assert repr(barrier) == "<cogway.sync.Barrier, broken>"
    with pytest.raises(threading.BrokenBarrierError):
        barrier.wait()
    barrier.reset()
    assert not barrier.broken
    threads, results = started(barrier.wait)
    wait_until_there(barrier, 1)
    barrier.reset()
    threads[0].join()
    assert results == [threading.BrokenBarrierError]
    assert not barrier.broken


def test_tasks_and_threads_meet(run):
    barrier = Barrier(3)

    async def party():
        async with barrier as number:
            return number

    async def main():
        threads, results = started(lambda: barrier.wait(30))
        numbers = await asyncio.gather(party(), barrier.wait_async())
        threads[0].join()
        assert sorted(numbers + results) == [0, 1, 2]

    run(main())


def test_a_cancelled_task_was_never_there_and_a_broken_one_is_told(run):
    barrier = Barrier(2)

    async def main():
        first = asyncio.ensure_future(barrier.wait_async())
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert barrier.n_waiting == 0
        second = asyncio.ensure_future(barrier.wait_async())
        await asyncio.sleep(0)
        barrier.abort()
        with pytest.raises(threading.BrokenBarrierError):
            await second
        with pytest.raises(threading.BrokenBarrierError):
            await barrier.wait_async()

    run(main())
