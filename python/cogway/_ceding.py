# SPDX-License-Identifier: Apache-2.0
"""Lending an `IntervalLock` as a task: a wait that must end with the lock, cancelled or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cogway._locks import IntervalLock

__all__ = ["cede"]


async def cede(lock: IntervalLock) -> bool:
    """Lend the lock to who waits, and return whether somebody did, holding it again.

    Cancellation: comes through when the task holds it again.
    """
    from asyncio import CancelledError

    if not lock.has_waiters:
        return False
    cancelled: CancelledError | None = None
    wait = lock._cede_wait()  # its other half
    while True:
        try:
            await wait
        except CancelledError as error:
            cancelled = error
            wait = lock.acquire_async()
        else:
            break
    if cancelled is not None:
        raise cancelled
    return True
