# SPDX-License-Identifier: Apache-2.0
"""Functions at an address, and tables written for kernel_abi.h: beside the GIL, and refused."""

from __future__ import annotations

import ctypes

import cogway
import pytest
from cogway import In, Out
from native_library import address, library, runs_beside_the_gil


def test_an_address_runs_while_the_main_thread_holds_the_gil(engine):
    runs_beside_the_gil(engine, (address("meet"), "double meet(double x) noexcept nogil"))
    runs_beside_the_gil(
        engine, cogway.kernel("acceptor.address", address("meet"), "double(double)", nogil=True)
    )


def test_a_function_of_the_header_runs_while_the_main_thread_holds_the_gil(engine):
    kernel = cogway.kernel(
        "acceptor.meet_call",
        (address("meet_call"), "int32_t meet_call(const cogway_call* call)"),
        arguments=[In("float64", (), name="x"), Out("float64", (), name="y")],
        nogil=True,
    )
    runs_beside_the_gil(engine, kernel, ctypes.c_double(20.5))


def test_a_table_runs_while_the_main_thread_holds_the_gil(engine):
    table = ctypes.c_char.in_dll(library(), "meet_kernel")
    runs_beside_the_gil(engine, (table, "cogway_kernel"), ctypes.c_double(20.5))
    kernel = cogway.kernel("acceptor.table", address("meet_kernel"), "cogway_kernel")
    assert kernel.pack == "table"
    runs_beside_the_gil(engine, kernel, ctypes.c_double(20.5))


def test_an_address_that_nothing_is_known_of(engine):
    with pytest.raises(TypeError, match=r"not int; .* given as \(address, signature\)"):
        engine.c_spawn(address("power"), 2.0, 3)
    with pytest.raises(TypeError, match=r"nothing says that it runs without the GIL.*nogil=True"):
        engine.c_spawn((address("power"), "double(double, int64)"), 2.0, 3)
    with pytest.raises(TypeError, match="'here' is no address: give an int"):
        engine.c_spawn(("here", "double(double) nogil"), 1.0)
    with pytest.raises(ValueError, match="address"):
        engine.c_spawn((0, "double(double) nogil"), 1.0)
    for nowhere in (-1, 1 << 63, 1 << 64):
        with pytest.raises(ValueError, match="is no address that a function can have"):
            engine.c_spawn((nowhere, "double(double) nogil"), 1.0)
    with pytest.raises(ValueError, match="the address of the cogway_kernel is 0"):
        engine.c_spawn((0, "cogway_kernel"))
