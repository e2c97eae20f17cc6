# SPDX-License-Identifier: Apache-2.0
"""The locks for threads and tasks, native; `_locks.pyi` describes them."""

from cogway._core import (
    Barrier,
    Event,
    IntervalLock,
    Latch,
    Lock,
    LockOrderWarning,
    Mutex,
    RWLock,
    RWLockSide,
    Semaphore,
    check_lock_order,
    critical_section,
)

__all__ = [
    "Barrier",
    "Event",
    "IntervalLock",
    "Latch",
    "Lock",
    "LockOrderWarning",
    "Mutex",
    "RWLock",
    "RWLockSide",
    "Semaphore",
    "check_lock_order",
    "critical_section",
]
