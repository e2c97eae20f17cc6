# SPDX-License-Identifier: Apache-2.0
"""Meta's ft_utils."""

from __future__ import annotations

from typing import Any

from ft_utils.concurrency import AtomicInt64, ConcurrentDict
from ft_utils.synchronization import RWLock, RWReadContext
from harness import sibling

shared: Any = sibling(__file__, "_contestant")


def table() -> Any:
    made = ConcurrentDict()
    for key in range(64):
        made[key] = key
    return made


class FtUtils(shared.Primitives):
    label = "ft_utils"
    distribution = "ft_utils"
    mixed = "ft_utils"

    def do_incr(self, loops: int) -> float:
        return self.cost("incr()", loops, incr=AtomicInt64().incr)

    def do_add(self, loops: int) -> float:
        return self.cost("a += 1", loops, a=AtomicInt64())

    def do_incr_contended(self, loops: int) -> float:
        return self.contended(AtomicInt64().incr, loops)

    def do_dict_get(self, loops: int) -> float:
        return self.cost("d[7]", loops, d=table())

    def do_dict_set(self, loops: int) -> float:
        return self.cost("d[7] = 1", loops, d=table())

    def do_dict_in(self, loops: int) -> float:
        return self.cost("7 in d", loops, d=table())

    def do_read_pair(self, loops: int) -> float:
        lock = RWLock()
        return self.cost("take(); leave()", loops, take=lock.lock_read, leave=lock.unlock_read)

    def do_read_with(self, loops: int) -> float:
        return self.cost("with read(lock): pass", loops, lock=RWLock(), read=RWReadContext)
