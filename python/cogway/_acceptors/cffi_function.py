# SPDX-License-Identifier: Apache-2.0
"""Functions of cffi, of libraries opened at run time and of compiled modules."""

from __future__ import annotations

import sys
from typing import Any

from cogway._acceptors.element import struct_text
from cogway._acceptors.function import NativeFunction

__all__ = ["accept", "is_cffi"]


def is_cffi(function: Any) -> bool:
    """Whether it is cffi's, without importing cffi."""
    backend = sys.modules.get("_cffi_backend")
    if backend is None:
        return False
    return isinstance(function, backend._CDataBase) or _is_compiled(function)


def _is_compiled(function: Any) -> bool:
    """Whether it is a function of a compiled module: it looks like a builtin of the library."""
    library = getattr(function, "__self__", None)
    return type(library).__name__ == "Lib" and type(library).__module__ == "_cffi_backend"


def _type_text(of: Any) -> str:
    kind = of.kind
    if kind == "primitive":
        return str(of.cname)
    if kind == "void":
        return "void"
    if kind == "enum":
        return "int"
    if kind == "pointer":
        if of.item.kind in ("void", "function"):
            return "void*"
        if of.item.kind == "struct" and not _is_complete(of.item):
            return str(of.item.cname).replace("struct ", "") + "*"
        return _type_text(of.item) + "*"
    if kind == "array":
        return _type_text(of.item) + "*"
    if kind == "struct" and _is_complete(of):
        return _structure(of)
    raise TypeError(f"the type {of.cname} has no place in a native signature")


def _is_complete(of: Any) -> bool:
    return of.fields is not None


def _structure(of: Any) -> str:
    fields = []
    for name, field in of.fields:
        if field.bitsize >= 0:
            raise TypeError(f"{of.cname}.{name} is a bit field, which has no address")
        inner = field.type
        count = 1
        while inner.kind == "array":
            count *= inner.length
            inner = inner.item
        fields.append((name, _type_text(inner), count, field.offset))
    backend: Any = sys.modules["_cffi_backend"]
    return struct_text(of.cname, fields, backend.sizeof(of))


def accept(function: Any, signature: str | None) -> NativeFunction:
    """Describe a cffi function. cffi itself calls it without the GIL.

    Raises:
        TypeError: It is a callback, variadic, or no function.
    """
    backend: Any = sys.modules["_cffi_backend"]
    name = getattr(function, "__name__", "function")  # of compiled ones
    if _is_compiled(function):
        function = backend.FFI().addressof(function.__self__, name)
    if "calling" in repr(function):
        raise TypeError(
            f"{function!r} is a Python function in a cffi callback, which needs the GIL: give the "
            "Python function to spawn()"
        )
    address = int(backend.cast(backend.new_primitive_type("uintptr_t"), function))
    ffi_type = backend.typeof(function)
    if ffi_type.kind == "pointer":
        ffi_type = ffi_type.item
    if signature is None:
        if ffi_type.kind != "function":
            raise TypeError(f"{function!r} is no function: give (address, signature)")
        if ffi_type.ellipsis:
            raise TypeError(
                f"{function!r} takes a variable number of arguments: give a function around it "
                "that takes a fixed number"
            )
        parameters = ", ".join(_type_text(of) for of in ffi_type.args)
        signature = f"{_type_text(ffi_type.result)}({parameters})"
    return NativeFunction("cffi", name, address, signature, function, nogil=True)
