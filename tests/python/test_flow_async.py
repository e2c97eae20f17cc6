# SPDX-License-Identifier: Apache-2.0
"""Pipelines on event loops: asyncio and uvloop."""

from __future__ import annotations

import asyncio

import pytest
from cogway.flow import Pipeline


def test_async_for(engine, run):
    async def main():
        pipeline = Pipeline(engine).source([b"ab"] * 10).native("core.copy").batch(4)
        return [bytes(batch.data) async for batch in pipeline]

    assert run(main()) == [b"ab" * 4, b"ab" * 4, b"ab" * 2]


def test_everything_asynchronous_runs_on_the_consumers_loop(engine, run):
    loops = set()

    async def source():
        for i in range(6):
            loops.add(asyncio.get_running_loop())
            yield i

    async def stage(x):
        loops.add(asyncio.get_running_loop())
        await asyncio.sleep(0)
        return x + 1

    async def main():
        loops.add(asyncio.get_running_loop())
        pipeline = Pipeline(engine).source(source).python(stage, concurrency=3)
        return [item.value async for item in pipeline]

    assert run(main()) == [1, 2, 3, 4, 5, 6]
    assert len(loops) == 1


def test_a_full_prefetch_does_not_starve_the_loop(engine, run):
    async def main():
        turns = 0

        async def other():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        beside = asyncio.create_task(other())
        pipeline = Pipeline(engine).source([b"a"] * 2000).native("core.copy").prefetch(2000)
        count = 0
        async with pipeline.run() as epoch:
            while epoch.statistics().ready < 1999:  # everything is ready before the first is taken
                await asyncio.sleep(0)
            turns = 0
            async for _ in epoch:
                count += 1
        seen = turns
        beside.cancel()
        return count, seen

    count, turns = run(main())
    assert count == 2000
    assert turns >= 2000 // 64 - 1


def test_failure_reaches_async_for(engine, run):
    async def main():
        async for _ in Pipeline(engine).source([1]).python(lambda x: 1 / 0):
            pass

    with pytest.raises(ZeroDivisionError):
        run(main())


def test_cancelled_consumer_takes_nothing_away(engine, run):
    async def main():
        more = asyncio.Event()

        async def source():
            yield 1
            await more.wait()
            yield 2

        async with Pipeline(engine).source(source).python(str).run() as epoch:
            first = await anext(epoch)
            waiting = asyncio.create_task(anext(epoch))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            more.set()
            second = await anext(epoch)
            return [first.value, second.value]

    assert run(main()) == ["1", "2"]


def test_leaving_early(engine, run):
    closed = []

    async def source():
        try:
            for i in range(10**9):
                yield i
        finally:
            closed.append(True)

    async def main():
        async with Pipeline(engine).source(source).python(str).run() as epoch:
            async for item in epoch:
                assert item.value == "0"
                break
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    run(main())
    assert closed == [True]


def test_plain_for_with_asynchronous_parts_is_refused_on_a_loop(engine, run):
    async def stage(x):
        return x

    async def main():
        with pytest.raises(RuntimeError, match="async for"):
            next(iter(Pipeline(engine).source([1]).python(stage)))

    run(main())
