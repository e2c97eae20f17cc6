# SPDX-License-Identifier: Apache-2.0
"""Snapshots of what an engine counts. Each number is exact; two of them may be some tasks apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = [
    "BridgeStatistics",
    "EngineStatistics",
    "KernelStatistics",
    "MailboxStatistics",
    "PostStatistics",
    "PythonStatistics",
    "WorkerClassStatistics",
    "WorkerStatistics",
]


@dataclass(frozen=True, slots=True)
class WorkerClassStatistics:
    """One class of native workers: its queue, and how its threads wait.

    `spins` counts times that a worker looked for work before it slept, `spin_hits` those that
    found some; `spin_ns` and `wasted_spin_ns` are the time spent in all of them and what of it
    was charged to the budget. `parks` and `wakes` are sleeps and what ended them;
    `left_to_search` counts notifications that needed no wake, because a spinning worker took the
    work. `naps` counts short sleeps of workers that had been woken in vain several times while
    others did the work: waking them cost more than it gained.
    """

    queued: int
    queued_high: int
    queued_normal: int
    queued_low: int
    workers: int
    parks: int
    wakes: int
    left_to_search: int
    naps: int
    spins: int
    spin_hits: int
    spin_ns: int
    wasted_spin_ns: int


@dataclass(frozen=True, slots=True)
class WorkerStatistics:
    """One native worker; `running` names the task it runs now, or is empty.

    `parallel_loops` counts the loops that its tasks began, `parallel_pieces` the pieces that it did
    of other workers' loops; `thread_budget` is what the latest task got of OpenMP's threads, 0
    where none was limited; `nice`, `policy` and `pinned` are what the system granted.
    """

    worker_class: str
    index: int
    thread_id: int
    executed: int
    stolen: int
    busy_ns: int
    parallel_loops: int
    parallel_pieces: int
    thread_budget: int
    nice: int
    policy: str
    pinned: bool
    running: str


@dataclass(frozen=True, slots=True)
class KernelStatistics:
    """One kernel in this engine; `expected_ns` is its learned duration."""

    name: str
    calls: int
    failures: int
    expected_ns: int


@dataclass(frozen=True, slots=True)
class PythonStatistics:
    """Calls on Python workers: what became of them, and how the workers wait.

    `queued` and `running` are levels: calls that wait for a worker, and calls that one runs.
    `processes` is a level too, of strategy ``"processes"``: how many there are; `processes_started`
    and `processes_lost` count those started and those that died or were killed while they ran a
    call, `retried` the calls that went to another one then.
    """

    submitted: int
    completed: int
    failed: int
    cancelled: int
    queued: int
    running: int
    spins: int
    spin_hits: int
    spin_ns: int
    wasted_spin_ns: int
    parks: int
    wakes: int
    processes: int = 0
    processes_started: int = 0
    processes_lost: int = 0
    retried: int = 0


@dataclass(frozen=True, slots=True)
class BridgeStatistics:
    """The bridges to the event loops of this interpreter, those of all engines together.

    `signals` counts system calls that woke a loop, `wakeups` the loop turns they caused;
    `completions` and `delivered` what came through. `poll_windows` counts times that a loop polled
    for short work instead of sleeping, `poll_hits` the turns that found completions,
    `poll_wasted_ns` the time of windows that ran out, `poll_rests` the times that polling stopped
    for others who wanted the GIL.
    """

    loops: int
    completions: int
    delivered: int
    in_flight: int
    signals: int
    wakeups: int
    diverted: int
    poll_windows: int
    poll_turns: int
    poll_hits: int
    poll_rests: int
    poll_wasted_ns: int


@dataclass(frozen=True, slots=True)
class MailboxStatistics:
    """What native threads left for attached threads to release."""

    posted: int
    released: int
    drains: int
    abandoned: int


@dataclass(frozen=True, slots=True)
class PostStatistics:
    """What kernels posted under one name, and what became of it.

    `posted` counts what was accepted and `delivered` what of it was handed to the callable, which
    raised `failed` times; `dropped` was lost by policy, `refused` was too and the kernel was told.
    `signals` counts system calls that woke whoever delivers.
    """

    name: str
    posted: int
    delivered: int
    failed: int
    dropped: int
    refused: int
    queued: int
    signals: int


@dataclass(frozen=True, slots=True)
class EngineStatistics:
    """Everything an engine counts.

    `task_records`, `call_records` and `record_allocations` are of the whole process: flat in steady
    state, since no call allocates there.
    """

    name: str
    submitted: int
    completed: int
    failed: int
    cancelled: int
    expired: int
    refused: int
    in_flight: int
    parked_for_bus: int
    abandoned_workers: int
    steals: int
    log_dropped: int
    task_records: int
    call_records: int
    record_allocations: int
    foreground: WorkerClassStatistics
    background: WorkerClassStatistics
    workers: tuple[WorkerStatistics, ...]
    kernels: tuple[KernelStatistics, ...]
    python: PythonStatistics
    bridge: BridgeStatistics
    mailbox: MailboxStatistics
    posts: tuple[PostStatistics, ...]


def _from_fields(fields: dict[str, Any], posts: tuple[PostStatistics, ...]) -> EngineStatistics:
    return EngineStatistics(
        **{
            **fields,
            "foreground": WorkerClassStatistics(**fields["foreground"]),
            "background": WorkerClassStatistics(**fields["background"]),
            "workers": tuple(WorkerStatistics(**worker) for worker in fields["workers"]),
            "kernels": tuple(KernelStatistics(**kernel) for kernel in fields["kernels"]),
            "python": PythonStatistics(**fields["python"]),
            "bridge": BridgeStatistics(**fields["bridge"]),
            "mailbox": MailboxStatistics(**fields["mailbox"]),
            "posts": posts,
        }
    )
