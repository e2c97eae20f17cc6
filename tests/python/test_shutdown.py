# SPDX-License-Identifier: Apache-2.0
"""How engines end: each way of leaving has a stated outcome, and nothing hangs or aborts."""

import asyncio
import gc
import logging
import os
import threading

import cogway
import pytest


def test_drain_lets_everything_end():
    engine = cogway.Engine(native_workers=1, python_workers=1)
    tickets = [engine.c_spawn("core.spin", ns=100_000) for _ in range(50)]
    calls = [engine.spawn(lambda i=i: i) for i in range(50)]
    assert engine.drain()
    assert all(ticket.done() for ticket in tickets)
    assert [call.result() for call in calls] == list(range(50))
    with pytest.raises(cogway.EngineClosed):
        engine.c_spawn("core.noop")
    with pytest.raises(cogway.EngineClosed):
        engine.spawn(print)
    engine.close()
    assert engine.closed
    engine.close()


def test_drain_gives_up_at_its_timeout():
    engine = cogway.Engine(native_workers=1)
    ticket = engine.c_spawn("core.spin", ns=10**12)
    assert not engine.drain(timeout=0.01)
    engine.close()
    assert ticket.cancelled()


def test_close_with_work_in_flight_ends_every_ticket():
    gate = threading.Event()
    engine = cogway.Engine(native_workers=1, python_workers=1)
    running = engine.c_spawn("core.spin", ns=10**12)
    queued = [engine.c_spawn("core.noop") for _ in range(10)]
    call = engine.spawn(gate.wait)
    while not call.running():
        pass
    waiting = engine.spawn(print)

    def let_go():
        waiting.exception()
        gate.set()

    threading.Thread(target=let_go).start()
    engine.close()
    assert running.done()
    assert all(ticket.done() for ticket in queued)
    assert call.result() is True
    with pytest.raises(cogway.EngineClosed):
        waiting.result()
    for ticket in queued:
        ticket.cancelled() or ticket.exception()


def test_results_outlive_the_engine():
    with cogway.Engine(native_workers=1) as engine:
        buffer = engine.c_spawn("core.copy", b"abc").result()
        ticket = engine.c_spawn("core.copy", b"def")
    del engine
    gc.collect()
    assert bytes(buffer) == b"abc"
    assert bytes(ticket.result()) == b"def"


def test_leaving_by_an_exception_closes_at_once():
    tickets = []

    def fail_inside():
        with cogway.Engine(native_workers=1) as engine:
            tickets.extend(engine.c_spawn("core.spin", ns=10**12) for _ in range(2))
            raise LookupError

    with pytest.raises(LookupError):
        fail_inside()
    assert all(ticket.done() for ticket in tickets)


def test_async_exit_with_a_coroutine_in_flight(run):
    async def main():
        async with cogway.Engine(native_workers=1) as engine:

            async def later():
                return await engine.c_spawn("core.noop")

            ticket = engine.spawn(later)
        assert ticket.result() is None

    run(main())


def test_draining_on_the_loop_that_is_needed_raises(run):
    async def main():
        async with cogway.Engine(native_workers=1) as engine:
            event = asyncio.Event()
            ticket = engine.spawn(event.wait)
            with pytest.raises(RuntimeError, match="wait_drained"):
                engine.drain()
            event.set()
            await ticket

    run(main())


def test_a_refused_drain_leaves_the_engine_open(run):
    async def main():
        async with cogway.Engine(native_workers=1) as engine:
            event = asyncio.Event()
            ticket = engine.spawn(event.wait)
            with pytest.raises(RuntimeError, match="wait_drained"):
                engine.drain()
            assert await engine.spawn(max, 1, 2) == 2
            assert await engine.c_spawn("core.noop") is None
            event.set()
            await ticket

    run(main())


@pytest.mark.filterwarnings("ignore:unclosed")
def test_draining_notices_a_loop_that_is_closed():
    engine = cogway.Engine(native_workers=1)
    loop = asyncio.new_event_loop()

    async def begin():
        return engine.spawn(asyncio.Event().wait)

    ticket = loop.run_until_complete(begin())
    drained = []
    drainer = threading.Thread(target=lambda: drained.append(engine.drain()))
    drainer.start()
    while engine._phase != "draining":
        os.sched_yield()
    loop.set_exception_handler(lambda *_: None)  # its task is destroyed pending, as we want
    loop.close()
    drainer.join(60)
    assert drained == [True]
    assert ticket.cancel()  # on a loop that is gone
    engine.close()


def test_draining_does_not_open_what_is_closed():
    engine = cogway.Engine(native_workers=1)
    engine.close()
    assert engine.drain()
    assert "closed" in repr(engine)
    with pytest.raises(cogway.EngineClosed):
        engine.spawn(print)


def test_closing_goes_on_where_it_was_interrupted(monkeypatch):
    engine = cogway.Engine(native_workers=1, python_workers=1)
    call = engine.spawn(max, 1, 2)
    assert call.result() == 2
    kernel = engine.c_spawn("core.spin", ns=10**12)
    with monkeypatch.context() as patch:
        patch.setattr(engine, "_close_python_queue", raise_keyboard_interrupt)
        with pytest.raises(KeyboardInterrupt):
            engine.close()
    assert not kernel.done()
    with pytest.raises(cogway.EngineClosed):
        engine.spawn(print)
    engine.close()
    assert kernel.done()
    assert not any(thread.is_alive() for thread in engine._python.threads())
    assert repr(engine) == "<Engine 'cogway' closed>"


def raise_keyboard_interrupt(*_):
    raise KeyboardInterrupt


def test_one_of_two_who_close_does_the_work():
    entered, gate = threading.Event(), threading.Event()
    engine = cogway.Engine(native_workers=1, python_workers=1)

    def stubborn():
        entered.set()
        gate.wait()
        return "done"

    ticket = engine.spawn(stubborn)
    entered.wait()
    closer = threading.Thread(target=engine.close, args=(60,))
    closer.start()
    while engine._phase != "closing":
        os.sched_yield()
    engine.close()  # returns, though the other waits still
    assert not ticket.done()
    gate.set()
    closer.join(60)
    assert ticket.result(timeout=0) == "done"


def test_a_coroutine_that_comes_beside_close_is_refused():
    engine = cogway.Engine(native_workers=1)

    async def nothing():
        return 1

    assert engine.spawn(nothing).result() == 1
    tasks = engine._coroutines
    engine.close()
    coroutine = nothing()
    with pytest.raises(cogway.EngineClosed):
        tasks.spawn(coroutine, None)
    coroutine.close()
    assert not tasks.thread.is_alive()


def test_closing_cancels_coroutines(run):
    async def main():
        engine = cogway.Engine(native_workers=1)
        waiting = engine.spawn(asyncio.Event().wait)
        await asyncio.sleep(0)
        engine.close()
        assert waiting.cancelled()

    run(main())


def test_exit_without_close(script):
    result = script("""
        import cogway
        engine = cogway.Engine(native_workers=2)
        engine.spawn(lambda: None).result()
        tickets = [engine.c_spawn("core.spin", ns=10**12) for _ in range(100)]
        print("leaving")
    """)
    assert result.stdout == "leaving\n"


COUNTED_AT_EXIT = """
    import os, threading, warnings, cogway
    warnings.simplefilter("always", ResourceWarning)
    engine = cogway.Engine(native_workers=1, background_workers=1, python_workers=1, name="mine")
    buffers = [engine.c_spawn("core.copy", b"abc").result() for _ in range(3)]
    while engine.statistics().in_flight:
        os.sched_yield()
"""


def test_what_an_open_engine_has_at_exit_is_counted(script):
    result = script(
        COUNTED_AT_EXIT
        + """
    kernels = [engine.c_spawn("core.spin", ns=10**12) for _ in range(3)]
    started, gate = threading.Event(), threading.Event()
    def call():
        started.set()
        while not cogway.cancelled():
            os.sched_yield()
    calls = [engine.spawn(call) for _ in range(2)]
    async def wait():
        await engine.c_spawn("core.spin", ns=10**12, worker_class="background")
    coroutine = engine.spawn(wait)
    started.wait()
    while engine.statistics().in_flight < 4 or not kernels[0].running():
        os.sched_yield()
    """
    )
    (line,) = [line for line in result.stderr.splitlines() if "left open" in line]
    assert "ResourceWarning: <Engine 'mine' open> was left open at exit; under way: " in line
    assert "core.spin" in line
    assert "1 on Python workers" in line
    assert "1 coroutines" in line
    assert " queued" in line
    assert "3 buffers alive (192 bytes)" in line


@pytest.mark.parametrize("end", ["del buffers", "engine.close()", "engine.drain(); del buffers"])
def test_nothing_left_is_nothing_to_report(script, end):
    result = script(COUNTED_AT_EXIT + f"    {end}")
    assert result.stderr == ""


def test_exit_without_close_of_the_default_engine(script):
    script("""
        import cogway
        assert cogway.c_spawn("core.noop").result() is None
        assert cogway.spawn(max, 1, 2).result() == 2
        try:
            cogway.setup(native_workers=1)
        except RuntimeError as error:
            assert "setup()" in str(error)
        else:
            raise AssertionError
        cogway.default_engine().close()
        assert cogway.setup(native_workers=1, name="mine").name == "mine"
        assert cogway.default_engine().name == "mine"
    """)


def test_exit_from_a_running_loop(script):
    result = script(
        """
        import asyncio, sys, cogway
        engine = cogway.Engine(native_workers=1)
        async def main():
            pending = [asyncio.create_task(wait()) for _ in range(10)]
            await asyncio.sleep(0)
            sys.exit(3)
        async def wait():
            await engine.c_spawn("core.spin", ns=10**12)
        asyncio.run(main())
        """,
        check=False,
    )
    assert result.returncode == 3, result.stderr


def test_a_daemon_thread_that_waits_beyond_the_exit(script):
    # Woken when it may not attach any more, it must neither run on nor abort the program. Nothing
    # of the thread may refer to this module, or Last would never be dropped.
    script(
        """
        import os, threading
        from cogway import _core
        ticket = _core.open_ticket()
        threading.Thread(target=ticket.result, daemon=True).start()
        for _ in range(1000):
            os.sched_yield()
        class Last:
            def __del__(self, end=_core.finish_ticket, ticket=ticket, others=os.sched_yield):
                end(ticket, None)
                for _ in range(20_000):
                    others()
        last = Last()
        """,
        counted=False,
    )


def test_an_open_pipeline_beyond_the_exit(script):
    script(
        """
        import os, cogway
        engine = cogway.Engine(native_workers=1)
        run = cogway.Pipeline(engine).source(iter(range(10**6))).python(str).prefetch(2).run()
        next(run)
        while run.statistics().ready < 2:
            os.sched_yield()
        cogway.kept = run
        class Last:
            def __del__(self, wait=run.statistics, others=os.sched_yield):
                for _ in range(20_000):
                    others()
        last = Last()
        """,
        counted=False,
    )


def test_threads_that_use_the_engine_while_it_closes(script):
    script("""
        import threading, cogway
        engine = cogway.Engine(native_workers=2)
        begun = threading.Barrier(5)
        def hammer():
            begun.wait()
            try:
                while True:
                    engine.c_spawn("core.noop").result()
            except BaseException as error:
                assert type(error).__name__ in ("EngineClosed", "CancelledError"), error
        threads = [threading.Thread(target=hammer) for _ in range(4)]
        for thread in threads:
            thread.start()
        begun.wait()
        engine.close()
        for thread in threads:
            thread.join()
    """)


def test_a_hundred_engines():
    for _ in range(100):
        with cogway.Engine(native_workers=1, background_workers=1, bus_bytes=1 << 16) as engine:
            engine.c_spawn("core.noop").result()


def test_two_engines_at_once():
    with cogway.Engine(native_workers=1) as one, cogway.Engine(native_workers=1) as two:
        buffer = one.c_spawn("core.copy", b"abc").result()
        assert bytes(two.c_spawn("core.copy", buffer).result()) == b"abc"


def test_draining_says_that_calls_wait_for_the_bus(monkeypatch, caplog):
    monkeypatch.setattr("cogway._engine_life._TELL_AFTER", 0.01)
    with cogway.Engine(native_workers=1, bus_bytes=1 << 20, name="full") as engine:
        held = [engine.c_spawn("core.copy", bytes(300_000)).result() for _ in range(3)]
        waiting = engine.c_spawn("core.copy", bytes(300_000))
        assert engine.statistics().parked_for_bus == 1
        with caplog.at_level(logging.WARNING, "cogway.engine"):
            assert not engine.drain(timeout=0.02)
        assert "full: drain() waits for 1 calls that wait for room on the bus" in caplog.text
        assert not waiting.done()
        held.pop().release()
        assert waiting.result(timeout=60).nbytes == 300_000
        caplog.clear()
        assert engine.drain(timeout=60)
        assert not caplog.text
        del held, waiting
