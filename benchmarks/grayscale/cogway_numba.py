# SPDX-License-Identifier: Apache-2.0
"""A function that numba compiles with `@cfunc`, as a kernel: one call for each frame."""

from __future__ import annotations

from typing import Any

import cogway
import numba
import numpy as np
from harness import Case, sibling

kernel: Any = sibling(__file__, "_kernel")

_SIGNATURE = "void(CPointer(uint8), CPointer(uint8), int64, int64)"


def gray(pixels: Any, out: Any, height: int, width: int) -> None:
    """Write the luma of pixels; flat and in 32 bits, so that vectors can be used."""
    given, to = numba.carray(pixels, 3 * height * width), numba.carray(out, height * width)
    for i in range(height * width):
        r, g, b = np.int32(given[3 * i]), np.int32(given[3 * i + 1]), np.int32(given[3 * i + 2])
        to[i] = (77 * r + 150 * g + 29 * b + 128) >> 8


class InNumba(kernel.Kernel):
    label = "cogway kernel in Numba"
    distribution = "numba"

    def open(self) -> None:
        super().open()
        self._kernels = {
            checked: cogway.kernel(
                "gray.numba_checked" if checked else "gray.numba",
                numba.cfunc(_SIGNATURE, boundscheck=checked)(gray),
                arguments=kernel.ONE_FRAME,
            )
            for checked in (False, True)
        }

    def chosen(self, case: Case) -> Any:
        return self._kernels[bool(case.params["checked"])]

    def parameters(self, case: Case) -> dict[str, Any]:
        return {}
