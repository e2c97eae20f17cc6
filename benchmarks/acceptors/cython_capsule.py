# SPDX-License-Identifier: Apache-2.0
"""The capsules of Cython functions that are declared `cdef api … noexcept nogil`."""

from __future__ import annotations

from typing import Any

from harness import compiled, sibling

acceptor: Any = sibling(__file__, "_acceptor")


class CythonCapsule(acceptor.Acceptor):
    label = "Cython capsule"
    distribution = "Cython"

    def functions(self) -> dict[str, Any]:
        module = compiled.cython(acceptor.KERNELS / "capsules.pyx", checked=False)
        return dict(module.__pyx_capi__)
