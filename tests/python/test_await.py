# SPDX-License-Identifier: Apache-2.0
"""A ticket under await: what asyncio's own functions do with it, and how awaits are cancelled."""

import asyncio

import cogway
import pytest


def test_await_gives_the_result(engine, run):
    async def main():
        assert await engine.c_spawn("core.noop") is None
        assert bytes(await engine.c_spawn("core.copy", b"abc")) == b"abc"

    run(main())


def test_await_twice_and_from_several_tasks(engine, run):
    async def main():
        ticket = engine.c_spawn("core.copy", b"abc")

        async def one():
            return await ticket

        results = await asyncio.gather(*(one() for _ in range(5)))
        assert len({id(result) for result in results}) == 1
        assert await ticket is results[0]

    run(main())


def test_await_raises_what_the_work_raised(engine, run):
    async def main():
        with pytest.raises(ZeroDivisionError):
            await engine.spawn(lambda: 1 / 0)
        with pytest.raises(cogway.KernelError) as caught:
            await engine.c_spawn("file.read", path="/does/not/exist")
        assert caught.value.kernel == "file.read"
        assert caught.value.status == "not_found"
        assert "/does/not/exist" in caught.value.message

    run(main())


def test_functions_of_asyncio_take_tickets(engine, run):
    async def main():
        def spawn():
            return engine.c_spawn("core.copy", b"abc")

        assert len(await asyncio.gather(*(spawn() for _ in range(100)))) == 100
        done, pending = await asyncio.wait([spawn(), spawn()])
        assert len(done) == 2
        assert not pending
        assert bytes(await asyncio.wait_for(spawn(), 30)) == b"abc"
        assert bytes(await asyncio.shield(spawn())) == b"abc"
        for earliest in asyncio.as_completed([spawn(), spawn()]):
            assert bytes(await earliest) == b"abc"
        async with asyncio.timeout(30):
            await spawn()
        async with asyncio.TaskGroup() as group:

            async def wait():
                return await spawn()

            tasks = [group.create_task(wait()) for _ in range(3)]
        assert [bytes(task.result()) for task in tasks] == [b"abc"] * 3
        ticket = spawn()
        assert asyncio.isfuture(ticket)
        assert asyncio.ensure_future(ticket) is ticket
        assert ticket.get_loop() is asyncio.get_running_loop()
        await ticket

    run(main())


def test_gather_collects_failures_and_cancellations(manual, run):
    async def main():
        tickets = [manual.c_spawn("core.noop") for _ in range(3)]
        tickets.append(manual.c_spawn("file.read", path="/does/not/exist"))
        gathering = asyncio.gather(*tickets, return_exceptions=True)
        tickets[1].cancel()
        manual.run_until_idle()
        first, second, third, fourth = await gathering
        assert first is None
        assert isinstance(second, asyncio.CancelledError)
        assert third is None
        assert isinstance(fourth, cogway.KernelError)
        failing = asyncio.gather(manual.c_spawn("core.noop"), tickets[1])
        with pytest.raises(asyncio.CancelledError):
            await failing
        manual.run_until_idle()

    run(main())


def test_cancelling_one_of_two_awaits_leaves_the_other(manual, run):
    async def main():
        ticket = manual.c_spawn("core.noop")

        async def one():
            return await ticket

        first, second = asyncio.create_task(one()), asyncio.create_task(one())
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert not ticket.done()
        manual.step()
        assert await second is None

    run(main())


def test_cancelling_the_last_await_cancels_the_work(manual, run):
    async def main():
        ticket = manual.c_spawn("core.noop")

        async def one():
            return await ticket

        tasks = [asyncio.create_task(one()) for _ in range(3)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel("no longer wanted")
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)
        assert ticket.cancelled()
        with pytest.raises(asyncio.CancelledError):
            await ticket

    run(main())


def test_the_message_of_a_cancellation_arrives(manual, run):
    async def main():
        async def one():
            await manual.c_spawn("core.noop")

        task = asyncio.create_task(one())
        await asyncio.sleep(0)
        task.cancel("enough")
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert caught.value.args == ("enough",)

    run(main())


def test_timeout_cancels_the_work(manual, run):
    async def main():
        ticket = manual.c_spawn("core.noop")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ticket, 0.001)
        assert ticket.cancelled()

    run(main())


def test_shield_keeps_the_work(manual, run):
    async def main():
        ticket = manual.c_spawn("core.noop")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(ticket), 0.001)
        assert not ticket.done()
        manual.step()
        assert await ticket is None

    run(main())


def test_an_await_that_is_cancelled_returns_at_once_beside_running_work(engine, run):
    async def main():
        ticket = engine.c_spawn("core.spin", ns=10**12)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ticket, 0.001)
        assert ticket.cancelled()

    run(main())


def test_closing_a_waiting_coroutine_cancels_the_last_await(manual, run):
    async def main():
        ticket = manual.c_spawn("core.noop")

        async def one():
            await ticket

        coroutine = one()
        coroutine.send(None)
        coroutine.close()
        assert ticket.cancelled()

    run(main())


def test_done_awaits_still_let_the_loop_turn(engine, run):
    async def main():
        ticket = engine.c_spawn("core.noop")
        await ticket
        turns = 0

        async def count():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counter = asyncio.create_task(count())
        for _ in range(64 * 10):
            await ticket
        counter.cancel()
        assert turns >= 9

    run(main())


def test_callbacks_run_once_in_their_context_and_can_be_removed(manual, run):
    import contextvars

    variable = contextvars.ContextVar("variable", default="none")

    async def main():
        ticket = manual.c_spawn("core.noop")
        calls = []

        def first(done):
            calls.append((done, variable.get()))

        def second(done):
            calls.append("removed")

        context = contextvars.copy_context()
        context.run(variable.set, "given")
        ticket.add_done_callback(first, context=context)
        ticket.add_done_callback(second)
        ticket.add_done_callback(second)
        assert ticket.remove_done_callback(second) == 2
        assert ticket.remove_done_callback(second) == 0
        manual.step()
        assert calls == []  # never inside the call that completes
        await ticket
        await asyncio.sleep(0)
        assert calls == [(ticket, "given")]
        ticket.add_done_callback(first)
        assert len(calls) == 1
        await asyncio.sleep(0)
        assert calls[1] == (ticket, "none")

    run(main())


def test_wrong_callbacks_are_refused(manual, run):
    async def main():
        ticket = manual.c_spawn("core.noop")
        with pytest.raises(TypeError, match="callable"):
            ticket.add_done_callback(1)
        with pytest.raises(TypeError, match="Context"):
            ticket.add_done_callback(print, context={})
        ticket.cancel()

    run(main())


def test_without_a_loop_callbacks_are_refused_with_advice(manual):
    ticket = manual.c_spawn("core.noop")
    with pytest.raises(RuntimeError, match="as_concurrent"):
        ticket.add_done_callback(print)
    with pytest.raises(RuntimeError, match="no event loop"):
        ticket.get_loop()
    ticket.cancel()


def test_result_on_the_loop_that_the_work_needs_raises(engine, run):
    async def main():
        async def never_mind():
            await asyncio.sleep(0)
            return 1

        ticket = engine.spawn(never_mind)
        with pytest.raises(RuntimeError, match="await it"):
            ticket.result()
        assert await ticket == 1
        assert ticket.result() == 1
        # Native work needs no loop, so waiting blocks but ends.
        assert engine.c_spawn("core.noop").result() is None

    run(main())
