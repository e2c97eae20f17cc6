# SPDX-License-Identifier: Apache-2.0
"""Functions of a ctypes.CDLL."""

from __future__ import annotations

import ctypes
from typing import Any

from harness import sibling

acceptor: Any = sibling(__file__, "_acceptor")


class CtypesFunction(acceptor.Acceptor):
    label = "ctypes function"

    def functions(self) -> dict[str, Any]:
        library = acceptor.library()
        library.nothing.argtypes, library.nothing.restype = [], None
        library.twice.argtypes, library.twice.restype = [ctypes.c_double], ctypes.c_double
        return {"nothing": library.nothing, "twice": library.twice}
