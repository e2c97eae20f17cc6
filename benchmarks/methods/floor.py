# SPDX-License-Identifier: Apache-2.0
"""A bare C-API heap type's METH_NOARGS method (`floor/`)."""

from __future__ import annotations

from typing import Any

from harness import Case, Contestant, built, calls

_floor: Any = built.extension("methods/floor", "_methods_floor")


class Floor(Contestant):
    label = "bare C-API method"

    def measure(self, case: Case) -> dict[str, float]:
        flag = _floor.Flag()
        return {"ns_per_call": calls.nanoseconds(flag.get, case.count(20_000, 500), 15)}
