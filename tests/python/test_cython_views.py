# SPDX-License-Identifier: Apache-2.0
"""``cimport cogway``: typed views without the GIL, and Cython functions that release it."""

from __future__ import annotations

import array
import re
from pathlib import Path

import cogway
import extension_modules
import pytest
from cogway import In, Out
from kernel_packs import include_folder
from native_library import address

SOURCE = '''
cimport cogway
from cogway cimport (
    COGWAY_INVALID_ARGUMENT, COGWAY_OK, at1, at2, at3, cogway_context, cogway_host, cogway_view,
    count, dense, holds, host, readable, writable,
)
from libc.stdint cimport int32_t, int64_t, uint8_t

cdef const cogway_host* table = host()

cdef api int32_t row_sums(const cogway_view* x, const cogway_view* y) noexcept nogil:
    cdef const double* given = NULL
    cdef double* result = NULL
    cdef int64_t i, j
    if not readable(x, 2, &given) or not writable(y, 1, &result):
        return COGWAY_INVALID_ARGUMENT
    for i in range(x.shape[0]):
        result[i] = 0
        for j in range(x.shape[1]):
            result[i] += at2(x, given, i, j)
    return COGWAY_OK

cdef api int32_t total(
        const cogway.cogway_view* x, const cogway.cogway_view* y,
        cogway.cogway_context* context) noexcept nogil:
    cdef const int32_t* given = NULL
    cdef int64_t* result = NULL
    cdef int64_t i
    if not cogway.dense(x, &given) or not cogway.writable(y, 0, &result):
        return table.fail(context, COGWAY_INVALID_ARGUMENT, b"takes int32 in C order")
    result[0] = 0
    for i in range(cogway.count(x)):
        result[0] += given[i]
    return COGWAY_OK

cdef api int32_t corner(const cogway_view* x, const cogway_view* y) noexcept nogil:
    cdef const uint8_t* given = NULL
    cdef uint8_t* result = NULL
    if not writable(y, 0, &result):
        return COGWAY_INVALID_ARGUMENT
    if readable(x, 3, &given):
        result[0] = at3(x, given, x.shape[0] - 1, x.shape[1] - 1, x.shape[2] - 1)
    elif readable(x, 1, &given):
        result[0] = at1(x, given, x.shape[0] - 1)
    else:
        return COGWAY_INVALID_ARGUMENT
    return COGWAY_OK

def add(const double[:] x):
    """A typed memoryview of Cython's own, over a Buffer."""
    cdef double sum = 0
    cdef Py_ssize_t i
    with nogil:
        for i in range(x.shape[0]):
            sum += x[i]
    return sum

def meet_another(size_t function):
    cdef bint came
    with nogil:
        came = (<bint (*)() noexcept nogil> function)()
    return came
'''


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    folder = tmp_path_factory.mktemp("views")
    return extension_modules.from_cython("cogway_views", SOURCE, folder)


def registered(module, name, *arguments):
    return cogway.kernel(
        f"cython.{name}",
        module.__pyx_capi__[name],
        arguments=arguments,
        returns="status",
        nogil=True,
        replace=True,
    )


def shaped(code, shape):
    n = 1
    for size in shape:
        n *= size
    return memoryview(array.array(code, range(n))).cast("B").cast(code, shape)


@pytest.mark.slow
def test_views_of_any_strides(engine, module):
    sums = registered(module, "row_sums", In("float64", ("m", "n")), Out("float64", "m"))
    table = engine.c_spawn("core.copy", shaped("d", (3, 4))).result()
    assert memoryview(engine.c_spawn(sums, table).result()).tolist() == [6, 22, 38]
    assert memoryview(engine.c_spawn(sums, table[::-2, ::2]).result()).tolist() == [18, 2]
    corner = registered(module, "corner", In("uint8"), Out("uint8", ()))
    assert engine.c_spawn(corner, shaped("B", (2, 3, 4))).result().item() == 23
    assert engine.c_spawn(corner, b"abc").result().item() == ord("c")


@pytest.mark.slow
def test_views_in_c_order(engine, module):
    total = registered(module, "total", In("int32"), Out("int64", ()))
    assert engine.c_spawn(total, shaped("i", (2, 3))).result().item() == 15
    assert engine.c_spawn(total, array.array("i")).result().item() == 0
    with pytest.raises(cogway.KernelError, match="takes int32 in C order") as caught:
        engine.c_spawn(total, memoryview(array.array("i", range(6)))[::2]).result()
    assert caught.value.status == "invalid_argument"


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "code"), [("float32", "f"), ("int64", "q"), ("uint64", "Q")])
def test_a_view_of_another_type_is_not_taken_for_it(engine, module, dtype, code):
    sums = registered(module, "row_sums", In(dtype, ("m", "n")), Out("float64", "m"))
    with pytest.raises(cogway.KernelError) as caught:
        engine.c_spawn(sums, shaped(code, (2, 2))).result()
    assert caught.value.status == "invalid_argument"


@pytest.mark.slow
def test_memoryviews_of_cython_take_buffers(engine, module):
    numbers = engine.bus.copy(array.array("d", [1, 2, 3, 4]))
    assert module.add(numbers) == 10.0
    assert module.add(numbers[::2]) == 4.0
    assert module.add(numbers.freeze()) == 10.0


@pytest.mark.slow
def test_functions_that_release_the_gil_overlap(engine, module):
    # Each waits, in C and without the GIL, until the other one is there.
    both = [engine.spawn(module.meet_another, address("meet_another")) for _ in range(2)]
    assert [ticket.result(timeout=60) for ticket in both] == [True, True]


def test_every_name_of_the_header_is_declared():
    header = (include_folder() / "cogway" / "kernel_abi.h").read_text()
    code = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    code = re.sub(r"#define(?:.*\\\n)*.*", "", code)  # what C alone can use
    declared = set(re.findall(r"\w+", (Path(cogway.__file__).parent / "__init__.pxd").read_text()))
    constants = set(re.findall(r"\b(COGWAY_\w+) =", code))
    types = set(re.findall(r"\bcogway_\w+", code)) - {"cogway_pack_v1", "cogway_pack_entry"}
    fields = set(re.findall(r"^  [\w *]+?\(?\*?(\w+)\)?(?:\[\w+\])?(?:\(.*)?;", code, re.MULTILINE))
    assert len(constants) > 25
    assert len(fields) > 40
    assert (constants | types | fields) - declared == set()
