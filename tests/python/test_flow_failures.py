# SPDX-License-Identifier: Apache-2.0
"""Pipelines that fail, are skipped over, left early, or lose their engine."""

from __future__ import annotations

import asyncio
import gc
import threading

import cogway
import pytest
from cogway import _flow_run
from cogway.flow import Item, Pipeline, PipelineFailure

CORRUPT = b"\xff\xd8 not really a picture"


def test_native_failure_names_kernel_file_and_reason(engine, tmp_path):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(CORRUPT)
    pipeline = Pipeline(engine).source([str(bad)]).native("file.read").native("image.decode")
    with pytest.raises(cogway.KernelError) as caught:
        list(pipeline)
    assert caught.value.kernel == "image.decode"
    assert "item 0" in str(caught.value)
    assert "bad.jpg" in str(caught.value)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_failures_of_an_iterable_source_name_the_file(engine, tmp_path, asynchronous):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(CORRUPT)

    async def paths():
        yield str(bad)

    source = paths if asynchronous else lambda: iter([str(bad)])
    pipeline = Pipeline(engine).source(source).native("file.read").native("image.decode")

    async def consume():
        return [item async for item in pipeline]

    with pytest.raises(cogway.KernelError, match=r"item 0 \(.*bad\.jpg"):
        asyncio.run(consume()) if asynchronous else list(pipeline)


def test_skipped_items_of_an_iterable_source_name_the_file(engine, tmp_path):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(CORRUPT)
    pipeline = Pipeline(engine).source(iter([str(bad)] * 100))
    with pipeline.native("file.read").native("image.decode").skip_errors().run() as run:
        assert list(run) == []
        skipped = [str(error) for error in run.skipped]
    assert len(skipped) == 64
    assert all("bad.jpg" in text for text in skipped)


def test_missing_file(engine, tmp_path):
    pipeline = Pipeline(engine).source([tmp_path / "none.jpg"]).native("file.read")
    with pytest.raises(cogway.KernelError, match=r"none\.jpg") as caught:
        list(pipeline)
    assert caught.value.status == "not_found"


def test_python_failure_keeps_its_class_and_traceback(engine):
    def fail(x):
        raise LookupError(f"no {x}")

    with pytest.raises(LookupError, match="no 5") as caught:
        list(Pipeline(engine).source([5]).python(fail, name="finder"))
    assert "in Python stage 0 (finder), item 0" in caught.value.__notes__
    assert caught.traceback[-1].name == "fail"


@pytest.mark.parametrize("kind", [StopIteration, StopAsyncIteration])
@pytest.mark.parametrize("where", ["stage", "source", "aiter", "make"])
def test_exceptions_that_would_end_an_iteration_do_not(engine, kind, where):
    def fail(*_):
        raise kind

    class Source:
        __iter__ = fail

    class AsyncSource:
        __aiter__ = __anext__ = fail

    def pipeline():
        made = {"stage": lambda: iter([1]), "source": Source, "aiter": AsyncSource, "make": fail}
        return Pipeline(engine).source(made[where]).python(fail if where == "stage" else str)

    async def consume():
        return [item async for item in pipeline()]

    for iterate in (lambda: list(pipeline()), lambda: asyncio.run(consume())):
        with pytest.raises(RuntimeError, match=kind.__name__) as caught:
            iterate()
        assert type(caught.value.__cause__) is kind


def test_failure_in_a_stage_after_the_batch(engine):
    def fail(batch):
        raise ArithmeticError

    pipeline = Pipeline(engine).source([b"a", b"b"]).native("core.copy").batch(2).python(fail)
    with pytest.raises(ArithmeticError):
        list(pipeline)


def test_a_callback_thread_that_is_late_holds_no_buffers(engine):
    begin, entered, leave = threading.Event(), threading.Event(), threading.Event()
    blocker = engine.spawn(begin.wait).as_concurrent()
    blocker.add_done_callback(lambda _: (entered.set(), leave.wait(30)))
    begin.set()  # done before, the callback would run here
    assert entered.wait(30)  # the thread that resolves futures comes to nothing else now

    def fail(batch):
        raise ArithmeticError

    pipeline = Pipeline(engine).source([b"a", b"b"]).native("core.copy").batch(2).python(fail)
    with pytest.raises(ArithmeticError):
        list(pipeline)
    engine.drain()
    gc.collect()
    live = engine.bus.statistics().live_buffers
    leave.set()
    assert live == 0


@pytest.mark.parametrize("asynchronous", [False, True])
def test_source_failure(engine, asynchronous):
    def source():
        yield 1
        raise OSError("disk gone")

    async def source_async():
        yield 1
        raise OSError("disk gone")

    pipeline = Pipeline(engine).source(source_async if asynchronous else source).python(str)
    with pytest.raises(OSError, match="disk gone"):
        list(pipeline)


def test_source_that_gives_nonsense_to_a_kernel(engine):
    pipeline = Pipeline(engine).source(lambda: iter([object()])).native("core.copy")
    with pytest.raises(TypeError, match=r"core\.copy: input 0"):
        list(pipeline)


def test_stage_that_gives_nonsense_to_a_kernel(engine):
    pipeline = Pipeline(engine).source([1]).python(lambda x: {}).native("core.copy")
    with pytest.raises(TypeError, match=r"core\.copy: input 0"):
        list(pipeline)


def test_shapes_that_cannot_be_stacked(engine):
    pipeline = Pipeline(engine).source([b"a", b"bb"]).native("core.copy").batch(2)
    with pytest.raises((ValueError, cogway.KernelError), match="item 1"):
        list(pipeline)


def test_several_failures_are_a_group(engine):
    both = threading.Barrier(2, timeout=30)

    def fail(x):
        both.wait()
        raise ValueError(x)

    with pytest.raises(PipelineFailure) as caught:
        list(Pipeline(engine).source([1, 2]).python(fail, concurrency=2))
    assert sorted(error.args[0] for error in caught.value.exceptions) == [1, 2]
    matched, rest = caught.value.split(ValueError)
    assert isinstance(matched, PipelineFailure)
    assert rest is None


def test_skip_and_count(engine):
    def odd_only(x):
        if x % 2 == 0:
            raise ValueError(x)
        return x

    run = Pipeline(engine).source(range(10)).python(odd_only).batch(4).skip_errors().run()
    assert [batch.data for batch in run] == [[1, 3], [5, 7], [9]]
    assert run.statistics().skipped == 5
    assert [str(error) for error in run.skipped] == ["0", "2", "4", "6", "8"]


def test_skip_of_corrupt_pictures_is_the_same_for_any_number_of_workers():
    outcomes = []
    for workers in (1, 3):
        with cogway.Engine(native_workers=1, background_workers=workers) as engine:
            pipeline = (
                Pipeline(engine)
                .source([b"ok" if i % 3 else b"longer" for i in range(20)])
                .python(lambda x: x if len(x) == 2 else 1 / 0, concurrency=2)
                .native("core.copy")
                .batch(4)
                .skip_errors()
            )
            outcomes.append([(batch.indices, bytes(batch.data)) for batch in pipeline])
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0][0] == [1, 2]


def test_skip_limit(engine):
    pipeline = Pipeline(engine).source(range(10)).python(lambda x: 1 / 0).skip_errors(3)
    run = pipeline.run()
    with pytest.raises(ZeroDivisionError):
        list(run)
    assert run.statistics().skipped == 3


def test_early_break_leaves_nothing_running(engine):
    closed = threading.Event()

    def source():
        try:
            for i in range(10**9):
                yield bytes([i % 256])
        finally:
            closed.set()

    for batch in Pipeline(engine).source(source).native("core.copy").batch(3):
        assert len(batch) == 3
        break
    del batch
    gc.collect()
    assert closed.wait(30)
    engine.drain()


def test_close_twice_and_from_a_context(engine):
    with Pipeline(engine).source([b"a"] * 1000).native("core.copy").run() as run:
        assert bytes(next(run).value) == b"a"
    run.close()
    assert list(run) == []
    assert run.statistics().in_flight == 0


def test_close_while_a_stage_runs(engine):
    entered, leave = threading.Event(), threading.Event()

    def stage(x):
        entered.set()
        assert leave.wait(30)
        return x

    run = Pipeline(engine).source(range(100)).python(stage).run()
    closer = threading.Thread(target=lambda: (entered.wait(30), leave.set(), run.close()))
    closer.start()
    consumed = list(run)
    closer.join()
    assert len(consumed) < 100


def test_consumer_that_stops_in_the_middle_leaks_nothing(engine):
    pipeline = Pipeline(engine).source([b"abcd"] * 64).native("core.copy").batch(8).prefetch(3)
    for _ in range(50):
        run = iter(pipeline)
        next(run)
        run.close()
    gc.collect()
    assert engine.bus.statistics().live_buffers == 0


def test_engine_closed_in_the_middle_of_an_epoch():
    engine = cogway.Engine(native_workers=1, background_workers=1)
    run = Pipeline(engine).source([b"a"] * 10**5).native("core.copy").run()
    next(run)
    engine.close()
    with pytest.raises(cogway.EngineClosed):
        for _ in run:
            pass
    with pytest.raises(cogway.EngineClosed):
        Pipeline(engine).source([b"a"]).run()


def test_engine_closed_while_python_stages_wait():
    engine = cogway.Engine(native_workers=1, python_workers=1)
    first = threading.Event()

    def stage(x):
        first.set()
        return x

    run = Pipeline(engine).source(range(10**5)).python(stage).run()
    next(run)
    assert first.wait(30)
    engine.close()
    with pytest.raises(cogway.EngineClosed):
        for _ in run:
            pass


def test_full_bus_that_nobody_empties_is_reported(monkeypatch):
    monkeypatch.setattr(_flow_run, "_STALL", 0.05)
    with cogway.Engine(native_workers=1, bus_bytes=1 << 17) as engine:
        pipeline = Pipeline(engine).source([bytes(30_000)] * 8).native("core.copy").batch(1)
        kept = []
        with pytest.raises(cogway.BusExhausted, match="Let go of batches"):
            kept.extend(pipeline)
        del kept


def test_batch_larger_than_the_bus_is_refused_at_once():
    with cogway.Engine(native_workers=1, bus_bytes=1 << 16) as engine:
        pipeline = Pipeline(engine).source([bytes(1000)] * 100).native("core.copy").batch(100)
        with pytest.raises((ValueError, cogway.BusExhausted), match="raise bus_bytes"):
            list(pipeline)


def test_labels_are_dropped_with_skipped_items(engine):
    class Label:
        alive = 0

        def __init__(self):
            Label.alive += 1

        def __del__(self):
            Label.alive -= 1

    def source():
        for i in range(50):
            yield Item(i, Label())

    def fail(x):
        raise ValueError(x)

    assert list(Pipeline(engine).source(source).python(fail).skip_errors()) == []
    gc.collect()
    assert Label.alive == 0
