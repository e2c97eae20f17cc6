# SPDX-License-Identifier: Apache-2.0
# cython: freethreading_compatible=True
# What a Cython module exports to other C code: capsules in __pyx_capi__.


cdef api void nothing() noexcept nogil:
    pass


cdef api double twice(double x) noexcept nogil:
    return 2 * x
