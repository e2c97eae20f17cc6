# SPDX-License-Identifier: Apache-2.0
"""NVIDIA DALI on the processor: fused random-crop decode, two threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nvidia.dali.fn as fn
from harness import sibling
from nvidia.dali import pipeline_def, types

if TYPE_CHECKING:
    from collections.abc import Iterator

crops: Any = sibling(__file__, "_crops")
loader: Any = sibling(__file__, "_loader")


@pipeline_def(batch_size=crops.BATCH, num_threads=crops.WORKERS, device_id=None, seed=7)
def pictures(paths: list[str]) -> Any:
    """The graph: read, crop-decode, resize, flip and normalise."""
    encoded, _ = fn.readers.file(files=paths, name="reader")
    decoded = fn.decoders.image_random_crop(
        encoded,
        device="cpu",
        random_area=list(crops.SCALE),
        random_aspect_ratio=list(crops.RATIO),
    )
    small = fn.resize(
        decoded,
        size=(crops.SIZE, crops.SIZE),
        interp_type=types.INTERP_LINEAR,
        antialias=False,
    )
    return fn.crop_mirror_normalize(
        small,
        dtype=types.FLOAT,
        output_layout="CHW",
        mean=[255 * value for value in crops.MEAN],
        std=[255 * value for value in crops.STD],
        mirror=fn.random.coin_flip(),
    )


class Dali(loader.Loader):
    label = "DALI on the processor, 2 threads"
    distribution = "nvidia-dali-cuda120"

    def start(self, paths: list[str]) -> None:
        self._count = loader.batches_of(paths)
        self._pipeline = pictures(paths)
        self._pipeline.build()

    def epoch(self, number: int) -> Iterator[Any]:
        for _ in range(self._count):
            (batch,) = self._pipeline.run()
            yield batch.as_array()

    def stop(self) -> None:
        del self._pipeline
