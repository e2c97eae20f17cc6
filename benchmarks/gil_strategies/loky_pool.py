# SPDX-License-Identifier: Apache-2.0
"""loky, the executor of joblib."""

from __future__ import annotations

from functools import partial

import cloudpickle
from harness import Case, Contestant, sibling
from loky import ProcessPoolExecutor

_jobs = sibling(__file__, "_jobs")
cloudpickle.register_pickle_by_value(_jobs)  # its workers cannot import it


class Pool(Contestant):
    label = "loky"
    distribution = "loky"

    def measure(self, case: Case) -> dict[str, float]:
        return _jobs.standard(case, partial(ProcessPoolExecutor, case.number("workers")))
