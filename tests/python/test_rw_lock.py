# SPDX-License-Identifier: Apache-2.0
"""RWLock: phases, owners, upgrade and downgrade, from threads and from tasks."""

import asyncio
import sys
import threading

import pytest
from cogway.sync import RWLock, Semaphore


class Holder:
    """A thread that does to a lock what it is told, step by step."""

    def __init__(self):
        self._steps, self._ready, self._done = [], Semaphore(0), Semaphore(0)
        self._answer = None
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self):
        while True:
            self._ready.acquire()
            step = self._steps.pop(0)
            if step is None:
                return
            try:
                self._answer = step()
            except Exception as error:
                self._answer = error
            self._done.release()

    def begin(self, step):
        self._steps.append(step)
        self._ready.release()

    def end(self):
        assert self._done.acquire(timeout=30)
        return self._answer

    def __call__(self, step):
        self.begin(step)
        return self.end()

    def still_waits(self):
        return not self._done.acquire(timeout=0.001)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.begin(None)
        self._thread.join()


def wait_for_writers(lock, count):
    while lock.writers_waiting < count:
        threading.Event().wait(0.001)


def test_readers_share_and_writers_exclude():
    lock = RWLock()
    with Holder() as other:
        assert lock.acquire_read()
        assert other(lock.acquire_read) is True
        assert lock.readers == 2
        assert repr(lock) == "<cogway.sync.RWLock, 2 read>"
        with pytest.raises(RuntimeError, match="upgrade"):
            lock.acquire_write()
        assert isinstance(other(lock.acquire_write), RuntimeError)
        other(lock.release_read)
        assert other(lambda: lock.acquire_write(blocking=False)) is False
        assert other(lambda: lock.acquire_write(timeout=0.001)) is False
        assert lock.writers_waiting == 0
        lock.release_read()
        assert other(lock.acquire_write) is True
        assert lock.writing
        assert repr(lock) == "<cogway.sync.RWLock, written>"
        assert not lock.acquire_read(False)
        assert not lock.acquire_read(timeout=0.001)
        assert isinstance(other(lock.acquire_read), RuntimeError)
        other(lock.release_write)
    assert not lock.writing
    assert lock.readers == 0
    with pytest.raises(ValueError, match="acquire_read"):
        lock.acquire_read(False, 1)
    with pytest.raises(TypeError):
        RWLock(1)


def test_misuse_is_refused_and_changes_nothing():
    lock = RWLock()
    for misuse in (lock.release_read, lock.release_write, lock.upgrade, lock.downgrade):
        with pytest.raises(RuntimeError):
            misuse()
    with Holder() as other:
        assert lock.acquire_read()
        assert isinstance(other(lock.release_read), RuntimeError)
        assert isinstance(other(lock.release_write), RuntimeError)
        assert lock.readers == 1
        assert other(lambda: lock.acquire_write(False)) is False
    lock.release_read()


def test_phases_keep_nobody_out():
    lock = RWLock()
    with Holder() as writer, Holder() as reader:
        lock.acquire_read()
        writer.begin(lock.acquire_write)
        wait_for_writers(lock, 1)
        reader.begin(lock.acquire_read)  # goes after the writer
        assert reader.still_waits()
        assert lock.acquire_read(False)  # who reads may read again
        lock.release_read()
        lock.release_read()
        assert writer.end() is True
        assert reader.still_waits()
        writer(lock.release_write)
        assert reader.end() is True
        reader(lock.release_read)


def test_a_writer_that_gives_up_lets_readers_in():
    lock = RWLock()
    with Holder() as writer, Holder() as reader:
        lock.acquire_read()
        writer.begin(lambda: lock.acquire_write(timeout=0.02))
        reader.begin(lock.acquire_read)
        assert writer.end() is False
        assert reader.end() is True
        reader(lock.release_read)
        lock.release_read()


def test_upgrade_and_downgrade():
    lock = RWLock()
    with Holder() as other:
        lock.acquire_read()
        assert lock.upgrade()
        assert lock.writing
        lock.downgrade()
        assert (lock.writing, lock.readers) == (False, 1)
        assert other(lock.acquire_read) is True
        assert not lock.upgrade(timeout=0.001)
        assert not lock.upgrade(blocking=False)
        assert lock.readers == 2  # it reads on
        other.begin(lock.upgrade)
        wait_for_writers(lock, 1)
        with pytest.raises(RuntimeError, match="each would wait"):
            lock.upgrade()
        lock.release_read()
        assert other.end() is True
        other(lock.release_write)
        lock.acquire_read()
        lock.acquire_read()
        with pytest.raises(RuntimeError, match="more than once"):
            lock.upgrade()
        lock.release_read()
        lock.release_read()


def test_blocks_give_back_what_is_held():
    lock = RWLock()
    with lock.read() as held:
        assert held is True
        with lock.read():
            assert lock.readers == 2
        assert lock.upgrade()
    assert not lock.writing
    with lock.write():
        lock.downgrade()
        assert lock.readers == 1
    assert lock.readers == 0
    with pytest.raises(ZeroDivisionError), lock.write():
        raise ZeroDivisionError
    assert not lock.writing


def test_threads_read_what_was_written_whole():
    lock = RWLock()
    pair = [0, 0]
    torn = []

    def write():
        for _ in range(200):
            with lock.write():
                pair[0] += 1
                pair[1] += 1

    def read():
        for _ in range(200):
            with lock.read():
                if pair[0] != pair[1]:
                    torn.append(tuple(pair))

    threads = [threading.Thread(target=body) for body in (write, write, read, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pair == [400, 400]
    assert torn == []


def test_tasks_own_what_they_await(run):
    lock = RWLock()

    async def misuse():
        with pytest.raises(RuntimeError):
            lock.release_read()

    async def main():
        async with lock.read() as held:
            assert held is True
            await asyncio.create_task(misuse())
            assert not await asyncio.to_thread(lock.acquire_write, False)
            await lock.upgrade_async()
            assert lock.writing
            with pytest.raises(RuntimeError, match="writes"):
                await lock.acquire_read_async()
            lock.downgrade()
        assert (lock.readers, lock.writing) == (0, False)
        # The wait runs in a task of its own; who called owns what it gets.
        await asyncio.wait_for(lock.acquire_write_async(), 30)
        lock.release_write()

    run(main())


def test_tasks_take_turns_with_threads(run):
    lock = RWLock()
    pair = [0, 0]

    def write():
        for _ in range(50):
            with lock.write():
                pair[0] += 1
                pair[1] += 1

    async def task(turns):
        for _ in range(turns):
            async with lock.write():
                pair[0] += 1
                await asyncio.sleep(0)
                pair[1] += 1
            async with lock.read():
                assert pair[0] == pair[1]

    async def main():
        await asyncio.gather(task(20), task(20))

    thread = threading.Thread(target=write)
    thread.start()
    run(main())
    thread.join()
    assert pair == [90, 90]


def test_cancelling_loses_nothing(run):
    lock = RWLock()

    async def take(side):
        async with side:
            return True

    async def main():
        async with lock.write():
            readers = [asyncio.ensure_future(take(lock.read())) for _ in range(2)]
            writer = asyncio.ensure_future(take(lock.write()))
            await asyncio.sleep(0)
            readers[0].cancel()
        readers[1].cancel()  # granted, and has not run yet
        assert await writer
        await asyncio.gather(*readers, return_exceptions=True)
        assert all(reader.cancelled() for reader in readers)
        assert (lock.readers, lock.writing) == (0, False)
        async with lock.read():
            held = asyncio.Event()

            async def read_on():
                async with lock.read():
                    held.set()
                    with pytest.raises(asyncio.CancelledError):
                        await lock.upgrade_async()
                    assert lock.readers == 2

            reading = asyncio.ensure_future(read_on())
            await held.wait()
            await asyncio.sleep(0)
            reading.cancel()
            await reading
        assert (lock.readers, lock.writing) == (0, False)

    run(main())


def test_without_a_task_an_await_says_so():
    with pytest.raises(RuntimeError, match="no task"):
        RWLock().acquire_read_async()


def test_sides_that_are_held_at_once_are_two():
    lock = RWLock()
    first, second = lock.read(), lock.write()
    assert first is not second
    with first, lock.read():
        pass
    with second, pytest.raises(RuntimeError):
        lock.acquire_read()
    assert type(first) is type(second)


def test_a_side_keeps_its_lock():
    side = RWLock().read()
    for _ in range(3):
        with side:
            pass
    kind = type(side)
    before = sys.getrefcount(kind)
    lock = RWLock()
    for _ in range(100):
        with lock.read(), lock.read():
            pass
    assert sys.getrefcount(kind) - before in range(-1, 2)  # each side gave its type back
