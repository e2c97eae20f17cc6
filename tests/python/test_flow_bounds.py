# SPDX-License-Identifier: Apache-2.0
"""Backpressure: what may be between source and consumer, shown with events, never with time."""

from __future__ import annotations

import threading

import pytest
from cogway.flow import Pipeline
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize("prefetch", [1, 3])
def test_the_source_is_not_asked_for_more_than_there_is_room_for(engine, prefetch):
    asked = []
    waits = threading.Semaphore(0)

    def source():
        for i in range(20):
            asked.append(i)
            waits.release()
            yield i

    run = Pipeline(engine).source(source).python(lambda x: x).prefetch(prefetch).run()
    taken = 0
    for item in run:
        taken += 1
        assert item.value == taken - 1
        # One more than there is room for: the generator has run on to its next yield only when
        # there was room.
        assert len(asked) <= taken + prefetch
    assert taken == 20
    assert run.statistics().in_flight_most <= prefetch


def test_bytes_bound_what_is_held(engine):
    size = 10_000
    run = (
        Pipeline(engine)
        .source([bytes(size)] * 200)
        .native("core.copy")
        .prefetch(100, bytes=5 * 10_048)
        .run()
    )
    total = sum(len(bytes(item.value)) for item in run)
    assert total == 200 * size
    assert run.statistics().bytes_most <= 5 * 10_048
    assert run.statistics().bytes == 0


def test_at_most_prefetch_batches_are_on_the_bus(engine):
    copies = Pipeline(engine).source([bytes(1000)] * 100).native("core.copy")
    pipeline = copies.batch(10).prefetch(2)
    most = 0
    for batch in pipeline:
        most = max(most, engine.bus.statistics().leased_bytes)
        del batch
    # Two ahead, the one in hand, and what the workers have in hand: nothing else.
    assert most <= 3 * 10_048 + 8 * 1024


def test_concurrency_of_a_python_stage(engine):
    inside = most = 0
    lock = threading.Lock()

    def stage(x):
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        with lock:
            inside -= 1
        return x

    pipeline = Pipeline(engine).source(range(200)).python(stage, concurrency=1).prefetch(50)
    assert len(list(pipeline)) == 200
    assert most == 1


STAGES = st.lists(st.sampled_from(["native", "add", "drop"]), max_size=4)


@settings(max_examples=40)
@given(
    values=st.lists(st.integers(0, 255), max_size=30),
    stages=STAGES,
    batch=st.none() | st.tuples(st.integers(1, 7), st.booleans()),
    prefetch=st.integers(1, 5),
    ordered=st.booleans(),
)
def test_any_pipeline_agrees_with_plain_python(
    shared_engine, values, stages, batch, prefetch, ordered
):
    def add(value):
        return bytes([(bytes(value)[0] + 1) % 256])

    def drop(value):
        if bytes(value)[0] % 5 == 0:
            raise ValueError("dropped")
        return bytes(value)

    pipeline = Pipeline(shared_engine).source([bytes([value]) for value in values])
    expected = [(index, bytes([value])) for index, value in enumerate(values)]
    for stage in stages:
        if stage == "native":
            pipeline = pipeline.native("core.copy")
        elif stage == "add":
            pipeline = pipeline.python(add, concurrency=2)
            expected = [(index, add(value)) for index, value in expected]
        else:
            pipeline = pipeline.python(drop, concurrency=2)
            expected = [(index, value) for index, value in expected if value[0] % 5]
    pipeline = pipeline.skip_errors().prefetch(prefetch).ordered(ordered)
    if batch is None:
        found = [(item.index, bytes(item.value)) for item in pipeline]
        assert (found if ordered else sorted(found)) == expected
        return
    size, drop_last = batch
    pipeline = pipeline.batch(size, drop_last=drop_last, stack=False)
    found = [list(zip(each.indices, map(bytes, each.data), strict=True)) for each in pipeline]
    if ordered:
        kept = len(values) - len(values) % size if drop_last else len(values)
        groups: dict[int, list] = {}
        for index, value in expected:
            if index < kept:
                groups.setdefault(index // size, []).append((index, value))
        assert found == list(groups.values())
    elif not drop_last:
        assert sorted(pair for each in found for pair in each) == expected


@pytest.fixture(scope="module")
def shared_engine():
    import cogway

    with cogway.Engine(native_workers=1, background_workers=2, python_workers=2) as engine:
        yield engine
