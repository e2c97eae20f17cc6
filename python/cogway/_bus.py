# SPDX-License-Identifier: Apache-2.0
"""What a bus tells about itself."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "BusStatistics",
    "SharedBusOwner",
    "SharedBusStatistics",
    "SharedChannelReport",
    "SharedWordStatistics",
]


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


@dataclass(frozen=True, slots=True)
class SharedBusOwner:
    """What one process holds on a shared bus.

    Attributes:
        participant: Its number on the bus.
        pid: Its process number.
        name: Its name, as the system shows it.
        alive: Whether it lives; what a dead one held is not reclaimed yet.
        self: Whether it is this process, through this object.
        waiting: Whether it waits for room.
        leased_bytes: Held by buffers that it writes.
        frozen_bytes: Held by immutable buffers that it holds, alone or with others.
        transferred_bytes: Held by buffers that it handed to a framework.
        buffers: Number of buffers that it holds.
    """

    participant: int
    pid: int
    name: str
    alive: bool
    self: bool
    waiting: bool
    leased_bytes: int
    frozen_bytes: int
    transferred_bytes: int
    buffers: int


@dataclass(frozen=True, slots=True)
class SharedWordStatistics:
    """What happened to an atomic or a mutex of a shared bus.

    Attributes:
        name: Its name on the bus.
        kind: "int64", "uint64", "float64", "bool" or "mutex".
        openers: Processes that have it open.
        waiters: Processes with a thread that waits for it.
        waits: Waits that did not end at once.
        timeouts: Waits that ended with their time.
        notifications: Calls of `notify` that found somebody waiting.
        abandoned: Owners that ended with the mutex.
        inconsistent: Whether the last of them did, and nobody has repaired since.
    """

    name: str
    kind: str
    openers: int
    waiters: int
    waits: int
    timeouts: int
    notifications: int
    abandoned: int
    inconsistent: bool


@dataclass(frozen=True, slots=True)
class SharedChannelReport:
    """A channel of a shared bus, as it is seen from outside.

    Attributes:
        name: Its name on the bus.
        capacity: Messages that it holds.
        policy: What a sender does when it is full.
        kind: "mpmc" or "spsc".
        messages: Messages inside, those being sent among them.
        bytes: What the messages inside hold: a buffer all of its block.
        closed: Whether it takes no more messages.
        openers: Numbers of the participants that have it open.
        filling: Numbers of those that hold a slot right now, and hide what comes after it.
    """

    name: str
    capacity: int
    policy: str
    kind: str
    messages: int
    bytes: int
    closed: bool
    openers: tuple[int, ...]
    filling: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SharedBusStatistics:
    """A snapshot of what a shared bus holds, and who holds it.

    Counters that others move meanwhile are each right by themselves, and together when nothing
    runs.

    Attributes:
        capacity: Bytes that may have memory.
        resident_bytes: Bytes that have memory; idle blocks among them.
        used_bytes: Leased, frozen and transferred bytes, each block once.
        free_bytes: Capacity that is not used.
        leased_bytes: Held by writable buffers.
        frozen_bytes: Held by immutable buffers.
        transferred_bytes: Held by buffers that were handed to a framework.
        live_buffers: Number of buffers.
        in_transit: Buffers that this process handed over and nobody has attached yet.
        bequeathed_bytes: Held for handles of processes that have left.
        leases: Leases made so far, by all processes.
        deaths: Processes that ended without leaving.
        reclaimed_buffers: Buffers that they held, taken back.
        owners: One entry for each process that takes part.
        words: One entry for each atomic and mutex.
        channels: One entry for each channel.
    """

    capacity: int
    resident_bytes: int
    used_bytes: int
    free_bytes: int
    leased_bytes: int
    frozen_bytes: int
    transferred_bytes: int
    live_buffers: int
    in_transit: int
    bequeathed_bytes: int
    leases: int
    deaths: int
    reclaimed_buffers: int
    owners: tuple[SharedBusOwner, ...]
    words: tuple[SharedWordStatistics, ...]
    channels: tuple[SharedChannelReport, ...]
