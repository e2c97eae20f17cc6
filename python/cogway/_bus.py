# SPDX-License-Identifier: Apache-2.0
"""What a bus tells about itself."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BusStatistics"]


@dataclass(frozen=True, slots=True)
class BusStatistics:
    """A snapshot of what a bus holds.

    Counters that other threads move meanwhile are each right by themselves, and together when
    nothing runs.

    Attributes:
        capacity: Bytes that buffers and reservations may hold together.
        used_bytes: Leased, frozen, transferred and reserved bytes.
        free_bytes: Capacity that is not used.
        reserved_bytes: Set aside for work that was submitted, not yet leased.
        leased_bytes: Held by writable buffers.
        frozen_bytes: Held by immutable buffers.
        transferred_bytes: Held by buffers that were handed to a framework.
        resident_bytes: Payload memory touched and not given back to the system.
        peak_used_bytes: The highest `used_bytes` so far.
        leased_buffers: Number of writable buffers.
        frozen_buffers: Number of immutable buffers.
        transferred_buffers: Number of buffers that were handed to a framework.
        live_buffers: The three above.
        leases: Leases made so far.
        pool_hits: Leases served by warm, recycled memory.
        pool_misses: Leases that had to fault memory in.
        refused: Leases and reservations that found the bus full.
        reclaimed_bytes: Memory of idle sizes given back to the system so far.
        waiting: Waiters for bytes now.
        waits: Leases that had to wait.
        wait_timeouts: Leases whose wait timed out.
        keys: Keyed slots in use.
    """

    capacity: int
    used_bytes: int
    free_bytes: int
    reserved_bytes: int
    leased_bytes: int
    frozen_bytes: int
    transferred_bytes: int
    resident_bytes: int
    peak_used_bytes: int
    leased_buffers: int
    frozen_buffers: int
    transferred_buffers: int
    live_buffers: int
    leases: int
    pool_hits: int
    pool_misses: int
    refused: int
    reclaimed_bytes: int
    waiting: int
    waits: int
    wait_timeouts: int
    keys: int
