# SPDX-License-Identifier: Apache-2.0
"""Grain's map dataset, read by two threads, Pillow inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grain
import numpy as np
from harness import sibling

if TYPE_CHECKING:
    from collections.abc import Iterator

bodies: Any = sibling(__file__, "_bodies")
crops: Any = sibling(__file__, "_crops")
loader: Any = sibling(__file__, "_loader")


def load(item: tuple[int, int, str]) -> np.ndarray:
    """Load one file into a normalised picture."""
    epoch, index, path = item
    slot = np.empty(loader.SHAPE[1:], np.float32)
    bodies.pillow(path, epoch, index, slot)
    return slot


class Grain(loader.Loader):
    label = "Grain, 2 threads, Pillow"
    distribution = "grain"

    def start(self, paths: list[str]) -> None:
        self._paths = paths

    def epoch(self, number: int) -> Iterator[Any]:
        items = [(number, index, path) for index, path in enumerate(self._paths)]
        options = grain.ReadOptions(num_threads=crops.WORKERS, prefetch_buffer_size=256)
        rows = grain.MapDataset.source(items).map(load).to_iter_dataset(options)
        return iter(rows.batch(crops.BATCH, drop_remainder=True))

    def stop(self) -> None:
        del self._paths
