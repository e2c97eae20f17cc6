# SPDX-License-Identifier: Apache-2.0
"""The counters on the free-threaded build, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import Absent, Case, Contestant, pythons

_SCRIPT = Path(__file__).with_name("_race.py")


class FreeThreaded(Contestant):
    label = "3.13t, GIL off"

    def open(self) -> None:
        self._python = pythons.find("3.13t")

    def measure(self, case: Case) -> dict[str, float]:
        runs, steps = case.count(5, 1), case.count(50_000, 500)
        found: dict[str, Any] = pythons.ask(self._python, _SCRIPT, case.text("kind"), runs, steps)
        if "absent" in found:
            raise Absent(found["absent"])
        return found
