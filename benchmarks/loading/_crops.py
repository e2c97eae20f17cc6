# SPDX-License-Identifier: Apache-2.0
"""The random crop that every contestant draws: the law of torchvision's RandomResizedCrop."""

from __future__ import annotations

import math
import random

SIZE = 224
BATCH = 64
WORKERS = 2
SCALE = (0.08, 1.0)
RATIO = (3 / 4, 4 / 3)
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)

_LOG_RATIO = (math.log(RATIO[0]), math.log(RATIO[1]))


def draw(epoch: int, index: int, width: int, height: int) -> tuple[int, int, int, int, bool]:
    """Return left, top, width and height of the crop, and whether it is flipped."""
    source = random.Random(epoch << 32 | index)
    flip = source.random() < 0.5
    for _ in range(10):
        area = width * height * source.uniform(*SCALE)
        ratio = math.exp(source.uniform(*_LOG_RATIO))
        wide = round(math.sqrt(area * ratio))
        tall = round(math.sqrt(area / ratio))
        if 0 < wide <= width and 0 < tall <= height:
            left = source.randint(0, width - wide)
            top = source.randint(0, height - tall)
            return left, top, wide, tall, flip
    wide, tall = min(width, round(height * RATIO[1])), min(height, round(width / RATIO[0]))
    return (width - wide) // 2, (height - tall) // 2, wide, tall, flip
