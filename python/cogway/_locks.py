# SPDX-License-Identifier: Apache-2.0
"""The locks for threads and tasks, native; `_locks.pyi` describes them."""

from cogway._core import Event, Lock, Semaphore

__all__ = ["Event", "Lock", "Semaphore"]
