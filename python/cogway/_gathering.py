# SPDX-License-Identifier: Apache-2.0
"""Values that many threads make in any order, read in the order of their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from cogway._atomics import AtomicBool, AtomicInt64
from cogway._containers import ConcurrentDict, LocalWrapper

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

__all__ = ["ConcurrentGatheringIterator"]

_T = TypeVar("_T")


class ConcurrentGatheringIterator(Generic[_T]):
    """Gathers values by key from many threads and gives them in order, from key 0 on.

    A reader sleeps until its next key is there: it is woken by an insertion, and never polls.

    Threads: all. Several readers with ``clear`` share the values: each needs keys of its own.

    Example:
        >>> from cogway.sync import ConcurrentGatheringIterator
        >>> gathering = ConcurrentGatheringIterator()
        >>> for key in (2, 0, 1):
        ...     gathering.insert(key, key * 10)
        >>> list(gathering.iterator(2))
        [0, 10, 20]
    """

    def __init__(self) -> None:
        self._values: ConcurrentDict[int, _T] = ConcurrentDict()
        self._insertions = AtomicInt64()
        self._failed = AtomicBool()

    def insert(self, key: int, value: _T) -> None:
        """Add a value, and wake who waits for it.

        Args:
            key: Its place; another value that is there is replaced.
            value: The value.
        """
        try:
            self._values[key] = value
        except BaseException:
            self._failed.set(True)
            raise
        finally:
            self._tell()

    def fail(self) -> None:
        """Have readers raise RuntimeError where a value is missing: it will not come."""
        self._failed.set(True)
        self._tell()

    def iterator(self, max_key: int, clear: bool = True) -> Iterator[_T]:
        """Return an iterator over the values of the keys from 0 to a last one.

        Waits in the thread that iterates, without the GIL.

        Args:
            max_key: The last key.
            clear: Whether a value is taken out as it is read.

        Raises:
            RuntimeError: An insertion failed, and the next value is not there.
        """
        for key in range(max_key + 1):
            while True:
                seen = self._insertions.get()
                if self._present(key):
                    break
                self._insertions.wait(seen)
            yield self._values.pop(key) if clear else self._values[key]

    def iterator_local(self, max_key: int, clear: bool = True) -> Iterator[LocalWrapper]:
        """Return the same with each value in a `LocalWrapper` of the reading thread.

        Args:
            max_key: The last key.
            clear: Whether a value is taken out as it is read.
        """
        return map(LocalWrapper, self.iterator(max_key, clear))

    async def iterator_async(self, max_key: int, clear: bool = True) -> AsyncIterator[_T]:
        """Return an asynchronous iterator over the same values.

        Args:
            max_key: The last key.
            clear: Whether a value is taken out as it is read.

        Raises:
            RuntimeError: An insertion failed, and the next value is not there.

        Cancellation: the value that was waited for stays.
        """
        for key in range(max_key + 1):
            while True:
                seen = self._insertions.get()
                if self._present(key):
                    break
                await self._insertions.wait_async(seen)
            yield self._values.pop(key) if clear else self._values[key]

    def _tell(self) -> None:
        self._insertions.incr()
        self._insertions.notify_all()

    def _present(self, key: int) -> bool:
        if key in self._values:
            return True
        if self._failed:
            message = f"an insertion failed, and there is no value {key}"
            raise RuntimeError(message)
        return False
