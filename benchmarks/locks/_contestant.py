# SPDX-License-Identifier: Apache-2.0
"""One kind of lock on this interpreter and on 3.13t."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import Absent, Case, Contestant, pythons, sibling

locks: Any = sibling(__file__, "_locks")
_SCRIPT = Path(__file__).with_name("_locks.py")


class OfKind(Contestant):
    kind = ""

    def refuses(self, case: Case) -> str | None:
        try:
            locks.statement(self.kind, case.text("situation"))
        except locks.Refused as refused:
            return str(refused)
        if case.text("build") != "gil":
            try:
                pythons.find(case.text("build"))
            except Absent as absent:
                return str(absent)
        return None

    def measure(self, case: Case) -> dict[str, float]:
        situation, loops = case.text("situation"), case.count(5_000, 50)
        if case.text("build") == "gil":
            return {"ns": locks.measure(self.kind, situation, loops)}
        python = pythons.find(case.text("build"))
        found: dict[str, Any] = pythons.ask(python, _SCRIPT, self.kind, situation, loops)
        if "absent" in found:
            raise Absent(found["absent"])
        return found
