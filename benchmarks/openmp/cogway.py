# SPDX-License-Identifier: Apache-2.0
"""The engine's own way: each task gets a share of the processors."""

from __future__ import annotations

from typing import Any

from harness import sibling

sweeps: Any = sibling(__file__, "_sweeps")


class Budget(sweeps.Sweeps):
    label = "cogway, openmp_threads='auto'"
    threads = "auto"
