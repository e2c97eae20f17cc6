# SPDX-License-Identifier: Apache-2.0
"""A bare C-API heap type with one atomic word (`floor/`)."""

from __future__ import annotations

from typing import Any

from harness import built, sibling

shared: Any = sibling(__file__, "_contestant")
_floor: Any = built.extension("primitives/floor", "_primitives_floor")


class Floor(shared.Primitives):
    label = "bare C-API type"

    def do_incr(self, loops: int) -> float:
        return self.cost("incr()", loops, incr=_floor.Counter().incr)

    def do_add(self, loops: int) -> float:
        return self.cost("a += 1", loops, a=_floor.Counter())

    def do_compare_exchange(self, loops: int) -> float:
        return self.cost("swap(0, 0)", loops, swap=_floor.Counter().compare_exchange)

    def do_incr_contended(self, loops: int) -> float:
        return self.contended(_floor.Counter().incr, loops)
