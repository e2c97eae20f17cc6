# SPDX-License-Identifier: Apache-2.0
"""IntervalLock: lent to who waits, and always got back."""

import asyncio
import threading

import pytest
from cogway.sync import IntervalLock


def wait_for_waiters(lock):
    while not lock.has_waiters:
        threading.Event().wait(0.001)


def test_it_is_a_lock():
    lock = IntervalLock()
    assert lock.interval == 0.005
    with lock as held:
        assert held is True
        assert lock.locked()
        assert not lock.acquire(False)
        assert not lock.acquire(timeout=0.001)
        assert repr(lock) == "<cogway.sync.IntervalLock, held>"
    assert not lock.locked()
    for misuse in (lock.release, lock.cede, lock.poll, lock.poll_async):
        with pytest.raises(RuntimeError, match="not held"):
            misuse()
    with pytest.raises(ValueError, match="interval"):
        IntervalLock(-1)


def test_ceding_lets_another_in_and_comes_back():
    lock = IntervalLock(0)
    order = []

    def body():
        with lock:
            order.append("other")

    with lock:
        assert not lock.cede()
        assert not lock.poll()
        thread = threading.Thread(target=body)
        thread.start()
        wait_for_waiters(lock)
        assert lock.poll()
        order.append("holder")
        assert lock.locked()
    thread.join()
    assert order == ["other", "holder"]


def test_before_the_interval_is_over_it_is_kept():
    lock = IntervalLock(3600)
    with lock:
        thread = threading.Thread(target=lambda: lock.acquire() and lock.release())
        thread.start()
        wait_for_waiters(lock)
        assert not lock.poll()
        assert lock.cede()
    thread.join()


def test_tasks_lend_it_too(run):
    lock = IntervalLock(0)
    order = []

    async def other():
        async with lock:
            order.append("other")

    async def main():
        async with lock:
            assert await lock.cede_async() is False
            task = asyncio.ensure_future(other())
            await asyncio.sleep(0)
            assert await lock.poll_async() is True
            order.append("holder")
        await task

    run(main())
    assert order == ["other", "holder"]
    assert not lock.locked()


def test_a_task_cancelled_while_it_is_lent_holds_it_again(run):
    lock = IntervalLock(0)

    async def holder(ceding):
        async with lock:
            ceding.set()
            try:
                await lock.cede_async()
            finally:
                assert lock.locked()

    async def main():
        ceding = asyncio.Event()
        async with lock:
            holding = asyncio.ensure_future(holder(ceding))
            await asyncio.sleep(0)
            taking = asyncio.ensure_future(lock.acquire_async())
            await asyncio.sleep(0)
        await ceding.wait()
        assert await taking is True
        holding.cancel()
        await asyncio.sleep(0)
        assert not holding.done()
        lock.release()
        with pytest.raises(asyncio.CancelledError):
            await holding

    run(main())
    assert lock.acquire(timeout=0)
