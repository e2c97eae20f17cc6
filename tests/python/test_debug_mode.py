# SPDX-License-Identifier: Apache-2.0
"""Debug mode: what native code writes beyond its memory, or leaves held, is told."""

from __future__ import annotations

import ctypes
import gc
import sys

import cogway
import pytest
from kernel_packs import load_pack


@pytest.fixture(autouse=True)
def pack():
    """The pack with the kernels that go astray."""
    return load_pack("stray")


@pytest.fixture
def engine():
    """An engine in debug mode; its tests look at the findings themselves."""
    with cogway.Engine(name="shop", native_workers=2, bus_bytes=1 << 20, debug=True) as engine:
        yield engine


def call(engine, *inputs, **options):
    return engine.c_spawn("stray.write", *inputs, **options).result(timeout=60)


def failure(engine, *inputs, **options) -> cogway.KernelError:
    with pytest.raises(cogway.KernelError) as caught:
        call(engine, *inputs, **options)
    assert caught.value.kernel == "stray.write"
    assert caught.value.status == "internal"
    return caught.value


def line() -> int:
    return sys._getframe(1).f_lineno


# --- Off and on ------------------------------------------------------------------------------


def test_debug_mode_is_off_by_default(monkeypatch):
    monkeypatch.delenv("COGWAY_DEBUG", raising=False)
    with cogway.Engine(native_workers=1, bus_bytes=1 << 20) as engine:
        assert not engine.debug
        assert not engine.bus.debug
        assert call(engine, n=10).tobytes() == b"\7" * 10
        assert engine.findings() == engine.bus.findings() == ()
        held = engine.bus.lease(10)
    assert engine.findings() == ()
    held.release()


@pytest.mark.parametrize(("text", "on"), [("1", True), ("0", False), ("", False)])
def test_the_environment_turns_it_on(monkeypatch, text, on):
    monkeypatch.setenv("COGWAY_DEBUG", text)
    with cogway.Engine(native_workers=1, bus_bytes=1 << 20) as engine:
        assert engine.debug is on
        assert engine.bus.debug is on
    with cogway.Engine(native_workers=1, bus_bytes=1 << 20, debug=not on) as engine:
        assert engine.debug is not on


def test_an_environment_that_cannot_be_read_is_refused(monkeypatch):
    monkeypatch.setenv("COGWAY_DEBUG", "yes")
    with pytest.raises(ValueError, match="COGWAY_DEBUG='yes'"):
        cogway.Engine()


def test_good_kernels_are_left_alone(engine):
    source = engine.bus.copy(bytes(range(100)))
    for n in (0, 1, 63, 64, 65, 4096, 200_000):
        result = call(engine, source, n=n)
        assert result.tobytes() == b"\7" * n
        call(engine, source, n=n, where="scratch", count=min(n, 10))
    batch = engine.bus.lease((3, 50))
    engine.c_map("stray.write", 3, out=batch, params={"n": 50}).result(timeout=60)
    assert batch.tobytes() == b"\7" * 150
    assert engine.findings() == ()
    del result, batch, source


# --- Beyond an output ------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 100, 4096, 100_000])
@pytest.mark.parametrize("freeze", [False, True])
def test_an_overrun_fails_its_ticket(engine, n, freeze, capfd):
    options = {"n": n, "at": n, "count": 4}
    if freeze:
        with pytest.raises(cogway.KernelError) as caught:
            engine.c_map("stray.write", 1, params=options).result(timeout=60)
        message, here = str(caught.value), line() - 1
    else:
        message, here = str(failure(engine, **options)), line()
    assert f"kernel 'stray.write' wrote 4 bytes past the end of output 0: buffer {1}" in message
    assert f"(uint8[{n}], {n} bytes, output 0 of 'stray.write', leased at {__file__}:" in message
    assert message.endswith(f"the first at offset {n}")
    (finding,) = engine.findings()
    assert finding.kind == "overrun"
    assert (finding.kernel, finding.argument) == ("stray.write", "output 0")
    assert (finding.offset, finding.nbytes, finding.buffer) == (n, 4, 1)
    if freeze:
        assert finding.place == f"{__file__}:{here}"
    assert finding.message in message
    assert capfd.readouterr().err == ""  # the ticket has told
    assert call(engine, n=n).tobytes() == b"\7" * n  # and the worker goes on


def test_an_underrun_fails_its_ticket(engine):
    error = failure(engine, n=100, at=-3, count=2)
    assert "wrote 2 bytes before the start of output 0: buffer 1 (" in str(error)
    assert "the first at offset -3" in str(error)
    (finding,) = engine.findings()
    assert finding.kind == "underrun"
    assert finding.offset == -3


def test_damage_says_more_than_the_kernels_own_failure(engine):
    with pytest.raises(cogway.KernelError, match="not a picture"):
        call(engine, where="fail")
    assert "past the end of output 0" in str(failure(engine, where="fail", at=100, count=1))


def test_a_far_overrun_is_stopped_behind_a_large_buffer(script):
    child = script(
        f"""
        import cogway
        cogway.load({load_pack("stray").path!r})
        engine = cogway.Engine(name="shop", native_workers=1, debug=True)
        engine.c_spawn("stray.write", n=100_000, at=100_000, count=100_000).result(timeout=60)
        """,
        check=False,
    )
    assert child.returncode == -11
    assert "cogway: SIGSEGV in kernel 'stray.write'" in child.stderr


# --- Beyond out=, an item of a batch, an input, scratch --------------------------------------


def test_an_item_of_a_batch_keeps_to_its_place(engine):
    batch = engine.bus.lease((3, 50))
    memoryview(batch).cast("B")[:] = bytes(150)
    error = failure(engine, n=50, at=49, count=3, out=batch[1])
    assert "wrote 2 bytes past the end of output 0: out= of uint8[50], 50 bytes" in str(error)
    assert "the first at offset 50" in str(error)
    assert batch[2].tobytes() == bytes(50)  # the neighbour was not reached
    assert "before the start" in str(failure(engine, n=50, at=-1, count=1, out=batch[1]))
    assert batch[0].tobytes() == bytes(50)
    del batch


def test_memory_of_somebody_else_is_guarded_too(engine):
    memory = bytearray(64)
    out = cogway.Buffer.from_buffer(memoryview(memory)[16:48])
    error = failure(engine, n=32, at=32, count=16, out=out)
    assert "wrote 16 bytes past the end of output 0: out= of uint8[32]" in str(error)
    assert memory[48:] == bytes(16)
    assert memory[:16] == bytes(16)
    call(engine, n=32, out=out)
    assert memory[16:48] == b"\7" * 32
    del out


def test_an_output_that_is_an_input_stays_one(engine):
    buffer = engine.bus.lease(100)
    call(engine, buffer, n=100, where="input", at=5, count=1, out=buffer)
    assert buffer.tobytes() == b"\7" * 5 + b"\1" + b"\7" * 94
    error = failure(engine, buffer, n=100, at=100, count=1, out=buffer)
    assert "wrote 1 byte past the end of output 0: buffer 1 (" in str(error)
    del buffer


def test_an_empty_output_given_as_out(engine):
    out = engine.bus.lease(0)
    assert call(engine, n=0, out=out) is out
    assert "wrote 1 byte past the end" in str(failure(engine, n=0, at=0, count=1, out=out))
    del out


def test_an_input_has_redzones(engine):
    source, here = engine.bus.copy(b"abc"), line()
    error = failure(engine, source, n=10, where="input", at=3, count=2)
    assert "wrote 2 bytes past the end of input 0: buffer 1 (uint8[3], 3 bytes" in str(error)
    assert f"leased at {__file__}:{here})" in str(error)
    del source


def test_an_input_that_was_overrun_before_is_not_the_kernels_doing(engine):
    source = engine.bus.lease(8)
    address = ctypes.addressof(ctypes.c_char.from_buffer(source))
    ctypes.memset(address + 8, 1, 1)
    error = failure(engine, source, n=10)
    assert "kernel 'stray.write' wrote" not in str(error)
    assert "1 byte was written past the end of buffer 1" in str(error)
    assert "seen when it was given to a kernel" in str(error)
    assert call(engine, source, n=10).tobytes() == b"\7" * 10  # told once
    del source


@pytest.mark.parametrize("n", [1, 100, 100_000])
def test_scratch_has_redzones(engine, n):
    error = failure(engine, n=n, where="scratch", at=n, count=1)
    found = engine.findings()[-1]
    assert found.argument == "scratch 1"
    assert found.message == (
        f"kernel 'stray.write' wrote 1 byte past the end of scratch 1: of {n} bytes, "
        f"the first at offset {n}"
    )
    assert "past the end of scratch" in str(error)
    underrun = failure(engine, n=n, where="scratch", at=-1, count=1)
    assert "before the start of scratch 1" in str(underrun)


def test_scratch_of_a_helper_has_redzones(engine):
    error = failure(engine, n=10, where="helper", at=10, count=1)
    assert "wrote 1 byte past the end of scratch 0: of 10 bytes" in str(error)
    call(engine, n=10, where="helper")


def test_a_pipeline_whose_kernel_overruns_its_batch(engine):
    pipeline = (
        cogway.Pipeline(engine)
        .source([b"a", b"b", b"c", b"d"])
        .native("stray.write", n=16)
        .batch(2)
    )
    run, here = pipeline.run(), line()
    batches = list(run)
    assert [batch.data.tobytes() for batch in batches] == [b"\7" * 32] * 2
    assert engine.bus.report_held() == 2
    leaks = engine.findings()
    assert {found.argument for found in leaks} == {"a pipeline's batch"}
    assert {found.place for found in leaks} == {f"{__file__}:{here}"}
    bad = (
        cogway.Pipeline(engine)
        .source([b"a"])  # of two, both might fail
        .native("stray.write", n=16, at=16, count=4)
        .batch(2)
    )
    with pytest.raises(cogway.KernelError) as caught:
        list(bad.run())
    assert "wrote 4 bytes past the end of output 0: out= of uint8[16]" in str(caught.value)
    assert engine.findings()[2].kernel == "stray.write"
    del batches


# --- Refusals are the same ---------------------------------------------------------------------


def test_a_read_only_output_is_refused(engine):
    out = engine.bus.lease(100).freeze()
    with pytest.raises((ValueError, BufferError), match=r"frozen|writable"):
        call(engine, n=100, out=out)
    assert engine.findings() == ()
    del out


def test_an_input_that_is_not_contiguous_is_taken_as_it_is(engine):
    source = engine.bus.copy(bytes(range(100)))
    assert call(engine, source[::2], n=10).tobytes() == b"\7" * 10
    error = failure(engine, source[::-1], n=10, where="input", at=1, count=1)
    assert "past the end of input 0" in str(error)
    assert engine.findings()[0].offset == 100
    del source


# --- After the end -------------------------------------------------------------------------------


def test_freeze_and_release_look_at_what_python_code_wrote(engine, capfd):
    buffer, here = engine.bus.lease(10), line()
    view = ctypes.c_char.from_buffer(buffer)
    ctypes.memset(ctypes.addressof(view) + 10, 1, 2)
    del view
    gc.collect()
    with pytest.raises(cogway.CogwayError, match=r"2 bytes were written past the end .* frozen"):
        buffer.freeze()
    view = ctypes.c_char.from_buffer(buffer)
    ctypes.memset(ctypes.addressof(view) - 1, 1, 1)
    del view
    gc.collect()
    buffer.release()
    assert [found.kind for found in engine.findings()] == ["overrun", "underrun"]
    assert engine.findings()[1].place == f"{__file__}:{here}"
    told = capfd.readouterr().err
    assert told.startswith("cogway: debug: 1 byte was written before the start of buffer 1 (")
    assert told.endswith("seen when it was freed\n")


def test_a_kernel_that_writes_into_what_was_freed(capfd):
    # One worker: it has let go of the first task, and with it of the buffer, before the second
    # task runs.
    with cogway.Engine(name="shop", native_workers=1, bus_bytes=1 << 20, debug=True) as engine:
        call(engine, n=100, where="keep").release()
        call(engine, n=100, where="kept", at=10, count=3).release()
        assert engine.drain(timeout=60)  # a worker lets go of its task after the ticket has ended
        assert engine.bus.report_held() == 0
        (found,) = engine.findings()
    assert found.kind == "use_after_free"
    assert (found.offset, found.nbytes, found.buffer) == (10, 3, 1)
    assert "3 bytes of buffer 1 (uint8[100], 100 bytes, output 0 of 'stray.write'" in found.message
    assert "cogway: debug: 3 bytes of buffer 1" in capfd.readouterr().err


def test_what_is_held_at_close_is_named_with_its_place(capfd):
    with cogway.Engine(native_workers=1, bus_bytes=1 << 20, debug=True) as engine:
        leased, here = engine.bus.lease(3, "float64"), line()
        result = call(engine, n=7)
        engine.bus.lease(5).release()
    first, second = engine.findings()
    assert (first.kind, first.place, first.nbytes) == ("leak", f"{__file__}:{here}", 24)
    assert (second.kind, second.kernel, second.nbytes) == ("leak", "stray.write", 7)
    assert first.message == (
        f"buffer 1 (float64[3], 24 bytes, leased at {__file__}:{here}) is still held at close, "
        "leased"
    )
    told = capfd.readouterr().err.splitlines()
    assert told == [f"cogway: debug: {found.message}" for found in engine.findings()]
    del leased, result


def test_a_bus_of_ones_own(capfd):
    bus = cogway.Bus(1 << 20, debug=True)
    assert bus.debug
    held = bus.lease(9)
    assert bus.report_held() == 1
    assert bus.report_held() == 0
    assert [found.kind for found in bus.findings()] == ["leak"]
    with pytest.raises(ValueError, match="debug mode"):
        cogway.Bus(1 << 38, debug=True)
    del held


# --- Native work does not enter Python -----------------------------------------------------------


def test_a_kernel_that_calls_back_into_python_is_reported(engine, capfd):
    called = []
    callback = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: called.append(1) or 0)
    engine.c_spawn("stray.call", address=address_of(callback)).result(timeout=60)
    assert called == [1]
    (found,) = engine.findings()
    assert found.kind == "attached"
    assert found.kernel == "stray.call"
    assert found.thread in ("cw-native-0", "cw-native-1")
    assert f"'stray.call' entered Python on thread {found.thread}" in found.message
    assert "cogway: debug: 'stray.call' entered Python" in capfd.readouterr().err


def test_a_kernel_that_comes_back_attached_is_detached(engine):
    ensure = address_of(ctypes.pythonapi.PyGILState_Ensure)
    engine.c_spawn("stray.call", address=ensure).result(timeout=60)
    (found,) = engine.findings()
    assert found.kind == "attached"
    assert f"came back attached to Python on thread {found.thread}" in found.message
    assert call(engine, n=10).tobytes() == b"\7" * 10


def address_of(function) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value


def test_a_kernel_that_stays_out_of_python_is_not_reported(engine):
    getpid = address_of(ctypes.CDLL(None).getpid)
    allocate = address_of(ctypes.pythonapi.PyMem_RawMalloc)  # needs no GIL
    release = address_of(ctypes.pythonapi.PyMem_RawFree)
    for _ in range(20):
        engine.c_spawn("stray.call", address=getpid).result(timeout=60)
        engine.c_spawn("stray.allocate", address=allocate, release=release).result(timeout=60)
    assert engine.findings() == ()
