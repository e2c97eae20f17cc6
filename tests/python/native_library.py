# SPDX-License-Identifier: Apache-2.0
"""A C++ library of functions that know nothing of cogway, compiled once for the tests."""

from __future__ import annotations

import ctypes
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "data" / "native" / "functions.cpp"


@functools.cache
def library() -> ctypes.CDLL:
    """The library, with no signature set; skips where there is no compiler."""
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        pytest.skip("no C++ compiler")
    import cogway

    folder = tempfile.mkdtemp(prefix="cogway-native-")
    path = Path(folder) / "libfunctions.so"
    include = Path(cogway.get_include())
    if not include.is_dir():  # a build tree
        include = Path(__file__).parents[2] / "include"
    subprocess.run(
        [compiler, "-std=c++17", "-O1", "-g", "-shared", "-fPIC", f"-I{include}",
         str(SOURCE), "-o", str(path)],
        check=True, capture_output=True,
    )  # fmt: skip
    loaded = ctypes.CDLL(str(path))
    shutil.rmtree(folder)  # it stays mapped
    return loaded


def declared(name: str, restype, *argtypes):
    """A function of the library with its signature; each call gives another object."""
    function = library()[name]
    function.restype = restype
    function.argtypes = list(argtypes)
    return function


def address(name: str) -> int:
    """Where a function or a variable of the library is."""
    return ctypes.addressof(ctypes.c_char.in_dll(library(), name))
