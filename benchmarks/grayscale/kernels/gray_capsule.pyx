# SPDX-License-Identifier: Apache-2.0
# cython: freethreading_compatible=True
# A function for other C code, which cogway takes as a kernel: its capsule is in __pyx_capi__, and a
# call converts one frame. Flat pointers, as in gray_prange.pyx: vectors need them.
from libc.stdint cimport int64_t, uint8_t


cdef api void gray(const uint8_t* pixels, uint8_t* out, int64_t height,
                   int64_t width) noexcept nogil:
    cdef int64_t i
    for i in range(height * width):
        out[i] = <uint8_t>((77 * pixels[3 * i] + 150 * pixels[3 * i + 1]
                            + 29 * pixels[3 * i + 2] + 128) >> 8)
