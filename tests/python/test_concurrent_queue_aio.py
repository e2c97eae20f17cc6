# SPDX-License-Identifier: Apache-2.0
"""ConcurrentQueue.aio: code for asyncio.Queue runs with it, beside threads at the queue."""

import asyncio
import gc
import queue
import threading
import weakref

import pytest
from cogway.sync import ConcurrentQueue, QueueTaskSide, ShutDown


@pytest.mark.parametrize("make", [asyncio.Queue, lambda size: ConcurrentQueue(size).aio])
def test_it_is_used_as_asyncio_queue_is(run, make):
    async def worker(q, got):
        while True:
            item = await q.get()
            got.append(item)
            q.task_done()

    async def main():
        q = make(2)
        got = []
        workers = [asyncio.ensure_future(worker(q, got)) for _ in range(3)]
        for item in range(10):
            await q.put(item)
        await q.join()
        assert sorted(got) == list(range(10))
        assert (q.empty(), q.full(), q.qsize(), q.maxsize) == (True, False, 0, 2)
        for each in workers:
            each.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        q.put_nowait(1)
        q.put_nowait(2)
        assert q.full()
        assert q.get_nowait() == 1

    run(main())


def test_a_thread_and_a_task_share_the_queue(run):
    work = ConcurrentQueue(4)

    def feed():
        for item in range(100):
            work.put(item)
        work.shutdown()

    async def main():
        feeder = threading.Thread(target=feed)
        feeder.start()
        got = [await work.aio.get() for _ in range(100)]
        with pytest.raises(ShutDown):
            await work.aio.get()
        feeder.join()
        return got

    assert run(main()) == list(range(100))


def test_a_cancelled_get_takes_nothing(run):
    async def main():
        q = ConcurrentQueue().aio
        waiting = asyncio.ensure_future(q.get())
        await asyncio.sleep(0)
        q.put_nowait("a")
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert q.get_nowait() == "a"

    run(main())


def test_get_of_the_queue_blocks_also_where_a_loop_runs(run):
    async def main():
        q = ConcurrentQueue()
        q.put(1)
        assert q.get() == 1  # no awaitable: what it does does not depend on the caller
        with pytest.raises(queue.Empty):
            q.get(timeout=0)

    run(main())


def test_errors_are_those_of_the_queue():
    q = ConcurrentQueue(1).aio
    with pytest.raises(queue.Empty):
        q.get_nowait()
    q.put_nowait(1)
    with pytest.raises(queue.Full):
        q.put_nowait(2)
    q.task_done()
    with pytest.raises(ValueError, match="more often"):
        q.task_done()
    q.shutdown(immediate=True)
    with pytest.raises(ShutDown):
        q.put_nowait(1)
    with pytest.raises(TypeError):
        q.put_nowait()
    with pytest.raises(TypeError):
        QueueTaskSide()
    assert repr(q).endswith(".aio")


def test_what_a_subclass_says_of_itself_holds():
    class Bounded(ConcurrentQueue):
        def full(self):
            return True

    assert Bounded().aio.full()


def test_a_cycle_through_it_is_collected():
    class Item:
        pass

    q = ConcurrentQueue()
    item = Item()
    item.side = q.aio
    q.put(item)
    seen = weakref.ref(item)
    del q, item
    gc.collect()
    assert seen() is None
