# SPDX-License-Identifier: Apache-2.0
"""What a pipeline counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class StageStatistics:
    """One stage of one epoch.

    Attributes:
        name: Kernel, function, or "batch".
        kind: "native", "foreign" (a Python stage) or "batch".
        completed: Items that went through.
        failed: Items that failed here.
        queued: Items that wait for it now; a chain's are shown by its first stage.
        queued_most: The most that ever waited.
        running: Items in it now; likewise.
        busy_ns: Time spent on items, summed.
        wait_ns: Time that items waited for it, summed; a chain's are shown by its first stage.
        p50_ns: Half of the items took no longer.
        p99_ns: 99 of 100 items took no longer.
    """

    name: str
    kind: str
    completed: int
    failed: int
    queued: int
    queued_most: int
    running: int
    busy_ns: int
    wait_ns: int
    p50_ns: int
    p99_ns: int


@dataclass(frozen=True, slots=True)
class PipelineStatistics:
    """One epoch.

    Attributes:
        stages: Each stage, in order.
        slowest: The stage with the largest busy time per place it may run in: the bottleneck,
            unless the consumer is.
        admitted: Items taken from the source.
        skipped: Items that failed and were left out.
        elements: Batches (or items) handed to the consumer.
        items: Items in them.
        in_flight: Items admitted, not yet handed over and not skipped.
        in_flight_most: The most there ever were.
        ready: Elements that the consumer could take now.
        bytes: Counted against ``prefetch(bytes=)`` now.
        bytes_most: The most ever counted.
        bus_waits: Times that an item or batch found the bus full.
        stalled: Nothing moves until somebody gives back bytes of the bus.
        consumer_waits: Times that the consumer found nothing ready.
        consumer_wait_ns: How long it then waited, summed.
        elapsed_ns: From the start until now, or until the end.
    """

    stages: tuple[StageStatistics, ...]
    slowest: str
    admitted: int
    skipped: int
    elements: int
    items: int
    in_flight: int
    in_flight_most: int
    ready: int
    bytes: int
    bytes_most: int
    bus_waits: int
    stalled: bool
    consumer_waits: int
    consumer_wait_ns: int
    elapsed_ns: int


def statistics_of(raw: dict[str, Any]) -> PipelineStatistics:
    """Make the dataclass of what `_core` counted."""
    stages = tuple(StageStatistics(**stage) for stage in raw["stages"])
    return PipelineStatistics(**{**raw, "stages": stages})
