# SPDX-License-Identifier: Apache-2.0
"""`cogway.compat.ft_utils`: ft_utils' names and meanings, without its defects."""

import asyncio
import importlib
import inspect
import threading

import pytest
from cogway.compat.ft_utils import concurrency, local, synchronization


def in_threads(fn, count=4):
    threads = [threading.Thread(target=fn) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("module", [concurrency, local, synchronization])
def test_it_has_what_the_other_has(module):
    theirs = pytest.importorskip("ft_utils", reason="ft_utils is not installed")
    name = module.__name__.rpartition(".")[2]
    theirs = importlib.import_module(f"ft_utils.{name}")
    for public in module.__all__:
        if not hasattr(theirs, public):
            continue  # an older ft_utils: newer ones have no wheel for a free-threaded build
        there = getattr(theirs, public)
        ours = getattr(module, public)
        for member, value in inspect.getmembers(there):
            if not member.startswith("_") and callable(value):
                assert hasattr(ours, member), f"{public}.{member}"


def test_a_counter_counts_with_fetch_add():
    counter = concurrency.AtomicInt64()

    def body():
        for _ in range(250):
            counter.fetch_add(1)
            counter.incr()

    in_threads(body)
    assert counter == 2000
    assert concurrency.AtomicInt64(-7) // 2 == -4  # Python's floor
    with pytest.raises(OverflowError):
        concurrency.AtomicInt64(2**63 - 1).incr()


def test_flags_and_references():
    flag = concurrency.AtomicFlag(False)
    flag.set(True)
    assert flag
    first, second = object(), object()
    reference = concurrency.AtomicReference(first)
    assert not reference.compare_exchange(second, second)
    assert reference.compare_exchange(first, second)
    assert reference.exchange(first) is second
    reference.set(second)
    assert reference.get() is second
    assert concurrency.AtomicReference().get() is None


def test_dict_and_deque():
    table = concurrency.ConcurrentDict(8, {"a": 1})
    table["b"] = 2
    assert table.as_dict() == {"a": 1, "b": 2}
    assert concurrency.ConcurrentDict(dictionary={1: 2}).as_dict() == {1: 2}
    assert concurrency.ConcurrentDict().as_dict() == {}
    assert list(concurrency.ConcurrentDeque([1, 2])) == [1, 2]


def test_a_queue_pushes_and_pops_and_keeps_nothing():
    q = concurrency.ConcurrentQueue(4, lock_free=True)
    for _ in range(4):
        with pytest.raises(concurrency.Empty):
            q.pop(timeout=0)
    assert (q.size(), q.empty()) == (0, True)
    q.push(1)
    q.push([2])
    assert q.pop() == 1
    assert isinstance(q.pop_local(), local.LocalWrapper)
    q.shutdown()
    with pytest.raises(concurrency.ShutDown):
        q.push(3)
    with pytest.raises(concurrency.ShutDown):
        q.pop()
    std = concurrency.StdConcurrentQueue(1)
    std.put(1)
    assert std.full()
    with pytest.raises(concurrency.Full):
        std.put_nowait(2)
    assert std.get() == 1


def test_gathering():
    gathering = concurrency.ConcurrentGatheringIterator(2)
    thread = threading.Thread(
        target=lambda: [gathering.insert(key, key) for key in reversed(range(20))]
    )
    thread.start()
    assert list(gathering.iterator(19)) == list(range(20))
    thread.join()


def test_locks():
    lock = synchronization.RWLock()
    with synchronization.RWReadContext(lock) as nothing:
        assert nothing is None
        assert lock.readers() == 1
    with synchronization.RWWriteContext(lock):
        assert lock.writer_locked()
        assert lock.writers_waiting() == 0
    for stray in (lock.unlock_read, lock.unlock_write):
        with pytest.raises(RuntimeError):
            stray()
    interval = synchronization.IntervalLock(0.001)
    with interval as entered:
        assert entered is interval
        interval.poll()
        interval.cede()
        assert interval.locked()
    assert not interval.locked()


def test_process_semaphore(run):
    semaphore = concurrency.ProcessSemaphore(2)
    inside = 0

    async def work():
        nonlocal inside
        async with semaphore:
            inside += 1
            assert inside <= 2
            await asyncio.sleep(0)
            inside -= 1

    async def main():
        await asyncio.gather(*(work() for _ in range(6)))
        await semaphore.acquire()
        semaphore.release()

    run(main())
    with pytest.raises(ValueError, match="too often"):
        semaphore.release()
    with pytest.raises(ValueError, match="at least 1"):
        concurrency.ProcessSemaphore(0)
