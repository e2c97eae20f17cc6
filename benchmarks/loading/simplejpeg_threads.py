# SPDX-License-Identifier: Apache-2.0
"""simplejpeg + OpenCV resize in a pool of two threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import simplejpeg  # noqa: F401 - absent is told here
from harness import sibling

if TYPE_CHECKING:
    import numpy as np

bodies: Any = sibling(__file__, "_bodies")
loader: Any = sibling(__file__, "_loader")

cv2.setNumThreads(1)


class SimplejpegThreads(loader.PoolLoader):
    label = "simplejpeg + OpenCV resize, 2 threads"
    distribution = "simplejpeg"

    def sample(self, path: str, epoch: int, index: int, slot: np.ndarray) -> None:
        bodies.simplejpeg(path, epoch, index, slot)
