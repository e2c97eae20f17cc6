# SPDX-License-Identifier: Apache-2.0
"""Kernels on native workers, beside this interpreter's GIL: a countdown in C."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cogway
from harness import Case, Contestant, compiled, sibling

work: Any = sibling(__file__, "_work")

_KERNEL = Path(__file__).parents[1] / "countdown" / "kernels" / "countdown.c"


class Ours(Contestant):
    label = "cogway, a native kernel"

    def open(self) -> None:
        cogway.load(str(compiled.c(_KERNEL)))
        self._engine = cogway.Engine(native_workers=2, background_workers=1)

    def refuses(self, case: Case) -> str | None:
        if case.text("do") == "import":
            return "it runs in this interpreter, and imports what that imports"
        return None if case.text("kind") == "numbers" else "a kernel deals in buffers and numbers"

    def measure(self, case: Case) -> dict[str, float]:
        steps = case.count(2_000_000, 20_000)
        alone = min(self._milliseconds(1, steps) for _ in range(3))
        if case.text("do") == "one":
            return {"ms": alone}
        both = min(self._milliseconds(2, steps) for _ in range(3))
        return {"speedup": 2 * alone / both}

    def close(self) -> None:
        self._engine.close()

    def _milliseconds(self, count: int, steps: int) -> float:
        call = self._engine.c_map
        found: float = work._milliseconds(
            lambda: call("countdown.run", count, steps=steps).result(60)
        )
        return found
