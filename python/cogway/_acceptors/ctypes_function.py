# SPDX-License-Identifier: Apache-2.0
"""Functions of ctypes: those of a `CDLL`, and prototypes around an address."""

from __future__ import annotations

import ctypes
import gc
from typing import Any

from cogway._acceptors.element import element_text, struct_text
from cogway._acceptors.function import NativeFunction

__all__ = ["accept", "type_text"]

_PYTHON_API = 4  # FUNCFLAG_PYTHONAPI: called with the GIL held

_CODES = {
    "?": "bool", "c": "char", "b": "int8", "B": "uint8", "h": "int16", "H": "uint16",
    "i": "int32", "I": "uint32", "l": "int64", "L": "uint64", "q": "int64", "Q": "uint64",
    "f": "float", "d": "double", "P": "void*", "z": "const char*",
}  # fmt: skip


def type_text(ctype: Any) -> str:
    """Return a ctypes type in the notation of signatures.

    Raises:
        TypeError: It has no place in a signature, or needs Python.
    """
    if ctype is None:
        return "void"
    if not isinstance(ctype, type):
        raise TypeError(f"{ctype!r} is a Python function, which needs the GIL")
    code = getattr(ctype, "_type_", None)
    if issubclass(ctype, ctypes.py_object):
        raise TypeError("py_object is a Python object, which needs the GIL")
    if issubclass(ctype, ctypes._SimpleCData):
        if code in _CODES:
            return _CODES[code]
    elif issubclass(ctype, ctypes._Pointer):
        return type_text(code) + "*"
    elif issubclass(ctype, ctypes.Array):
        return type_text(code) + "*"  # as a parameter
    elif issubclass(ctype, ctypes.Structure):
        return _structure(ctype)
    elif hasattr(ctype, "_dtype_") and hasattr(ctype, "from_param"):  # numpy.ctypeslib.ndpointer
        if ctype._dtype_ is not None:
            return element_text(ctype._dtype_) + "*"
        return "void*"
    raise TypeError(f"{ctype.__name__} has no place in a native signature")


def _structure(ctype: type[ctypes.Structure]) -> str:
    fields = []
    for field in ctype._fields_:
        name = field[0]
        of: Any = field[1]
        if len(field) != 2:
            raise TypeError(f"{ctype.__name__}.{name} is a bit field, which has no address")
        count = 1
        while issubclass(of, ctypes.Array):
            count *= of._length_
            of = of._type_
        fields.append((name, type_text(of), count, getattr(ctype, name).offset))
    return struct_text(ctype.__name__, fields, ctypes.sizeof(ctype))


def accept(function: Any, signature: str | None) -> NativeFunction:
    """Describe a ctypes function.

    Raises:
        TypeError: It needs the GIL, or its signature is not known.
    """
    name = getattr(function, "__name__", None) or type(function).__name__
    address = ctypes.cast(function, ctypes.c_void_p).value or 0
    kind: Any = type(function)
    if kind._flags_ & _PYTHON_API:
        raise TypeError(
            f"{name} is a function of PyDLL or pythonapi, which is called with the GIL held: load "
            "the library with ctypes.CDLL, if the function does not touch Python"
        )
    if any(type(kept).__name__ == "CThunkObject" for kept in _kept(function)):
        raise TypeError(
            f"{name} is a Python function in a ctypes callback, which needs the GIL: give the "
            "Python function to spawn()"
        )
    if signature is None:
        signature = _signature(function, name)
    return NativeFunction("ctypes", name, address, signature, function, nogil=True)


def _kept(function: Any) -> list[Any]:
    objects = function._objects
    return list(objects.values()) if isinstance(objects, dict) else [objects]


def _signature(function: Any, name: str) -> str:
    if function.argtypes is None:
        raise TypeError(
            f"{name} has no argtypes: set them (f.argtypes = [...]; [] for none) and f.restype"
        )
    # A CDLL takes int for granted; what was set is among what the function refers to.
    guess = getattr(type(function), "_restype_", None)
    if (
        function.restype is guess
        and type(function).__name__ == "_FuncPtr"
        and not any(kept is guess for kept in gc.get_referents(function))
    ):
        raise TypeError(f"{name} has no restype, and int is but a guess: set f.restype")
    if getattr(function, "errcheck", None):
        raise TypeError(
            f"{name} has an errcheck, which is Python: give the function without it, and "
            "returns='status' if it returns 0 for success"
        )
    try:
        parameters = ", ".join(type_text(of) for of in function.argtypes)
        return f"{type_text(function.restype)}({parameters})"
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None
