# SPDX-License-Identifier: Apache-2.0
"""Functions of a library that cffi has opened."""

from __future__ import annotations

from typing import Any

import cffi
from harness import sibling

acceptor: Any = sibling(__file__, "_acceptor")


class CffiFunction(acceptor.Acceptor):
    label = "cffi function"
    distribution = "cffi"

    def functions(self) -> dict[str, Any]:
        ffi = cffi.FFI()
        ffi.cdef("void nothing(void); double twice(double x);")
        library = ffi.dlopen(acceptor.library()._name)
        return {"nothing": library.nothing, "twice": library.twice}
