# SPDX-License-Identifier: Apache-2.0
"""The containers, native; `_containers.pyi` describes them."""

from collections.abc import MutableMapping

from cogway._core import ConcurrentDeque, ConcurrentDict, ConcurrentQueue

__all__ = ["ConcurrentDeque", "ConcurrentDict", "ConcurrentQueue"]

MutableMapping.register(ConcurrentDict)
