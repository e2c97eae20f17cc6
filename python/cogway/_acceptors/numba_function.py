# SPDX-License-Identifier: Apache-2.0
"""Functions that numba has compiled with ``@cfunc``."""

from __future__ import annotations

import sys
from typing import Any

from cogway._acceptors.element import struct_text
from cogway._acceptors.function import NativeFunction

__all__ = ["accept", "is_cfunc"]

_PLAIN = ("Integer", "Float", "Complex", "Boolean", "NoneType", "RawPointer")
_NAMES = {"boolean": "bool", "none": "void", "void": "void", "voidptr": "void*", "void*": "void*"}


def is_cfunc(function: Any) -> bool:
    """Whether it is one of numba's, without importing numba."""
    module = sys.modules.get("numba.core.ccallback")
    return module is not None and isinstance(function, module.CFunc)


def _type_text(of: Any) -> str:
    kind = type(of).__name__
    if kind == "CPointer":
        return _type_text(of.dtype) + "*"
    if kind == "Record":
        return _record(of)
    name = str(of)
    if kind in _PLAIN:
        return _NAMES.get(name, name)
    raise TypeError(
        f"numba's type {name} has no C form: use numbers, CPointer(...) and voidptr in the cfunc's "
        "signature, and numba.carray() inside"
    )


def _record(of: Any) -> str:
    fields = []
    for name, _ in of.members:
        field = of.typeof(name)
        count = 1
        if type(field).__name__ == "NestedArray":
            count = field.nitems
            field = field.dtype
        fields.append((name, _type_text(field), count, of.offset(name)))
    return struct_text(str(of), fields, of.size)


def accept(function: Any, signature: str | None) -> NativeFunction:
    """Describe a ``@cfunc``: compiled without Python objects, so it runs without the GIL.

    Raises:
        TypeError: A type of its signature has no C form.
    """
    name = getattr(function, "__name__", "cfunc")
    if signature is None:
        try:
            parameters = ", ".join(_type_text(of) for of in function._sig.args)
            signature = f"{_type_text(function._sig.return_type)}({parameters})"
        except TypeError as error:
            raise TypeError(f"{name}: {error}") from None
    return NativeFunction("numba", name, function.address, signature, function, nogil=True)
