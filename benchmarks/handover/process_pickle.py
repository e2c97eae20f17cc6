# SPDX-License-Identifier: Apache-2.0
"""A worker process that sends its 4 MiB pickled, as a process pool does."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from harness import Case, Contestant, sibling

pages: Any = sibling(__file__, "_pages")
_source = bytearray(pages.NBYTES)


def produce(stamp: int) -> bytearray:
    """Return the stamped buffer, which the pool pickles."""
    _source[:8] = stamp.to_bytes(8, "little")
    return _source


class ProcessPickle(Contestant):
    label = "process pool, pickled"

    def measure(self, case: Case) -> dict[str, float]:
        fork = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(1, mp_context=fork) as pool:
            count, loop = case.count(40, 5), bool(case.params["loop"])
            return pages.through_pool(count, loop, pool, produce, pages.touch)
