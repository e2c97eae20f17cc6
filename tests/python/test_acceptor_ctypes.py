# SPDX-License-Identifier: Apache-2.0
"""Functions of ctypes as kernels: beside the GIL, and those that are refused."""

from __future__ import annotations

import ctypes

import cogway
import pytest
from cogway import In, Out
from native_library import address, declared, holding_the_gil, library, runs_beside_the_gil

D, I64 = ctypes.c_double, ctypes.c_int64
DP = ctypes.POINTER(D)


def test_it_runs_while_the_main_thread_holds_the_gil(engine):
    runs_beside_the_gil(engine, declared("meet", D, D))
    runs_beside_the_gil(engine, cogway.kernel("acceptor.ctypes", declared("meet", D, D)))
    runs_beside_the_gil(engine, ctypes.CFUNCTYPE(D, D)(address("meet")))  # a prototype


def test_types_of_arguments(engine):
    power = declared("power", D, D, I64)
    assert engine.c_spawn(power, 3, 2).result() == 9.0
    scale = cogway.kernel(
        "acceptor.ctypes.scale",
        declared("scale", None, DP, DP, I64, D),
        arguments=[In(shape="n"), Out(shape="n"), "n", cogway.Scalar("factor", 2.0)],
    )
    numbers = memoryview(bytes((D * 2)(1, 2))).cast("d")
    assert memoryview(engine.c_spawn(scale, numbers).result()).tolist() == [2, 4]


def test_a_signature_that_ctypes_does_not_know(engine):
    bare = library()["power"]
    with pytest.raises(TypeError, match="power has no argtypes: set them"):
        engine.c_spawn(bare, 2.0, 3)
    bare.argtypes = [D, I64]
    with pytest.raises(TypeError, match="power has no restype, and int is but a guess: set"):
        engine.c_spawn(bare, 2.0, 3)
    kernel = cogway.kernel("acceptor.ctypes.power", bare, "double(double, int64)")
    assert engine.c_spawn(kernel, 2.0, 3).result() == 8.0


def test_pointers_do_not_tell_inputs_from_outputs(engine):
    with pytest.raises(ValueError, match=r"may be an input or an output.*arguments="):
        engine.c_spawn(declared("scale", None, DP, DP, I64, D), b"")


def test_what_needs_the_gil_is_refused_with_the_fix(engine):
    callback = ctypes.CFUNCTYPE(D, D)(lambda x: x + 1)
    with pytest.raises(TypeError, match=r"Python function in a ctypes callback.*spawn\(\)"):
        engine.c_spawn(callback, 1.0)
    with pytest.raises(TypeError, match=r"called with the GIL held: load .* ctypes\.CDLL"):
        engine.c_spawn(holding_the_gil("meet", D, D), 1.0)
    with pytest.raises(TypeError, match="py_object is a Python object, which needs the GIL"):
        engine.c_spawn(declared("power", D, ctypes.py_object, I64), 1.0, 2)
    checked = declared("status", ctypes.c_int, ctypes.c_int)
    checked.errcheck = lambda result, *_: result
    with pytest.raises(TypeError, match=r"has an errcheck, which is Python: .* returns='status'"):
        engine.c_spawn(checked, 0)
    with pytest.raises(TypeError, match=r"'len' is Python, which needs .* spawn\(\)"):
        engine.c_spawn(len, b"")
