# SPDX-License-Identifier: Apache-2.0
"""The counters on this interpreter."""

from __future__ import annotations

from typing import Any

from harness import Absent, Case, Contestant, sibling

race: Any = sibling(__file__, "_race")


class WithGil(Contestant):
    label = "this interpreter, with its GIL"

    def measure(self, case: Case) -> dict[str, float]:
        try:
            return race.repeat(case.text("kind"), case.count(5, 1), case.count(50_000, 500))
        except ImportError as error:
            raise Absent(str(error)) from None
