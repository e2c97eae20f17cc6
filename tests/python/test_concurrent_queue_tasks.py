# SPDX-License-Identifier: Apache-2.0
"""ConcurrentQueue between tasks and threads: hand-over, cancellation, histories."""

import asyncio
import queue
import threading

import pytest
from cogway.sync import ConcurrentQueue, ShutDown
from histories import Recorder, violation


async def started(*awaitables):
    tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    await asyncio.sleep(0)
    return tasks


def test_tasks_put_and_get(run):
    q = ConcurrentQueue(2)

    async def produce():
        for item in range(50):
            assert await q.put_async(item) is None

    async def main():
        producing = asyncio.ensure_future(produce())
        assert [await q.get_async() for _ in range(50)] == list(range(50))
        await producing

    run(main())


def test_whatever_is_put_comes_out(run):
    things = [(), (1, 2), StopIteration(3), ValueError("x"), None, KeyError]

    async def main():
        q = ConcurrentQueue()
        for thing in things:
            q.put(thing)
        assert [await q.get_async() for _ in things] == things
        getters = await started(*(q.get_async() for _ in things[1:2]))
        q.put(things[1])
        assert await getters[0] == things[1]

    run(main())


def test_items_go_to_who_has_waited_longest(run):
    q = ConcurrentQueue()

    async def main():
        first, second = await started(q.get_async(), q.get_async())
        q.put("a")
        with pytest.raises(queue.Empty):
            q.get_nowait()  # it is the first one's, which has not run yet
        q.put("b")
        assert await asyncio.gather(first, second) == ["a", "b"]

    run(main())


def test_an_item_for_who_is_cancelled_goes_on_or_back(run):
    q = ConcurrentQueue()

    async def main():
        first, second = await started(q.get_async(), q.get_async())
        q.put("a")
        first.cancel()
        assert await second == "a"
        (third,) = await started(q.get_async())
        q.put("b")
        q.put("c")
        third.cancel()
        with pytest.raises(asyncio.CancelledError):
            await third
        assert [q.get_nowait(), q.get_nowait()] == ["b", "c"]

    run(main())


def test_a_cancelled_put_has_put_nothing(run):
    q = ConcurrentQueue(1)

    async def main():
        q.put("a")
        first, second = await started(q.put_async("b"), q.put_async("c"))
        first.cancel()
        await asyncio.sleep(0)
        assert q.get_nowait() == "a"  # the room is the second one's
        with pytest.raises(queue.Full):
            q.put_nowait("d")
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        assert q.empty()
        q.put_nowait("e")
        assert q.get_nowait() == "e"

    run(main())


def test_a_task_that_puts_by_priority(run):
    q = ConcurrentQueue(2, order="priority")

    async def main():
        q.put(5)
        q.put(9)
        later, wrong = await started(q.put_async(3), q.put_async("x"))
        assert q.get_nowait() == 5
        await later
        assert q.get_nowait() == 3
        with pytest.raises(TypeError):
            await wrong  # it cannot be compared with 9, and gives its room back
        q.put_nowait(1)
        assert [q.get_nowait(), q.get_nowait()] == [1, 9]
        assert q.unfinished_tasks == 4

    run(main())


def test_shutdown_ends_the_waits_of_tasks(run):
    q, full = ConcurrentQueue(), ConcurrentQueue(1)
    full.put(1)

    async def main():
        waits = await started(q.get_async(), full.put_async(2))
        q.shutdown()
        full.shutdown()
        assert [type(e) for e in await asyncio.gather(*waits, return_exceptions=True)] == [
            ShutDown,
            ShutDown,
        ]
        assert await full.get_async() == 1
        with pytest.raises(ShutDown):
            await full.get_async()
        full.task_done()
        assert await full.join_async() is True

    run(main())


def test_threads_feed_tasks_of_two_loops(run):
    q = ConcurrentQueue(4)
    got = []

    async def consume():
        while (item := await q.get_async()) is not None:
            got.append(item)
            q.task_done()

    loops = [threading.Thread(target=lambda: run(consume())) for _ in range(2)]
    for loop in loops:
        loop.start()
    for item in range(200):
        q.put(item)
    assert q.join(30)
    for _ in loops:
        q.put(None)
    for loop in loops:
        loop.join()
    assert sorted(got) == list(range(200))


def test_a_storm_of_cancellations_loses_no_item(run):
    q = ConcurrentQueue(3)
    sent, got = [], []

    async def produce(name):
        for number in range(20):
            await q.put_async((name, number))
            sent.append((name, number))

    async def consume():
        while True:
            got.append(await q.get_async())

    async def main():
        for round_ in range(10):
            producers = [asyncio.ensure_future(produce((round_, n))) for n in range(4)]
            consumers = [asyncio.ensure_future(consume()) for _ in range(4)]
            for turn in range(6):
                await asyncio.sleep(0)
                producers[turn % 4].cancel()
                consumers[(turn + round_) % 4].cancel()
            for task in producers + consumers:
                task.cancel()
            await asyncio.gather(*producers, *consumers, return_exceptions=True)
            while not q.empty():
                got.append(q.get_nowait())

    run(main())
    assert sorted(got) == sorted(sent)


def answered(items, call):
    """The items of a queue of two after a call, or None if it cannot have answered so."""
    if call.name == "put_nowait":
        if len(items) == 2:
            return items if call.answer == "Full" else None
        return (*items, call.arguments[0]) if call.answer is None else None
    if not items:
        return items if call.answer == "Empty" else None
    return items[1:] if call.answer == items[0] else None


@pytest.mark.slow
def test_histories_are_linearizable():
    for round_ in range(60):
        scripts = [
            [("put_nowait", (thread, n)) if (n + round_) % 3 else ("get_nowait",) for n in range(5)]
            if thread % 2
            else [("get_nowait",) if n % 3 else ("put_nowait", (thread, n)) for n in range(5)]
            for thread in range(3)
        ]
        calls = Recorder(ConcurrentQueue(2)).run(scripts)
        assert not violation(calls, (), answered)
