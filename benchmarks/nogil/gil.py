# SPDX-License-Identifier: Apache-2.0
"""This interpreter."""

from __future__ import annotations

from typing import Any

from harness import Absent, Case, Contestant, sibling

work: Any = sibling(__file__, "_work")


class WithGil(Contestant):
    label = "this interpreter, with its GIL"

    def measure(self, case: Case) -> dict[str, float]:
        do, steps = case.text("do"), case.count(2_000_000, 20_000)
        if do == "import":
            found: dict[str, float] = work.imports(work.PACKAGES)
            if found["installed"] == 0:
                raise Absent("none of the packages is installed")
            return found
        if do == "one":
            return {"ms": work.one(case.text("kind"), steps)}
        return {"speedup": work.two(case.text("kind"), steps)}
