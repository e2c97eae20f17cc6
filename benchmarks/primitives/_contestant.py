# SPDX-License-Identifier: Apache-2.0
"""What the contestants share: a method for each thing that is measured, or none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import Absent, Case, Contestant, pythons, sibling, statements

if TYPE_CHECKING:
    from collections.abc import Callable

threads: Any = sibling(__file__, "_threads")
handover: Any = sibling(__file__, "_handover")
_MIXED = Path(__file__).with_name("_mixed.py")
_PYTHON = "3.13t"


class Primitives(Contestant):
    """A method `do_X` measures X and returns nanoseconds, or values by metric."""

    mixed = ""  # what `_mixed.py` calls it

    def refuses(self, case: Case) -> str | None:
        what = case.text("what")
        if what == "mixed":
            return self._no_mixed(case.text("how"))
        return None if hasattr(self, f"do_{what}") else "it has none"

    def _no_mixed(self, how: str) -> str | None:
        if not self.mixed:
            return "it has none"
        try:
            self._ask(1, how)
        except Absent as absent:
            return str(absent)
        return None

    def measure(self, case: Case) -> dict[str, float]:
        what = case.text("what")
        if what == "mixed":
            return self._ask(case.count(20_000, 100), case.text("how"))
        do: Callable[[int], float] = getattr(self, f"do_{what}")
        return {"ns": do(case.count(20_000, 200))}

    def _ask(self, rounds: int, how: str) -> dict[str, float]:
        python = pythons.find(_PYTHON)
        found: dict[str, Any] = pythons.ask(python, _MIXED, self.mixed, rounds, how)
        if "absent" in found:
            raise Absent(f"{found['absent']} ({_PYTHON})")
        return found

    @staticmethod
    def cost(statement: str, loops: int, **names: object) -> float:
        """Return nanoseconds of a statement with these names."""
        return statements.nanoseconds(statement, names, loops, 15)

    @staticmethod
    def contended(call: Callable[[], object], loops: int) -> float:
        """Return nanoseconds of a call that two threads make, of the whole."""

        def body() -> None:
            for _ in range(loops):
                call()
                call()
                call()
                call()
                call()

        return min(threads.seconds([body, body]) for _ in range(5)) / (10 * loops) * 1e9
