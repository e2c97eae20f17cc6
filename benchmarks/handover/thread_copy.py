# SPDX-License-Identifier: Apache-2.0
"""A pool thread that returns a copy of its 4 MiB, as `bytes` travel between threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness import Case, Contestant, sibling

pages: Any = sibling(__file__, "_pages")


class ThreadCopy(Contestant):
    label = "thread pool, a copy"

    def measure(self, case: Case) -> dict[str, float]:
        source = bytearray(pages.NBYTES)

        def produce(stamp: int) -> bytes:
            source[:8] = stamp.to_bytes(8, "little")
            return bytes(source)

        with ThreadPoolExecutor(1) as pool:
            count, loop = case.count(200, 5), bool(case.params["loop"])
            return pages.through_pool(count, loop, pool, produce, pages.touch)
