# SPDX-License-Identifier: Apache-2.0
"""`scipy.LowLevelCallable` around functions of ctypes."""

from __future__ import annotations

import ctypes
from typing import Any

import scipy
from harness import sibling

acceptor: Any = sibling(__file__, "_acceptor")


class ScipyCallable(acceptor.Acceptor):
    label = "scipy LowLevelCallable"
    distribution = "scipy"

    def functions(self) -> dict[str, Any]:
        library = acceptor.library()
        library.nothing.argtypes, library.nothing.restype = [], None
        library.twice.argtypes, library.twice.restype = [ctypes.c_double], ctypes.c_double
        return {
            name: scipy.LowLevelCallable(getattr(library, name)) for name in ("nothing", "twice")
        }
