# SPDX-License-Identifier: Apache-2.0
"""``ft_utils.concurrency``: atomics and containers by its names."""

from __future__ import annotations

from queue import Empty, Full
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from cogway import sync
from cogway.sync import AtomicFlag, AtomicInt64, ConcurrentDeque, LocalWrapper, ShutDown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "AtomicFlag",
    "AtomicInt64",
    "AtomicReference",
    "ConcurrentDeque",
    "ConcurrentDict",
    "ConcurrentGatheringIterator",
    "ConcurrentQueue",
    "Empty",
    "Full",
    "ProcessSemaphore",
    "ShutDown",
    "StdConcurrentQueue",
]

_K = TypeVar("_K")
_V = TypeVar("_V")


class AtomicReference(Generic[_V]):
    """An object that threads replace in one step.

    Args:
        value: The object at first.
    """

    __slots__ = ("_own", "exchange", "get", "set")

    exchange: Callable[[_V], Any]
    get: Callable[[], Any]
    set: Callable[[_V], None]

    def __init__(self, value: _V | None = None) -> None:
        own: sync.AtomicReference[Any] = sync.AtomicReference(value)
        self._own = own
        self.get, self.set, self.exchange = own.get, own.set, own.exchange

    def compare_exchange(self, expected: _V, value: _V) -> bool:
        """Replace the object where it is the expected one, and return whether it was.

        Args:
            expected: The object that must be there, the very same.
            value: What is to be there.
        """
        return self._own.compare_exchange(expected, value) is expected


class ConcurrentDict(sync.ConcurrentDict[_K, _V]):
    """A mapping for any number of threads; see `cogway.sync.ConcurrentDict`.

    Args:
        initial_capacity: Not needed: it grows.
        dictionary: What is in it at first.
    """

    def __new__(
        cls, initial_capacity: int | None = None, dictionary: Mapping[_K, _V] | None = None
    ) -> Self:
        """Make one with what the dictionary has."""
        return super().__new__(cls, {} if dictionary is None else dictionary)

    def as_dict(self) -> dict[_K, _V]:
        """Return a dict of what was in it at one moment."""
        return self.snapshot()


class ConcurrentGatheringIterator(sync.ConcurrentGatheringIterator[_V]):
    """Gathers values by key; see `cogway.sync.ConcurrentGatheringIterator`.

    Args:
        scaling: Not needed.
    """

    def __init__(self, scaling: int | None = None) -> None:
        super().__init__()


class ConcurrentQueue(sync.ConcurrentQueue[_V]):
    """A queue between threads; see `cogway.sync.ConcurrentQueue`.

    Args:
        scaling: Not needed.
        lock_free: Not needed: who waits sleeps, and no wait leaves anything behind.
    """

    def __new__(cls, scaling: int | None = None, lock_free: bool = False) -> Self:
        """Make an empty one without a limit."""
        return super().__new__(cls)

    def push(self, value: _V) -> None:
        """Put an item; ShutDown after shutdown().

        Args:
            value: The item.
        """
        self.put(value)

    def pop(self, timeout: float | None = None) -> _V:
        """Return the next item, waiting in this thread.

        Args:
            timeout: How many seconds at most; then Empty is raised.
        """
        return self.get(True, timeout)

    def pop_local(self, timeout: float | None = None) -> LocalWrapper:
        """Return the next item in a `LocalWrapper` of this thread.

        Args:
            timeout: How many seconds at most; then Empty is raised.
        """
        return LocalWrapper(self.get(True, timeout))

    def size(self) -> int:
        """Return how many items are in it."""
        return self.qsize()


class StdConcurrentQueue(ConcurrentQueue[_V]):
    """The same with a limit, in the place of `queue.Queue`.

    Args:
        maxsize: How many items it holds; 0 or less: any number.
    """

    def __new__(cls, maxsize: int = 0) -> Self:
        """Make an empty one with a limit."""
        return sync.ConcurrentQueue.__new__(cls, maxsize)


class ProcessSemaphore:
    """Permits for the tasks of all event loops of the process.

    Args:
        value: How many there are, at least 1.
    """

    __slots__ = ("_own",)

    def __init__(self, value: int) -> None:
        if value < 1:
            message = f"ProcessSemaphore(): value must be at least 1, got {value}"
            raise ValueError(message)
        self._own = sync.Semaphore(value, most=value)

    async def acquire(self) -> None:
        """Take a permit, waiting as a task; cancelling it loses none."""
        await self._own.acquire_async()

    def release(self) -> None:
        """Give a permit back, from any thread; ValueError when all are there."""
        self._own.release()

    async def __aenter__(self) -> None:
        await self._own.acquire_async()

    async def __aexit__(self, *args: object) -> None:
        self._own.release()
