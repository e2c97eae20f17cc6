# SPDX-License-Identifier: Apache-2.0
"""`image.grayscale`, each frame asked for when the one before it is there."""

from __future__ import annotations

from typing import Any

from harness import Case, sibling

frames: Any = sibling(__file__, "_frames")
kernel: Any = sibling(__file__, "_kernel")


class OneAtATime(kernel.Kernel):
    label = "cogway image.grayscale, one frame at a time"
    kernel = "image.grayscale"
    can_check = False

    def measure(self, case: Case) -> dict[str, float]:
        engine, given = self._engine(case), frames.frames()
        return frames.milliseconds(
            case, lambda index: engine.c_spawn(self.kernel, given[index]).result(60)
        )
