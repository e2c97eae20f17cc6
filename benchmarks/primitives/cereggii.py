# SPDX-License-Identifier: Apache-2.0
"""cereggii's atomics."""

from __future__ import annotations

from typing import Any

from cereggii import AtomicDict, AtomicInt64
from harness import sibling

shared: Any = sibling(__file__, "_contestant")


def table() -> Any:
    made = AtomicDict()
    for key in range(64):
        made[key] = key
    return made


class Cereggii(shared.Primitives):
    label = "cereggii"
    distribution = "cereggii"
    mixed = "cereggii"

    def do_incr(self, loops: int) -> float:
        return self.cost("incr()", loops, incr=AtomicInt64(0).increment_and_get)

    def do_add(self, loops: int) -> float:
        return self.cost("a += 1", loops, a=AtomicInt64(0))

    def do_compare_exchange(self, loops: int) -> float:
        return self.cost("swap(0, 0)", loops, swap=AtomicInt64(0).compare_and_set)

    def do_incr_contended(self, loops: int) -> float:
        return self.contended(AtomicInt64(0).increment_and_get, loops)

    def do_dict_get(self, loops: int) -> float:
        return self.cost("d[7]", loops, d=table())

    def do_dict_set(self, loops: int) -> float:
        return self.cost("d[7] = 1", loops, d=table())
