# SPDX-License-Identifier: Apache-2.0
"""Cython's ``cdef api`` functions as kernels: beside the GIL, and those that are refused."""

from __future__ import annotations

import array

import cogway
import extension_modules
import pytest
from cogway import In, Out, Scalar
from native_library import address, runs_beside_the_gil

SOURCE = """
from libc.stdint cimport int64_t

cdef double (*the_function)(double) noexcept nogil

def use(size_t address):
    global the_function
    the_function = <double (*)(double) noexcept nogil> address

cdef api double beside(double x) noexcept nogil:
    return the_function(x)

cdef api void scale(const double* x, double* y, int64_t n, double factor) noexcept nogil:
    cdef int64_t i
    for i in range(n):
        y[i] = factor * x[i]

cpdef api double twice(double x) noexcept nogil:
    return 2 * x

cdef api double needs_python(object x):
    return x

calls = []

cdef api double enters(double x) noexcept nogil:
    if x < 0:
        with gil:
            calls.append(x)
    return x
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    made = extension_modules.from_cython(
        "acceptor_cython", SOURCE, tmp_path_factory.mktemp("cython")
    )
    made.use(address("meet"))
    return made


@pytest.fixture(scope="module")
def functions(module):
    return module.__pyx_capi__


@pytest.mark.slow
def test_it_runs_while_the_main_thread_holds_the_gil(engine, functions):
    runs_beside_the_gil(engine, cogway.kernel("acceptor.cython", functions["beside"], nogil=True))
    runs_beside_the_gil(engine, (functions["beside"], "double beside(double x) noexcept nogil"))


@pytest.mark.slow
def test_a_capsule_in_scipy_s_callable_runs_beside_the_gil(engine, module):
    scipy = pytest.importorskip("scipy", reason="scipy has no wheel for this interpreter")
    inside = scipy.LowLevelCallable.from_cython(module, "beside")
    runs_beside_the_gil(engine, cogway.kernel("acceptor.cython.scipy", inside, nogil=True))
    with pytest.raises(TypeError, match="nothing says that it runs without the GIL"):
        engine.c_spawn(inside, 1.0)


@pytest.mark.slow
def test_its_signature_is_read(engine, functions):
    scale = cogway.kernel("acceptor.cython.scale", functions["scale"], nogil=True)
    assert scale.pack == "cython"
    result = engine.c_spawn(scale, array.array("d", [1, 2]), 3.0).result()
    assert memoryview(result).tolist() == [3, 6]
    named = cogway.kernel(
        "acceptor.cython.named",
        functions["scale"],
        arguments=[In(shape="n"), Out(shape="n"), "n", 2.0],
        nogil=True,
    )
    result = engine.c_spawn(named, array.array("d", [1, 2])).result()
    assert memoryview(result).tolist() == [2, 4]


@pytest.mark.slow
def test_the_parameter_that_cython_adds_to_a_cpdef_function_is_not_asked_for(engine, functions):
    twice = cogway.kernel("acceptor.cython.twice", functions["twice"], nogil=True)
    assert twice.signature == "(arg0) -> result: float64[]"
    assert engine.c_spawn(twice, 21).result() == 42.0
    declared = cogway.kernel(
        "acceptor.cython.declared", functions["twice"], arguments=[Scalar("x", 4.0)], nogil=True
    )
    assert engine.c_spawn(declared).result() == 8.0


@pytest.mark.slow
def test_what_is_not_known_or_needs_the_gil_is_refused_with_the_fix(engine, module, functions):
    # A capsule does not tell `with gil` from `nogil`: whoever knows says so.
    with pytest.raises(TypeError, match=r"nothing says that it runs without the GIL.*nogil=True"):
        engine.c_spawn(functions["beside"], 1.0)
    with pytest.raises(ValueError, match=r"takes a Python object, which needs the GIL"):
        cogway.kernel("acceptor.cython.python", functions["needs_python"], nogil=True)
    with pytest.raises(TypeError, match=r"is Python, which needs the GIL: give it to spawn\(\)"):
        engine.c_spawn(module.use, 1)


@pytest.mark.slow
def test_a_function_that_enters_python_is_told_in_debug_mode(module, functions, capfd):
    kernel = cogway.kernel("acceptor.cython.enters", functions["enters"], nogil=True)
    with cogway.Engine(native_workers=1, bus_bytes=1 << 20, debug=True) as engine:
        assert engine.c_spawn(kernel, 2.0).result(timeout=60) == 2.0
        assert engine.findings() == ()
        assert engine.c_spawn(kernel, -1.0).result(timeout=60) == -1.0
        assert module.calls == [-1.0]
        assert {found.kind for found in engine.findings()} == {"attached"}
    assert "'acceptor.cython.enters' entered Python" in capfd.readouterr().err
