# SPDX-License-Identifier: Apache-2.0
"""The same gray pixels from a Python loop, numpy and kernels: `12_grayscale.py [ROWS]`."""

import sys
from contextlib import suppress
from time import perf_counter
from typing import Any

import cogway
import numpy as np

with suppress(ImportError):  # without it a rung is missing
    import numba

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


def numba_kernel() -> cogway.Kernel:
    @numba.cfunc("void(CPointer(uint8), CPointer(uint8), int64, int64)")
    def gray(pixels: Any, out: Any, height: int, width: int) -> None:
        given, to = numba.carray(pixels, 3 * height * width), numba.carray(out, height * width)
        for i in range(height * width):
            r, g, b = np.int32(given[3 * i]), np.int32(given[3 * i + 1]), np.int32(given[3 * i + 2])
            to[i] = (77 * r + 150 * g + 29 * b + 128) >> 8

    pixels = cogway.In("uint8", ("height", "width", 3), name="pixels")
    arguments = [pixels, cogway.Out("uint8", ("height", "width")), "height", "width"]
    return cogway.kernel("example.gray", gray, arguments=arguments)


began = perf_counter()
slow = python_loop(frame.tobytes())
print(f"Python: {(perf_counter() - began) * 1e3:8.2f} ms")

began = perf_counter()
whole = numpy_whole(frame)
print(f"numpy:  {(perf_counter() - began) * 1e3:8.2f} ms")

kernels = {"kernel": "image.grayscale"}
if "numba" in globals():
    kernels["Numba"] = numba_kernel()
with cogway.Engine(native_workers=2) as engine:
    for name, kernel in kernels.items():
        engine.c_spawn(kernel, frame).result()  # the bus has the memory from now on
        began = perf_counter()
        gray = engine.c_spawn(kernel, frame).result()
        print(f"{name + ':':7} {(perf_counter() - began) * 1e3:8.2f} ms")

        assert bytes(gray) == bytes(slow) == whole.tobytes()
