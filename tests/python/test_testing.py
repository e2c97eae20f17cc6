# SPDX-License-Identifier: Apache-2.0
"""cogway.testing: the deterministic engine and the leak checks."""

import threading

import cogway
import pytest
from cogway import _concurrent
from cogway.testing import LeakError, ManualEngine, no_leaks


def test_nothing_runs_until_told(manual):
    order = []
    first = manual.spawn(order.append, 1)
    kernel = manual.c_spawn("core.noop")
    assert not first.done()
    assert not kernel.done()
    assert manual.step()
    assert kernel.done()
    assert manual.step()
    assert order == [1]
    assert not manual.step()
    assert manual.run_until_idle() == 0


def test_time_moves_only_when_told(manual):
    ticket = manual.c_spawn("core.noop", deadline=10.0)
    manual.advance(9.0)
    assert not ticket.done()
    manual.advance(2.0)
    assert ticket.done()
    with pytest.raises(TimeoutError):
        ticket.result()
    with pytest.raises(ValueError, match="between"):
        manual.advance(-1)


def test_no_threads_are_started():
    before = set(threading.enumerate())
    with ManualEngine() as engine:
        engine.spawn(max, 1, 2)
        engine.run_until_idle()
        assert set(threading.enumerate()) == before


def test_leaving_runs_what_is_queued():
    calls = []
    with ManualEngine() as engine:
        engine.spawn(calls.append, 1)
    assert calls == [1]


def test_leaked_tickets_are_found(manual):
    kept = []
    with pytest.raises(LeakError, match="1 tickets"), no_leaks():
        kept.append(manual.c_spawn("core.noop"))
    kept[0].cancel()


def test_open_engines_and_threads_are_found():
    kept = []

    def leave_an_engine():
        with no_leaks():
            kept.append(cogway.Engine(native_workers=1, name="leaky"))

    release = threading.Event()
    thread = threading.Thread(target=release.wait, name="slow")

    def leave_a_thread():
        with no_leaks():
            thread.start()

    with pytest.raises(LeakError, match="'leaky' open"):
        leave_an_engine()
    kept.pop().close()
    with pytest.raises(LeakError, match="'slow' still runs"):
        leave_a_thread()
    release.set()
    thread.join()


def test_a_clean_block_passes():
    with no_leaks(), cogway.Engine(native_workers=1, python_workers=1) as engine:
        engine.c_spawn("core.noop").result()
        engine.spawn(max, 1, 2).result()


def test_leaks_are_counted_after_the_callback_thread_has_let_go(engine):
    begin, entered, leave = threading.Event(), threading.Event(), threading.Event()
    with no_leaks():
        first = engine.spawn(begin.wait).as_concurrent()
        first.add_done_callback(lambda _: (entered.set(), leave.wait(30)))
        begin.set()  # done before, the callback would run here
        assert entered.wait(30)
        assert not _concurrent.settle(0.0)
        ticket = engine.c_spawn("core.copy", b"abc")
        future = ticket.as_concurrent()
        ticket.result()
        del ticket, future, first  # the callback thread alone has them now
        leave.set()
    assert _concurrent.settle()


def test_leaked_buffers_are_found():
    kept = []

    def leave_a_buffer():
        with no_leaks(), cogway.Engine(native_workers=1) as engine:
            kept.append(memoryview(engine.c_spawn("core.copy", b"abc").result()))

    with pytest.raises(LeakError, match="1 buffers are still alive"):
        leave_a_buffer()
    kept.clear()


def test_buffers_of_an_engine_outside_the_block_are_found(engine):
    before = engine.c_spawn("core.copy", b"abc").result()
    kept = []

    def leave_a_buffer():
        with no_leaks():
            kept.append(engine.c_spawn("core.copy", before).result())

    with pytest.raises(LeakError, match="1 buffers are still alive"):
        leave_a_buffer()
    kept.clear()
    for _ in range(100):
        with no_leaks():
            engine.c_spawn("core.copy", before).result()
