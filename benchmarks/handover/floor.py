# SPDX-License-Identifier: Apache-2.0
"""No hand-over at all: the same stamp and touches on a warm buffer of this thread."""

from __future__ import annotations

import mmap
import time
from typing import Any

from harness import Case, Contestant, samples, sibling

pages: Any = sibling(__file__, "_pages")


class Floor(Contestant):
    label = "touch alone, no hand-over"

    def measure(self, case: Case) -> dict[str, float]:
        clock = time.perf_counter_ns
        found = []
        with mmap.mmap(-1, pages.NBYTES) as memory:
            memory[:] = bytes(pages.NBYTES)
            for stamp in range(case.count(2000, 50)):
                began = clock()
                memory[:8] = stamp.to_bytes(8, "little")
                pages.touch(memory, stamp)
                found.append(clock() - began)
        return samples.latency(found)
