# SPDX-License-Identifier: Apache-2.0
"""The kernel on 32 such inputs at once: what a call costs among many."""

from __future__ import annotations

from typing import Any

import cogway
from harness import Case, Contestant, sibling

data: Any = sibling(__file__, "_bytes")

_AT_ONCE = 32


class InMany(Contestant):
    label = "cogway, 32 calls in one c_map"

    def open(self) -> None:
        cogway.load(str(data.library()))
        self._engine = cogway.Engine(native_workers=2, background_workers=1)

    def refuses(self, case: Case) -> str | None:
        return "large calls gain nothing from it" if case.number("bytes") > 1 << 16 else None

    def measure(self, case: Case) -> dict[str, float]:
        given, rounds = [data.given(case)] * _AT_ONCE, case.number("rounds")

        def call() -> Any:
            return self._engine.c_map("gain.mix", given, rounds=rounds).result(60)[0]

        found = data.microseconds(case, call)["us_per_call"]
        return {"us_per_call": found / _AT_ONCE}

    def close(self) -> None:
        self._engine.close()
