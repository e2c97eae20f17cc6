# SPDX-License-Identifier: Apache-2.0
"""One thread for each task, however many processors are idle."""

from __future__ import annotations

from typing import Any

from harness import sibling

sweeps: Any = sibling(__file__, "_sweeps")


class OneThread(sweeps.Sweeps):
    label = "openmp_threads=1"
    threads = 1
