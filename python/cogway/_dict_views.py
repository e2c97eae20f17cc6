# SPDX-License-Identifier: Apache-2.0
"""Views of a ``ConcurrentDict``: live, and iterated as of one moment."""

from __future__ import annotations

from collections.abc import ItemsView, KeysView, ValuesView
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cogway._containers import ConcurrentDict

DictKeys = KeysView
"""Iterating a ``ConcurrentDict`` sees one moment already."""


class DictValues(ValuesView[Any]):
    """What ``values()`` gives."""

    _mapping: ConcurrentDict[Any, Any]

    def __iter__(self) -> Iterator[Any]:
        """Over the values there are now."""
        return iter(self._mapping.snapshot().values())

    def __contains__(self, value: object) -> bool:
        """Whether some key has it now."""
        return value in self._mapping.snapshot().values()


class DictItems(ItemsView[Any, Any]):
    """What ``items()`` gives."""

    _mapping: ConcurrentDict[Any, Any]

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        """Over the pairs there are now."""
        return iter(self._mapping.snapshot().items())
