# SPDX-License-Identifier: Apache-2.0
"""Everything at once from many threads; on free-threaded builds in parallel."""

import asyncio
import threading

import cogway
import pytest


def parallelize(function, threads=8):
    """Run function(index) on that many threads at once and raise what any of them raised."""
    barrier = threading.Barrier(threads)
    errors = []

    def body(index):
        barrier.wait()
        try:
            function(index)
        except BaseException as error:
            errors.append(error)

    running = [threading.Thread(target=body, args=(index,)) for index in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if errors:
        raise errors[0]


def test_submit_and_wait_from_many_threads(engine):
    def work(index):
        for i in range(200):
            data = bytes([index, i % 256])
            assert bytes(engine.c_spawn("core.copy", data).result()) == data

    parallelize(work)


def test_a_loop_in_every_thread(engine):
    def work(index):
        async def main():
            for _ in range(20):
                results = await asyncio.gather(
                    *(engine.c_spawn("core.copy", bytes([index])) for _ in range(20))
                )
                assert {bytes(result) for result in results} == {bytes([index])}

        asyncio.run(main())

    parallelize(work)


def test_one_ticket_awaited_in_every_loop(engine):
    gate = threading.Event()
    shared = [engine.spawn(gate.wait) for _ in range(2)]

    def work(index):
        async def main():
            if index == 0:
                gate.set()
            assert await asyncio.gather(*shared) == [True, True]
            for ticket in shared:
                assert await ticket is True

        asyncio.run(main())

    parallelize(work)


def test_cancelling_and_waiting_race(engine):
    for _ in range(50):
        ticket = engine.c_spawn("core.spin", ns=10_000)

        def work(index, ticket=ticket):
            if index % 2:
                ticket.cancel()
            elif ticket.exception(timeout=None) if not ticket.cancelled() else False:
                raise AssertionError

        try:
            parallelize(work, threads=4)
        except BaseException as error:
            assert type(error).__name__ == "CancelledError"  # noqa: PT017


def test_callables_from_many_threads(engine):
    def work(index):
        tickets = [engine.spawn(divmod, i, index + 1) for i in range(100)]
        assert [ticket.result() for ticket in tickets] == [divmod(i, index + 1) for i in range(100)]

    parallelize(work)


def test_resize_and_statistics_beside_submission(engine):
    def work(index):
        for i in range(50):
            if index == 0:
                engine.resize(native=1 + i % 3, python=1 + i % 2)
            elif index == 1:
                engine.statistics()
            else:
                engine.c_spawn("core.noop").result()
                assert engine.spawn(max, 1, 2).result() == 2

    parallelize(work, threads=4)


def test_concurrent_futures_from_many_threads(engine):
    def work(index):
        futures = [engine.c_spawn("core.noop").as_concurrent() for _ in range(50)]
        for future in futures:
            assert future.result(timeout=60) is None

    parallelize(work, threads=4)


def test_repr_and_outcome_from_many_threads(engine):
    ticket = engine.c_spawn("core.copy", b"abc")
    results = []

    def work(index):
        results.append(ticket.result())
        assert "core.copy" in repr(ticket)

    parallelize(work)
    assert len({id(result) for result in results}) == 1


def test_the_gil_stays_off():
    import sys

    if not hasattr(sys, "_is_gil_enabled") or not cogway.build_info()["free_threaded"]:
        pytest.skip("this is not a free-threaded build")
    assert not sys._is_gil_enabled()
