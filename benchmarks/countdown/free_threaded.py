# SPDX-License-Identifier: Apache-2.0
"""The same threads on the free-threaded build, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import pythons, sibling

way: Any = sibling(__file__, "_way")

_SCRIPT = Path(__file__).with_name("_work.py")


class FreeThreaded(way.Way):
    label = "threads on 3.13t, GIL off"

    def start(self) -> None:
        self._python = pythons.find("3.13t")

    def count(self, steps: int, parts: int) -> float:
        return float(self._ask("threads", steps, parts)["ms"])

    def beside(self, steps: int, parts: int) -> dict[str, float]:
        return self._ask("beside", steps, parts)

    def read(self, parts: int, port: int) -> float:
        return float(self._ask("io", 0, parts, port)["ms"])

    def _ask(self, *arguments: object) -> dict[str, float]:
        found: dict[str, float] = pythons.ask(self._python, _SCRIPT, *arguments)
        return found
