# SPDX-License-Identifier: Apache-2.0
"""SPDL's pipeline: FFmpeg decodes, crops, scales and flips in two threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import spdl.io
from harness import Absent, sibling
from spdl.pipeline import PipelineBuilder

if TYPE_CHECKING:
    from collections.abc import Iterator

bodies: Any = sibling(__file__, "_bodies")
crops: Any = sibling(__file__, "_crops")
loader: Any = sibling(__file__, "_loader")


def decode(item: tuple[int, int, str]) -> np.ndarray:
    """Decode one file into a normalised picture."""
    epoch, index, path = item
    packets = spdl.io.demux_image(loader.read(path))
    left, top, wide, tall, flip = crops.draw(epoch, index, packets.width, packets.height)
    size = crops.SIZE
    steps = f"crop={wide}:{tall}:{left}:{top}:exact=1,scale={size}:{size}:flags=bilinear"
    frames = spdl.io.decode_packets(
        packets, filter_desc=f"{steps}{',hflip' if flip else ''},format=rgb24"
    )
    picture = spdl.io.to_numpy(spdl.io.convert_frames(frames))
    slot = np.empty(loader.SHAPE[1:], np.float32)
    bodies.normalise(picture, False, slot)
    return slot


class Spdl(loader.Loader):
    label = "SPDL, 2 threads"
    distribution = "spdl"

    def open(self) -> None:
        try:
            spdl.io.demux_image  # noqa: B018 - finds FFmpeg's libraries
            spdl.io.decode_config()
        except (ImportError, RuntimeError) as error:
            raise Absent(f"SPDL finds no FFmpeg libraries: {error}") from None

    def start(self, paths: list[str]) -> None:
        self._paths = paths

    def epoch(self, number: int) -> Iterator[Any]:
        items = [(number, index, path) for index, path in enumerate(self._paths)]
        pipeline = (
            PipelineBuilder()
            .add_source(items)
            .pipe(decode, concurrency=crops.WORKERS)
            .aggregate(crops.BATCH, drop_last=True)
            .pipe(np.stack)
            .add_sink(3)
            .build(num_threads=crops.WORKERS)
        )
        with pipeline.auto_stop():
            yield from pipeline

    def stop(self) -> None:
        del self._paths
