# SPDX-License-Identifier: Apache-2.0
"""Engine.map and starmap: order, chunks, laziness, failures, cancellation."""

import asyncio
import itertools
import operator
import threading

import cogway
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@given(
    items=st.lists(st.integers(-100, 100), max_size=40),
    chunksize=st.integers(1, 7),
    ahead=st.integers(1, 5),
    ordered=st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_as_the_builtin(items, chunksize, ahead, ordered):
    with cogway.Engine(native_workers=1, python_workers=2) as engine:
        found = list(engine.map(abs, items, chunksize=chunksize, ahead=ahead, ordered=ordered))
    expected = list(map(abs, items))
    assert found == expected if ordered else sorted(found) == sorted(expected)


def test_several_iterables_and_starmap(engine):
    assert list(engine.map(pow, [2, 3, 4], [5, 2])) == [32, 9]
    assert list(engine.starmap(pow, [(2, 5), [3, 2]])) == [32, 9]
    assert list(engine.map(pow, [])) == []


def test_awaited(engine, run):
    async def double(x):
        await asyncio.sleep(0)
        return 2 * x

    async def main():
        loop = asyncio.get_running_loop()
        assert [x async for x in engine.map(abs, [-1, 2, -3])] == [1, 2, 3]
        assert sorted([x async for x in engine.map(double, range(20), ordered=False)]) == list(
            range(0, 40, 2)
        )
        loops = [x async for x in engine.map(running_loop, range(2), chunksize=2)]
        assert loops == [loop, loop]

    async def running_loop(_):
        return asyncio.get_running_loop()

    run(main())
    assert list(engine.map(double, range(5))) == [0, 2, 4, 6, 8]


def test_no_more_is_read_than_may_be_under_way(engine):
    read = []

    def endless():
        for number in itertools.count():
            read.append(number)
            yield number

    with engine.map(abs, endless(), chunksize=3, ahead=2) as results:
        assert not read
        assert list(itertools.islice(results, 4)) == [0, 1, 2, 3]
        assert len(read) <= 4 + 3 * 3
    assert list(results) == []


def test_as_they_are_completed(engine):
    gate = threading.Event()

    def slow_first(number):
        if number == 0:
            gate.wait()
        return number

    results = engine.map(slow_first, range(4), ordered=False)
    found = [next(results), next(results), next(results)]
    gate.set()
    assert [*found, next(results)] == [1, 2, 3, 0]


def test_a_failure_comes_after_the_results_before_it(engine):
    begun = []

    def inverse(number):
        begun.append(number)
        return 1 / number

    results = engine.map(inverse, [1, 2, 0, *range(3, 1000)], chunksize=2, ahead=1)
    assert next(results) == 1
    assert next(results) == 0.5
    with pytest.raises(ZeroDivisionError):
        next(results)
    with pytest.raises(StopIteration):
        next(results)
    assert begun == [1, 2, 0]


@pytest.mark.parametrize("kind", [StopIteration, StopAsyncIteration])
def test_exceptions_that_would_end_an_iteration_do_not(engine, kind):
    def fail(_):
        raise kind

    with pytest.raises(RuntimeError, match=kind.__name__) as caught:
        list(engine.map(fail, [1]))
    assert type(caught.value.__cause__) is kind


@pytest.mark.parametrize("chunksize", [1, 2, 9])
def test_a_source_that_fails(engine, chunksize):
    def source():
        yield from [1, 2, 3]
        raise LookupError("no more")

    results = engine.map(abs, source(), chunksize=chunksize, ahead=8)
    assert [next(results), next(results), next(results)] == [1, 2, 3]
    with pytest.raises(LookupError, match="no more"):
        next(results)


def test_a_time_limit(engine, run):
    gate = threading.Event()

    async def main():
        async for _ in engine.map(gate_wait, [1], timeout=0.01):
            pass

    def gate_wait(_):
        gate.wait()

    try:
        for ordered in (True, False):
            with pytest.raises(TimeoutError, match=r"0\.01 seconds"):
                next(engine.map(gate_wait, [1], timeout=0.01, ordered=ordered))
        with pytest.raises(TimeoutError):
            run(main())
    finally:
        gate.set()


def test_cancelling_the_wait_takes_nothing_away(engine, run):
    gate = threading.Event()

    def waiting(number):
        gate.wait()
        return number

    async def main():
        results = engine.map(waiting, range(3))
        task = asyncio.ensure_future(anext(results))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gate.set()
        assert [result async for result in results] == [0, 1, 2]

    run(main())


def test_a_full_queue_is_waited_for():
    with cogway.Engine(python_workers=1, queue_capacity=2) as engine:
        assert list(engine.map(abs, range(-50, 0), ahead=40)) == list(range(50, 0, -1))


@pytest.mark.parametrize("ordered", [True, False])
def test_within_a_worker(engine, ordered):
    """More maps than workers, each waiting for its own calls."""

    def total(n):
        return sum(engine.map(operator.mul, range(n), range(n), ordered=ordered))

    assert list(engine.map(total, range(12), ahead=12)) == [
        sum(i * i for i in range(n)) for n in range(12)
    ]


def test_an_engine_that_closes():
    gate = threading.Event()
    with cogway.Engine(python_workers=1) as engine:
        results = engine.map(lambda _: gate.wait(), range(100))
        waiting = threading.Thread(target=gate.set)
        waiting.start()
        assert next(results) is True
        waiting.join()
    with pytest.raises(cogway.EngineClosed):
        list(results)


def test_refusals(engine):
    with pytest.raises(TypeError, match="takes a callable, not int"):
        engine.map(5, [1])
    for wrong in (0, -1, 1.0, True):
        with pytest.raises(ValueError, match="chunksize must be an int of at least 1"):
            engine.map(abs, [1], chunksize=wrong)
        with pytest.raises(ValueError, match="ahead must be an int of at least 1"):
            engine.map(abs, [1], ahead=wrong)
    with pytest.raises(ValueError, match="timeout must be 0 seconds or more"):
        engine.map(abs, [1], timeout=-1)
    with pytest.raises(TypeError):
        list(engine.starmap(abs, [5]))
