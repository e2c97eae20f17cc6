# SPDX-License-Identifier: Apache-2.0
"""Functions of cffi as kernels: beside the GIL, and those that are refused."""

from __future__ import annotations

import cogway
import extension_modules
import pytest
from cogway import In
from native_library import address, library_path, runs_beside_the_gil

cffi = pytest.importorskip("cffi", reason="cffi has no wheel for this interpreter")

CDEF = """
double meet(double x);
double power(double base, int64_t exponent);
void scale(const double* x, double* y, int64_t n, double factor);
typedef struct { double x; int32_t n; } point;
double weighted(const point* points, int64_t n);
double by_value(point given);
int printf(const char* format, ...);
"""


@pytest.fixture(scope="module")
def ffi():
    made = cffi.FFI()
    made.cdef(CDEF)
    return made


@pytest.fixture(scope="module")
def opened(ffi):
    return ffi.dlopen(str(library_path()))


def test_it_runs_while_the_main_thread_holds_the_gil(engine, ffi, opened):
    runs_beside_the_gil(engine, opened.meet)
    runs_beside_the_gil(engine, cogway.kernel("acceptor.cffi", opened.meet))
    runs_beside_the_gil(engine, ffi.cast("double (*)(double)", address("meet")))


@pytest.mark.slow
def test_a_compiled_module_runs_while_the_main_thread_holds_the_gil(engine, tmp_path):
    builder = cffi.FFI()
    builder.cdef("extern double (*the_function)(double); double beside(double x);")
    builder.set_source(
        "_acceptor_compiled",
        "static double (*the_function)(double);"
        "static double beside(double x) { return the_function(x); }",
    )
    builder.emit_c_code(str(tmp_path / "_acceptor_compiled.c"))
    module = extension_modules.from_c("_acceptor_compiled", tmp_path)
    module.lib.the_function = module.ffi.cast("double (*)(double)", address("meet"))
    runs_beside_the_gil(engine, module.lib.beside)
    assert cogway.kernel("acceptor.cffi.compiled", module.lib.beside).pack == "cffi"


def test_types_of_arguments(engine, ffi, opened):
    assert engine.c_spawn(opened.power, 3, 2).result() == 9.0
    weighted = cogway.kernel(
        "acceptor.cffi.weighted", opened.weighted, arguments=[In(shape="n"), "n"]
    )
    assert weighted.signature == "(arg0: {double x, int32 n}[n]) -> result: float64[]"
    points = ffi.new("point[2]", [(1.5, 2), (10, 1)])
    assert engine.c_spawn(weighted, bytes(ffi.buffer(points))).result() == 13.0
    point = ffi.new("point*", (2.5, 4))
    assert engine.c_spawn(opened.by_value, bytes(ffi.buffer(point))).result() == 10.0


def test_what_is_not_known_or_needs_the_gil_is_refused_with_the_fix(engine, ffi, opened):
    callback = ffi.callback("double(double)", lambda x: x + 1)
    with pytest.raises(TypeError, match=r"Python function in a cffi callback.*spawn\(\)"):
        engine.c_spawn(callback, 1.0)
    with pytest.raises(TypeError, match=r"a variable number of arguments: give a function around"):
        engine.c_spawn(opened.printf, b"")
    with pytest.raises(TypeError, match=r"is no function: give \(address, signature\)"):
        engine.c_spawn(ffi.new("double*", 1.0), 1.0)
    # A cdef may say const or not: cffi forgets it.
    with pytest.raises(ValueError, match=r"may be an input or an output.*arguments="):
        engine.c_spawn(opened.scale, b"", 1.0)
