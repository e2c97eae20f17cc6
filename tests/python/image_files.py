# SPDX-License-Identifier: Apache-2.0
"""Pictures of the image tests, as arrays and as JPEG files; not a test itself."""

from __future__ import annotations

import io
from typing import Any

import pytest

np = pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")


def picture(height: int, width: int, channels: int = 3, seed: int = 1) -> Any:
    """Gradients, edges and a little noise; two axes for one channel."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = [
        x * (3 + c) + y * 2 + ((x // 13 + y // 9 + c) % 3) * 60 + rng.integers(0, 24, x.shape)
        for c in range(channels)
    ]
    pixels = np.stack(planes, axis=2).astype(np.uint8)
    return pixels[:, :, 0] if channels == 1 else pixels


def smooth(height: int, width: int) -> Any:
    """No detail: what lossy steps hardly change."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [x * 255 // width, y * 255 // height, np.full_like(x, 128)]
    return np.stack(planes, axis=2).astype(np.uint8)


def jpeg(pixels: Any, **options: Any) -> bytes:
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[pixels.shape[2] if pixels.ndim == 3 else 1]
    out = io.BytesIO()
    image = Image.frombytes(mode, (pixels.shape[1], pixels.shape[0]), pixels.tobytes())
    image.save(out, "JPEG", **{"quality": 90, **options})
    return out.getvalue()


def opened(data: Any) -> Any:
    return Image.open(io.BytesIO(bytes(data)))


def off_by(a: Any, b: Any) -> int:
    """Greatest difference of two images of the same shape."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    return int(np.abs(a.astype(int) - b.astype(int)).max())
