# SPDX-License-Identifier: Apache-2.0
"""Native functions as kernels: what they are given, what comes back, how long they are kept."""

from __future__ import annotations

import ctypes
import gc
import weakref

import cogway
import pytest
from cogway import In, InOut, Out, Scalar
from cogway.testing import ManualEngine
from native_library import address, declared, library

D, I64, I32 = ctypes.c_double, ctypes.c_int64, ctypes.c_int32
DP = ctypes.POINTER(D)


def doubles(*values):
    return memoryview(bytes((D * len(values))(*values))).cast("d")


def listed(buffer):
    return memoryview(buffer).tolist()


def test_numbers_by_position_and_by_name(engine):
    power = (address("power"), "double power(double base, int64 exponent) nogil")
    assert engine.c_spawn(power, 2.0, 10).result() == 1024.0
    assert engine.c_spawn(power, 2, exponent=3).result() == 8.0
    assert engine.c_spawn(power, base=3, exponent=2).result() == 9.0
    with pytest.raises(ValueError, match="needs parameter 'exponent'"):
        engine.c_spawn(power, 2.0)
    with pytest.raises(TypeError, match="by position and as a keyword"):
        engine.c_spawn(power, 2.0, base=1)
    with pytest.raises(TypeError, match="3 given"):
        engine.c_spawn(power, 2.0, 3, 4)
    with pytest.raises(TypeError, match=r"'exponent' must be an int, got 1\.5"):
        engine.c_spawn(power, 2.0, 1.5)
    with pytest.raises(ValueError, match="64 bits"):
        engine.c_spawn(power, 2.0, 1 << 70)


def test_a_function_is_kept_for_later_calls_until_the_engine_is_closed():
    functions = [declared("power", D, D, I64) for _ in range(40)]  # more than are kept
    kept = [weakref.ref(function) for function in functions]
    with cogway.Engine(native_workers=1) as engine:
        for function in functions:
            assert engine.c_spawn(function, 2.0, 10).result() == 1024.0
        del function
        assert engine.c_spawn(functions[0], 2.0, 3).result() == 8.0
        functions.clear()
        gc.collect()
        assert 0 < sum(reference() is not None for reference in kept) <= 16
    gc.collect()
    assert [reference() for reference in kept] == [None] * 40
    late = declared("power", D, D, I64)
    with pytest.raises(cogway.EngineClosed):
        engine.c_spawn(late, 2.0, 3)
    reference = weakref.ref(late)
    del late
    gc.collect()
    assert reference() is None


def test_many_at_once(engine):
    power = declared("power", D, D, I64)
    assert engine.c_map(power, [(2.0, i) for i in range(5)]).result() == [1, 2, 4, 8, 16]
    assert engine.c_map(power, 3, arg0=2, arg1=3).result() == [8.0] * 3
    assert engine.c_map(power, [2.0, 3.0], each={"arg1": [3, 2]}).result() == [8.0, 9.0]
    batch = engine.bus.lease(4, "float64")
    assert engine.c_map(power, [(2.0, i) for i in range(4)], out=batch).result() == [None] * 4
    assert listed(batch) == [1.0, 2.0, 4.0, 8.0]


def test_pointers_by_the_convention(engine):
    scale = (
        address("scale"),
        "void scale(const double* x, double* y, int64_t n, double factor) noexcept nogil",
    )
    result = engine.c_spawn(scale, doubles(1, 2, 3), factor=10).result()
    assert result.dtype == "float64"
    assert listed(result) == [10.0, 20.0, 30.0]
    assert listed(engine.c_spawn(scale, doubles(1, 2), 3).result()) == [3.0, 6.0]
    shaped = memoryview(doubles(1, 2, 3, 4)).cast("b").cast("d", (2, 2))
    assert engine.c_spawn(scale, shaped, 1).result().shape == (2, 2)
    out = engine.bus.lease(3, "float64")
    assert engine.c_spawn(scale, doubles(1, 2, 3), 2, out=out).result() is out
    assert listed(out) == [2.0, 4.0, 6.0]


def test_declared_arguments(engine):
    matvec = cogway.kernel(
        "accept.matvec",
        declared("matvec", None, DP, DP, DP, I64, I64),
        arguments=[In("float64", ("m", "n")), In(shape="n"), Out(shape="m"), "m", "n"],
        doc="A matrix times a vector.",
    )
    assert matvec.name == "accept.matvec"
    assert matvec.signature == "(arg0: float64[m, n], arg1: float64[n]) -> arg2: float64[m]"
    assert matvec.doc == "A matrix times a vector."
    assert matvec.pack == "ctypes"
    matrix = memoryview(doubles(1, 2, 3, 4, 5, 6)).cast("b").cast("d", (2, 3))
    expected = [14.0, 32.0]
    assert listed(engine.c_spawn(matvec, matrix, doubles(1, 2, 3)).result()) == expected
    assert listed(engine.c_spawn("accept.matvec", matrix, doubles(1, 2, 3)).result()) == expected
    pairs = [(matrix, doubles(1, 0, 0)), (matrix, doubles(0, 1, 0))]
    assert [listed(y) for y in engine.c_map(matvec, pairs).result()] == [[1, 4], [2, 5]]
    assert "accept.matvec" in {kernel.name for kernel in engine.kernels()}
    calls = {kernel.name: kernel.calls for kernel in engine.statistics().kernels}
    assert calls["accept.matvec"] == 4


def test_in_place(engine):
    negate = cogway.kernel(
        "accept.negate",
        (address("negate"), "void(float* x, int32 n) nogil"),
        arguments=[InOut(shape="n"), "n"],
    )
    source = memoryview(bytearray(bytes((ctypes.c_float * 4)(1, 2, 3, 4)))).cast("f")
    assert listed(engine.c_spawn(negate, source).result()) == [-1, -2, -3, -4]
    assert listed(engine.c_spawn(negate, source[::2]).result()) == [-1, -3]
    assert listed(source) == [1, 2, 3, 4]


class Point(ctypes.Structure):
    _fields_ = [("x", D), ("n", I32)]


def test_structs(engine):
    weighted = cogway.kernel(
        "accept.weighted",
        declared("weighted", D, ctypes.POINTER(Point), I64),
        arguments=[In(Point, "n"), "n"],
    )
    assert weighted.signature == "(arg0: {double x, int32 n}[n]) -> result: float64[]"
    points = (Point * 3)(Point(1.0, 2), Point(0.5, 4), Point(10, 1))
    assert engine.c_spawn(weighted, points).result() == 14.0
    assert engine.c_spawn(weighted, bytes(points)).result() == 14.0
    assert engine.c_spawn(weighted, Point(3, 3)).result() == 9.0
    with pytest.raises(ValueError, match="structs of 16 bytes"):
        engine.c_spawn(weighted, b"12345")
    by_value = declared("by_value", D, Point)
    assert engine.c_spawn(by_value, Point(2.5, 4)).result() == 10.0


def test_more_arguments_than_registers(engine):
    nine = declared("nine", D, *[D] * 9)
    assert engine.c_spawn(nine, *range(1, 10)).result() == 285.0


def test_constants_and_user_data(engine):
    factor = D(2.5)
    kernel = cogway.kernel(
        "accept.user_data",
        (address("user_data"), "double(double, void*) nogil"),
        arguments=[Scalar("x"), ctypes.addressof(factor)],
        replace=True,
    )
    assert engine.c_spawn(kernel, 4).result() == 10.0


def test_functions_that_know_the_header(engine):
    triple = cogway.kernel(
        "accept.triple",
        (address("triple"), "int32_t (cogway_call const *)"),
        arguments=[In("int32", "n", name="x"), Out("int32", "n", name="y")],
        nogil=True,
    )
    numbers = memoryview(bytes((I32 * 4)(1, 2, 3, 4))).cast("i")
    assert listed(engine.c_spawn(triple, numbers[::-1]).result()) == [12, 9, 6, 3]
    table = ctypes.c_char.in_dll(library(), "answer_kernel")
    answer = cogway.kernel("accept.answer", (table, "cogway_kernel"))
    assert answer.signature == "() -> i32[1]"
    assert listed(engine.c_spawn(answer).result()) == [42]
    assert listed(engine.c_spawn("accept.answer").result()) == [42]
    assert listed(engine.c_spawn((table, "cogway_kernel")).result()) == [42]


def test_in_a_pipeline(engine):
    scale = cogway.kernel(
        "accept.scale",
        (address("scale"), "void(const double* x, double* y, int64 n, double factor) nogil"),
    )
    items = [bytes(doubles(i, i + 1)) for i in range(6)]
    as_doubles = cogway.kernel(
        "accept.as_doubles",
        (address("scale"), "void(const void* x, double* y, int64 n, double factor) nogil"),
        arguments=[In("{double x}", "n"), Out(shape="n"), "n", 1.0],
    )
    pipeline = (
        cogway.Pipeline(engine).source(items).native(as_doubles).native(scale, factor=2).batch(3)
    )
    batches = [memoryview(batch.data).tolist() for batch in pipeline]
    assert batches == [[[0, 2], [2, 4], [4, 6]], [[6, 8], [8, 10], [10, 12]]]


def test_a_name_is_taken_once_or_replaced(engine):
    first = cogway.kernel("accept.name", declared("status", I32, I32))
    assert cogway.kernel("accept.name", declared("status", I32, I32)).signature == first.signature
    assert engine.c_spawn("accept.name", 3).result() == 3
    with pytest.raises(ValueError, match="registered already, by 'ctypes'"):
        cogway.kernel("accept.name", declared("power", D, D, I64))
    cogway.kernel("accept.name", declared("power", D, D, I64), replace=True)
    assert engine.c_spawn("accept.name", 2, 3).result() == 8.0
    assert engine.c_spawn(first, 3).result() == 3
    with pytest.raises(ValueError, match=r"core\.noop"):
        cogway.kernel("core.noop", declared("nothing", None))
    with pytest.raises(ValueError, match="no kernel name"):
        cogway.kernel("Nope", declared("nothing", None))


def released(owner):
    """Wait, without Python running elsewhere, for a weak reference to die."""
    for _ in range(1000):
        gc.collect()
        cogway._core.drain_mailbox()
        if owner() is None:
            return True
    return False


def test_the_function_is_kept_by_calls_and_handles():
    function = declared("power", D, D, I64)
    owner = weakref.ref(function)
    with ManualEngine() as manual:
        kernel = cogway.kernel("accept.kept", function)
        del function
        gc.collect()
        assert owner() is not None
        ticket = manual.c_spawn(kernel, 2.0, 3)
        cogway.kernel("accept.kept", declared("status", I32, I32), replace=True)
        del kernel
        gc.collect()
        assert owner() is not None  # the call in the queue
        manual.run_until_idle()
        assert ticket.result() == 8.0
    del ticket, manual  # an engine remembers the handles that it was given last
    assert released(owner)


def test_functions_without_a_name_are_not_listed(engine):
    before = {kernel.name for kernel in engine.kernels()}
    assert engine.c_spawn(declared("power", D, D, I64), 2, 2).result() == 4.0
    assert {kernel.name for kernel in engine.kernels()} == before
    assert "ctypes.power" in {kernel.name for kernel in engine.statistics().kernels}
    with pytest.raises(LookupError):
        engine.c_spawn("ctypes.power", 2, 2)
