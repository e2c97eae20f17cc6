# SPDX-License-Identifier: Apache-2.0
"""Kernels and callables that never return: tickets end, the log names them, programs end."""

import asyncio
import logging
import os
import threading

import cogway
import pytest


def until_running(ticket):
    while not ticket.running():
        assert not ticket.done()
        os.sched_yield()


@pytest.fixture
def release():
    """Let go the kernel that a test has left behind, once it is over."""
    yield
    with cogway.Engine(native_workers=1, background_workers=1) as engine:
        engine.c_spawn("deaf.release").result()


# --- Kernels -------------------------------------------------------------------------------------


def test_closing_ends_the_ticket_of_a_kernel_that_does_not_return(deaf, release, caplog):
    engine = cogway.Engine(native_workers=1, background_workers=1, name="shut")
    data = bytearray(b"pinned")
    ticket = engine.c_spawn("deaf.wait", data)
    until_running(ticket)
    with caplog.at_level(logging.WARNING, "cogway.engine"):
        engine.close(grace=0.01)
    with pytest.raises(cogway.WorkerLost, match=r"deaf\.wait"):
        ticket.result(timeout=0)
    assert "deaf.wait" in caplog.text
    assert "shut" in caplog.text
    with pytest.raises(BufferError):
        data.append(1)  # the kernel may still read it


def test_an_awaited_ticket_is_told(deaf, release, run):
    async def main():
        engine = cogway.Engine(native_workers=1, background_workers=1)
        ticket = engine.c_spawn("deaf.wait")
        until_running(ticket)
        waiting = asyncio.ensure_future(asyncio.wait_for(ticket, 60))
        await asyncio.sleep(0)
        await asyncio.to_thread(engine.close, 0.01)
        with pytest.raises(cogway.WorkerLost):
            await waiting

    run(main())


def test_a_cancelled_kernel_that_does_not_return_costs_its_worker_only(deaf, release):
    with cogway.Engine(native_workers=1, background_workers=1, grace=0.01) as engine:
        ticket = engine.c_spawn("deaf.wait")
        until_running(ticket)
        assert ticket.cancel()
        assert ticket.cancelled()
        assert engine.c_spawn("core.noop").result(timeout=60) is None
        assert engine.statistics().abandoned_workers == 1
        assert engine.statistics().foreground.workers == 1


def test_a_deadline_ends_the_ticket_of_a_kernel_that_does_not_return(deaf, release):
    with cogway.Engine(native_workers=1, background_workers=1, grace=0.01) as engine:
        ticket = engine.c_spawn("deaf.wait", deadline=0.01)
        with pytest.raises(TimeoutError):
            ticket.result(timeout=60)
        assert engine.c_spawn("core.noop").result(timeout=60) is None


@pytest.mark.parametrize("end", ["engine.close()", "pass", "del engine", "raise SystemExit"])
def test_a_program_ends_beside_a_kernel_that_does_not_return(script, deaf, end):
    result = script(
        f"""
        import os, cogway
        cogway.load({str(deaf)!r})
        engine = cogway.Engine(native_workers=1, background_workers=1, grace=0.01)
        ticket = engine.c_spawn("deaf.wait", b"data")
        while not ticket.running():
            os.sched_yield()
        print("leaving")
        {end}
        """,
        counted=False,
    )
    assert result.stdout == "leaving\n"
    assert "abandoned at exit: engine 'cogway': deaf.wait did not return" in result.stderr
    assert "Traceback" not in result.stderr


# --- Callables -----------------------------------------------------------------------------------


def test_closing_ends_the_ticket_of_a_callable_that_does_not_return(caplog):
    started, gate = threading.Event(), threading.Event()
    engine = cogway.Engine(native_workers=1, python_workers=2, name="shut")

    def stuck():
        started.set()
        gate.wait()
        return "too late"

    ticket = engine.spawn(stuck)
    started.wait()
    with caplog.at_level(logging.WARNING, "cogway.engine"):
        engine.close(grace=0.01)
    with pytest.raises(cogway.WorkerLost, match=r"shut-python-[01] in .*stuck.* did not return"):
        ticket.result(timeout=0)
    assert [record.getMessage() for record in caplog.records if "stuck" in record.getMessage()]
    assert len([record for record in caplog.records if "abandoned" in record.getMessage()]) == 1
    gate.set()
    for thread in engine._python.threads():
        thread.join()
    assert isinstance(ticket.exception(), cogway.WorkerLost)


def test_a_callable_is_told_that_the_engine_closes():
    started = threading.Event()
    engine = cogway.Engine(native_workers=1, python_workers=1)

    def patient():
        started.set()
        while not cogway.cancelled():
            os.sched_yield()
        return "stopped"

    ticket = engine.spawn(patient)
    started.wait()
    engine.close(grace=60)
    assert ticket.result(timeout=0) == "stopped"


def test_a_cancelled_ticket_stays_cancelled():
    started, gate = threading.Event(), threading.Event()
    engine = cogway.Engine(native_workers=1, python_workers=1)
    ticket = engine.spawn(lambda: (started.set(), gate.wait()))
    started.wait()
    assert ticket.cancel()
    engine.close(grace=0.01)
    assert ticket.cancelled()
    gate.set()


def test_draining_ends_when_another_thread_gives_the_callable_up():
    started, gate = threading.Event(), threading.Event()
    engine = cogway.Engine(native_workers=1, python_workers=1)
    ticket = engine.spawn(lambda: (started.set(), gate.wait()))
    started.wait()
    drained = []
    drainer = threading.Thread(target=lambda: drained.append(engine.drain()))
    drainer.start()
    while engine._phase != "draining":
        os.sched_yield()
    engine.close(grace=0.01)
    drainer.join(60)
    assert drained == [True]
    assert isinstance(ticket.exception(), cogway.WorkerLost)
    gate.set()


def test_a_callable_that_never_returns_is_named_at_exit(script):
    result = script(
        """
        import threading, cogway
        engine = cogway.Engine(native_workers=1, python_workers=1, grace=0.01)
        started = threading.Event()
        def stuck():
            started.set()
            threading.Event().wait()
        ticket = engine.spawn(stuck)
        started.wait()
        engine.close()
        try:
            ticket.result()
        except cogway.WorkerLost:
            print("lost")
        """,
        counted=False,
    )
    assert result.stdout == "lost\n"
    assert "abandoned: cogway: cogway-python-0 in stuck" in result.stderr
    assert "abandoned at exit: cogway: cogway-python-0 in stuck" in result.stderr


def test_a_callback_that_blocks_does_not_hold_up_the_exit(script):
    result = script(
        """
        import threading, cogway
        from cogway import _concurrent
        _concurrent._GRACE = 0.01
        begin, entered = threading.Event(), threading.Event()
        def callback(future):
            entered.set()
            threading.Event().wait()
        with cogway.Engine(native_workers=1) as engine:
            engine.spawn(begin.wait).as_concurrent().add_done_callback(callback)
            begin.set()  # done before, the callback would run here
            entered.wait()
        print("leaving")
        """,
        counted=False,
    )
    assert result.stdout == "leaving\n"
    assert "abandoned at exit: cogway-callbacks in " in result.stderr
    assert "callback" in result.stderr
