# SPDX-License-Identifier: Apache-2.0
"""The engine's own no-op kernel: nothing goes in, nothing comes out."""

from __future__ import annotations

import statistics
from typing import Any

import cogway
from harness import Case, Contestant, sibling

acceptor: Any = sibling(__file__, "_acceptor")


class Noop(Contestant):
    label = "core.noop"

    def open(self) -> None:
        self._engine = cogway.Engine(native_workers=1, background_workers=1)

    def measure(self, case: Case) -> dict[str, float]:
        calls, slices = case.count(acceptor.CALLS, 200), case.count(acceptor.SLICES, 3)
        found = [acceptor.nanoseconds(self._engine, "core.noop", calls, {}) for _ in range(slices)]
        return {"ns_per_call": statistics.median(found)}

    def close(self) -> None:
        self._engine.close()
