# SPDX-License-Identifier: Apache-2.0
"""Capsules of Cython's ``cdef api`` functions, whose names are their C signatures."""

from __future__ import annotations

from typing import Any

from cogway import _core
from cogway._acceptors.function import NativeFunction

__all__ = ["accept", "capsule_name"]


def capsule_name(signature: str) -> str:
    """Return a name for a function that has none."""
    return signature.partition("(")[0].strip() or "function"


def accept(capsule: Any, signature: str | None) -> NativeFunction:
    """Describe the function in a capsule.

    Whether it was declared ``with gil`` cannot be seen: the caller says ``nogil=True``.

    Raises:
        TypeError: The capsule's name is no signature.
    """
    address, name = _core.read_capsule(capsule)
    if signature is None:
        if not name or "(" not in name:
            raise TypeError(
                f"the name of the capsule, {name!r}, is no C signature: take a function from a "
                "Cython module's __pyx_capi__, or give signature="
            )
        signature = name
    return NativeFunction("cython", "function", address, signature, capsule, knows_const=True)
