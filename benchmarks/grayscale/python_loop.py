# SPDX-License-Identifier: Apache-2.0
"""A loop in Python over bytes: where everybody begins."""

from __future__ import annotations

from typing import Any

from harness import Case, Contestant, sibling

frames: Any = sibling(__file__, "_frames")


def gray(pixels: bytes) -> bytearray:
    """Return the luma of packed RGB pixels."""
    found = bytearray(len(pixels) // 3)
    for i in range(len(found)):
        found[i] = (
            77 * pixels[3 * i] + 150 * pixels[3 * i + 1] + 29 * pixels[3 * i + 2] + 128
        ) >> 8
    return found


class PythonLoop(Contestant):
    label = "Python, a loop"

    def open(self) -> None:
        self._frames = [frame.tobytes() for frame in frames.frames()]
        self._checked = False

    def refuses(self, case: Case) -> str | None:
        if case.number("workers") > 1:
            return "the GIL lets one thread run"
        return None if case.params["checked"] else "Python checks every index"

    def measure(self, case: Case) -> dict[str, float]:
        if not self._checked:
            part = self._frames[0][: 3 * frames.WIDTH]
            frames.check(frames.frames()[0][0], memoryview(gray(part)))
            self._checked = True
        return frames.milliseconds(case, lambda index: gray(self._frames[index]), 1, 1)
