# SPDX-License-Identifier: Apache-2.0
"""How the system schedules threads: policy, priority, niceness, processors."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cogway import _core
from cogway._errors import EngineClosed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from cogway._statistics import EngineStatistics, WorkerStatistics

Policy = Literal["other", "batch", "idle", "fifo", "round_robin"]

_POLICIES: dict[Policy, str] = {
    "other": "SCHED_OTHER",
    "batch": "SCHED_BATCH",
    "idle": "SCHED_IDLE",
    "fifo": "SCHED_FIFO",
    "round_robin": "SCHED_RR",
}
REAL_TIME: tuple[Policy, ...] = ("fifo", "round_robin")
_LONGEST_REAL_TIME_SPIN = 50_000
"""Nanoseconds that a real-time worker may spin: what an engine's own choice comes to at most."""
_LAST_CPU = 65_535
"""No system has one beyond."""
_START_S = 5.0
"""How long a worker's thread may take to begin."""


@dataclass(frozen=True, slots=True)
class ThreadSchedule:
    """How one thread is scheduled now, whatever was asked for.

    `refused` names what was asked for and not granted: of ``"policy"``, ``"nice"``, ``"cpus"``.
    `priority` is 0 but for the policies ``"fifo"`` and ``"round_robin"``.
    """

    thread_id: int
    policy: Policy
    priority: int
    nice: int
    cpus: frozenset[int]
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was asked for, checked."""

    policy: Policy | None
    priority: int
    nice: int | None
    cpus: frozenset[int] | None

    @classmethod
    def checked(
        cls,
        policy: Policy | None,
        priority: int | None,
        nice: int | None,
        cpus: Iterable[int] | None,
    ) -> _Wish:
        """Refuse what no system grants.

        Raises:
            ValueError: A value is none that there can be.
        """
        if policy is not None and policy not in _POLICIES:
            raise ValueError(f"policy must be one of {', '.join(_POLICIES)}, not {policy!r}")
        if (priority is not None) != (policy in REAL_TIME):
            raise ValueError("priority, from 1 to 99, goes with policy 'fifo' or 'round_robin'")
        if priority is not None and not 1 <= priority <= 99:
            raise ValueError(f"priority must be from 1 to 99, not {priority}")
        if nice is not None and not -20 <= nice <= 19:
            raise ValueError(f"nice must be from -20 to 19, not {nice}")
        chosen = None if cpus is None else frozenset(cpus)
        if chosen is not None and (not chosen or min(chosen) < 0):
            raise ValueError("cpus must name a processor, none below 0")
        return cls(policy, priority or 0, nice, chosen)

    def apply(self, thread_id: int) -> ThreadSchedule:
        """Ask for it; what lacks privilege is left as it is.

        Raises:
            ProcessLookupError: There is no such thread.
        """
        asked: list[tuple[str, Callable[[], None]]] = []
        if self.policy is not None:
            asked.append(("policy", lambda: _set_policy(thread_id, self)))
        if self.nice is not None:
            nice = self.nice
            asked.append(("nice", lambda: os.setpriority(os.PRIO_PROCESS, thread_id, nice)))
        if self.cpus is not None:
            cpus = self.cpus
            asked.append(("cpus", lambda: os.sched_setaffinity(thread_id, cpus)))
        refused = [name for name, ask in asked if not _granted(ask)]
        return _schedule_of(thread_id, refused)


def _set_policy(thread_id: int, wish: _Wish) -> None:
    assert wish.policy is not None
    parameters = os.sched_param(wish.priority)
    os.sched_setscheduler(thread_id, getattr(os, _POLICIES[wish.policy]), parameters)


def _granted(ask: Callable[[], None]) -> bool:
    try:
        ask()
    except ProcessLookupError:
        raise
    except (OSError, AttributeError, OverflowError):  # musl's C library has no policies at all
        return False
    return True


def _schedule_of(thread_id: int, refused: Collection[str] = ()) -> ThreadSchedule:
    nice = os.getpriority(os.PRIO_PROCESS, thread_id)
    cpus = frozenset(os.sched_getaffinity(thread_id))
    policy: Policy = "other"
    priority = 0
    try:
        number = os.sched_getscheduler(thread_id) & ~os.SCHED_RESET_ON_FORK
        priority = os.sched_getparam(thread_id).sched_priority
        policy = next(name for name, known in _POLICIES.items() if getattr(os, known) == number)
    except (AttributeError, StopIteration):
        pass
    except OSError as error:
        if isinstance(error, ProcessLookupError):
            raise
    return ThreadSchedule(thread_id, policy, priority, nice, cpus, tuple(refused))


def schedule_thread(
    thread: threading.Thread | int | None = None,
    /,
    *,
    policy: Policy | None = None,
    priority: int | None = None,
    nice: int | None = None,
    cpus: Iterable[int] | None = None,
) -> ThreadSchedule:
    """Ask the system to schedule a thread otherwise; return what was granted.

    Without a wish it tells how the thread is scheduled. Real-time policies and lower niceness take
    a privilege (CAP_SYS_NICE); where it is missing, nothing is raised: `refused` says so. No
    priority helps a thread that waits for the GIL.

    Args:
        thread: A started thread, or its `native_id`; None: the calling one.
        policy: ``"other"``, ``"batch"``, ``"idle"``, or the real-time ``"fifo"`` and
            ``"round_robin"``.
        priority: 1 to 99, for the real-time policies.
        nice: -20 (greedy) to 19 (humble).
        cpus: Processors that it may run on.

    Raises:
        ValueError: A value that no system grants.
        ProcessLookupError: The thread has ended, or has not begun.

    Threads: any.

    Example:
        >>> schedule_thread(nice=schedule_thread().nice).refused
        ()
    """
    wish = _Wish.checked(policy, priority, nice, cpus)
    if isinstance(thread, threading.Thread):
        # An ended thread's number may be another's by now.
        if thread.native_id is None or not thread.is_alive():
            raise ProcessLookupError(f"{thread.name!r} does not run")
        thread = thread.native_id
    return wish.apply(threading.get_native_id() if thread is None else thread)


class EngineScheduling(_core.Engine):
    """How the system schedules an engine's workers; see `cogway.Engine`."""

    _spin_ns: int | None

    def statistics(self) -> EngineStatistics:
        """Overridden."""
        raise NotImplementedError

    def schedule_workers(
        self,
        worker_class: Literal["foreground", "background"] = "foreground",
        *,
        policy: Policy | None = None,
        priority: int | None = None,
        nice: int | None = None,
        cpus: Iterable[int] | None = None,
    ) -> list[ThreadSchedule]:
        """Ask the system to schedule the native workers of a class otherwise.

        As `cogway.schedule_thread`, for each worker that there is now, and for those that are
        started later, by `resize` or in the place of one that was given up. What an earlier call
        asked for stays where this one is silent.

        A real-time thread that spins keeps the processor from what it waits for. An engine spins
        within a budget unless it was given `spin` (or ``COGWAY_SPIN_NS``): one that was told to
        spin for longer than it would choose itself gets no real-time workers.

        Returns:
            What was granted, by worker that there is now.

        Raises:
            EngineClosed: The engine belongs to the parent of this forked process.
            ValueError: A value that no system grants, or real time for workers that spin for long.

        Threads: any.
        """
        if not self._own_process:
            raise EngineClosed(
                "schedule_workers(): the engine and its threads belong to the parent process"
            )
        wish = _Wish.checked(policy, priority, nice, cpus)
        if worker_class not in ("foreground", "background"):
            raise ValueError(f"worker_class must be foreground or background, not {worker_class!r}")
        spin = self._spin_ns
        if wish.policy in REAL_TIME and spin is not None and spin > _LONGEST_REAL_TIME_SPIN:
            raise ValueError(
                f"real-time workers must not spin for {spin / 1e9:g} s: leave spin to the engine, "
                f"or make it {_LONGEST_REAL_TIME_SPIN / 1e9:g} s at most"
            )
        cpus = None if wish.cpus is None else sorted(cpu for cpu in wish.cpus if cpu <= _LAST_CPU)
        self._schedule_workers(
            int(worker_class == "background"),
            -1 if wish.policy is None else list(_POLICIES).index(wish.policy),
            wish.priority,
            -100 if wish.nice is None else wish.nice,
            cpus or None,
        )
        granted = []
        for worker in self._started_workers():
            if worker.worker_class == worker_class:
                # One that `resize` has let go may have ended.
                with contextlib.suppress(ProcessLookupError):
                    granted.append(wish.apply(worker.thread_id))
        return granted

    def _started_workers(self) -> tuple[WorkerStatistics, ...]:
        """Those whose threads have begun, which takes a moment after the engine's start."""
        end = time.monotonic() + _START_S
        while True:
            workers = self.statistics().workers
            if all(worker.thread_id for worker in workers) or time.monotonic() > end:
                return tuple(worker for worker in workers if worker.thread_id)
            os.sched_yield()
