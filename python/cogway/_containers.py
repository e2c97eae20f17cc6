# SPDX-License-Identifier: Apache-2.0
"""The containers, native; `_containers.pyi` describes them."""

from collections.abc import MutableMapping

from cogway._core import (
    BatchExecutor,
    ConcurrentDeque,
    ConcurrentDict,
    ConcurrentQueue,
    LocalWrapper,
    QueueTaskSide,
)

__all__ = [
    "BatchExecutor",
    "ConcurrentDeque",
    "ConcurrentDict",
    "ConcurrentQueue",
    "LocalWrapper",
    "QueueTaskSide",
]

MutableMapping.register(ConcurrentDict)
