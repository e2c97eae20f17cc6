# SPDX-License-Identifier: Apache-2.0
"""Numba with two threads of its own, compiled before the clock runs."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from harness import Case, Contestant, sibling

data: Any = sibling(__file__, "_bytes")

_BLOCK = 4096


@numba.njit(parallel=True, nogil=True)
def mix(given: Any, rounds: int) -> Any:
    """Mix block by block, each in the cache for all its rounds."""
    out = np.empty_like(given)
    for block in numba.prange((len(given) + _BLOCK - 1) // _BLOCK):
        part = out[block * _BLOCK : (block + 1) * _BLOCK]
        part[:] = given[block * _BLOCK : (block + 1) * _BLOCK]
        for _ in range(rounds):
            for i in range(len(part)):
                part[i] = np.uint8(5 * part[i] + 17)
    return out


class NumbaParallel(Contestant):
    label = "Numba, parallel"
    distribution = "numba"

    def open(self) -> None:
        numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
        mix(np.zeros(1, np.uint8), 1)

    def measure(self, case: Case) -> dict[str, float]:
        given, rounds = np.frombuffer(data.given(case), np.uint8), case.number("rounds")
        return data.microseconds(case, lambda: mix(given, rounds))
