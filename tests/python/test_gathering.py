# SPDX-License-Identifier: Apache-2.0
"""ConcurrentGatheringIterator and BatchExecutor: order, wake-ups, failures."""

import asyncio
import gc
import itertools
import threading
import weakref

import pytest
from cogway.sync import BatchExecutor, ConcurrentGatheringIterator, LocalWrapper


def test_values_come_in_the_order_of_their_keys():
    gathering = ConcurrentGatheringIterator()

    def insert(first):
        for key in range(first, 200, 2):
            gathering.insert(key, key * key)

    threads = [threading.Thread(target=insert, args=(first,)) for first in (1, 0)]
    for thread in threads:
        thread.start()
    assert list(gathering.iterator(199)) == [key * key for key in range(200)]
    for thread in threads:
        thread.join()


def test_values_stay_unless_they_are_cleared():
    gathering = ConcurrentGatheringIterator()
    for key in range(3):
        gathering.insert(key, [key])
    assert list(gathering.iterator(2, clear=False)) == [[0], [1], [2]]
    local = list(gathering.iterator_local(2))
    assert [type(value) for value in local] == [LocalWrapper] * 3
    assert local == [[0], [1], [2]]


def test_a_failed_insertion_ends_the_wait():
    gathering = ConcurrentGatheringIterator()
    gathering.insert(0, "first")
    values = gathering.iterator(1)
    assert next(values) == "first"
    with pytest.raises(TypeError):
        gathering.insert([], "unhashable")
    with pytest.raises(RuntimeError, match="no value 1"):
        next(values)
    other = ConcurrentGatheringIterator()
    failing = threading.Thread(target=other.fail)
    failing.start()
    with pytest.raises(RuntimeError):
        next(other.iterator(0))
    failing.join()


def test_tasks_read_what_threads_insert(run):
    gathering = ConcurrentGatheringIterator()

    def insert():
        for key in reversed(range(50)):
            gathering.insert(key, key)

    async def main():
        thread = threading.Thread(target=insert)
        thread.start()
        assert [value async for value in gathering.iterator_async(49)] == list(range(50))
        thread.join()
        waiting = asyncio.ensure_future(anext(gathering.iterator_async(0)))
        await asyncio.sleep(0)
        waiting.cancel()
        gathering.insert(0, "kept")
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert next(gathering.iterator(0)) == "kept"

    run(main())


def test_each_item_is_loaded_once():
    numbers = itertools.count()
    batch = BatchExecutor(lambda: next(numbers), 7)
    loaded = [[] for _ in range(4)]

    def body(own):
        own.extend(batch.load() for _ in range(100))

    threads = [threading.Thread(target=body, args=(own,)) for own in loaded]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(itertools.chain(*loaded)) == list(range(400))
    assert batch.size == 7
    assert batch.as_local().load() == 400


def test_what_the_source_raises_comes_after_what_it_made():
    items = iter([1, 2, ValueError("third"), 4, 5])

    def source():
        item = next(items)
        if isinstance(item, Exception):
            raise item
        return item

    batch = BatchExecutor(source, 3)
    assert [batch.load(), batch.load()] == [1, 2]
    with pytest.raises(ValueError, match="third"):
        batch.load()
    assert [batch.load(), batch.load()] == [4, 5]
    for _ in range(2):
        with pytest.raises(StopIteration):
            batch.load()


def test_a_source_that_loads_is_refused():
    batch = BatchExecutor(lambda: batch.load(), 2)
    with pytest.raises(RuntimeError, match="by the source"):
        batch.load()
    with pytest.raises(TypeError, match="callable"):
        BatchExecutor(1, 2)
    with pytest.raises(ValueError, match="size"):
        BatchExecutor(int, 0)


def test_cycles_are_collected():
    class Source:
        def __call__(self):
            return self

    source = Source()
    source.batch = BatchExecutor(source, 2)
    source.batch.load()
    source.local = LocalWrapper(source)
    gone = weakref.ref(source)
    del source
    gc.collect()
    assert gone() is None
