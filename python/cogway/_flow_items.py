# SPDX-License-Identifier: Apache-2.0
"""What goes into a pipeline and what comes out of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class ItemField(enum.IntEnum):
    """Something of an item that a kernel's parameter can follow; see `Pipeline.native`."""

    INDEX = 0
    POSITION = 1
    EPOCH = 2
    VALUE = 3


INDEX = ItemField.INDEX
"""The item's place in the source; in a list, its place before shuffling."""
POSITION = ItemField.POSITION
"""The item's place in this epoch."""
EPOCH = ItemField.EPOCH
"""The number of the epoch."""
VALUE = ItemField.VALUE
"""The item itself, for a parameter that takes a text (a path)."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item: its value, and a label that travels beside it.

    An iterable source may yield items to give them labels; a pipeline without a batch stage yields
    them.

    Attributes:
        value: Bytes, a path, a buffer or any object.
        label: Anything. It is never looked at.
        index: The item's place in the source; set by the pipeline.
    """

    value: Any
    label: Any = None
    index: int | None = None


class Batch:
    """Items together, in the order of `indices`.

    A stacked batch is one buffer with the items along its first dimension. It can be given where
    its data is meant: ``numpy.asarray(batch)`` and ``torch.from_dlpack(batch)`` see the same
    memory, and its place on the bus is free again when the last view is gone.

    Attributes:
        data: The buffer; a tuple of buffers for a kernel with several outputs; a list of values for
            ``batch(stack=False)``; what the last Python stage returned.
        labels: The items' labels.
        indices: The items' places in the source.

    Threads: Immutable; as its data.
    """

    __slots__ = ("data", "indices", "labels")

    data: Any
    labels: list[Any]
    indices: list[int]

    def __init__(self, data: Any, labels: list[Any], indices: list[int]) -> None:
        self.data = data
        self.labels = labels
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def __repr__(self) -> str:
        return f"<cogway.Batch of {len(self.indices)} items, {self.data!r}>"

    def __iter__(self) -> Iterator[Any]:
        """Iterate over data and labels, so that ``data, labels = batch`` unpacks it."""
        return iter((self.data, self.labels))

    def __dlpack__(self, **options: Any) -> Any:
        """Export the data; see `Buffer.__dlpack__`."""
        return self.data.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        """Return where the data lies."""
        device: tuple[int, int] = self.data.__dlpack_device__()
        return device

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """The data as numpy sees it."""
        interface: dict[str, Any] = self.data.__array_interface__
        return interface
