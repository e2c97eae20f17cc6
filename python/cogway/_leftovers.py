# SPDX-License-Identifier: Apache-2.0
"""What an engine has when a program ends without closing it: work under way, buffers in use."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cogway._core import Bus
    from cogway._engine_life import EngineLife


def work_of(engine: EngineLife) -> str:
    """Say what is under way, by the names of kernels; empty when nothing is."""
    statistics = engine.statistics()
    running = Counter(worker.running for worker in statistics.workers if worker.running)
    parts = [name if count == 1 else f"{name} x {count}" for name, count in running.items()]
    if statistics.python.running:
        parts.append(f"{statistics.python.running} on Python workers")
    coroutines = 0 if engine._coroutines is None else engine._coroutines.count
    if coroutines:
        parts.append(f"{coroutines} coroutines")
    queued = max(0, statistics.in_flight - running.total()) + statistics.python.queued
    if queued:
        parts.append(f"{queued} queued")
    return ", ".join(parts)


def buffers_of(bus: Bus) -> str:
    """Say what buffers are alive; empty when none is."""
    statistics = bus.statistics()
    if not statistics.live_buffers:
        return ""
    return f"{statistics.live_buffers} buffers alive ({statistics.used_bytes} bytes)"
