# SPDX-License-Identifier: Apache-2.0
"""The containers, native; `_containers.pyi` describes them."""

from collections.abc import MutableMapping

from cogway._core import ConcurrentDict

__all__ = ["ConcurrentDict"]

MutableMapping.register(ConcurrentDict)
