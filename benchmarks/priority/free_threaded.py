# SPDX-License-Identifier: Apache-2.0
"""The same Python thread on the free-threaded build, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import Case, Contestant, pythons, sibling

golden: Any = sibling(__file__, "_golden")
_SCRIPT = Path(__file__).with_name("_golden.py")


class FreeThreaded(Contestant):
    label = "Python thread, 3.13t, GIL off"

    def open(self) -> None:
        self._python = pythons.find("3.13t")

    def measure(self, case: Case) -> dict[str, float]:
        count, interval = case.count(400, 20), case.number("interval_us")
        found: dict[str, float] = pythons.ask(self._python, _SCRIPT, count, interval)
        return found
