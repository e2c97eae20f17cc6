# SPDX-License-Identifier: Apache-2.0
"""Engine.executor(): what code written for the standard executors relies on."""

import asyncio
import concurrent.futures
import threading

import cogway
import pytest


@pytest.fixture
def executor(engine):
    with engine.executor() as executor:
        yield executor


def test_submit(executor):
    assert isinstance(executor, concurrent.futures.Executor)
    future = executor.submit(int, "21", base=8)
    assert future.result() == 17
    assert future.done()
    failed = executor.submit(int, "x")
    assert isinstance(failed.exception(), ValueError)
    with pytest.raises(ValueError, match="invalid literal"):
        failed.result()


def test_a_call_can_be_cancelled_until_it_begins(engine):
    gate, begun = threading.Event(), threading.Semaphore(0)

    def hold():
        begun.release()
        gate.wait()
        return "held"

    ran = []
    with engine.executor() as executor:
        holders = [executor.submit(hold) for _ in range(2)]
        for _ in holders:
            begun.acquire()
        engine_full = [executor.submit(hold) for _ in range(2)]
        waiting = executor.submit(ran.append, 1)
        seen = []
        waiting.add_done_callback(seen.append)
        assert waiting.cancel()
        assert waiting.cancelled()
        assert waiting.cancel()
        with pytest.raises(concurrent.futures.CancelledError):
            waiting.result()
        assert not holders[0].cancel()
        assert holders[0].running()
        gate.set()
        assert [each.result() for each in holders + engine_full] == ["held"] * 4
        assert not holders[0].cancel()
        assert not holders[0].running()
    assert ran == []
    assert seen == [waiting]


def test_dask_learns_how_many_run_at_once(engine, executor):
    assert executor._max_workers == 2
    engine.resize(python=3)
    assert executor._max_workers == 3


def test_wait_and_as_completed(executor):
    gate = threading.Event()
    slow, fast = executor.submit(gate.wait), executor.submit(abs, -1)
    done, pending = concurrent.futures.wait(
        [slow, fast], return_when=concurrent.futures.FIRST_COMPLETED
    )
    assert (done, pending) == ({fast}, {slow})
    gate.set()
    assert set(concurrent.futures.as_completed([slow, fast])) == {slow, fast}


def test_map(executor):
    assert list(executor.map(pow, [2, 3], [5, 2])) == [32, 9]
    assert list(executor.map(abs, range(-10, 0), chunksize=3)) == list(range(10, 0, -1))
    read = []
    items = (read.append(i) or i for i in range(100))
    results = executor.map(abs, items, buffersize=2)
    assert len(read) == 2
    assert list(results) == list(range(100))
    eager = []
    executor.map(abs, (eager.append(i) or i for i in range(10)))
    assert eager == list(range(10))
    for wrong in (0, -1):
        with pytest.raises(ValueError, match="buffersize"):
            executor.map(abs, [1], buffersize=wrong)
    with pytest.raises(ValueError, match="chunksize"):
        executor.map(abs, [1], chunksize=0)


def test_run_in_executor(engine):
    async def main():
        loop = asyncio.get_running_loop()
        with engine.executor() as executor:
            thread = await loop.run_in_executor(executor, threading.current_thread)
            assert "-python-" in thread.name
            with pytest.raises(ZeroDivisionError):
                await loop.run_in_executor(executor, divmod, 1, 0)

    asyncio.run(main())


def test_calls_that_wait_for_calls(engine, executor):
    """However deep: more wait than there are workers, and each runs once."""
    runs = []

    def depth(n):
        runs.append(n)
        if n == 0:
            return 0
        future = executor.submit(depth, n - 1)
        assert n % 2 == 0 or future.exception() is None
        return 1 + future.result()

    def owner():
        with engine.executor() as own:  # leaving it waits
            futures = [own.submit(abs, -n) for n in range(5)]
        return [future.result(0) for future in futures]

    futures = [executor.submit(depth, 10) for _ in range(4)]
    assert [future.result() for future in futures] == [10] * 4
    assert sorted(runs) == sorted([*range(11)] * 4)
    assert [executor.submit(owner).result() for _ in range(4)] == [list(range(5))] * 4


def test_shutdown_waits_for_its_own_calls(engine):
    gate = threading.Event()
    executor = engine.executor()
    future = executor.submit(gate.wait)
    executor.shutdown(wait=False)
    for refused in (executor.submit, lambda fn: executor.map(fn, [1])):
        with pytest.raises(RuntimeError, match="after shutdown"):
            refused(abs)
    gate.set()
    executor.shutdown()
    assert future.done()
    assert engine.spawn(abs, -1).result() == 1  # the engine goes on


def test_shutdown_cancels_what_has_not_begun(engine):
    gate = threading.Event()
    executor = engine.executor()
    begun = [threading.Event(), threading.Event()]
    for event in begun:
        executor.submit(lambda event=event: (event.set(), gate.wait()))
    for event in begun:
        event.wait()
    waiting = [executor.submit(abs, -1) for _ in range(10)]
    executor.shutdown(wait=False, cancel_futures=True)
    assert all(future.cancelled() for future in waiting)
    gate.set()
    executor.shutdown()


def test_an_engine_that_is_closed():
    with cogway.Engine(python_workers=1) as engine:
        executor = engine.executor()
        executor.submit(abs, -1).result()
    with pytest.raises(RuntimeError, match="closed"):
        executor.submit(abs, -1)
    executor.shutdown()


def test_closing_the_engine_ends_the_futures():
    gate = threading.Event()
    engine = cogway.Engine(python_workers=1)
    executor = engine.executor()
    running = executor.submit(gate.wait)
    queued = executor.submit(abs, -1)
    gate_opener = threading.Thread(target=lambda: (queued.exception(), gate.set()))
    gate_opener.start()
    engine.close()
    gate_opener.join()
    assert isinstance(queued.exception(), cogway.EngineClosed)
    assert concurrent.futures.wait([running]).done == {running}
    executor.shutdown()
