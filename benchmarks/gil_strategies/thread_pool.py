# SPDX-License-Identifier: Apache-2.0
"""`concurrent.futures.ThreadPoolExecutor`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from harness import Case, Contestant, sibling

_jobs = sibling(__file__, "_jobs")


class Pool(Contestant):
    label = "ThreadPoolExecutor"

    def measure(self, case: Case) -> dict[str, float]:
        return _jobs.standard(case, partial(ThreadPoolExecutor, case.number("workers")))
