# SPDX-License-Identifier: Apache-2.0
"""cogway.sync."""

from __future__ import annotations

from typing import Any

from cogway.sync import AtomicInt64, ConcurrentDict, ConcurrentQueue, RWLock
from harness import sibling

shared: Any = sibling(__file__, "_contestant")


def channel() -> Any:
    queue: ConcurrentQueue[int] = ConcurrentQueue()
    return queue.put, queue.get_async


def table() -> ConcurrentDict[int, int]:
    return ConcurrentDict((key, key) for key in range(64))


class Ours(shared.Primitives):
    label = "cogway.sync"
    distribution = "cogway"
    mixed = "cogway"

    def do_incr(self, loops: int) -> float:
        return self.cost("incr()", loops, incr=AtomicInt64().incr)

    def do_add(self, loops: int) -> float:
        return self.cost("a += 1", loops, a=AtomicInt64())

    def do_compare_exchange(self, loops: int) -> float:
        return self.cost("swap(0, 0)", loops, swap=AtomicInt64().compare_exchange)

    def do_incr_contended(self, loops: int) -> float:
        return self.contended(AtomicInt64().incr, loops)

    def do_dict_get(self, loops: int) -> float:
        return self.cost("d[7]", loops, d=table())

    def do_dict_set(self, loops: int) -> float:
        return self.cost("d[7] = 1", loops, d=table())

    def do_dict_in(self, loops: int) -> float:
        return self.cost("7 in d", loops, d=table())

    def do_queue_pair(self, loops: int) -> float:
        queue: ConcurrentQueue[int] = ConcurrentQueue()
        return self.cost("put(1); get()", loops, put=queue.put, get=queue.get)

    def do_queue_between(self, loops: int) -> float:
        return shared.threads.between(ConcurrentQueue(), 5 * loops)

    def do_read_pair(self, loops: int) -> float:
        lock = RWLock()
        names = {"take": lock.acquire_read, "leave": lock.release_read}
        return self.cost("take(); leave()", loops, **names)

    def do_read_with(self, loops: int) -> float:
        return self.cost("with lock.read(): pass", loops, lock=RWLock())

    def do_hand_one(self, loops: int) -> float:
        return shared.handover.one(channel, max(20, loops // 20))

    def do_hand_burst(self, loops: int) -> float:
        return shared.handover.bursts(channel, max(20, loops // 40))
