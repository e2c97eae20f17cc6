# SPDX-License-Identifier: Apache-2.0
"""Cython's `prange` over OpenMP, called from the thread that waits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import Case, Contestant, compiled, sibling

SOURCE = Path(__file__).parent / "kernels" / "gray_prange.pyx"
frames: Any = sibling(__file__, "_frames")


class CythonPrange(Contestant):
    label = "Cython prange"
    distribution = "Cython"

    def open(self) -> None:
        self._gray = {
            checked: compiled.cython(SOURCE, checked=checked).gray for checked in (False, True)
        }
        self._outputs = frames.outputs()
        self._compared = False

    def measure(self, case: Case) -> dict[str, float]:
        given = [frame.reshape(-1) for frame in frames.frames()]
        outputs = [out.reshape(-1) for out in self._outputs]
        gray, threads = self._gray[bool(case.params["checked"])], case.number("workers")
        if not self._compared:
            gray(given[0], outputs[0], frames.HEIGHT, threads)
            frames.check(frames.frames()[0], self._outputs[0])
            self._compared = True
        return frames.milliseconds(
            case, lambda index: gray(given[index], outputs[index], frames.HEIGHT, threads)
        )
