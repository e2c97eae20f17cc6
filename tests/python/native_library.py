# SPDX-License-Identifier: Apache-2.0
"""A C++ library of functions that know nothing of cogway, compiled once for the tests."""

from __future__ import annotations

import atexit
import ctypes
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "data" / "native" / "functions.cpp"


@functools.cache
def library_path() -> Path:
    """The compiled library; skips where there is no compiler."""
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        pytest.skip("no C++ compiler")
    import cogway

    folder = tempfile.mkdtemp(prefix="cogway-native-")
    atexit.register(shutil.rmtree, folder)
    path = Path(folder) / "libfunctions.so"
    include = Path(cogway.get_include())
    if not include.is_dir():  # a build tree
        include = Path(__file__).parents[2] / "include"
    subprocess.run(
        [compiler, "-std=c++17", "-O1", "-g", "-shared", "-fPIC", f"-I{include}",
         str(SOURCE), "-o", str(path)],
        check=True, capture_output=True,
    )  # fmt: skip
    return path


@functools.cache
def library() -> ctypes.CDLL:
    """The library, with no signature set."""
    return ctypes.CDLL(str(library_path()))


def holding_the_gil(name: str, restype, *argtypes):
    """A function of the library that keeps the GIL for as long as it runs."""
    function = ctypes.PyDLL(str(library_path()))[name]
    function.restype = restype
    function.argtypes = list(argtypes)
    return function


def declared(name: str, restype, *argtypes):
    """A function of the library with its signature; each call gives another object."""
    function = library()[name]
    function.restype = restype
    function.argtypes = list(argtypes)
    return function


def address(name: str) -> int:
    """Where a function or a variable of the library is."""
    return ctypes.addressof(ctypes.c_char.in_dll(library(), name))


def runs_beside_the_gil(engine, kernel, given=20.5) -> None:
    """Have a kernel meet the main thread, which holds the GIL from before to after.

    Args:
        engine: What runs it.
        kernel: A function that returns what meet() of the library returns for its argument.
        given: 20.5, as the kernel takes it.
    """
    hold = holding_the_gil("hold", ctypes.c_bool)
    ticket = engine.c_spawn(kernel, given)
    assert hold(), "the kernel did not run while the main thread held the GIL"
    result = ticket.result()
    assert (result if isinstance(result, float) else memoryview(result)[()]) == 21.5
