# SPDX-License-Identifier: Apache-2.0
"""``ft_utils.synchronization``: locks by its names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from cogway import sync

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["IntervalLock", "RWLock", "RWReadContext", "RWWriteContext"]


class IntervalLock:
    """A lock that its holder lends at intervals; see `cogway.sync.IntervalLock`."""

    __slots__ = ("cede", "lock", "locked", "poll", "unlock")

    cede: Callable[[], bool]
    lock: Callable[[], bool]
    locked: Callable[[], bool]
    poll: Callable[[], bool]
    unlock: Callable[[], None]

    def __init__(self, interval: float = 0.005) -> None:
        own = sync.IntervalLock(interval)
        self.lock, self.unlock = own.acquire, own.release
        self.cede, self.poll, self.locked = own.cede, own.poll, own.locked

    def __enter__(self) -> Self:
        self.lock()
        return self

    def __exit__(self, *args: object) -> None:
        self.unlock()


class RWLock:
    """Many readers or one writer; see `cogway.sync.RWLock`, whose checks of the owner hold."""

    __slots__ = ("_own", "lock_read", "lock_write", "unlock_read", "unlock_write")

    lock_read: Callable[[], bool]
    lock_write: Callable[[], bool]
    unlock_read: Callable[[], None]
    unlock_write: Callable[[], None]

    def __init__(self) -> None:
        own = self._own = sync.RWLock()
        self.lock_read, self.unlock_read = own.acquire_read, own.release_read
        self.lock_write, self.unlock_write = own.acquire_write, own.release_write

    def readers(self) -> int:
        """Return how many times it is held for reading."""
        return self._own.readers

    def writers_waiting(self) -> int:
        """Return how many wait to write."""
        return self._own.writers_waiting

    def writer_locked(self) -> bool:
        """Return whether somebody writes."""
        return self._own.writing


class RWReadContext:
    """Reads in a block.

    Args:
        lock: What is read under.
    """

    __slots__ = ("_lock",)

    def __init__(self, lock: RWLock) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        self._lock.lock_read()

    def __exit__(self, *args: object) -> None:
        self._lock.unlock_read()


class RWWriteContext:
    """Writes in a block.

    Args:
        lock: What is written under.
    """

    __slots__ = ("_lock",)

    def __init__(self, lock: RWLock) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        self._lock.lock_write()

    def __exit__(self, *args: object) -> None:
        self._lock.unlock_write()
