# SPDX-License-Identifier: Apache-2.0
"""A ticket as threads and asyncio see it."""

import asyncio
import concurrent.futures
import contextvars
import gc
import sys
import threading
import weakref

import cogway
import pytest


def test_result_waits_without_a_loop(engine):
    assert engine.c_spawn("core.noop").result() is None
    assert bytes(engine.c_spawn("core.copy", b"abc").result(timeout=30)) == b"abc"


def test_result_is_the_same_object_each_time(engine):
    ticket = engine.c_spawn("core.copy", b"abc")
    assert ticket.result() is ticket.result()


def test_states_of_a_ticket(manual):
    ticket = manual.c_spawn("core.noop")
    assert not ticket.done()
    assert not ticket.running()
    assert not ticket.cancelled()
    assert repr(ticket) == "<Ticket core.noop pending>"
    manual.step()
    assert ticket.done()
    assert repr(ticket) == "<Ticket core.noop done>"
    assert ticket.name == "core.noop"


def test_timeout_leaves_the_work_alone(manual):
    ticket = manual.c_spawn("core.noop")
    with pytest.raises(TimeoutError, match="0 seconds"):
        ticket.result(timeout=0)
    with pytest.raises(TimeoutError):
        ticket.exception(timeout=0.001)
    manual.step()
    assert ticket.result(timeout=0) is None
    assert ticket.exception(timeout=0) is None


def test_cancel_before_it_runs(manual):
    ticket = manual.c_spawn("core.noop")
    assert ticket.cancel()
    assert not ticket.cancel()
    assert ticket.done()
    assert ticket.cancelled()
    with pytest.raises(concurrent.futures.CancelledError):
        ticket.result()
    with pytest.raises(concurrent.futures.CancelledError):
        ticket.exception()
    manual.run_until_idle()
    assert manual.statistics().completed == 0


def test_cancel_of_running_work_is_seen_by_the_kernel(engine):
    ticket = engine.c_spawn("core.spin", ns=10**12)
    while not ticket.running():
        pass
    assert ticket.cancel()
    assert ticket.cancelled()


def test_weak_references_and_generic_alias(manual):
    ticket = manual.c_spawn("core.noop")
    reference = weakref.ref(ticket)
    assert reference() is ticket
    assert cogway.Ticket[int].__origin__ is cogway.Ticket
    ticket.cancel()
    del ticket
    gc.collect()
    assert reference() is None


def test_a_ticket_cannot_be_made_or_changed():
    with pytest.raises(TypeError):
        cogway.Ticket()
    with pytest.raises((TypeError, AttributeError)):
        cogway.Ticket.extra = 1


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.result("soon"),
        lambda t: t.result(timeout=1, other=2),
        lambda t: t.result(1, timeout=1),
        lambda t: t.result(1, 2),
        lambda t: t.cancel(1, 2),
        lambda t: t.add_done_callback(),
    ],
)
def test_wrong_arguments_are_refused(manual, call):
    ticket = manual.c_spawn("core.noop")
    with pytest.raises(TypeError):
        call(ticket)
    ticket.cancel()


def test_nan_is_no_timeout(manual):
    ticket = manual.c_spawn("core.noop")
    with pytest.raises(ValueError, match="nan"):
        ticket.result(timeout=float("nan"))
    ticket.cancel()


def test_many_threads_wait_for_one_ticket(engine):
    release = threading.Event()
    ticket = engine.spawn(release.wait)
    results = []
    threads = [threading.Thread(target=lambda: results.append(ticket.result())) for _ in range(8)]
    for thread in threads:
        thread.start()
    release.set()
    for thread in threads:
        thread.join()
    assert results == [True] * 8


# --- concurrent.futures --------------------------------------------------------------------------


def test_as_concurrent_gives_a_real_future(engine):
    future = engine.c_spawn("core.copy", b"abc").as_concurrent()
    assert isinstance(future, concurrent.futures.Future)
    assert bytes(future.result(timeout=30)) == b"abc"
    futures = [engine.c_spawn("core.noop").as_concurrent() for _ in range(10)]
    done, pending = concurrent.futures.wait(futures, timeout=30)
    assert len(done) == 10
    assert not pending


def test_callbacks_of_a_concurrent_future_run_on_a_named_thread(engine):
    name = concurrent.futures.Future()
    release = threading.Event()
    future = engine.spawn(release.wait).as_concurrent()
    future.add_done_callback(lambda _: name.set_result(threading.current_thread().name))
    release.set()
    assert name.result(timeout=30) == "cogway-callbacks"


def test_concurrent_future_carries_failure_and_cancellation(engine, manual):
    future = engine.spawn(lambda: 1 / 0).as_concurrent()
    with pytest.raises(ZeroDivisionError):
        future.result(timeout=30)
    ticket = manual.c_spawn("core.noop")
    future = ticket.as_concurrent()
    assert future.cancel()
    assert ticket.cancelled()
    with pytest.raises(concurrent.futures.CancelledError):
        future.result(timeout=30)


# --- Failures that nobody sees -------------------------------------------------------------------


def test_unseen_exception_is_reported_without_a_loop(engine, monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: seen.append(args.exc_value))
    ticket = engine.spawn(lambda: 1 / 0)
    while not ticket.done():
        pass
    del ticket
    gc.collect()
    assert [type(error) for error in seen] == [ZeroDivisionError]


def test_seen_exception_is_not_reported(engine, monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: seen.append(args.exc_value))
    ticket = engine.spawn(lambda: 1 / 0)
    assert isinstance(ticket.exception(), ZeroDivisionError)
    del ticket
    gc.collect()
    assert seen == []


def test_failure_of_a_dropped_kernel_ticket_is_reported_later(manual, monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: seen.append(args.exc_value))
    manual.c_spawn("file.read", path="/does/not/exist")
    gc.collect()
    assert seen == []
    manual.step()
    manual.statistics()  # a call of cogway's is a drain point
    assert [type(error) for error in seen] == [cogway.KernelError]


def test_unseen_exception_goes_to_the_loop(engine, run):
    reports = []

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda _, info: reports.append(info))
        ticket = engine.spawn(lambda: 1 / 0)
        await asyncio.wait([ticket])
        del ticket
        gc.collect()

    run(main())
    assert [type(report["exception"]) for report in reports] == [ZeroDivisionError]


def test_context_variables_cross(engine):
    variable = contextvars.ContextVar("variable")
    variable.set("here")
    assert engine.spawn(variable.get).result() == "here"
