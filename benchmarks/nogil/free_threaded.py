# SPDX-License-Identifier: Apache-2.0
"""The free-threaded build, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import Absent, Case, Contestant, pythons, sibling

work: Any = sibling(__file__, "_work")

_SCRIPT = Path(__file__).with_name("_work.py")


class FreeThreaded(Contestant):
    label = "3.13t, GIL off"

    def open(self) -> None:
        self._python = pythons.find("3.13t")

    def measure(self, case: Case) -> dict[str, float]:
        do = case.text("do")
        arguments: tuple[object, ...] = work.PACKAGES
        if do != "import":
            arguments = (case.text("kind"), case.count(2_000_000, 20_000))
        found: dict[str, float] = pythons.ask(self._python, _SCRIPT, do, *arguments)
        if do == "import" and found["installed"] == 0:
            raise Absent("none of the packages is installed for 3.13t")
        return found
