# SPDX-License-Identifier: Apache-2.0
"""The engine: construction, options, submission, statistics, resizing, endings."""

import array
import asyncio
import gc
import logging
import sys
import threading
import warnings

import cogway
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_packs import load_pack


def test_inputs_of_every_kind(engine):
    def copy(source):
        return engine.c_spawn("core.copy", source).result()

    assert bytes(copy(b"abc")) == b"abc"
    assert bytes(copy(bytearray(b"abc"))) == b"abc"
    assert bytes(copy(memoryview(b"abcdef")[::2])) == b"ace"
    doubles = copy(array.array("d", [1.0, 2.0]))
    assert memoryview(doubles).tolist() == [1.0, 2.0]
    assert memoryview(copy(doubles)).tolist() == [1.0, 2.0]
    assert memoryview(copy(memoryview(b"abcd").cast("B", (2, 2)))).tolist() == [[97, 98], [99, 100]]


def test_numpy_in_and_out(engine):
    numpy = pytest.importorskip("numpy")
    source = numpy.arange(24, dtype="float32").reshape(2, 3, 4).transpose(2, 0, 1)
    result = numpy.asarray(engine.c_spawn("core.copy", source).result())
    assert (result == source).all()
    assert result.dtype == source.dtype


def test_read_only_numpy_inputs(engine):
    numpy = pytest.importorskip("numpy")
    locked = numpy.arange(6, dtype="float32").reshape(2, 3)
    locked.flags.writeable = False
    frozen = engine.c_spawn("core.copy", locked).result()
    frozen.freeze()
    spread = numpy.broadcast_to(numpy.arange(2, dtype="int16"), (3, 2))
    for source in (locked, locked.T, numpy.asarray(frozen), spread):
        result = numpy.asarray(engine.c_spawn("core.copy", source).result())
        assert result.dtype == source.dtype
        assert (result == source).all()


def test_inputs_are_released_once_the_kernel_is_done(engine):
    data = bytearray(b"abc")
    engine.c_spawn("core.copy", data).result()
    engine.statistics()
    data.append(1)  # BufferError while a view is held


def test_bytes_are_released_too(engine):
    data = bytes(1000)
    before = sys.getrefcount(data)
    engine.c_map("core.copy", [data] * 10).result()
    engine.statistics()
    gc.collect()
    assert sys.getrefcount(data) == before


def test_results_are_leased_to_the_caller(engine):
    result = engine.c_spawn("core.copy", b"abc").result()
    view = memoryview(result)
    view[0] = ord("x")
    assert bytes(result) == b"xbc"


def test_out_is_written_in_place(engine):
    target = engine.bus.lease(3, "uint8")
    assert engine.c_spawn("core.copy", b"abc", out=target).result() is target
    (again,) = engine.c_spawn("core.copy", b"def", out=(target,)).result()
    assert again is target
    assert bytes(target) == b"def"


@settings(max_examples=50)
@given(data=st.binary(max_size=4096))
def test_any_bytes_survive_a_copy(shared_engine, data):
    assert bytes(shared_engine.c_spawn("core.copy", data).result()) == data


@pytest.fixture(scope="module")
def shared_engine():
    with cogway.Engine(native_workers=1) as engine:
        yield engine


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"native_workers": -2}, ValueError),
        ({"native_workers": 0}, ValueError),
        ({"native_workers": "many"}, ValueError),
        ({"native_workers": 1.5}, ValueError),
        ({"native_workers": True}, ValueError),
        ({"python_workers": -1}, ValueError),
        ({"python_workers": 10**6}, ValueError),
        ({"switch_interval": 0}, ValueError),
        ({"switch_interval": float("nan")}, ValueError),
        ({"bus_bytes": 0}, ValueError),
        ({"bus_bytes": "1 GiB"}, TypeError),
        ({"full_bus": "panic"}, ValueError),
        ({"order": "random"}, ValueError),
        ({"queue_capacity": -1}, ValueError),
        ({"grace": "long"}, (TypeError, ValueError)),
        ({"cpus": ["x"]}, TypeError),
        ({"pin": 1}, TypeError),
        ({"workers": 2}, TypeError),
    ],
)
def test_wrong_options_are_refused(options, error):
    with pytest.raises(error):
        cogway.Engine(**options)
    gc.collect()


def test_defaults_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("COGWAY_NATIVE_WORKERS", "3")
    monkeypatch.setenv("COGWAY_BACKGROUND_WORKERS", "1")
    monkeypatch.setenv("COGWAY_PYTHON_WORKERS", "5")
    monkeypatch.setenv("COGWAY_BUS_BYTES", str(1 << 20))
    with cogway.Engine() as engine:
        statistics = engine.statistics()
        assert statistics.foreground.workers == 3
        assert statistics.background.workers == 1
        assert engine._python.count == 5
        assert engine.bus.statistics().capacity == 1 << 20
    with cogway.Engine(native_workers=1) as engine:
        assert engine.statistics().foreground.workers == 1
    monkeypatch.setenv("COGWAY_PYTHON_WORKERS", "several")
    with pytest.raises(ValueError, match="COGWAY_PYTHON_WORKERS"):
        cogway.Engine()


@pytest.mark.parametrize(
    ("variable", "values"),
    [
        ("COGWAY_NATIVE_WORKERS", ["0", "-1", "some", "1.5", "1000000"]),
        ("COGWAY_BACKGROUND_WORKERS", ["0", "-1", "some", "1e3"]),
        ("COGWAY_PYTHON_WORKERS", ["0", "-3", "some", "1.5", "1000000"]),
        ("COGWAY_RESERVED_CORES", ["-1", "some"]),
        ("COGWAY_BUS_BYTES", ["0", "-1", "1", "1 GiB", "9" * 30]),
        ("COGWAY_SPIN_NS", ["-1", "some"]),
        ("COGWAY_SWITCH_INTERVAL", ["0", "-1", "nan", "inf", "1e300", "some"]),
    ],
)
def test_nonsense_in_the_environment_is_refused(monkeypatch, variable, values):
    before = threading.enumerate()
    for value in values:
        monkeypatch.setenv(variable, value)
        with pytest.raises(ValueError, match=f"{variable}|must be|capacity"):
            cogway.Engine()
    gc.collect()
    assert threading.enumerate() == before


@pytest.mark.parametrize("value", ["", "auto"])
def test_the_environment_may_say_auto(monkeypatch, value):
    with cogway.Engine() as engine:
        usual = engine.statistics().foreground.workers, engine._python.count
    for name in ("NATIVE_WORKERS", "BACKGROUND_WORKERS", "PYTHON_WORKERS", "SWITCH_INTERVAL"):
        monkeypatch.setenv(f"COGWAY_{name}", value)
    with cogway.Engine() as engine:
        assert (engine.statistics().foreground.workers, engine._python.count) == usual


def test_switch_interval_lasts_as_long_as_the_engine():
    before = sys.getswitchinterval()
    with cogway.Engine(native_workers=1, switch_interval=0.0005):
        assert sys.getswitchinterval() == pytest.approx(0.0005)
    assert sys.getswitchinterval() == pytest.approx(before)


def test_priorities_and_deadlines(manual):
    low = manual.c_spawn("core.noop", priority="low")
    high = manual.c_spawn("core.noop", priority="high")
    late = manual.c_spawn("core.noop", deadline=1.0)
    manual.step()
    assert high.done()
    assert not low.done()
    manual.advance(1.5)
    with pytest.raises(TimeoutError):
        late.result(timeout=0)
    manual.run_until_idle()
    assert low.result() is None
    assert manual.statistics().expired == 1


def test_background_class(engine):
    assert engine.c_spawn("core.noop", worker_class="background").result() is None
    assert engine.statistics().background.workers >= 1


def test_queue_capacity(engine):
    with cogway.testing.ManualEngine(queue_capacity=2) as small:
        tickets = [small.c_spawn("core.noop") for _ in range(2)]
        with pytest.raises(cogway.QueueFull):
            small.c_spawn("core.noop")
        small.run_until_idle()
        assert [ticket.result() for ticket in tickets] == [None, None]


def test_a_full_bus_refuses_or_waits():
    with cogway.Engine(native_workers=1, bus_bytes=1 << 16, full_bus="fail") as engine:
        held = engine.c_spawn("core.copy", bytes(60_000)).result()
        with pytest.raises(cogway.BusExhausted):
            engine.c_spawn("core.copy", bytes(60_000))
        with pytest.raises(cogway.BusExhausted):
            engine.c_spawn("core.copy", bytes(1 << 20))
        del held
    with cogway.Engine(native_workers=1, bus_bytes=1 << 16) as engine:
        held = engine.c_spawn("core.copy", bytes(60_000)).result()
        waiting = engine.c_spawn("core.copy", bytes(60_000))
        assert engine.statistics().parked_for_bus == 1
        del held
        assert len(waiting.result()) == 60_000
        with pytest.raises(cogway.BusExhausted):
            engine.c_spawn("core.copy", bytes(1 << 20)).result()
        del waiting


def test_resize_under_load(engine):
    tickets = [engine.c_spawn("core.spin", ns=1000) for _ in range(500)]
    engine.resize(native=4, background=1)
    tickets += [engine.c_spawn("core.spin", ns=1000) for _ in range(500)]
    assert engine.statistics().foreground.workers == 4
    engine.resize(native=1)
    assert [ticket.result() for ticket in tickets] == [None] * 1000
    for wrong in (0, -1, "2", 2.0, True, 10**6):
        for name in ("native", "background", "python"):
            with pytest.raises(ValueError, match=rf"{name} must be an int from 1 to 4096"):
                engine.resize(**{name: wrong})


@pytest.mark.parametrize("policy", ["idle", "batch"])
def test_background_workers_are_scheduled_as_asked(policy):
    with cogway.Engine(native_workers=1, background_workers=1, background_policy=policy) as engine:
        engine.c_spawn("core.noop", worker_class="background").result()
        granted = {worker.worker_class: worker.policy for worker in engine.statistics().workers}
    assert granted == {"foreground": "other", "background": policy}
    with pytest.raises(ValueError, match="background_policy must be 'idle' or 'batch', got 'fast'"):
        cogway.Engine(background_policy="fast")


def test_statistics_add_up(engine):
    for _ in range(10):
        engine.c_spawn("core.noop").result()
    with pytest.raises(cogway.KernelError):
        engine.c_spawn("file.read", path="/does/not/exist").result()
    statistics = engine.statistics()
    assert statistics.submitted == 11
    assert statistics.failed == 1
    kernels = {kernel.name: kernel for kernel in statistics.kernels}
    assert kernels["core.noop"].calls == 10
    assert kernels["core.noop"].failures == 0
    with pytest.raises(AttributeError):
        statistics.submitted = 0


def test_kernels_are_listed(engine):
    kernels = {kernel.name: kernel for kernel in engine.kernels()}
    assert kernels["core.noop"].outputs == 0
    (parameter,) = kernels["core.spin"].parameters
    assert parameter.name == "ns"
    assert parameter.required
    assert kernels["core.copy"].pack == "core"
    assert kernels.keys() == {kernel.name for kernel in cogway.kernels()}


def test_records_are_reused(engine):
    for _ in range(1000):
        engine.c_spawn("core.noop").result()
    before = engine.statistics().record_allocations
    for _ in range(10_000):
        engine.c_spawn("core.noop").result()
    assert engine.statistics().record_allocations == before


def test_engine_log_reaches_logging(caplog):
    from cogway import _logging

    with caplog.at_level(logging.INFO):
        _logging.emit([(30, 0, "image.decode", "odd"), (20, -1, "cogway.engine", "hello")])
    assert [(record.name, record.message) for record in caplog.records] == [
        ("cogway.kernel.image.decode", "odd"),
        ("cogway.engine", "hello"),
    ]


def test_lines_that_no_longer_fitted_are_told_of(manual, caplog):
    load_pack("chatty")
    with caplog.at_level(logging.INFO):
        for lines in (300, 3):
            ticket = manual.c_spawn("chatty.log", lines=lines)
            manual.run_until_idle()
            ticket.result()
    told = [record.message for record in caplog.records]
    assert told[:256] == [f"line {i}" for i in range(256)]
    assert told[256].startswith("44 lines of kernels were dropped: more than 256 waited")
    assert told[257:] == ["line 0", "line 1", "line 2"]
    assert manual.statistics().log_dropped == 44


def test_dropping_an_open_engine_warns():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        engine = cogway.Engine(native_workers=1, name="forgotten")
        engine.spawn(lambda: 1).result()
        del engine
        gc.collect()
    assert [warning.category for warning in caught] == [ResourceWarning]
    assert "forgotten" in str(caught[0].message)


def test_import_is_light(script):
    script("""
        import sys, cogway
        heavy = {"asyncio", "numpy", "torch", "concurrent.futures"} & sys.modules.keys()
        assert not heavy, heavy
    """)


def test_async_with(run):
    async def main():
        async with cogway.Engine(native_workers=1) as engine:
            tickets = [engine.c_spawn("core.noop") for _ in range(10)]
            tickets.append(engine.spawn(asyncio.sleep, 0, 5))
        assert all(ticket.done() for ticket in tickets)
        assert tickets[-1].result() == 5
        with pytest.raises(cogway.EngineClosed):
            engine.c_spawn("core.noop")
        with pytest.raises(cogway.EngineClosed):
            engine.spawn(print)

    run(main())
