# SPDX-License-Identifier: Apache-2.0
"""`concurrent.futures.ProcessPoolExecutor`, started by fork."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from harness import Case, Contestant, sibling

_jobs = sibling(__file__, "_jobs")


class Pool(Contestant):
    label = "ProcessPoolExecutor"

    def measure(self, case: Case) -> dict[str, float]:
        fork = multiprocessing.get_context("fork")
        return _jobs.standard(
            case, partial(ProcessPoolExecutor, case.number("workers"), mp_context=fork)
        )
