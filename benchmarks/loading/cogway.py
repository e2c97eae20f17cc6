# SPDX-License-Identifier: Apache-2.0
"""A cogway pipeline: read and fused sample on two native workers, straight into the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cogway
import numpy as np
from harness import sibling

if TYPE_CHECKING:
    from collections.abc import Iterator

crops: Any = sibling(__file__, "_crops")
loader: Any = sibling(__file__, "_loader")


class Ours(loader.Loader):
    label = "cogway, 2 native workers"
    worker_class = "background"
    ring = 4

    def start(self, paths: list[str]) -> None:
        self._engine = cogway.Engine(
            native_workers=crops.WORKERS,
            background_workers=crops.WORKERS,
            bus_bytes=(self.ring + 2) * crops.BATCH * 3 * crops.SIZE**2 * 4 + (64 << 20),
        )
        self._pipeline = (
            cogway.Pipeline(self._engine)
            .source(paths)
            .native("file.read")
            .native(
                "image.sample",
                size=crops.SIZE,
                crop="random",
                scale=crops.SCALE,
                ratio=crops.RATIO,
                flip=0.5,
                mean=crops.MEAN,
                std=crops.STD,
                dtype="float32",
                layout="chw",
                seed=7,
                index=cogway.INDEX,
                epoch=cogway.EPOCH,
            )
            .batch(crops.BATCH, drop_last=True)
            .prefetch(self.ring - 1)  # and one with the consumer, as in the pools' rings
            .workers(self.worker_class)
        )

    def epoch(self, number: int) -> Iterator[Any]:
        with self._pipeline.run(number) as run:
            for batch in run:
                yield np.asarray(batch)

    def stop(self) -> None:
        del self._pipeline
        self._engine.close()
