# SPDX-License-Identifier: Apache-2.0
"""A new `multiprocessing.shared_memory` segment a message, from a worker process."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import shared_memory
from typing import Any

from harness import Case, Contestant, sibling

pages: Any = sibling(__file__, "_pages")
_source = bytearray(pages.NBYTES)


def produce(stamp: int) -> str:
    """Copy the stamped buffer into a new segment and return its name."""
    _source[:8] = stamp.to_bytes(8, "little")
    segment = shared_memory.SharedMemory(create=True, size=pages.NBYTES)
    segment.buf[: pages.NBYTES] = _source
    segment.close()
    return segment.name


def consume(name: str, stamp: int) -> None:
    """Touch the segment of that name and remove it."""
    segment = shared_memory.SharedMemory(name=name)
    try:
        with segment.buf[: pages.NBYTES] as view:
            pages.touch(view, stamp)
    finally:
        segment.close()
        segment.unlink()


class Segments(Contestant):
    label = "shared_memory, a segment each"

    def measure(self, case: Case) -> dict[str, float]:
        fork = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(1, mp_context=fork) as pool:
            count, loop = case.count(40, 5), bool(case.params["loop"])
            return pages.through_pool(count, loop, pool, produce, consume)
