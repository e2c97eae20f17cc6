# SPDX-License-Identifier: Apache-2.0
"""The elements of buffers, as texts: from names, numpy dtypes and ctypes structures."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

from cogway import _core

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["element_text", "struct_text"]

_PYTHON = {bool: "bool", int: "int64", float: "float64", complex: "complex128"}


def struct_text(what: str, fields: Sequence[tuple[str, str, int, int]], size: int) -> str:
    """Return the text of a struct.

    Args:
        what: Its name, for the error.
        fields: Name, type, how many and offset of each.
        size: Bytes of the whole.

    Raises:
        TypeError: C would lay out these fields in another way.
    """
    parts = [
        f"{text} {name}" + (f"[{count}]" if count != 1 else "") for name, text, count, _ in fields
    ]
    text = "{" + ", ".join(parts) + "}"
    try:
        real_size, real_offsets = _core.struct_layout(text)
    except ValueError as error:
        raise TypeError(f"{what}: {error}") from None
    for (name, _, _, offset), real in zip(fields, real_offsets, strict=True):
        if offset != real:
            raise TypeError(
                f"{what}: field '{name}' is at byte {offset}, where C puts it at {real}: use an "
                "aligned layout (numpy: align=True; ctypes: no _pack_)"
            )
    if real_size != size:
        raise TypeError(f"{what} has {size} bytes, in C it has {real_size}: use an aligned layout")
    return text


def element_text(dtype: Any) -> str:
    """Return a dtype as a text: a name, or a struct in braces.

    Raises:
        TypeError: It is no dtype, or a struct that is not laid out as in C.
    """
    if isinstance(dtype, str):
        return dtype
    if isinstance(dtype, type):
        if dtype in _PYTHON:
            return _PYTHON[dtype]
        ctypes = sys.modules.get("ctypes")
        if ctypes is not None and issubclass(dtype, (ctypes.Structure, ctypes._SimpleCData)):
            from cogway._acceptors.ctypes_function import type_text

            return type_text(dtype)
        return dtype.__name__  # numpy.float32
    if getattr(dtype, "names", None):
        return _numpy_record(dtype)
    name = getattr(dtype, "name", None)
    if isinstance(name, str):
        return name
    raise TypeError(f"{dtype!r} is no dtype: give a name such as 'float64', or a struct")


def _numpy_record(dtype: Any) -> str:
    fields = []
    for name in dtype.names:
        field, offset = dtype.fields[name][:2]
        base, shape = field.subdtype or (field, ())
        fields.append((name, element_text(base), math.prod(shape), offset))
    return struct_text(repr(dtype), fields, dtype.itemsize)
