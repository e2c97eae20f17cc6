# SPDX-License-Identifier: Apache-2.0
"""`scipy.LowLevelCallable`: a native function and what scipy passes to it as ``user_data``."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Any

from cogway import _core

if TYPE_CHECKING:
    from collections.abc import Callable

    from cogway._acceptors.function import NativeFunction

__all__ = ["accept", "is_low_level_callable"]


def is_low_level_callable(function: Any) -> bool:
    """Whether it is one of scipy's, without importing scipy."""
    module = sys.modules.get("scipy._lib._ccallback")
    return module is not None and isinstance(function, module.LowLevelCallable)


def _address(user_data: Any) -> int:
    """Return what scipy would pass for it."""
    if type(user_data).__name__ == "PyCapsule":
        return int(_core.read_capsule(user_data)[0])
    ctypes = sys.modules.get("ctypes")
    if ctypes is not None and isinstance(user_data, ctypes._SimpleCData | ctypes._Pointer):
        return ctypes.cast(user_data, ctypes.c_void_p).value or 0
    backend = sys.modules.get("_cffi_backend")
    if backend is not None and isinstance(user_data, backend._CDataBase):
        return int(backend.cast(backend.new_primitive_type("uintptr_t"), user_data))
    raise TypeError(f"user_data is {user_data!r}, not a capsule or a pointer of ctypes or cffi")


def accept(
    function: Any, signature: str | None, inner: Callable[[Any, str | None], NativeFunction]
) -> NativeFunction:
    """Describe the function inside, by whichever acceptor it is for.

    Raises:
        TypeError: As that acceptor, or for ``user_data`` of unknown type.
    """
    if signature is None and type(function.function).__name__ == "PyCapsule":
        signature = function.signature
    found = inner(function.function, signature)
    data = None if function.user_data is None else _address(function.user_data)
    return dataclasses.replace(found, kind="scipy", owner=function, user_data=data)
