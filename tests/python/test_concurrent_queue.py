# SPDX-License-Identifier: Apache-2.0
"""ConcurrentQueue as queue.Queue is used, from threads; and what waits, ends and is collected."""

import contextlib
import gc
import queue
import signal
import sys
import threading
import weakref

import pytest
from cogway.sync import ConcurrentQueue, Semaphore, ShutDown
from hypothesis import given
from hypothesis import strategies as st

ORDERS = {"fifo": queue.Queue, "lifo": queue.LifoQueue, "priority": queue.PriorityQueue}


def in_thread(fn):
    """A thread that runs it, and a list for what it returns or raises."""
    answers = []

    def body():
        try:
            answers.append(fn())
        except Exception as error:
            answers.append(type(error))

    thread = threading.Thread(target=body)
    thread.start()
    return thread, answers


@pytest.mark.parametrize("order", ORDERS)
@given(st.lists(st.one_of(st.integers(0, 9), st.none()), max_size=40), st.integers(0, 4))
def test_it_answers_as_the_standard_one(order, steps, maxsize):
    ours, theirs = ConcurrentQueue(maxsize, order=order), ORDERS[order](maxsize)

    def step(target, item):
        try:
            return target.get_nowait() if item is None else target.put_nowait(item)
        except (queue.Empty, queue.Full) as error:
            return type(error)

    for item in steps:
        assert step(ours, item) == step(theirs, item)
        assert (ours.qsize(), ours.empty(), ours.full()) == (
            theirs.qsize(),
            theirs.empty(),
            theirs.full(),
        )
        assert ours.unfinished_tasks == theirs.unfinished_tasks


def test_its_arguments_are_those_of_the_standard_one():
    q = ConcurrentQueue(1)
    q.put("a", False)
    for full in (
        lambda: q.put("b", block=False),
        lambda: q.put("b", False, -1),
        lambda: q.put("b", True, 0.001),
        lambda: q.put("b", timeout=0),
    ):
        with pytest.raises(queue.Full):
            full()
    assert q.get(timeout=1) == "a"
    for empty in (lambda: q.get(False), lambda: q.get(True, 0.001), lambda: q.get(timeout=0)):
        with pytest.raises(queue.Empty):
            empty()
    with pytest.raises(ValueError, match="negative"):
        q.get(timeout=-1)
    with pytest.raises(ValueError, match="order"):
        ConcurrentQueue(order="random")
    with pytest.raises(TypeError):
        ConcurrentQueue(1, "fifo")
    assert ConcurrentQueue(-3).maxsize == 0
    assert repr(ConcurrentQueue(order="lifo")) == "<cogway.sync.ConcurrentQueue, lifo, 0 items>"
    assert ConcurrentQueue[int]().order == "fifo"
    if sys.version_info >= (3, 13):
        assert ShutDown is queue.ShutDown


def test_equal_priorities_come_out_as_they_went_in():
    class Job:
        def __init__(self, priority, name):
            self.priority, self.name = priority, name

        def __lt__(self, other):
            return self.priority < other.priority

    q = ConcurrentQueue(order="priority")
    for priority, name in [(2, "a"), (1, "b"), (2, "c"), (1, "d"), (0, "e"), (2, "f")]:
        q.put(Job(priority, name))
    assert [q.get().name for _ in range(6)] == list("ebdacf")


def test_a_comparison_may_raise_or_use_the_queue():
    q = ConcurrentQueue(2, order="priority")
    q.put(1)
    with pytest.raises(TypeError):
        q.put("one")
    assert q.qsize() == 1
    assert q.unfinished_tasks == 1

    class Meddler:
        def __lt__(self, other):
            while not q.empty():
                q.get()
            return True

    q.put(Meddler())
    assert q.qsize() == 1
    assert isinstance(q.get(), Meddler)


def test_threads_wait_for_items_and_for_room():
    q = ConcurrentQueue(2)
    items = range(300)
    got = []

    def consume():
        while (item := q.get()) is not None:
            got.append(item)
            q.task_done()

    consumers = [in_thread(consume) for _ in range(2)]
    producers = [in_thread(lambda n=n: [q.put(item) for item in items[n::2]]) for n in range(2)]
    for thread, _ in producers:
        thread.join()
    assert q.join()
    assert sorted(got) == list(items)
    for _ in consumers:
        q.put(None)
    for thread, answers in consumers:
        thread.join()
        assert answers == [None]


def test_one_producer_keeps_its_order():
    q = ConcurrentQueue(3)
    thread, answers = in_thread(lambda: [q.get() for _ in range(500)])
    for item in range(500):
        q.put(item)
    thread.join()
    assert answers == [list(range(500))]


def test_join_and_task_done():
    q = ConcurrentQueue()
    assert q.join(0)
    q.put(1)
    assert not q.join(timeout=0.001)
    thread, answers = in_thread(q.join)
    q.get()
    q.task_done()
    thread.join()
    assert answers == [True]
    with pytest.raises(ValueError, match="more often"):
        q.task_done()


def test_shutdown_lets_out_what_is_in():
    q = ConcurrentQueue(1)
    q.put("last")
    putter, refused = in_thread(lambda: q.put("late"))
    q.shutdown()
    putter.join()
    assert refused == [ShutDown]
    assert q.is_shutdown
    with pytest.raises(ShutDown):
        q.put_nowait("later")
    assert q.get() == "last"
    with pytest.raises(ShutDown):
        q.get()
    with pytest.raises(ShutDown):
        q.get_nowait()
    q.task_done()
    assert q.join(0)


def test_shutdown_ends_waits_and_empties_at_once():
    q = ConcurrentQueue()
    getter, ended = in_thread(q.get)
    q.shutdown()
    getter.join()
    assert ended == [ShutDown]
    q = ConcurrentQueue()
    for item in range(3):
        q.put(item)
    q.get()
    joiner, joined = in_thread(q.join)
    q.shutdown(immediate=True)
    assert q.unfinished_tasks == 1
    q.task_done()
    joiner.join()
    assert joined == [True]
    with pytest.raises(ShutDown):
        q.get()


def test_ctrl_c_comes_through_and_loses_nothing():
    q = ConcurrentQueue()
    main, waiting = threading.get_ident(), Semaphore(0)

    def interrupt():
        waiting.acquire()
        signal.pthread_kill(main, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        waiting.release()
        q.get()
    thread.join()
    q.put(1)
    assert q.get(timeout=0) == 1


def test_items_and_cycles_are_collected():
    class Thing:
        pass

    q = ConcurrentQueue(order="priority")
    thing = Thing()
    thing.queue = q
    gone, q_gone = weakref.ref(thing), weakref.ref(q)
    count = sys.getrefcount(thing)
    q.put(thing)
    assert q.get() is thing
    assert sys.getrefcount(thing) == count
    q.put(thing)
    waits = q.put_async(thing)
    waits_too = q.get_async()
    del thing, q, waits, waits_too
    gc.collect()
    assert gone() is None
    assert q_gone() is None


def test_a_subclass_may_add_to_it():
    class Named(ConcurrentQueue):
        def __init__(self, maxsize=0):
            self.name = "jobs"

    q = Named(1)
    q.put(1)
    assert (q.name, q.get(), q.full()) == ("jobs", 1, False)


@pytest.mark.slow
def test_waits_in_vain_keep_nothing():
    import resource

    got, q, full = [], ConcurrentQueue(), ConcurrentQueue(1)
    full.put(0)

    def rounds(count):
        for _ in range(count):
            with contextlib.suppress(queue.Empty):
                got.append(q.get(timeout=1e-9))
            with contextlib.suppress(queue.Full):
                got.append(full.put(1, timeout=1e-9))

    rounds(1_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rounds(50_000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4_096
    assert got == []
    assert q.qsize() == 0
