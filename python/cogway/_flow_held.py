# SPDX-License-Identifier: Apache-2.0
"""What Python keeps for the items of a run: values, labels, exceptions."""

from __future__ import annotations

import os
import threading
import traceback
from collections import deque
from typing import TYPE_CHECKING, Any

from cogway._flow_items import Batch, Item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cogway._core import FlowRun

# number, positions, indices, is a batch, value is here, buffers, collected: as _core gives it
RawElement = tuple[int, list[int], list[int], bool, bool, list[Any], list[list[Any]]]

SOURCE = -1
"""Key of an exception that the source raised."""
KEPT_SKIPS = 64
"""Exceptions kept of items that were left out: as many as `_core` keeps of their failures."""


def native_form(value: Any) -> Any:
    """Return a value as a native stage takes it: paths as bytes."""
    return os.fsencode(value) if isinstance(value, (str, os.PathLike)) else value


def _single(buffers: list[Any]) -> Any:
    if len(buffers) == 1:
        return buffers[0]
    return tuple(buffers) if buffers else None


def _clear_frames(error: BaseException | None) -> None:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


class Held:
    """Values, labels and exceptions, by position.

    Threads: any; each entry is written by one thread before another is told of its item.
    """

    def __init__(self, values: Sequence[Any] | None, labels: Sequence[Any] | None) -> None:
        """Take the list of a source that is one; its values and labels are found by index."""
        self._list = values
        self._list_labels = labels
        self.values: dict[int, Any] = {}
        self.labels: dict[int, Any] = {}
        self.batches: dict[int, Batch] = {}
        self.errors: dict[int, BaseException] = {}
        self._paths: dict[int, Any] = {}  # of items that were left out, for their failures
        self._skipped: deque[int] = deque()
        self._forgetting = threading.Lock()

    def value(self, position: int, index: int) -> Any:
        """Return the Python value of an item."""
        if self._list is not None and position not in self.values:
            return self._list[index]
        return self.values[position]

    def source_value(self, position: int | None, index: int | None) -> Any:
        """Return what the source gave for an item that failed, if it is known still."""
        if position is None or index is None:
            return None
        if self._list is not None:
            return self._list[index] if index < len(self._list) else None
        value = self.values.get(position)
        return self._paths.get(position) if value is None else value

    def label(self, position: int, index: int) -> Any:
        """Return the label of an item."""
        if self._list is not None:
            return None if self._list_labels is None else self._list_labels[index]
        return self.labels.get(position)

    def forget(self, positions: list[int]) -> None:
        """Drop what is kept for items that have left."""
        for position in positions:
            self.values.pop(position, None)
            self.labels.pop(position, None)

    def fail(self, position: int, error: BaseException) -> None:
        """Keep what a Python stage raised, without the frame of ours that called it."""
        if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
            error.__traceback__ = error.__traceback__.tb_next
        self.errors[position] = error

    def forget_left(self, core: FlowRun) -> None:
        """Drop what is kept for items that were left out, but for the latest exceptions.

        Of these the lines are kept, not the variables: they would hold the buffers of the items.
        """
        # In turns, so that the order is the one in which the items left.
        with self._forgetting:
            left = core.left()
            if not left:
                return
            for position in left:
                if isinstance(value := self.values.get(position), (str, os.PathLike)):
                    self._paths[position] = value
            self.forget(left)
            if core.failures():
                return  # the consumer will be told of some of these
            for position in left:
                if position in self.errors:
                    self._skipped.append(position)
                    _clear_frames(self.errors[position])
            while len(self._skipped) > KEPT_SKIPS:
                self.errors.pop(self._skipped.popleft(), None)
            for position in list(self._paths)[:-KEPT_SKIPS]:
                self._paths.pop(position, None)

    def clear(self) -> None:
        """Drop everything but exceptions and the paths of items that may have failed."""
        for position, value in self.values.copy().items():  # a consumer may still be at work
            if isinstance(value, (str, os.PathLike)):
                self._paths[position] = value
        self.values.clear()
        self.labels.clear()
        self.batches.clear()

    def outcome(self, raw: RawElement) -> Batch | Item:
        """Make what the consumer, or a Python stage, sees of an element."""
        number, positions, indices, is_batch, here, buffers, collected = raw
        if not is_batch:
            position, index = positions[0], indices[0]
            value = self.value(position, index) if here else _single(buffers)
            return Item(value, self.label(position, index), index)
        if here and number in self.batches:
            return self.batches[number]
        pairs = list(zip(positions, indices, strict=True))
        data: Any
        if here:
            data = [self.value(position, index) for position, index in pairs]
        elif collected:
            data = [_single(item) for item in collected]
        else:
            data = _single(buffers)
        return Batch(data, [self.label(*pair) for pair in pairs], indices)
