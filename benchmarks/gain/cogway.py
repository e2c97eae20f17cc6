# SPDX-License-Identifier: Apache-2.0
"""The same C function as a kernel on two workers."""

from __future__ import annotations

from typing import Any

import cogway
from harness import Case, Contestant, sibling

data: Any = sibling(__file__, "_bytes")


class Ours(Contestant):
    label = "cogway, the C function as a kernel"

    def open(self) -> None:
        cogway.load(str(data.library()))
        self._engine = cogway.Engine(native_workers=2, background_workers=1)

    def measure(self, case: Case) -> dict[str, float]:
        given, rounds, spawn = data.given(case), case.number("rounds"), self._engine.c_spawn
        return data.microseconds(case, lambda: spawn("gain.mix", given, rounds=rounds).result(60))

    def close(self) -> None:
        self._engine.close()
