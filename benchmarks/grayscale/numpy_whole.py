# SPDX-License-Identifier: Apache-2.0
"""numpy over the whole frame at once: a pass over memory for every operation."""

from __future__ import annotations

from typing import Any

from harness import Case, Contestant, sibling

frames: Any = sibling(__file__, "_frames")


class NumpyWhole(Contestant):
    label = "numpy, the whole frame"
    distribution = "numpy"

    def refuses(self, case: Case) -> str | None:
        if case.number("workers") > 1:
            return "numpy works on the thread that calls it"
        return "numpy checks once for all" if case.params["checked"] else None

    def measure(self, case: Case) -> dict[str, float]:
        given = frames.frames()
        return frames.milliseconds(case, lambda index: frames.gray_of(given[index]), 4, 1)
