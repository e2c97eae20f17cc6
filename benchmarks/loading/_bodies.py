# SPDX-License-Identifier: Apache-2.0
"""The per-sample bodies of the Python peers: file → crop → resize → flip → normalised CHW."""

from __future__ import annotations

from typing import Any

import numpy as np
from harness import sibling

crops: Any = sibling(__file__, "_crops")
loader: Any = sibling(__file__, "_loader")

_SCALE = (1 / (255 * np.array(crops.STD, np.float32))).reshape(3, 1, 1).astype(np.float32)
_SHIFT = (np.array(crops.MEAN) / np.array(crops.STD)).reshape(3, 1, 1).astype(np.float32)


def normalise(rgb: np.ndarray, flip: bool, slot: np.ndarray) -> None:
    """Write an RGB picture in HWC into a float32 slot in CHW."""
    if flip:
        rgb = rgb[:, ::-1]
    np.multiply(rgb.transpose(2, 0, 1), _SCALE, out=slot)
    slot -= _SHIFT


def opencv(path: str, epoch: int, index: int, slot: np.ndarray) -> None:
    """OpenCV decodes the whole file and resizes the crop."""
    import cv2

    picture = cv2.imdecode(np.frombuffer(loader.read(path), np.uint8), cv2.IMREAD_COLOR_RGB)
    resized(picture, epoch, index, slot)


def simplejpeg(path: str, epoch: int, index: int, slot: np.ndarray) -> None:
    """libjpeg-turbo through simplejpeg decodes the whole file; OpenCV resizes the crop."""
    import simplejpeg as decoder

    resized(decoder.decode_jpeg(loader.read(path), "RGB"), epoch, index, slot)


def resized(picture: np.ndarray, epoch: int, index: int, slot: np.ndarray) -> None:
    """Crop, resize with OpenCV, flip and normalise."""
    import cv2

    height, width = picture.shape[:2]
    left, top, wide, tall, flip = crops.draw(epoch, index, width, height)
    crop = picture[top : top + tall, left : left + wide]
    small = cv2.resize(crop, (crops.SIZE, crops.SIZE), interpolation=cv2.INTER_LINEAR)
    normalise(small, flip, slot)


def pillow(path: str, epoch: int, index: int, slot: np.ndarray) -> None:
    """Pillow decodes the whole file and resizes the crop, antialiased."""
    from PIL import Image

    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    left, top, wide, tall, flip = crops.draw(epoch, index, *picture.size)
    box = (left, top, left + wide, top + tall)
    small = picture.resize((crops.SIZE, crops.SIZE), Image.Resampling.BILINEAR, box=box)
    normalise(np.asarray(small), flip, slot)
