# SPDX-License-Identifier: Apache-2.0
"""Native functions in trouble: wrong signatures and inputs, failures, throws, hangs, overruns."""

from __future__ import annotations

import asyncio
import ctypes

import cogway
import pytest
from cogway import In, Out, Scalar
from native_library import address, declared, holding_the_gil

D, I64, INT = ctypes.c_double, ctypes.c_int64, ctypes.c_int
SCALE = "void scale(const double* x, double* y, int64_t n, double factor) nogil"


def doubles(*values):
    return memoryview(bytes((D * len(values))(*values))).cast("d")


@pytest.fixture
def scale():
    return (address("scale"), SCALE)


# --- The signature ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signature", "why"),
    [
        ("", "expected a type at character 1"),
        ("double", r"expected '\(' at character 7"),
        ("double(doubel)", "expected a type that is known, not 'doubel'"),
        ("double(double) gil", "expected 'noexcept', 'nogil' or the end"),
        ("double(double, ...)", "expected a type at character 16"),
        ("double(long double)", "a type other than long double"),
        ("double(complex128)", "complex numbers are not passed by value"),
        ("double*(int)", "a function may return a number or nothing"),
        ("double(thing*) nogil", r"thing\*\) points to something of unknown type; say"),
        ("double(PyObject*) nogil", r"takes a Python object, which needs the GIL: give spawn\(\)"),
        ("PyObject*(double) nogil", r"returns a Python object, .*: give spawn\(\)"),
        ("double(const double*) nogil", r"how many elements the pointers point to; say what"),
        ("void(const double*, int, int) nogil", "one of them is how many .* but not which; say"),
        (f"double({', '.join(['int'] * 33)})", "at most 32 parameters"),
    ],
)
def test_a_signature_that_cannot_be_is_refused_before_the_first_call(engine, signature, why):
    with pytest.raises(ValueError, match=why):
        engine.c_spawn((address("nothing"), signature), 1.0)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([In(shape="n"), "n"], "has 4 parameters to be given, arguments= describes 2"),
        ([In("double!", "n"), Out(shape="n"), "n", 1.0], "'double!' is no dtype"),
        ([In("float32", "n"), Out(shape="n"), "n", 1.0], "does not point to float32"),
        ([Out(shape="n"), In(shape="n"), "n", 1.0], "points to const, so it cannot be an output"),
        ([In(shape="n"), Out(shape="k"), "n", 1.0], "'k', which is no dimension or scalar"),
        ([In(shape="n"), Out(shape="n"), "n", "n"], "is no integer, so it cannot be a dimension"),
        ([In(shape="n"), Out(shape="n"), 1.5, 1.0], "is an integer, the constant is not"),
        ([In(shape="n"), Scalar(), "n", 1.0], "is no number, so it cannot be a scalar"),
    ],
)
def test_arguments_that_do_not_agree_with_the_signature(scale, arguments, why):
    with pytest.raises(ValueError, match=why):
        cogway.kernel("trouble.arguments", scale, arguments=arguments)


def test_a_result_that_does_not_agree_with_the_signature(scale):
    with pytest.raises(
        ValueError, match=r"a status is an integer .*, but the function returns void"
    ):
        cogway.kernel("trouble.result", scale, returns="status")
    with pytest.raises(ValueError, match="returns must be 'value', 'status' or 'ignore'"):
        cogway.kernel("trouble.result", scale, returns="statos")


# --- Inputs and outputs -----------------------------------------------------------------------


def test_an_input_of_another_dtype_or_shape(engine, scale):
    with pytest.raises(ValueError, match=r"takes x: float64\[\.\.\.\], not float32\[2\]"):
        engine.c_spawn(scale, memoryview(bytes(8)).cast("f"), 1.0)
    with pytest.raises(TypeError, match=r"input 0 must be a Buffer, bytes, or .*, not float"):
        engine.c_spawn(scale, 5.0, 1.0)
    matvec = cogway.kernel(
        "trouble.matvec",
        (address("matvec"), "void(const double*, const double*, double*, int64, int64) nogil"),
        arguments=[In(shape=("m", "n")), In(shape="n"), Out(shape="m"), "m", "n"],
    )
    matrix = memoryview(doubles(1, 2, 3, 4)).cast("b").cast("d", (2, 2))
    with pytest.raises(ValueError, match=r"takes arg1: float64\[n\] and 'n' is 2, not 3"):
        engine.c_spawn(matvec, matrix, doubles(1, 2, 3))
    with pytest.raises(ValueError, match=r"takes arg0: float64\[m, n\], not float64\[3\]"):
        engine.c_spawn(matvec, doubles(1, 2, 3), doubles(1, 2))
    with pytest.raises(TypeError, match="takes 2 inputs"):
        engine.c_spawn(matvec, matrix)


def test_an_input_that_is_not_contiguous_is_refused_with_the_fix(engine, scale):
    apart = doubles(1, 0, 2, 0)[::2]
    with pytest.raises(ValueError, match=r"has strides: make it contiguous first .*core\.copy"):
        engine.c_spawn(scale, apart, 2.0)
    dense = engine.c_spawn("core.copy", apart).result()
    assert memoryview(engine.c_spawn(scale, dense, 2.0).result()).tolist() == [2, 4]


def test_an_input_at_an_odd_address_is_refused_with_the_fix(engine, scale):
    odd = memoryview(bytearray(17))[1:].cast("d")
    with pytest.raises(ValueError, match=r"not lie at a multiple of 8 bytes.*core\.copy"):
        engine.c_spawn(scale, odd, 2.0)
    nothing = memoryview(bytearray(9))[1:1].cast("d")
    assert memoryview(engine.c_spawn(scale, nothing, 2.0).result()).tolist() == []
    even = engine.c_spawn("core.copy", odd).result()
    assert memoryview(engine.c_spawn(scale, even, 2.0).result()).tolist() == [0, 0]


def test_an_output_that_cannot_be_written(engine, scale):
    frozen = engine.bus.lease(1, "float64").freeze()
    with pytest.raises(BufferError, match="a frozen Buffer is read-only: copy it"):
        engine.c_spawn(scale, doubles(1), 1.0, out=frozen)
    for memory in (bytes(8), bytearray(8), doubles(1)):
        with pytest.raises(TypeError, match=r"out must be a Buffer .*, not .*from_buffer\(\)"):
            engine.c_spawn(scale, doubles(1), 1.0, out=memory)
    readonly = cogway.Buffer.from_buffer(doubles(1))
    with pytest.raises((BufferError, ValueError), match=r"read-only|writable"):
        engine.c_spawn(scale, doubles(1), 1.0, out=readonly)
    for dtype, n in (("float64", 2), ("float32", 1)):
        other = engine.bus.lease(n, dtype)
        with pytest.raises(ValueError, match=rf"writes float64\[1\], but out= is {dtype}\[{n}\]"):
            engine.c_spawn(scale, doubles(1), 1.0, out=other)


# --- Failures ---------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1, 3, 11, 12, -1])
def test_an_error_that_is_returned(engine, code):
    status = cogway.kernel("trouble.status", declared("status", INT, INT), returns="status")
    assert engine.c_spawn(status, 0).result() is None
    # Not even 1, which is COGWAY_CANCELLED to those who know the header, and 3, a deadline.
    with pytest.raises(cogway.KernelError, match=rf"it returned {code} \(0 is success\)") as caught:
        engine.c_spawn(status, code).result()
    assert (caught.value.kernel, caught.value.status) == ("trouble.status", "internal")


def test_an_exception_that_is_thrown(engine):
    throws = declared("throws", D, D)
    with pytest.raises(cogway.KernelError) as caught:
        engine.c_spawn(throws, -1.0).result()
    assert caught.value.message == "it threw std::domain_error: a negative number"
    with pytest.raises(cogway.KernelError, match="std::domain_error"):
        engine.c_map(throws, [1.0, -1.0, 2.0]).result()
    assert engine.c_spawn(throws, 1.0).result() == 1.0  # the worker goes on


def polite():
    return cogway.kernel(
        "trouble.polite",
        (address("polite"), "int32_t(const cogway_host*, cogway_context*) nogil"),
        returns="status",
    )


def test_a_function_that_asks_whether_to_stop(engine):
    with pytest.raises(TimeoutError, match=r"trouble\.polite: the deadline passed"):
        engine.c_spawn(polite(), deadline=0.01).result(timeout=60)


def test_a_function_that_is_cancelled_while_it_runs(engine, run):
    wait_for_marks = holding_the_gil("wait_for_marks", ctypes.c_bool, I64)

    async def main():
        ticket = engine.c_spawn(polite())
        assert wait_for_marks(1)  # it is in the function
        ticket.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ticket

    wait_for_marks(0)
    run(main())


def test_a_function_that_never_returns_costs_its_worker_only():
    stuck = declared("stuck", None)
    declared("let_out", None, INT)(0)
    with cogway.Engine(native_workers=1, background_workers=1, grace=0.01) as engine:
        for deadline in (0.01, 0.1, 1, 10):  # on a busy machine a short one ends before it begins
            with pytest.raises(TimeoutError, match=r"ctypes\.stuck"):
                engine.c_spawn(stuck, deadline=deadline).result(timeout=60)
            assert engine.c_spawn(declared("power", D, D, I64), 2, 3).result(timeout=60) == 8.0
            if engine.statistics().abandoned_workers:
                break
        assert engine.statistics().abandoned_workers == 1
        declared("let_out", None, INT)(1)


# --- Past the end -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "kind", "offset", "where"),
    [(1, "overrun", 3, "past the end"), (-2, "underrun", -2, "before the start")],
)
def test_what_is_written_outside_an_output_is_found_in_debug_mode(by, kind, offset, where):
    overruns = cogway.kernel(
        "trouble.overruns",
        (address("overruns"), "void(const uint8* x, uint8* y, int64 n, int64 by) nogil"),
        arguments=[In(shape="n"), Out(shape="n"), "n", Scalar("by")],
    )
    with cogway.Engine(native_workers=1, bus_bytes=1 << 20, debug=True) as engine:
        assert engine.c_spawn(overruns, b"abc", 0).result(timeout=60).tobytes() == b"abc"
        assert engine.findings() == ()
        with pytest.raises(cogway.KernelError, match=f"bytes? {where} of output 0") as caught:
            engine.c_spawn(overruns, b"abc", by).result(timeout=60)
        assert caught.value.kernel == "trouble.overruns"
        (found,) = engine.findings()
        assert (found.kind, found.offset, found.nbytes) == (kind, offset, abs(by))
        assert engine.c_spawn(overruns, b"abc", 0).result(timeout=60).tobytes() == b"abc"
