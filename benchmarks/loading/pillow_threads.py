# SPDX-License-Identifier: Apache-2.0
"""Pillow in a pool of two threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import PIL.Image  # noqa: F401 - absent is told here
from harness import sibling

if TYPE_CHECKING:
    import numpy as np

bodies: Any = sibling(__file__, "_bodies")
loader: Any = sibling(__file__, "_loader")


class PillowThreads(loader.PoolLoader):
    label = "Pillow, 2 threads"
    distribution = "pillow"

    def sample(self, path: str, epoch: int, index: int, slot: np.ndarray) -> None:
        bodies.pillow(path, epoch, index, slot)
