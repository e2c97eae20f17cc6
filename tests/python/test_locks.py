# SPDX-License-Identifier: Apache-2.0
"""Lock, Semaphore and Event: from threads, from tasks, and what cancelling loses (nothing)."""

import asyncio
import signal
import threading

import pytest
from cogway.sync import Event, Lock, Semaphore


def in_threads(fn, count=4):
    """Run a function in several threads that begin together."""
    gate = threading.Barrier(count)
    errors = []

    def body():
        gate.wait()
        try:
            fn()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=body) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_lock_is_held_and_released():
    lock = Lock()
    assert lock.acquire()
    assert lock.locked()
    assert repr(lock) == "<cogway.sync.Lock, held>"
    assert not lock.acquire(blocking=False)
    assert not lock.acquire(False)
    assert not lock.acquire(timeout=0)
    assert not lock.acquire(timeout=0.001)
    lock.release()
    with lock as held:
        assert held is True
    assert not lock.locked()
    with pytest.raises(RuntimeError, match="not held"):
        lock.release()
    with pytest.raises(ValueError, match="timeout"):
        lock.acquire(False, 1)
    with pytest.raises(ValueError, match="negative"):
        lock.acquire(timeout=-2)
    with pytest.raises(TypeError):
        Lock(1)


def test_a_semaphore_counts():
    semaphore = Semaphore(2, most=3)
    with semaphore, semaphore:
        assert semaphore.value == 0
        assert not semaphore.acquire(timeout=0)
    semaphore.release()
    with pytest.raises(ValueError, match="too often"):
        semaphore.release()
    assert semaphore.value == 3
    for wrong in (-1, 2**63):
        with pytest.raises(ValueError, match="Semaphore"):
            Semaphore(wrong)
    with pytest.raises(ValueError, match="most"):
        Semaphore(2, most=1)
    with pytest.raises(ValueError, match="release"):
        semaphore.release(0)


def test_an_event_is_set_and_cleared():
    event = Event()
    assert not event.is_set()
    assert not event.wait(0)
    assert not event.wait(timeout=0.001)
    event.set()
    assert event.wait()
    assert event.is_set()
    event.clear()
    assert repr(event) == "<cogway.sync.Event, not set>"
    with pytest.raises(ValueError, match="negative"):
        event.wait(-1)


def test_threads_exclude_each_other():
    lock = Lock()
    total = 0

    def body():
        nonlocal total
        for _ in range(300):
            with lock:
                seen = total
                total = seen + 1

    in_threads(body)
    assert total == 1200


def test_threads_wait_for_an_event_and_for_each_other():
    event, done = Event(), Semaphore(0)

    def body():
        assert event.wait(30)
        done.release()

    threads = [threading.Thread(target=body) for _ in range(4)]
    for thread in threads:
        thread.start()
    event.set()
    for _ in threads:
        assert done.acquire(timeout=30)
    for thread in threads:
        thread.join()


def test_ctrl_c_comes_through_and_loses_nothing():
    lock = Lock()
    lock.acquire()
    main = threading.get_ident()
    waiting = threading.Event()

    def interrupt():
        waiting.wait()
        signal.pthread_kill(main, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        waiting.set()
        lock.acquire()
    thread.join()
    lock.release()
    assert lock.acquire(timeout=0)


def test_tasks_take_turns(run):
    lock = Lock()
    order = []

    async def turn(name):
        async with lock:
            order.append(name)
            await asyncio.sleep(0)
            order.append(name)

    async def main():
        await asyncio.gather(*(turn(name) for name in "abcd"))

    run(main())
    assert order == list("aabbccdd")
    assert not lock.locked()


def test_gather_and_ensure_future_begin_a_wait(run):
    async def main():
        lock, event = Lock(), Event()
        assert await asyncio.gather(lock.acquire_async()) == [True]
        waits = asyncio.ensure_future(event.wait_async())
        await asyncio.sleep(0)
        assert not waits.done()
        event.set()
        assert await waits is True
        second = asyncio.ensure_future(lock.acquire_async())
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        lock.release()
        assert not lock.locked()

    run(main())


def test_a_task_and_a_thread_hand_over_to_each_other(run):
    ping, pong = Semaphore(0), Semaphore(0)

    def body():
        for _ in range(50):
            ping.acquire()
            pong.release()

    async def main():
        for _ in range(50):
            ping.release()
            assert await pong.acquire_async() is True

    thread = threading.Thread(target=body)
    thread.start()
    run(main())
    thread.join()


def test_two_loops_and_an_event(run):
    event = Event()
    ready = Semaphore(0)

    async def waiter():
        ready.release()
        return await event.wait_async()

    results = []
    threads = [threading.Thread(target=lambda: results.append(run(waiter()))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in threads:
        ready.acquire()
    event.set()
    for thread in threads:
        thread.join()
    assert results == [True, True]


def test_a_cancelled_wait_leaves_the_queue(run):
    lock = Lock()

    async def main():
        await lock.acquire_async()
        tasks = [asyncio.ensure_future(_take(lock)) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
        lock.release()
        assert await tasks[1]
        assert await tasks[2]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001), lock:
                await asyncio.ensure_future(_take(lock))

    run(main())
    assert not lock.locked()


async def _take(lock):
    async with lock:
        return True


def test_cancelled_when_it_has_just_been_granted(run):
    lock = Lock()

    async def main():
        await lock.acquire_async()
        first, second = (asyncio.ensure_future(_take(lock)) for _ in range(2))
        await asyncio.sleep(0)
        lock.release()  # handed to the first, which has not run yet
        assert lock.locked()
        assert first.cancel()
        assert await second
        with pytest.raises(asyncio.CancelledError):
            await first

    run(main())
    assert not lock.locked()


def test_a_storm_of_cancellations_loses_no_permit(run):
    semaphore = Semaphore(2, most=2)
    inside = 0

    async def work(turns):
        nonlocal inside
        for _ in range(turns):
            async with semaphore:
                inside += 1
                assert inside <= 2
                try:
                    await asyncio.sleep(0)
                finally:
                    inside -= 1

    async def main():
        for round_ in range(20):
            tasks = [asyncio.ensure_future(work(3)) for _ in range(12)]
            for turn in range(8):
                await asyncio.sleep(0)
                tasks[(round_ + 5 * turn) % 12].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert semaphore.value == 2

    run(main())
    assert inside == 0


def test_a_coroutine_that_is_closed_or_thrown_into_gives_up(run):
    lock = Lock()

    async def main():
        await lock.acquire_async()
        closed, thrown = _take(lock), _take(lock)
        closed.send(None)
        thrown.send(None)
        closed.close()
        with pytest.raises(ZeroDivisionError):
            thrown.throw(ZeroDivisionError())
        lock.release()
        assert lock.acquire(timeout=0)
        waits = lock.acquire_async()
        lock.release()
        assert await waits
        with pytest.raises(RuntimeError, match="over"):
            await waits

    run(main())


def test_a_loop_that_ends_while_it_is_granted_loses_nothing():
    lock = Lock()
    lock.acquire()
    loop = asyncio.new_event_loop()

    async def main():
        task = asyncio.ensure_future(_take(lock))
        await asyncio.sleep(0)
        return task

    task = loop.run_until_complete(main())
    lock.release()
    assert lock.locked()
    task.cancel()
    assert not lock.locked()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.close()
    assert lock.acquire(timeout=0)


def test_without_a_loop_an_await_says_so():
    lock = Lock()
    lock.acquire()
    with pytest.raises(RuntimeError, match="no event loop"):
        _take(lock).send(None)


@pytest.mark.slow
def test_waits_in_vain_keep_nothing(run):
    import resource

    lock, event = Lock(), Event()
    lock.acquire()

    async def vain(turns):
        for _ in range(turns):
            task = asyncio.ensure_future(_take(lock))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def rounds(turns):
        for _ in range(turns):
            assert not lock.acquire(timeout=1e-9)
            assert not event.wait(1e-9)
        run(vain(turns // 10))

    rounds(2_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rounds(50_000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4_096
