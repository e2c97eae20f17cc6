# SPDX-License-Identifier: Apache-2.0
"""Pipelines: what comes out of them, from every kind of source and stage."""

from __future__ import annotations

import threading

import cogway
import pytest
from cogway.flow import EPOCH, INDEX, VALUE, Batch, Item, Pipeline

LETTERS = [bytes([97 + i]) * 4 for i in range(10)]


def values(pipeline: Pipeline) -> list[object]:
    """The values of all items, buffers as bytes."""
    return [
        bytes(item.value) if isinstance(item.value, cogway.Buffer) else item.value
        for item in pipeline
    ]


def test_native_chain_into_stacked_batches(engine):
    pipeline = Pipeline(engine).source(LETTERS, labels=range(10)).native("core.copy").batch(4)
    batches = list(pipeline)
    assert [bytes(batch.data) for batch in batches] == [
        b"".join(LETTERS[:4]),
        b"".join(LETTERS[4:8]),
        b"".join(LETTERS[8:]),
    ]
    assert [batch.labels for batch in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert [batch.data.shape for batch in batches] == [(4, 4), (4, 4), (2, 4)]
    assert [len(batch) for batch in batches] == [4, 4, 2]
    data, labels = batches[2]
    assert bytes(data) == bytes(batches[2].data)
    assert labels == [8, 9]


def test_batch_is_seen_without_a_copy(engine):
    numpy = pytest.importorskip("numpy")
    (batch,) = Pipeline(engine).source(LETTERS).native("core.copy").batch(10)
    array = numpy.asarray(batch)
    assert array.shape == (10, 4)
    assert array.ctypes.data == numpy.from_dlpack(batch).ctypes.data
    assert array[3].tobytes() == LETTERS[3]


@pytest.mark.torch
def test_batch_becomes_a_tensor_without_a_copy(engine):
    torch = pytest.importorskip("torch")
    (batch,) = Pipeline(engine).source(LETTERS).native("core.copy").batch(10)
    tensor = torch.from_dlpack(batch)
    tensor[0, 0] = 7
    assert bytes(batch.data[0])[0] == 7


def test_place_on_the_bus_is_free_when_the_last_view_is_gone(engine):
    batches = list(Pipeline(engine).source(LETTERS).native("core.copy").batch(5))
    view = memoryview(batches[0].data)
    assert engine.bus.statistics().live_buffers == 2
    del batches
    assert engine.bus.statistics().live_buffers == 1
    assert view.tobytes()[:4] == LETTERS[0]
    view.release()
    assert engine.bus.statistics().live_buffers == 0


def test_paths_are_read(engine, tmp_path):
    paths = []
    for i in range(5):
        path = tmp_path / f"{i}.bin"
        path.write_bytes(bytes([i]) * (i + 1))
        paths.append(path)
    pipeline = Pipeline(engine).source(paths).native("file.read")
    assert values(pipeline) == [bytes([i]) * (i + 1) for i in range(5)]
    named = Pipeline(engine).source(paths).native("file.read", path=VALUE)
    assert values(named) == values(pipeline)


def test_python_stage(engine):
    pipeline = Pipeline(engine).source(range(20)).python(lambda x: x * x, concurrency=2)
    assert values(pipeline) == [x * x for x in range(20)]


def test_python_between_native_stages(engine):
    pipeline = (
        Pipeline(engine)
        .source(LETTERS)
        .native("core.copy")
        .python(lambda buffer: bytes(buffer).upper())
        .native("core.copy")
        .batch(5)
    )
    assert [bytes(batch.data) for batch in pipeline] == [
        b"".join(LETTERS[:5]).upper(),
        b"".join(LETTERS[5:]).upper(),
    ]


def test_python_stage_after_batch(engine):
    def total(batch: Batch) -> int:
        return sum(bytes(batch.data))

    pipeline = (
        Pipeline(engine).source(LETTERS, labels=range(10)).native("core.copy").batch(5)
    ).python(total)
    batches = list(pipeline)
    assert [batch.data for batch in batches] == [
        sum(b"".join(LETTERS[:5])),
        sum(b"".join(LETTERS[5:])),
    ]
    assert batches[1].labels == [5, 6, 7, 8, 9]


def test_coroutine_function_as_stage(engine):
    async def double(x: int) -> int:
        return 2 * x

    assert values(Pipeline(engine).source(range(5)).python(double)) == [0, 2, 4, 6, 8]


def test_unstacked_batches(engine):
    pipeline = Pipeline(engine).source(range(7)).batch(3)
    assert [batch.data for batch in pipeline] == [[0, 1, 2], [3, 4, 5], [6]]
    ragged = [b"a", b"bb", b"ccc"]
    pipeline = Pipeline(engine).source(ragged).native("core.copy").batch(2, stack=False)
    assert [[bytes(x) for x in batch.data] for batch in pipeline] == [[b"a", b"bb"], [b"ccc"]]


def test_drop_last(engine):
    pipeline = Pipeline(engine).source(range(7)).batch(3, drop_last=True)
    assert [batch.data for batch in pipeline] == [[0, 1, 2], [3, 4, 5]]


def test_iterable_yields_items_with_labels(engine):
    def source():
        for i in range(4):
            yield Item(bytes([i]), label=f"number {i}")

    pipeline = Pipeline(engine).source(source).native("core.copy").batch(3)
    for _ in range(2):  # a function is called once an epoch
        batches = list(pipeline)
        assert [batch.labels for batch in batches] == [
            ["number 0", "number 1", "number 2"],
            ["number 3"],
        ]
        assert b"".join(bytes(batch.data) for batch in batches) == bytes(range(4))


def test_asynchronous_source_for_a_plain_loop(engine):
    async def source():
        for i in range(5):
            yield i

    assert values(Pipeline(engine).source(source).python(str)) == list("01234")


def test_used_up_iterator_is_refused(engine):
    pipeline = Pipeline(engine).source(iter([1, 2])).batch(2)
    assert [batch.data for batch in pipeline] == [[1, 2]]
    with pytest.raises(ValueError, match="used up"):
        iter(pipeline)


def test_shuffle_is_a_function_of_seed_and_epoch(engine):
    pipeline = Pipeline(engine).source(range(50), shuffle=4).batch(50)
    orders = [next(iter(pipeline.run(epoch))).indices for epoch in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[2]) == list(range(50))
    from cogway.demo.crops import epoch_order

    assert orders[2] == epoch_order(50, seed=4, epoch=1)


def test_each_loop_is_the_next_epoch(engine):
    pipeline = Pipeline(engine).source(range(20), shuffle=1).batch(20)
    first, second = (next(iter(pipeline)).indices for _ in range(2))
    assert first != second


def test_parameters_follow_the_item(engine):
    size = {"size": 8, "crop": "random", "scale": (0.1, 0.5), "dtype": "uint8", "layout": "hwc"}
    numpy = pytest.importorskip("numpy")
    picture = numpy.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=numpy.uint8)
    jpeg = bytes(engine.c_spawn("image.encode", picture).result())
    pipeline = (
        Pipeline(engine)
        .source([jpeg] * 6)
        .native("image.sample", seed=3, index=INDEX, epoch=EPOCH, **size)
        .batch(6)
    )
    (batch,) = pipeline.run(2)
    for index in range(6):
        one = engine.c_spawn("image.sample", jpeg, seed=3, index=index, epoch=2, **size).result()
        assert bytes(one) == bytes(batch.data[index])


def test_as_completed_gives_everything_once(engine):
    pipeline = Pipeline(engine).source(range(100)).python(lambda x: x, concurrency=4).ordered(False)
    assert sorted(values(pipeline.prefetch(8))) == list(range(100))


def test_empty_source(engine):
    assert list(Pipeline(engine).source([]).native("core.copy").batch(3)) == []
    assert list(Pipeline(engine).source(lambda: iter(())).python(str)) == []


def test_statistics(engine):
    run = Pipeline(engine).source(LETTERS).native("core.copy").python(bytes).batch(5).run()
    assert len(list(run)) == 2
    statistics = run.statistics()
    copy, python, batch = statistics.stages
    assert (copy.name, copy.kind, copy.completed) == ("core.copy", "native", 10)
    assert (python.name, python.kind, python.completed) == ("bytes", "foreign", 10)
    assert (batch.kind, batch.completed) == ("batch", 10)
    assert python.p99_ns >= python.p50_ns > 0
    assert (statistics.admitted, statistics.items, statistics.elements) == (10, 10, 2)
    assert statistics.in_flight == statistics.ready == statistics.skipped == 0
    assert statistics.slowest in {"core.copy", "bytes"}


def test_many_consumers_in_threads(engine):
    totals = []

    def consume() -> None:
        pipeline = Pipeline(engine).source(LETTERS).native("core.copy").batch(3)
        totals.append(sum(len(batch) for batch in pipeline))

    threads = [threading.Thread(target=consume) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert totals == [10] * 8


def test_pipelines_are_values(engine):
    base = Pipeline(engine).source(range(4))
    doubled, negative = base.python(lambda x: 2 * x), base.python(lambda x: -x)
    assert values(doubled) == [0, 2, 4, 6]
    assert values(negative) == [0, -1, -2, -3]
    assert values(base) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda p: p.native("core.nothing"), LookupError, "unknown kernel"),
        (lambda p: p.native("core.copy", size=3), (TypeError, ValueError), "size"),
        (lambda p: p.native("core.copy", concurrency=0), ValueError, "at least 1"),
        (lambda p: p.native("core.spin", params={"ns": 1}, ns=2), ValueError, "given twice"),
        (lambda p: p.python(3), TypeError, "callable"),
        (lambda p: p.batch(0), ValueError, "at least 1"),
        (lambda p: p.batch(2).batch(2), ValueError, "batch stage already"),
        (lambda p: p.batch(2, stack=True), ValueError, "follows a native stage"),
        (lambda p: p.prefetch(0), ValueError, "at least 1"),
        (lambda p: p.prefetch(1, bytes=0), ValueError, "at least 1"),
        (lambda p: p.skip_errors(-1), ValueError, "at least 0"),
        (lambda p: p.workers("middle"), ValueError, "worker_class"),
        (lambda p: p.workers(priority="urgent"), ValueError, "priority"),
        (lambda p: p.source([1]), ValueError, "source already"),
        (lambda p: p.native("core.copy").run(), TypeError, "item 0 of the source is int"),
        (lambda p: p.run(-1), ValueError, "at least 0"),
    ],
)
def test_nonsense_is_refused_where_it_is_said(engine, build, error, message):
    with pytest.raises(error, match=message):
        build(Pipeline(engine).source([1, 2, 3]))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("path",), TypeError, "give a list"),
        ((3,), TypeError, "iterable or a function"),
        (([1], [1, 2]), ValueError, "2 labels for 1 items"),
        ((iter([1]), [1]), ValueError, "need a sequence"),
    ],
)
def test_nonsense_sources_are_refused(engine, arguments, error, message):
    items, *labels = arguments
    with pytest.raises(error, match=message):
        Pipeline(engine).source(items, labels=labels[0] if labels else None)


def test_without_a_source(engine):
    with pytest.raises(ValueError, match="no source"):
        iter(Pipeline(engine).batch(2))
