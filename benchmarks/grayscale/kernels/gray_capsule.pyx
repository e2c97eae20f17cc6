# SPDX-License-Identifier: Apache-2.0
# cython: freethreading_compatible=True
# Functions for other C code, which cogway takes as kernels: their capsules are in __pyx_capi__, and a
# call converts one frame. Flat pointers, as in gray_prange.pyx: vectors need them.
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t


cdef api void gray(const uint8_t* pixels, uint8_t* out, int64_t height,
                   int64_t width) noexcept nogil:
    cdef int64_t i
    for i in range(height * width):
        out[i] = <uint8_t>((77 * pixels[3 * i] + 150 * pixels[3 * i + 1]
                            + 29 * pixels[3 * i + 2] + 128) >> 8)


# Cython's own checks are those of memoryviews, whose exceptions need the GIL. What has pointers
# compares by hand, and says with a status that an index was beyond the end.
cdef struct bounded:
    const uint8_t* data
    uint64_t size


cdef inline int32_t at(bounded view, uint64_t i, bint* outside) noexcept nogil:
    if i >= view.size:
        outside[0] = True
        return 0
    return view.data[i]


cdef api int32_t gray_checked(const uint8_t* pixels, uint8_t* out, int64_t height,
                              int64_t width) noexcept nogil:
    cdef uint64_t i
    cdef uint64_t count = <uint64_t>(height * width)
    cdef bounded view = bounded(data=pixels, size=3 * count)
    cdef bint outside = False
    for i in range(count):
        out[i] = <uint8_t>((77 * at(view, 3 * i, &outside) + 150 * at(view, 3 * i + 1, &outside)
                            + 29 * at(view, 3 * i + 2, &outside) + 128) >> 8)
        if outside:
            return 1
    return 0
