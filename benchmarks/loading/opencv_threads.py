# SPDX-License-Identifier: Apache-2.0
"""OpenCV in a pool of two threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
from harness import sibling

if TYPE_CHECKING:
    import numpy as np

bodies: Any = sibling(__file__, "_bodies")
loader: Any = sibling(__file__, "_loader")

cv2.setNumThreads(1)


class OpenCvThreads(loader.PoolLoader):
    label = "OpenCV, 2 threads"
    distribution = "opencv-python-headless"

    def sample(self, path: str, epoch: int, index: int, slot: np.ndarray) -> None:
        bodies.opencv(path, epoch, index, slot)
