# SPDX-License-Identifier: Apache-2.0
"""numpy over strips that stay in the cache, into memory that is there already."""

from __future__ import annotations

from typing import Any

import numpy as np
from harness import Case, Contestant, sibling

frames: Any = sibling(__file__, "_frames")

_ROWS = 16


class NumpyStrips(Contestant):
    label = "numpy, strips of 16 rows"
    distribution = "numpy"

    def open(self) -> None:
        self._outputs = frames.outputs()
        self._total = np.empty((_ROWS, frames.WIDTH), np.uint16)
        self._part = np.empty_like(self._total)
        self._gray(0)
        frames.check(frames.frames()[0], self._outputs[0])

    def refuses(self, case: Case) -> str | None:
        if case.number("workers") > 1:
            return "numpy works on the thread that calls it"
        return "numpy checks once for all" if case.params["checked"] else None

    def measure(self, case: Case) -> dict[str, float]:
        return frames.milliseconds(case, self._gray, 8, 1)

    def _gray(self, index: int) -> None:
        frame, out = frames.frames()[index], self._outputs[index]
        total, part = self._total, self._part
        for y in range(0, frames.HEIGHT, _ROWS):
            strip = frame[y : y + _ROWS]
            np.multiply(strip[..., 0], np.uint16(77), out=total, dtype=np.uint16)
            np.multiply(strip[..., 1], np.uint16(150), out=part, dtype=np.uint16)
            total += part
            np.multiply(strip[..., 2], np.uint16(29), out=part, dtype=np.uint16)
            total += part
            total += np.uint16(128)
            np.right_shift(total, 8, out=out[y : y + _ROWS], casting="unsafe")
