# SPDX-License-Identifier: Apache-2.0
"""Whatever OpenMP itself does: as many threads as processors, for every task."""

from __future__ import annotations

from typing import Any

from harness import sibling

sweeps: Any = sibling(__file__, "_sweeps")


class NoBudget(sweeps.Sweeps):
    label = "openmp_threads=None"
    threads = None
