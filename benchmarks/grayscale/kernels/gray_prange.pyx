# SPDX-License-Identifier: Apache-2.0
# Rows over OpenMP's threads; whether indices are checked is decided when it is compiled. Rows are
# taken from flat views: with three indices a pixel, the compiler does not use vectors.
from cython.parallel cimport prange
from libc.stdint cimport uint8_t


cdef void row(const uint8_t[::1] pixels, uint8_t[::1] out, Py_ssize_t y,
              Py_ssize_t width) noexcept nogil:
    cdef Py_ssize_t x
    cdef Py_ssize_t first = y * width
    for x in range(first, first + width):
        out[x] = <uint8_t>((77 * pixels[3 * x] + 150 * pixels[3 * x + 1]
                            + 29 * pixels[3 * x + 2] + 128) >> 8)


def gray(const uint8_t[::1] pixels, uint8_t[::1] out, Py_ssize_t height, int threads):
    cdef Py_ssize_t y
    cdef Py_ssize_t width = out.shape[0] // height
    for y in prange(height, nogil=True, schedule="static", num_threads=threads):
        row(pixels, out, y, width)
