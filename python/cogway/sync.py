# SPDX-License-Identifier: Apache-2.0
"""Concurrency primitives for threads, tasks and native code, on every build of CPython.

Example:
    >>> from cogway.sync import AtomicInt64
    >>> hits = AtomicInt64()
    >>> hits += 1  # one step, whoever else counts
    >>> hits.compare_exchange(1, 0)  # what it was: 1, so now it is 0
    1
"""

from __future__ import annotations

from cogway._absent import ABSENT, Absent
from cogway._atomics import AtomicBool, AtomicFloat64, AtomicInt64, AtomicReference, AtomicUInt64
from cogway._containers import (
    BatchExecutor,
    ConcurrentDeque,
    ConcurrentDict,
    ConcurrentQueue,
    LocalWrapper,
    QueueTaskSide,
)
from cogway._gathering import ConcurrentGatheringIterator
from cogway._locks import (
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
from cogway._per_thread import (
    CounterShard,
    ShardedCounter,
    register_native_destructor,
    unregister_native_destructor,
)
from cogway._queue_errors import ShutDown

AtomicFlag = AtomicBool
"""Another name of `AtomicBool`."""

__all__ = [
    "ABSENT",
    "Absent",
    "AtomicBool",
    "AtomicFlag",
    "AtomicFloat64",
    "AtomicInt64",
    "AtomicReference",
    "AtomicUInt64",
    "Barrier",
    "BatchExecutor",
    "ConcurrentDeque",
    "ConcurrentDict",
    "ConcurrentGatheringIterator",
    "ConcurrentQueue",
    "CounterShard",
    "Event",
    "IntervalLock",
    "Latch",
    "LocalWrapper",
    "Lock",
    "LockOrderWarning",
    "Mutex",
    "QueueTaskSide",
    "RWLock",
    "RWLockSide",
    "Semaphore",
    "ShardedCounter",
    "ShutDown",
    "check_lock_order",
    "critical_section",
    "register_native_destructor",
    "unregister_native_destructor",
]
