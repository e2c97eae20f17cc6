# SPDX-License-Identifier: Apache-2.0
"""spawn: Python callables on Python workers, coroutines on loops."""

import asyncio
import concurrent.futures
import contextvars
import functools
import threading

import cogway
import pytest


def test_callables_run_on_named_threads(engine):
    thread = engine.spawn(threading.current_thread).result()
    assert thread.name.startswith("cogway-python-")
    assert thread is not threading.main_thread()
    assert engine.spawn(lambda *args: args, 1, 2).result() == (1, 2)
    assert engine.spawn(functools.partial(int, "11", base=2)).result() == 3


def test_several_run_at_once(engine):
    barrier = threading.Barrier(3, timeout=30)
    tickets = [engine.spawn(barrier.wait) for _ in range(2)]
    barrier.wait()
    for ticket in tickets:
        ticket.result()


def test_exceptions_arrive_with_their_traceback(engine):
    def inner():
        raise LookupError("inside")

    with pytest.raises(LookupError, match="inside") as caught:
        engine.spawn(inner).result()
    assert caught.traceback[-1].name == "inner"


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_base_exceptions_end_the_ticket_not_the_worker(engine, kind):
    def leave():
        raise kind

    with pytest.raises(kind):
        engine.spawn(leave).result()
    assert engine.spawn(lambda: 1).result() == 1


def test_a_queued_callable_that_is_cancelled_never_runs(manual):
    calls = []
    ticket = manual.spawn(calls.append, 1)
    assert ticket.cancel()
    manual.run_until_idle()
    assert calls == []
    with pytest.raises(concurrent.futures.CancelledError):
        ticket.result()


def test_a_running_callable_can_ask_whether_it_was_cancelled(engine):
    started, seen = threading.Event(), threading.Event()

    def work():
        started.set()
        while not cogway.cancelled():
            pass
        seen.set()

    ticket = engine.spawn(work)
    started.wait()
    assert ticket.running()
    assert ticket.cancel()
    assert seen.wait(30)
    assert not cogway.cancelled()


def test_priorities_order_the_queue(manual):
    order = []
    for priority in ("low", "normal", "high"):
        manual.spawn(order.append, priority, priority=priority)
    manual.run_until_idle()
    assert order == ["high", "normal", "low"]


def test_a_callable_past_its_deadline_never_runs(manual):
    calls = []
    ticket = manual.spawn(calls.append, 1, deadline=1.0)
    manual.advance(2.0)
    with pytest.raises(TimeoutError):
        ticket.result(timeout=0)
    manual.run_until_idle()
    assert calls == []


def test_awaited_and_cancelled(engine, run):
    async def main():
        assert await engine.spawn(lambda: 5) == 5
        gate = threading.Event()
        ticket = engine.spawn(gate.wait)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ticket, 0.001)
        gate.set()
        assert ticket.cancelled()

    run(main())


# --- Coroutines ----------------------------------------------------------------------------------


async def double(x):
    await asyncio.sleep(0)
    return 2 * x


def test_coroutines_run_on_the_running_loop(engine, run):
    async def main():
        loop = asyncio.get_running_loop()

        async def where():
            return asyncio.get_running_loop()

        assert await engine.spawn(where) is loop
        assert await engine.spawn(where()) is loop
        assert await engine.spawn(double, 3) == 6
        results = await asyncio.gather(*(engine.spawn(double, i) for i in range(10)))
        assert results == [2 * i for i in range(10)]

    run(main())


def test_coroutines_run_on_the_engines_loop_without_one(engine):
    async def where():
        return threading.current_thread().name

    assert engine.spawn(double, 4).result() == 8
    assert engine.spawn(where).result() == "cogway-loop"


def test_failing_coroutines(engine, run):
    async def fail():
        await asyncio.sleep(0)
        raise LookupError("in a coroutine")

    with pytest.raises(LookupError):
        engine.spawn(fail).result()

    async def main():
        with pytest.raises(LookupError):
            await engine.spawn(fail)

    run(main())


def test_cancelling_the_ticket_cancels_the_coroutine(engine, run):
    async def main():
        cancelled = asyncio.get_running_loop().create_future()

        async def wait():
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                cancelled.set_result(True)
                raise

        ticket = engine.spawn(wait)
        await asyncio.sleep(0)
        assert ticket.cancel()
        assert await cancelled
        assert ticket.cancelled()

    run(main())


def test_a_coroutine_past_its_deadline(engine, run):
    async def forever():
        await asyncio.get_running_loop().create_future()

    async def main():
        with pytest.raises(TimeoutError, match="deadline"):
            await engine.spawn(forever, deadline=0.001)

    run(main())
    with pytest.raises(TimeoutError):
        engine.spawn(forever, deadline=0.001).result()


def test_what_cannot_be_spawned(engine):
    with pytest.raises(TypeError, match="c_spawn"):
        engine.spawn("core.noop")
    coroutine = double(1)
    with pytest.raises(TypeError, match="no further arguments"):
        engine.spawn(coroutine, 1)
    with pytest.raises(ValueError, match="priority"):
        engine.spawn(print, priority="urgent")
    with pytest.raises(TypeError):
        engine.spawn(print, deadline="soon")


def test_resize_under_load_loses_nothing(engine):
    tickets = [engine.spawn(lambda i=i: i) for i in range(200)]
    engine.resize(python=4)
    tickets += [engine.spawn(lambda i=i: i) for i in range(200)]
    engine.resize(python=1)
    tickets += [engine.spawn(lambda i=i: i) for i in range(200)]
    assert [ticket.result() for ticket in tickets] == list(range(200)) * 3


def test_stop_iteration_does_not_pass_for_a_result(engine):
    def stop():
        raise StopIteration(5)

    async def main():
        with pytest.raises(RuntimeError, match="StopIteration") as caught:
            await engine.spawn(stop)
        assert type(caught.value.__cause__) is StopIteration
        assert caught.value.__cause__.value == 5
        (error,) = await asyncio.gather(engine.spawn(stop), return_exceptions=True)
        assert type(error) is RuntimeError

    asyncio.run(main())
    ticket = engine.spawn(stop)
    assert type(ticket.exception()) is RuntimeError
    with pytest.raises(RuntimeError):
        ticket.result()


def test_a_call_that_waits_for_what_it_spawned(engine):
    """However deep: more calls wait than there are workers, and each runs once."""
    runs = []

    def depth(n):
        runs.append(n)
        if n == 0:
            return [threading.get_ident()]
        return [threading.get_ident(), *engine.spawn(depth, n - 1).result()]

    tickets = [engine.spawn(depth, 10) for _ in range(8)]
    for ticket in tickets:
        assert len(ticket.result()) == 11
    assert sorted(runs) == sorted([*range(11)] * 8)


def test_what_a_waiting_call_runs_is_run_once(engine):
    """The other worker finds it in the queue, and leaves it."""
    runs = []
    free, passed = threading.Event(), threading.Event()

    def inner():
        runs.append(threading.get_ident())
        if len(runs) > 1:
            return False
        engine.spawn(passed.set)  # behind it in the queue
        free.set()
        return passed.wait(30)

    def outer():
        return engine.spawn(inner).result(), threading.get_ident()

    engine.spawn(free.wait, 30)  # the other worker, until the waiting call has taken its own
    waiting = engine.spawn(outer)
    value, thread = waiting.result(30)
    assert value is True
    assert runs == [thread]


def test_a_waiting_call_runs_only_what_nobody_has_begun(manual):
    """In its own context, with its own cancellation, and its exception raised where it waits."""
    variable = contextvars.ContextVar("variable", default=0)
    seen, late = [], []

    def inner():
        seen.append((variable.get(), cogway.cancelled()))
        raise LookupError("inner")

    def outer():
        variable.set(1)
        ticket = manual.spawn(inner)
        variable.set(2)
        with pytest.raises(LookupError, match="inner"):
            ticket.result()
        late.append(manual.spawn(inner))
        with pytest.raises(TimeoutError):
            late[0].result(timeout=0)
        cancelled = manual.spawn(inner)
        cancelled.cancel()
        with pytest.raises(concurrent.futures.CancelledError):
            cancelled.result()
        return variable.get()

    ticket = manual.spawn(outer)
    manual.run_until_idle()
    assert ticket.result() == 2
    assert seen == [(1, False), (2, False)]  # the second when its turn came
    assert isinstance(late[0].exception(), LookupError)
