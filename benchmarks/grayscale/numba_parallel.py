# SPDX-License-Identifier: Apache-2.0
"""Numba with `parallel=True`, called from the thread that waits; compiled before the clock runs."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from harness import Case, Contestant, sibling

frames: Any = sibling(__file__, "_frames")


def gray(pixels: Any, out: Any) -> None:
    """Write the luma of pixels, rows in parallel.

    Flat rows and 32 bits: with three indices a pixel, Numba's code does not use vectors.
    """
    width = pixels.shape[1]
    flat, flat_out = pixels.reshape(-1), out.reshape(-1)
    for y in numba.prange(pixels.shape[0]):
        row = flat[3 * width * y : 3 * width * (y + 1)]
        to = flat_out[width * y : width * (y + 1)]
        for x in range(width):
            r, g, b = np.int32(row[3 * x]), np.int32(row[3 * x + 1]), np.int32(row[3 * x + 2])
            to[x] = (77 * r + 150 * g + 29 * b + 128) >> 8


class NumbaParallel(Contestant):
    label = "Numba, parallel"
    distribution = "numba"

    def open(self) -> None:
        self._outputs = frames.outputs()
        self._gray = {}
        for checked in (False, True):
            compiled = numba.njit(parallel=True, nogil=True, boundscheck=checked)(gray)
            given = frames.frames()[0]
            compiled(given, self._outputs[0])
            frames.check(given, self._outputs[0])
            self._gray[checked] = compiled

    def measure(self, case: Case) -> dict[str, float]:
        given, outputs = frames.frames(), self._outputs
        compiled = self._gray[bool(case.params["checked"])]
        numba.set_num_threads(min(case.number("workers"), numba.config.NUMBA_NUM_THREADS))
        return frames.milliseconds(case, lambda index: compiled(given[index], outputs[index]))
