# SPDX-License-Identifier: Apache-2.0
"""What crosses to a worker process and back: values, buffers, functions."""

from __future__ import annotations

import builtins
import gc
import importlib.util
import subprocess
import sys

import cogway
import pytest
import worker_calls
from cogway._processes.shipping import MESSAGE_BYTES, Arrived, Message
from hypothesis import given
from hypothesis import strategies as st

MIB = 1 << 20


@pytest.fixture(scope="module")
def bus():
    with cogway.Bus.create(None, bytes=64 * MIB) as made:
        yield made


def _there(value, bus):
    """Send a value through a channel within this process."""
    line = bus.channel("line", capacity=64, kind="spsc", message_bytes=MESSAGE_BYTES)
    Message(1, value, bus).send(line.send_nowait)
    arrived = Arrived()
    while not arrived.add(line.receive_nowait()):
        pass
    assert arrived.kind == 1
    return arrived.value()


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(), inner)
        | st.frozensets(st.integers())
        | st.binary().map(bytearray)
    ),
)


@given(value=plain)
def test_plain_values_are_what_they_were(value, bus):
    back = _there(value, bus)
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("size", [0, 1, 2000, 2031, 2032, 2033, 2040, 5000, 3 * MIB])
@pytest.mark.parametrize("make", [bytes, bytearray])
def test_bytes_of_every_size(size, make, bus):
    value = make(b"\x7f" * size)
    assert _there(value, bus) == value


def test_nothing_stays_on_the_bus(bus):
    _there(b"", bus)
    before = bus.statistics().live_buffers
    gc.disable()
    try:
        _there([b"x" * MIB, bus.copy(b"y" * MIB)], bus)
    finally:
        gc.enable()
    bus.reclaim()
    assert bus.statistics().live_buffers == before


# --- Buffers --------------------------------------------------------------------------------------


def test_a_buffer_of_the_bus_is_not_copied(bus):
    buffer = bus.copy(b"x" * MIB)
    leases = bus.statistics().leases
    back = _there(buffer, bus)
    assert bus.statistics().leases <= leases + 1  # the channel, if it is new
    assert (back.shared_bus_id, back.state) == (bus.id, "frozen")
    assert bytes(back) == b"x" * MIB


def test_parts_written_ones_and_those_of_other_buses_are_copied(bus):
    whole = bus.copy(bytes(range(100)))
    assert bytes(_there(whole[10:20], bus)) == bytes(range(10, 20))
    leased = bus.lease(8)
    with memoryview(leased) as view:
        view[:] = b"written!"
        assert bytes(_there(leased, bus)) == b"written!"
        assert leased.state == "leased"
    with cogway.Engine(native_workers=1) as engine:
        other = engine.bus.copy(b"other")
        assert bytes(_there(other, bus)) == b"other"
    back = _there([whole, whole], bus)
    assert [bytes(each) for each in back] == [bytes(range(100))] * 2


def test_arrays_go_out_of_band_and_keep_what_they_are(bus):
    np = pytest.importorskip("numpy")
    array = np.arange(100_000, dtype="f4").reshape(100, 1000)
    fixed = array.copy()
    fixed.flags.writeable = False
    value = {"c": array, "f": np.asfortranarray(array), "cut": array[::2, ::3], "fixed": fixed}
    back = _there(value, bus)
    for name, each in value.items():
        assert np.array_equal(back[name], each)
        assert back[name].flags.writeable == each.flags.writeable
        assert back[name].flags.f_contiguous == each.flags.f_contiguous or name == "cut"
    back["c"][:] = 0
    assert array.any()
    small, empty = _there((np.arange(3), np.empty((0, 4))), bus)
    assert small.tolist() == [0, 1, 2]
    assert empty.shape == (0, 4)
    small[0] = 5


def test_a_message_that_does_not_fit_sends_nothing(bus):
    with pytest.raises(cogway.BusExhausted):
        Message(1, b"x" * (65 * MIB), bus)


# --- Functions and classes ------------------------------------------------------------------------


def test_what_can_be_imported_goes_by_name(bus):
    for value in (len, worker_calls.pid, worker_calls.CallError, dict.fromkeys, subprocess):
        assert _there(value, bus) == value


def test_functions_that_need_builtins_only_go_as_code(bus, monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", None)

    def area(width, height=2, *, scale=3):
        """Say what."""
        import math

        return math.floor(sum(width * height for _ in range(scale)))

    back = _there(area, bus)
    assert back is not area
    assert back(4) == area(4) == 24
    assert (back.__name__, back.__qualname__) == (area.__name__, area.__qualname__)
    assert _there(lambda x: x + 1, bus)(1) == 2


def test_others_need_cloudpickle(bus, monkeypatch):
    factor = 3
    pytest.importorskip("cloudpickle")
    assert _there(lambda x: x * factor, bus)(2) == 6
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    with pytest.raises(Exception, match="install cloudpickle"):
        _there(lambda x: x * factor, bus)
    monkeypatch.setattr(builtins, "shadowed", 1, raising=False)
    with pytest.raises(Exception, match="needs more than builtins"):
        _there(_uses_a_shadowed_builtin_of_a_script(), bus)


def _uses_a_shadowed_builtin_of_a_script():
    names = {"shadowed": 2}
    exec("def ask(): return shadowed", names)
    names["ask"].__module__ = "__main__"
    return names["ask"]


def test_modules_that_no_import_finds_go_by_value(bus, tmp_path, monkeypatch):
    pytest.importorskip("cloudpickle")
    (tmp_path / "loaded.py").write_text("STEP = 2\ndef step(x): return x + STEP\n")
    spec = importlib.util.spec_from_file_location("loaded_by_path", tmp_path / "loaded.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "loaded_by_path", module)
    spec.loader.exec_module(module)
    back = _there((module.step, (1,), {}), bus)[0]
    assert back is not module.step
    assert back(1) == 3


SCRIPT = """
import os, cogway
LIMIT = 3
class Point:
    def __init__(self, x): self.x = x
    def __eq__(self, other): return type(other) is Point and other.x == self.x
def factorial(n): return 1 if n < 2 else n * factorial(n - 1)
def move(point): return Point(point.x + LIMIT)
class Odd(Exception): pass
def fail(): raise Odd("from a script")
with cogway.Engine(native_workers=1, python_workers=1, strategy="processes") as engine:
    assert engine.spawn(factorial, 5).result() == 120
    assert engine.spawn(move, Point(4)).result() == Point(7)
    assert list(engine.map(move, [Point(n) for n in range(3)])) == [Point(n + 3) for n in range(3)]
    assert engine.spawn(os.getpid).result() != os.getpid()
    try:
        engine.spawn(fail).result()
    except Odd as error:
        assert "in fail" in str(error.__cause__)
"""


@pytest.mark.parametrize("way", ["file", "command", "input"])
def test_functions_of_a_script(way, tmp_path):
    pytest.importorskip("cloudpickle")
    path = tmp_path / "program.py"
    path.write_text(SCRIPT)
    words = {"file": [str(path)], "command": ["-c", SCRIPT], "input": ["-"]}[way]
    done = subprocess.run(
        [sys.executable, *words], input=SCRIPT, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
