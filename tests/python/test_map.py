# SPDX-License-Identifier: Apache-2.0
"""c_map: many calls, one ticket."""

import asyncio
import concurrent.futures
import threading

import cogway
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def test_results_come_in_order(engine):
    items = [bytes([i]) * i for i in range(200)]
    assert [bytes(buffer) for buffer in engine.c_map("core.copy", items).result()] == items


def test_an_int_asks_for_calls_without_inputs(engine):
    assert engine.c_map("core.noop", 5).result() == [None] * 5
    assert engine.c_map("core.noop", 0).result() == []
    assert engine.c_map("core.noop", [(), ()]).result() == [None, None]


def test_awaited(engine, run):
    async def main():
        assert await engine.c_map("core.noop", 1000) == [None] * 1000
        ticket = engine.c_map("core.copy", [b"a", b"b"])
        assert isinstance(ticket, cogway.BatchTicket)
        assert isinstance(ticket, cogway.Ticket)
        assert [bytes(one) for one in await asyncio.wait_for(ticket, 30)] == [b"a", b"b"]
        assert await ticket is ticket.result()

    run(main())


def test_parameters_for_all_and_for_each(engine, tmp_path):
    paths = []
    for i in range(5):
        paths.append(tmp_path / f"{i}.bin")
        paths[-1].write_bytes(bytes([i]))
    read = engine.c_map("file.read", len(paths), each={"path": paths}).result()
    assert [bytes(buffer) for buffer in read] == [bytes([i]) for i in range(5)]
    same = engine.c_map("file.read", 2, path=paths[3]).result()
    assert [bytes(buffer) for buffer in same] == [b"\x03"] * 2
    engine.c_map("core.spin", 4, params={"ns": 0}).result()


def test_out_writes_into_the_slots_of_a_batch(engine):
    batch = engine.bus.lease((3, 4), "uint8")
    view = memoryview(batch)
    items = [bytes([i]) * 4 for i in range(3)]
    assert engine.c_map("core.copy", items, out=batch).result() == [None] * 3
    assert bytes(view) == b"".join(items)
    view.release()
    first, second = engine.bus.lease(2, "uint8"), engine.bus.lease(2, "uint8")
    engine.c_map("core.copy", [b"ab", b"cd"], out=[first, second]).result()
    assert bytes(first) == b"ab"
    assert bytes(second) == b"cd"


def test_the_first_failure_in_order_is_raised(engine, tmp_path):
    good = tmp_path / "good"
    good.write_bytes(b"x")
    paths = [good, tmp_path / "first", tmp_path / "second"]
    with pytest.raises(cogway.KernelError, match="first"):
        engine.c_map("file.read", 3, each={"path": paths}).result()
    results = engine.c_map("file.read", 3, each={"path": paths}, return_exceptions=True).result()
    assert bytes(results[0]) == b"x"
    assert [type(result) for result in results[1:]] == [cogway.KernelError] * 2


def test_cancelled_as_a_whole(manual):
    ticket = manual.c_map("core.noop", 10)
    assert ticket.cancel()
    assert ticket.cancelled()
    with pytest.raises(concurrent.futures.CancelledError):
        ticket.result()


def test_a_batch_that_waits_for_bytes_ends_at_its_deadline():
    with cogway.Engine(native_workers=1, bus_bytes=1 << 20) as engine:
        held = engine.bus.lease(1 << 20)
        with pytest.raises(TimeoutError, match="the deadline passed"):
            engine.c_map("core.copy", [b"a"], deadline=0.05).result(timeout=30)
        del held


def test_refused_as_a_whole(engine):
    before = engine.statistics().submitted
    for call, error in [
        (lambda: engine.c_map("core.copy", [b"a", 1]), TypeError),
        (lambda: engine.c_map("core.copy", [b"a", (b"a", b"b")]), TypeError),
        (lambda: engine.c_map("core.copy", 3), TypeError),
        (lambda: engine.c_map("core.copy", None), TypeError),
        (lambda: engine.c_map("core.noop", -1), ValueError),
        (lambda: engine.c_map("core.noop"), TypeError),
        (lambda: engine.c_map("core.noop", 3, each={"ns": [1, 2]}), ValueError),
        (lambda: engine.c_map("core.spin", 2, each={"ns": [1, "x"]}), TypeError),
        (lambda: engine.c_map("core.spin", 2, each=[1]), TypeError),
        (lambda: engine.c_map("core.noop", 3, out=engine.bus.lease(3, "uint8")), ValueError),
        (lambda: engine.c_map("core.copy", [b"a"], out=5), TypeError),
        (
            lambda: engine.c_map("core.copy", [b"a", b"b"], out=engine.bus.lease(1, "uint8")),
            ValueError,
        ),
    ]:
        with pytest.raises(error):
            call()
    assert engine.statistics().submitted == before


def test_each_says_which_item_is_wrong(engine):
    batch = engine.bus.lease((2, 4), "uint8")
    with pytest.raises(ValueError, match="item 1"):
        engine.c_map("core.copy", [b"abcd", b"too long"], out=batch)


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=64), max_size=50))
def test_any_list_of_bytes_comes_back(shared_engine, items):
    assert [bytes(one) for one in shared_engine.c_map("core.copy", items).result()] == items


@pytest.fixture(scope="module")
def shared_engine():
    with cogway.Engine(native_workers=2) as engine:
        yield engine


class Swapper:
    """Something whose conversion runs Python code that empties the list it came in."""

    def __init__(self, values):
        self.values = values
        self.buffer = cogway.Buffer.from_buffer(b"abc")

    def __dlpack__(self, **options):
        self.values[:] = []
        return self.buffer.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.buffer.__dlpack_device__()

    def __index__(self):
        self.values[:] = []
        return 1

    def __float__(self):
        self.values[:] = []
        return 1.0


def test_lists_that_change_while_they_are_read(engine):
    def hostile(count):
        values = []
        values.extend(Swapper(values) for _ in range(count))
        return values

    results = engine.c_map("core.copy", hostile(1000)).result()
    assert [bytes(result) for result in results] == [b"abc"] * 1000
    assert engine.c_map("core.spin", 1000, each={"ns": hostile(1000)}).result() == [None] * 1000
    assert engine.bus.lease(hostile(3)).shape == (1, 1, 1)
    picture = engine.bus.lease((2, 2, 3), "uint8")
    mean = hostile(3)
    engine.c_spawn("image.normalize", picture, mean=mean, std=[1, 1, 1]).result()
    assert mean == []


def test_lists_that_other_threads_change(engine):
    values = [b"abc"] * 100
    stop = threading.Event()

    def change():
        while not stop.is_set():
            del values[50:]
            values.extend([b"abc"] * 50)

    changing = threading.Thread(target=change)
    changing.start()
    try:
        for _ in range(200):
            results = engine.c_map("core.copy", values).result()
            assert len(results) in (50, 100)
    finally:
        stop.set()
        changing.join()
