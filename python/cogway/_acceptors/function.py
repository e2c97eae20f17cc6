# SPDX-License-Identifier: Apache-2.0
"""A native function as every acceptor describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["NativeFunction"]


@dataclass(frozen=True, slots=True)
class NativeFunction:
    """Where a function is, what it takes, and what keeps it.

    Attributes:
        kind: Where it comes from: "ctypes", "numba" …
        name: Its own name, for messages.
        address: Its address.
        signature: In the notation of `_core.accept`; "cogway_kernel" for a table.
        owner: The object that must live as long as the function may be called.
        nogil: It is known to run without the GIL.
        knows_const: The signature says ``const`` wherever the function only reads.
        user_data: What its last parameter, a ``void*``, is always given; None: there is none.
    """

    kind: str
    name: str
    address: int
    signature: str
    owner: Any
    nogil: bool = False
    knows_const: bool = False
    user_data: int | None = None
