# SPDX-License-Identifier: Apache-2.0
"""Runs that are closed while parts of them are at work: who is told, who waits, who must not."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time

import cogway
import pytest
from cogway import _flow_run
from cogway.flow import Pipeline


async def closing(epoch):
    while not epoch._closed:
        await asyncio.sleep(0)


@pytest.mark.parametrize("leave", ["failure", "aclose"])
def test_a_slow_kernel_does_not_block_the_loop(deaf, engine, run, monkeypatch, leave):
    monkeypatch.setattr(_flow_run, "_GRACE", 60.0)
    order = []

    async def main():
        entered = asyncio.Event()

        async def stage(x):
            if x == b"bad":
                await entered.wait()
                raise LookupError
            return x

        items = [b"good", b"bad"] if leave == "failure" else [b"good"]
        pipeline = Pipeline(engine).source(items).python(stage, concurrency=2)
        epoch = pipeline.native("deaf.wait").run()

        async def kernel_runs():
            while not any(worker.running for worker in engine.statistics().workers):
                await asyncio.sleep(0)

        async def consume():
            if leave == "failure":
                with pytest.raises(LookupError):
                    await anext(epoch)
            else:
                waiting = asyncio.ensure_future(anext(epoch))
                await kernel_runs()
                waiting.cancel()
                await epoch.aclose()
            order.append("left")

        async def release():
            await kernel_runs()
            entered.set()
            await closing(epoch)
            order.append("released")
            await engine.c_spawn("deaf.release", worker_class="foreground")

        await asyncio.gather(consume(), release())

    run(main())
    assert order == ["released", "left"]


def test_a_blocked_source_does_not_block_the_loop(engine, run, monkeypatch):
    monkeypatch.setattr(_flow_run, "_GRACE", 60.0)
    gate = threading.Event()
    order = []

    def source():
        yield 1
        gate.wait()
        yield 2

    async def main():
        epoch = Pipeline(engine).source(source).python(str).run()

        async def consume():
            assert (await anext(epoch)).value == "1"
            await epoch.aclose()
            order.append("left")

        async def release():
            await closing(epoch)
            order.append("released")
            gate.set()

        await asyncio.gather(consume(), release())

    run(main())
    assert order == ["released", "left"]


def test_an_asynchronous_source_is_interrupted_by_any_thread(engine, run):
    ended_in = []

    async def source():
        yield 1
        try:
            await asyncio.Event().wait()
        finally:
            ended_in.append(threading.current_thread())

    async def main():
        epoch = Pipeline(engine).source(source).python(str).run()
        assert (await anext(epoch)).value == "1"
        rest = asyncio.create_task(anext(epoch, None))
        await asyncio.to_thread(epoch.close)
        assert await rest is None
        while not ended_in:
            await asyncio.sleep(0)

    run(main())
    assert ended_in == [threading.current_thread()]


def test_the_source_may_finish_what_it_does_last(engine, run):
    finished = []

    async def source():
        try:
            yield 1
        finally:
            for _ in range(20):
                await asyncio.sleep(0)
            finished.append(True)

    async def main():
        assert [item.value async for item in Pipeline(engine).source(source).python(str)] == ["1"]
        assert finished

    run(main())


@pytest.mark.parametrize("threads", [False, True])
def test_coroutine_stages_are_cancelled(engine, run, monkeypatch, threads):
    monkeypatch.setattr(_flow_run, "_GRACE", 60.0)
    seen = []
    entered = threading.Event()

    async def stage(x):
        entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append(x)
            raise

    async def main():
        epoch = Pipeline(engine).source([1]).python(stage).run()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(epoch), 0.001)
        while not entered.is_set():
            await asyncio.sleep(0)
        await epoch.aclose()
        assert seen == [1]

    def plain():
        epoch = Pipeline(engine).source([1]).python(stage).run()
        closer = threading.Thread(target=lambda: (entered.wait(), epoch.close()))
        closer.start()
        assert list(epoch) == []
        closer.join()
        assert seen == [1]

    plain() if threads else run(main())


def test_callables_are_told(engine, monkeypatch):
    monkeypatch.setattr(_flow_run, "_GRACE", 60.0)
    entered = threading.Event()
    told = []

    def stage(x):
        entered.set()
        while not cogway.cancelled():
            os.sched_yield()
        told.append(x)

    with Pipeline(engine).source(range(10)).python(stage).run() as epoch:
        closer = threading.Thread(target=lambda: (entered.wait(), epoch.close()))
        closer.start()
        assert list(epoch) == []
        closer.join()
    assert told == [0]
    assert epoch.statistics().in_flight == 0


def test_calls_that_wait_for_a_worker_never_run(monkeypatch):
    monkeypatch.setattr(_flow_run, "_GRACE", 60.0)
    called = []
    gate, entered = threading.Event(), threading.Event()
    with cogway.Engine(native_workers=1, python_workers=1) as engine:
        engine.spawn(lambda: (entered.set(), gate.wait()))
        entered.wait()
        epoch = Pipeline(engine).source([1, 2]).python(called.append, concurrency=2).run()
        epoch._start(None)
        while epoch.statistics().stages[0].running < 2:
            os.sched_yield()
        epoch.close()
        assert epoch.statistics().in_flight == 0
        gate.set()
    assert called == []


def test_a_consumer_may_be_closed_by_another_thread(engine):
    for _ in range(30):
        epoch = Pipeline(engine).source(lambda: iter(range(10**6))).python(str).prefetch(8).run()
        begun = threading.Event()
        closer = threading.Thread(target=lambda begun=begun, run=epoch: (begun.wait(), run.close()))
        closer.start()
        for item in epoch:
            assert item.value == str(item.index)
            begun.set()
        closer.join()


# --- What is kept of items that were left out ---------------------------------------------------


def test_exceptions_of_items_left_out_are_not_kept_for_ever(engine):
    def fail(x):
        raise ValueError(x)

    epoch = Pipeline(engine).source(lambda: iter(range(1000))).python(fail).skip_errors().run()
    assert list(epoch) == []
    assert epoch.statistics().skipped == 1000
    assert [str(error) for error in epoch.skipped] == [str(i) for i in range(936, 1000)]
    assert all(type(error) is ValueError for error in epoch.skipped)
    assert len(epoch.skipped[0].__notes__) == 1
    assert len(epoch._held.errors) == 64
    assert epoch._held.values == {}


def test_exceptions_of_items_left_out_hold_no_buffers(engine):
    def fail(buffer):
        view = memoryview(buffer)
        raise ValueError(len(view))

    epoch = Pipeline(engine).source([b"abc"] * 30).native("core.copy").python(fail).skip_errors()
    run = epoch.run()
    assert list(run) == []
    assert len(run.skipped) == 30
    traceback = run.skipped[0].__traceback__
    assert traceback.tb_frame.f_code.co_name == "fail"
    del traceback
    engine.drain()
    # Without the GIL, who drops an object may leave that to the thread that made it.
    patience = time.monotonic() + 10
    while engine.bus.statistics().live_buffers and time.monotonic() < patience:
        gc.collect()
        os.sched_yield()
    assert engine.bus.statistics().live_buffers == 0


@pytest.mark.parametrize("where", ["stage", "source"])
def test_exceptions_with_words_that_are_no_text(engine, where):
    class Wordless(Exception):
        def __str__(self):
            raise RuntimeError

    for error in (OSError("no file \udcff"), Wordless()):

        def fail(x=None, error=error):
            raise error

        stage, source = (fail, [1]) if where == "stage" else (str, fail)
        with pytest.raises(type(error)):
            list(Pipeline(engine).source(source).python(stage))
        if where == "source":

            def generate(error=error):
                yield 1
                raise error

            with pytest.raises(type(error)):
                list(Pipeline(engine).source(generate).python(str))


def test_a_call_that_never_began_is_no_failure_of_its_own(cogway_no_leaks):
    gate, held = threading.Event(), threading.Event()
    with cogway.Engine(native_workers=1, python_workers=1) as single:
        single.spawn(lambda: (held.set(), gate.wait()))
        held.wait()

        def source():
            yield 1
            while not any(getattr(drive, "_futures", ()) for drive in epoch._drives):
                os.sched_yield()
            raise LookupError("the end of the source")

        epoch = Pipeline(single).source(source).python(str).run()
        with pytest.raises(LookupError, match="the end of the source"):
            list(epoch)
        gate.set()
