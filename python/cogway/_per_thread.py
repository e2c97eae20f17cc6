# SPDX-License-Identifier: Apache-2.0
"""What each thread has for itself, native; `_per_thread.pyi` describes it."""

from cogway._core import (
    CounterShard,
    ShardedCounter,
    register_native_destructor,
    unregister_native_destructor,
)

__all__ = [
    "CounterShard",
    "ShardedCounter",
    "register_native_destructor",
    "unregister_native_destructor",
]
