# SPDX-License-Identifier: Apache-2.0
"""scipy's LowLevelCallable as a kernel: beside the GIL, and those that are refused."""

from __future__ import annotations

import ctypes
import math

import cogway
import pytest
from native_library import declared, holding_the_gil, library, runs_beside_the_gil

scipy = pytest.importorskip("scipy", reason="scipy has no wheel for this interpreter")
D = ctypes.c_double


@pytest.fixture
def low_level():
    """The class, whose module scipy loads when it is first named."""
    return scipy.LowLevelCallable


def test_it_runs_while_the_main_thread_holds_the_gil(engine, low_level):
    runs_beside_the_gil(engine, low_level(declared("meet", D, D)))
    runs_beside_the_gil(engine, cogway.kernel("acceptor.scipy", low_level(declared("meet", D, D))))


def test_user_data_is_given_and_the_call_runs_beside_the_gil(engine, low_level):
    nothing = D(0.0)
    function = declared("meet_with", D, D, ctypes.c_void_p)
    more = ctypes.cast(ctypes.pointer(nothing), ctypes.c_void_p)
    runs_beside_the_gil(engine, low_level(function, more))
    nothing.value = 100.0
    kernel = cogway.kernel(
        "acceptor.scipy.user_data",
        low_level(declared("user_data", D, D, ctypes.c_void_p), more),
    )
    assert engine.c_spawn(kernel, 0.5).result() == 50.0


def test_what_is_inside_is_judged_as_if_it_came_alone(engine, low_level):
    with pytest.raises(TypeError, match="called with the GIL held"):
        engine.c_spawn(low_level(holding_the_gil("meet", D, D)), 1.0)
    callback = ctypes.CFUNCTYPE(D, D)(lambda x: x)
    with pytest.raises(TypeError, match="Python function in a ctypes callback"):
        engine.c_spawn(low_level(callback), 1.0)


def test_user_data_without_a_parameter_that_takes_it(engine, low_level):
    more = ctypes.cast(ctypes.pointer(D(1.0)), ctypes.c_void_p)
    with pytest.raises(ValueError, match=r"the last parameter of .* is no pointer to take it"):
        engine.c_spawn(low_level(declared("meet", D, D), more), 1.0)


def test_its_signature_may_be_given(engine, low_level):
    bare = library()["power"]
    bare.restype, bare.argtypes = D, [D, ctypes.c_int64]
    kernel = cogway.kernel("acceptor.scipy.power", low_level(bare), "double(double, int64)")
    assert engine.c_spawn(kernel, 2.0, 3).result() == 8.0


def test_its_own_special_functions(engine):
    special = pytest.importorskip("scipy.special.cython_special")
    gamma = cogway.kernel("acceptor.scipy.gammaln", special.__pyx_capi__["gammaln"], nogil=True)
    assert math.isclose(engine.c_spawn(gamma, 5.0).result(), math.log(24))
