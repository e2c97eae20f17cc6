# SPDX-License-Identifier: Apache-2.0
"""``(address, signature)``: whatever lies at an address."""

from __future__ import annotations

import operator
import sys
from typing import Any

from cogway._acceptors.cython_function import capsule_name
from cogway._acceptors.function import NativeFunction

__all__ = ["accept"]


def accept(where: Any, signature: str | None, owner: Any) -> NativeFunction:
    """Describe what is at an address.

    Args:
        where: An int, or a ctypes object that lies there, such as ``c_char.in_dll(lib, "name")``.
        signature: Its signature; ``"cogway_kernel"`` for a kernel's declaration.
        owner: What keeps it.

    Raises:
        TypeError: There is no signature, or `where` is no address.
        ValueError: `where` is negative or larger than an address of this process can be.
    """
    if signature is None:
        raise TypeError(
            f"the kernel must be named by a str, not {type(where).__name__}; a function at an "
            "address is given as (address, signature)"
        )
    ctypes = sys.modules.get("ctypes")
    if ctypes is not None and isinstance(where, ctypes._SimpleCData | ctypes.Structure):
        address = ctypes.addressof(where)
    else:
        try:
            address = operator.index(where)
        except TypeError:
            raise TypeError(f"{where!r} is no address: give an int, or a ctypes object") from None
    if not 0 <= address <= sys.maxsize:
        raise ValueError(f"{address:#x} is no address that a function can have")
    name = capsule_name(signature).rpartition(" ")[2].strip("*") or "function"
    return NativeFunction("address", name, address, signature, owner, knows_const=True)
