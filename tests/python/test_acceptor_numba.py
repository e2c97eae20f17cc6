# SPDX-License-Identifier: Apache-2.0
"""Functions that numba compiled with @cfunc as kernels: beside the GIL, and those refused."""

from __future__ import annotations

import array
import ctypes

import cogway
import pytest
from cogway import In, Out
from native_library import declared, runs_beside_the_gil

numba = pytest.importorskip("numba", reason="numba has no wheel for this interpreter")

D = ctypes.c_double


@pytest.mark.slow
def test_it_runs_while_the_main_thread_holds_the_gil(engine):
    meet = declared("meet", D, D)

    @numba.cfunc("float64(float64)")
    def beside(x):
        return meet(x)

    runs_beside_the_gil(engine, beside)
    runs_beside_the_gil(engine, cogway.kernel("acceptor.numba", beside))


@pytest.mark.slow
def test_buffers(engine):
    @cogway.kernel("acceptor.numba.scale", arguments=[In(shape="n"), Out(shape="n"), "n", 3.0])
    @numba.cfunc("void(CPointer(float64), CPointer(float64), int64, float64)")
    def scale(x, y, n, factor):
        given = numba.carray(x, n)
        result = numba.carray(y, n)
        for i in range(n):
            result[i] = given[i] * factor

    assert scale.pack == "numba"
    result = engine.c_spawn(scale, array.array("d", [1, 2])).result()
    assert memoryview(result).tolist() == [3, 6]


@pytest.mark.slow
def test_records(engine):
    import numpy as np

    point = np.dtype([("x", "f8"), ("n", "i4")], align=True)
    record = numba.from_dtype(point)
    signature = numba.float64(numba.types.CPointer(record), numba.int64)

    @numba.cfunc(signature)
    def weighted(points, n):
        total = 0.0
        for one in numba.carray(points, n):
            total += one.x * one.n
        return total

    kernel = cogway.kernel("acceptor.numba.weighted", weighted, arguments=[In(shape="n"), "n"])
    given = np.array([(1.5, 2), (10, 1)], dtype=point)
    assert engine.c_spawn(kernel, given).result() == 13.0


@pytest.mark.slow
def test_what_is_not_known_or_is_no_cfunc_is_refused_with_the_fix(engine):
    @numba.cfunc("void(CPointer(float64), int64)")
    def halve(x, n):
        numba.carray(x, n)[0] /= 2

    with pytest.raises(ValueError, match=r"may be an input or an output.*arguments="):
        engine.c_spawn(halve, b"")

    @numba.cfunc("float64(UniTuple(float64, 2))")
    def total(pair):
        return pair[0] + pair[1]

    with pytest.raises(TypeError, match=r"numba's type .* has no C form: .*carray\(\)"):
        engine.c_spawn(total, 1.0)

    @numba.njit
    def jitted(x):
        return x

    with pytest.raises(TypeError, match=r"is Python, which needs the GIL: give it to spawn\(\)"):
        engine.c_spawn(jitted, 1.0)


@pytest.mark.slow
def test_a_cfunc_that_raises_enters_python_and_returns_zero(capfd, monkeypatch):
    seen = []
    monkeypatch.setattr("sys.unraisablehook", seen.append)

    @numba.cfunc("float64(float64)")
    def raises(x):
        if x < 0:
            raise ValueError("a negative number")
        return x

    with cogway.Engine(native_workers=1, bus_bytes=1 << 20, debug=True) as engine:
        assert engine.c_spawn(raises, 2.0).result(timeout=60) == 2.0
        assert engine.findings() == ()
        assert engine.c_spawn(raises, -1.0).result(timeout=60) == 0.0
        assert {found.kind for found in engine.findings()} == {"attached"}
    assert [str(one.exc_value) for one in seen] == ["a negative number"]
    assert "'numba.raises' entered Python" in capfd.readouterr().err
