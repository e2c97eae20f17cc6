# SPDX-License-Identifier: Apache-2.0
"""The same gray pixels from a Python loop, numpy and a kernel: `12_grayscale.py [ROWS]`."""

import sys
from time import perf_counter

import cogway
import numpy as np

WIDTH = 3840
rows = int(sys.argv[1]) if len(sys.argv) > 1 else 270  # 2160 is a whole 4K frame
frame = np.random.default_rng(4).integers(0, 256, (rows, WIDTH, 3), dtype=np.uint8)


def python_loop(pixels: bytes) -> bytearray:
    gray = bytearray(len(pixels) // 3)
    for i in range(len(gray)):
        r, g, b = pixels[3 * i : 3 * i + 3]
        gray[i] = (77 * r + 150 * g + 29 * b + 128) >> 8  # 0.299 R + 0.587 G + 0.114 B
    return gray


def numpy_whole(pixels: np.ndarray) -> np.ndarray:
    wide = pixels.astype(np.uint16)  # in 8 bits it would overflow, silently
    total = 77 * wide[..., 0] + 150 * wide[..., 1] + 29 * wide[..., 2] + np.uint16(128)
    return (total >> 8).astype(np.uint8)


began = perf_counter()
slow = python_loop(frame.tobytes())
print(f"Python: {(perf_counter() - began) * 1e3:8.2f} ms")

began = perf_counter()
whole = numpy_whole(frame)
print(f"numpy:  {(perf_counter() - began) * 1e3:8.2f} ms")

with cogway.Engine(native_workers=2) as engine:
    engine.c_spawn("image.grayscale", frame).result()  # the bus has the memory from now on
    began = perf_counter()
    gray = engine.c_spawn("image.grayscale", frame).result()
    print(f"kernel: {(perf_counter() - began) * 1e3:8.2f} ms")

    assert bytes(gray) == bytes(slow) == whole.tobytes()
