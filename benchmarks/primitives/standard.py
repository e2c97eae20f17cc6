# SPDX-License-Identifier: Apache-2.0
"""The standard library: dict, queue.SimpleQueue, and call_soon_threadsafe to reach a task."""

from __future__ import annotations

import asyncio
import queue
from typing import Any

from harness import sibling

shared: Any = sibling(__file__, "_contestant")


def channel() -> Any:
    """Return what puts from a thread, and what gets in a task."""
    loop = asyncio.get_running_loop()
    items: queue.SimpleQueue[int] = queue.SimpleQueue()
    waiting: list[asyncio.Future[int]] = []

    def arrived() -> None:
        if waiting and not items.empty():
            future = waiting.pop()
            if not future.done():
                future.set_result(items.get_nowait())

    def put(item: int) -> None:
        items.put(item)
        loop.call_soon_threadsafe(arrived)

    async def get() -> int:
        try:
            return items.get_nowait()
        except queue.Empty:
            future: asyncio.Future[int] = loop.create_future()
            waiting.append(future)
            return await future

    return put, get


class Standard(shared.Primitives):
    label = "standard library"
    mixed = "dict"

    def do_dict_get(self, loops: int) -> float:
        return self.cost("d[7]", loops, d=dict.fromkeys(range(64), 0))

    def do_dict_set(self, loops: int) -> float:
        return self.cost("d[7] = 1", loops, d=dict.fromkeys(range(64), 0))

    def do_dict_in(self, loops: int) -> float:
        return self.cost("7 in d", loops, d=dict.fromkeys(range(64), 0))

    def do_queue_pair(self, loops: int) -> float:
        made: queue.SimpleQueue[int] = queue.SimpleQueue()
        return self.cost("put(1); get()", loops, put=made.put, get=made.get)

    def do_queue_between(self, loops: int) -> float:
        return shared.threads.between(queue.SimpleQueue(), 5 * loops)

    def do_hand_one(self, loops: int) -> float:
        return shared.handover.one(channel, max(20, loops // 20))

    def do_hand_burst(self, loops: int) -> float:
        return shared.handover.bursts(channel, max(20, loops // 40))
