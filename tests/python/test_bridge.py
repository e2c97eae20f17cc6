# SPDX-License-Identifier: Apache-2.0
"""Between native completions and event loops: many loops, closed loops, failing callbacks."""

import asyncio
import gc
import threading

import cogway
import pytest


def bridge_of(engine):
    return engine.statistics().bridge


def test_ten_thousand_loops_in_a_row(engine):
    async def main():
        return await engine.c_spawn("core.noop")

    for _ in range(10_000):
        assert asyncio.run(main()) is None
    gc.collect()
    assert bridge_of(engine).loops <= 1


def test_new_loops_get_bridges_of_their_own(engine, run):
    async def main():
        tickets = [engine.c_spawn("core.noop") for _ in range(10)]
        await asyncio.gather(*tickets)

    for _ in range(50):
        run(main())
    gc.collect()
    assert bridge_of(engine).in_flight == 0


def test_two_loops_in_two_threads_share_tickets(engine):
    results = []
    gate = threading.Event()
    shared = engine.spawn(gate.wait)

    def thread():
        async def main():
            own = [engine.c_spawn("core.copy", bytes([i])) for i in range(100)]
            results.append([bytes(buffer) for buffer in await asyncio.gather(*own)])
            results.append(await shared)

        asyncio.run(main())

    threads = [threading.Thread(target=thread) for _ in range(2)]
    for each in threads:
        each.start()
    gate.set()
    for each in threads:
        each.join()
    assert results.count(True) == 2
    assert results.count([bytes([i]) for i in range(100)]) == 2


def test_a_loop_closed_with_tickets_pending(engine):
    gate = threading.Event()
    loop = asyncio.new_event_loop()

    async def wait(ticket):
        await ticket

    ticket = engine.spawn(gate.wait)
    task = loop.create_task(wait(ticket))
    loop.run_until_complete(asyncio.sleep(0))
    task._log_destroy_pending = False
    loop.close()
    gate.set()
    assert ticket.result() is True
    del task, loop
    gc.collect()
    assert engine.statistics().mailbox.abandoned == 0


def test_a_ticket_completed_before_its_loop_runs_again(manual):
    loop = asyncio.new_event_loop()
    calls = []

    called = loop.create_future()

    async def begin():
        ticket = manual.c_spawn("core.noop")
        ticket.add_done_callback(lambda done: (calls.append(done), called.set_result(None)))
        return ticket

    ticket = loop.run_until_complete(begin())
    manual.step()
    assert ticket.done()
    assert calls == []
    loop.run_until_complete(called)
    loop.close()
    assert calls == [ticket]


def test_an_exception_in_a_callback_goes_to_the_loop_and_harms_nobody(manual, run):
    reports, calls = [], []

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda _, info: reports.append(info))

        def fail(ticket):
            raise LookupError("in a callback")

        called = asyncio.get_running_loop().create_future()
        ticket = manual.c_spawn("core.noop")
        ticket.add_done_callback(fail)
        ticket.add_done_callback(lambda done: (calls.append(done), called.set_result(None)))
        manual.step()
        await called

    run(main())
    assert [type(report["exception"]) for report in reports] == [LookupError]
    assert "callback" in reports[0]["message"]
    assert len(calls) == 1


def test_keyboard_interrupt_in_a_callback_stops_the_loop_and_loses_nothing(manual):
    calls = []

    def interrupt(ticket):
        raise KeyboardInterrupt

    loop = asyncio.new_event_loop()

    async def begin():
        ticket = manual.c_spawn("core.noop")
        ticket.add_done_callback(interrupt)
        ticket.add_done_callback(calls.append)
        manual.step()

    def turn_until_interrupted():
        loop.run_until_complete(begin())
        loop.run_forever()

    with pytest.raises(KeyboardInterrupt):
        turn_until_interrupted()

    while not calls:  # what was left over comes with the next turn
        loop.call_soon(loop.stop)
        loop.run_forever()
    loop.close()
    assert len(calls) == 1


def test_a_batch_wakes_the_loop_once(manual, run):
    async def main():
        before = bridge_of(manual).signals
        waiting = asyncio.ensure_future(asyncio.gather(manual.c_map("core.noop", 1000)))
        await asyncio.sleep(0)
        manual.run_until_idle()
        await waiting
        assert bridge_of(manual).signals - before <= 1

    run(main())


def test_an_idle_loop_is_not_polled(engine, run):
    async def main():
        await engine.c_spawn("core.noop")
        turns = bridge_of(engine).poll_turns
        for _ in range(100):
            await asyncio.sleep(0)
        # One poll may have been due already.
        assert bridge_of(engine).poll_turns <= turns + 1

    run(main())


def test_a_reference_to_the_loop_is_weak(engine):
    import weakref

    loop = asyncio.new_event_loop()

    async def main():
        await engine.c_spawn("core.noop")

    loop.run_until_complete(main())
    loop.close()
    reference = weakref.ref(loop)
    del loop
    gc.collect()
    assert reference() is None


def test_the_callback_of_a_dropped_ticket_still_runs(manual, run):
    async def main():
        called = asyncio.get_running_loop().create_future()
        manual.c_spawn("core.noop").add_done_callback(lambda ticket: called.set_result(ticket))
        gc.collect()
        manual.step()
        assert isinstance(await called, cogway.Ticket)

    run(main())


def test_cancelling_everything_in_flight(engine, run):
    async def main():
        async def one():
            await engine.c_spawn("core.spin", ns=10**12)

        tasks = [asyncio.create_task(one()) for _ in range(100)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)

    run(main())
    engine.drain()
    gc.collect()
    assert engine.statistics().in_flight == 0


def test_a_callback_of_a_done_ticket_waits_for_the_next_turn(manual, run):
    async def main():
        ticket = manual.c_spawn("core.noop")
        manual.step()
        assert ticket.done()
        seen = []
        loop = asyncio.get_running_loop()

        def first(_):
            seen.append("first")
            ticket.add_done_callback(lambda _: seen.append("added by first"))
            loop.call_soon(seen.append, "turn")

        ticket.add_done_callback(first)
        ticket.add_done_callback(lambda _: seen.append("second"))
        assert seen == []
        await asyncio.sleep(0)
        assert seen == ["first", "second"]
        while len(seen) < 4:
            await asyncio.sleep(0)
        assert sorted(seen[2:]) == ["added by first", "turn"]

    run(main())
    assert bridge_of(manual).in_flight == 0


def test_a_done_ticket_that_calls_itself_again_does_not_stop_the_loop(manual, run):
    async def main():
        ticket = manual.c_spawn("core.noop")
        manual.step()
        calls = 0

        def again(_):
            nonlocal calls
            calls += 1
            if calls < 1000:
                ticket.add_done_callback(again)

        ticket.add_done_callback(again)
        turns = 0
        while calls < 1000:
            await asyncio.sleep(0)
            turns += 1
        return turns

    assert run(main()) >= 999  # one a turn


def test_keyboard_interrupt_leaves_the_callbacks_of_done_tickets_for_later(manual):
    loop = asyncio.new_event_loop()
    called = []

    def interrupt(_):
        raise KeyboardInterrupt

    async def main():
        ticket = manual.c_spawn("core.noop")
        manual.step()
        ticket.add_done_callback(interrupt)
        ticket.add_done_callback(called.append)
        await loop.create_future()

    task = loop.create_task(main())
    with pytest.raises(KeyboardInterrupt):
        loop.run_forever()
    assert called == []
    loop.run_until_complete(asyncio.sleep(0))
    while not called:
        loop.run_until_complete(asyncio.sleep(0))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()
