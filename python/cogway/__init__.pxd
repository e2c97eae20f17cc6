# SPDX-License-Identifier: Apache-2.0
# cython: language_level=3
"""cogway for Cython: ``cimport cogway``, or ``from cogway cimport cogway_view, readable``.

What is in ``cogway/kernel_abi.h``, under its own names, and typed views of the buffers that a
kernel is given. Everything may be called without the GIL. The C compiler has to find the header,
in ``cogway.get_include()``.

A function whose parameters are views is registered as any other ``cdef api`` function::

    cdef api int32_t row_sums(const cogway_view* x, const cogway_view* y) noexcept nogil:
        cdef const double* given
        cdef double* result
        if not readable(x, 2, &given) or not writable(y, 1, &result):
            return COGWAY_INVALID_ARGUMENT
        for i in range(x.shape[0]):
            result[i] = 0
            for j in range(x.shape[1]):
                result[i] += at2(x, given, i, j)
        return COGWAY_OK

In code that has the GIL, Cython's own typed memoryviews take a `cogway.Buffer` without a copy.
"""

from cpython.pycapsule cimport PyCapsule_Import
from libc.stdint cimport (
    int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t,
)

cdef extern from "cogway/kernel_abi.h" nogil:
    enum:
        COGWAY_KERNEL_ABI
        COGWAY_MAX_NDIM
        COGWAY_MAX_BUFFERS

    enum:  # status codes
        COGWAY_OK
        COGWAY_CANCELLED
        COGWAY_INVALID_ARGUMENT
        COGWAY_DEADLINE_EXCEEDED
        COGWAY_NOT_FOUND
        COGWAY_ALREADY_EXISTS
        COGWAY_RESOURCE_EXHAUSTED
        COGWAY_FAILED_PRECONDITION
        COGWAY_DATA_LOSS
        COGWAY_UNIMPLEMENTED
        COGWAY_UNAVAILABLE
        COGWAY_INTERNAL

    enum:  # codes of cogway_dtype
        COGWAY_INT
        COGWAY_UINT
        COGWAY_FLOAT
        COGWAY_BFLOAT
        COGWAY_BOOL

    enum:
        COGWAY_OUTPUT_BOUND
        COGWAY_PARAM_BOOL
        COGWAY_PARAM_INT
        COGWAY_PARAM_FLOAT
        COGWAY_PARAM_STRING
        COGWAY_PARAM_INTS
        COGWAY_PARAM_FLOATS
        COGWAY_PARAM_CHOICE
        COGWAY_PARAM_REQUIRED
        COGWAY_KERNEL_DESCRIBE_ON_WORKER

    ctypedef struct cogway_dtype:
        uint8_t code
        uint8_t bits
        uint16_t lanes

    ctypedef struct cogway_view:
        uint32_t size
        uint32_t ndim
        void* data
        cogway_dtype dtype
        uint32_t flags
        uint64_t nbytes
        int64_t shape[8]
        int64_t strides[8]

    ctypedef struct cogway_output_spec:
        uint32_t size
        uint32_t ndim
        cogway_dtype dtype
        uint32_t flags
        int64_t shape[8]

    ctypedef union cogway_value_data:
        int64_t i
        double f
        const char* s
        const int64_t* ints
        const double* floats

    ctypedef struct cogway_value:
        uint32_t type
        uint32_t count
        cogway_value_data as_ "as"

    ctypedef struct cogway_param_spec:
        uint32_t size
        uint32_t type
        const char* name
        const char* doc
        uint32_t flags
        uint32_t min_count
        uint32_t max_count
        uint32_t reserved
        double min_value
        double max_value
        const char* const* choices
        cogway_value default_value

    ctypedef struct cogway_context:
        pass

    ctypedef struct cogway_call:
        uint32_t size
        uint32_t n_inputs
        uint32_t n_outputs
        uint32_t n_params
        const cogway_view* inputs
        const cogway_view* outputs
        const cogway_value* params
        cogway_context* context
        const void* data

    ctypedef int32_t (*cogway_range_body)(
        void* argument, int64_t begin, int64_t end) noexcept nogil
    ctypedef int32_t (*cogway_reduce_body)(
        void* argument, int64_t begin, int64_t end, void* partial) noexcept nogil
    ctypedef void (*cogway_combine)(
        void* argument, void* into, const void* partial) noexcept nogil

    ctypedef struct cogway_host:
        uint32_t size
        uint32_t abi
        int32_t (*cancelled)(cogway_context* context) noexcept nogil
        int64_t (*deadline)(cogway_context* context) noexcept nogil
        void* (*scratch)(cogway_context* context, size_t bytes) noexcept nogil
        int32_t (*parallel_for)(cogway_context* context, int64_t n, int64_t grain,
                                cogway_range_body body, void* argument) noexcept nogil
        int32_t (*fail)(cogway_context* context, int32_t code, const char* message) noexcept nogil
        int32_t (*set_output_shape)(cogway_context* context, uint32_t i, const int64_t* shape,
                                    uint32_t ndim) noexcept nogil
        void (*log)(cogway_context* context, int32_t level, const char* message) noexcept nogil
        int32_t (*parallel_reduce)(cogway_context* context, int64_t n, int64_t grain,
                                   cogway_reduce_body body, cogway_combine combine, void* argument,
                                   void* result, size_t bytes) noexcept nogil
        int32_t (*thread_budget)(cogway_context* context) noexcept nogil
        int32_t (*post)(cogway_context* context, const char* name, const cogway_view* buffers,
                        uint32_t n_buffers) noexcept nogil

    ctypedef struct cogway_kernel:
        uint32_t size
        uint32_t flags
        const char* name
        const char* doc
        const char* signature
        uint32_t min_inputs
        uint32_t max_inputs
        uint32_t n_outputs
        uint32_t n_params
        const cogway_param_spec* params
        int32_t (*describe)(const cogway_call* call, cogway_output_spec* outputs) noexcept nogil
        int32_t (*run)(const cogway_call* call) noexcept nogil
        const void* data

    ctypedef struct cogway_pack:
        uint32_t size
        uint32_t abi
        const char* name
        const char* version
        const cogway_kernel* kernels
        uint32_t n_kernels


# --- Typed views ----------------------------------------------------------------------------------

ctypedef fused cogway_item:
    int8_t
    int16_t
    int32_t
    int64_t
    uint8_t
    uint16_t
    uint32_t
    uint64_t
    float
    double


cdef inline bint holds(const cogway_view* view, const cogway_item* kind) noexcept nogil:
    """Whether the elements of a view have the type that `kind` points to; it may be NULL."""
    if view.dtype.lanes != 1 or view.dtype.bits != 8 * sizeof(cogway_item):
        return False
    if cogway_item is float or cogway_item is double:
        return view.dtype.code == COGWAY_FLOAT
    elif cogway_item is uint8_t:
        return view.dtype.code == COGWAY_UINT or view.dtype.code == COGWAY_BOOL
    elif cogway_item is uint16_t or cogway_item is uint32_t or cogway_item is uint64_t:
        return view.dtype.code == COGWAY_UINT
    else:
        return view.dtype.code == COGWAY_INT


cdef inline int64_t count(const cogway_view* view) noexcept nogil:
    """How many elements a view has."""
    cdef int64_t n = 1
    cdef uint32_t d
    for d in range(view.ndim):
        n *= view.shape[d]
    return n


cdef inline bint in_c_order(const cogway_view* view) noexcept nogil:
    """Whether the elements of a view lie one behind the other, those of the last axis closest."""
    cdef int64_t expected = view.dtype.bits * view.dtype.lanes // 8
    cdef uint32_t d = view.ndim
    while d > 0:
        d -= 1
        if view.shape[d] == 0:
            return True
        if view.shape[d] != 1 and view.strides[d] != expected:
            return False
        expected *= view.shape[d]
    return True


cdef inline bint readable(
        const cogway_view* view, uint32_t ndim, const cogway_item** data) noexcept nogil:
    """Point `data` at an input of that type and number of dimensions, with any strides: see at1.

    False, and nothing is touched: it is another.
    """
    if view.ndim != ndim or not holds(view, <const cogway_item*> NULL):
        return False
    data[0] = <const cogway_item*> view.data
    return True


cdef inline bint dense(const cogway_view* view, const cogway_item** data) noexcept nogil:
    """Point `data` at the count() elements of an input of that type in C order."""
    if not holds(view, <const cogway_item*> NULL) or not in_c_order(view):
        return False
    data[0] = <const cogway_item*> view.data
    return True


cdef inline bint writable(
        const cogway_view* view, uint32_t ndim, cogway_item** data) noexcept nogil:
    """Point `data` at an output of that type and number of dimensions: it is in C order."""
    if view.ndim != ndim or not holds(view, <const cogway_item*> NULL):
        return False
    data[0] = <cogway_item*> view.data
    return True


cdef inline cogway_item at1(
        const cogway_view* view, const cogway_item* data, int64_t i) noexcept nogil:
    """Return element i of a view of one dimension, whose bounds are the caller's to keep."""
    return (<const cogway_item*> (<const char*> data + i * view.strides[0]))[0]


cdef inline cogway_item at2(
        const cogway_view* view, const cogway_item* data, int64_t i, int64_t j) noexcept nogil:
    """Return element (i, j)."""
    return (<const cogway_item*> (
        <const char*> data + i * view.strides[0] + j * view.strides[1]))[0]


cdef inline cogway_item at3(
        const cogway_view* view, const cogway_item* data,
        int64_t i, int64_t j, int64_t k) noexcept nogil:
    """Return element (i, j, k)."""
    return (<const cogway_item*> (
        <const char*> data + i * view.strides[0] + j * view.strides[1] + k * view.strides[2]))[0]


cdef inline const cogway_host* host() except NULL:
    """Return the table of what the engine offers; ask with the GIL, at import, and keep it."""
    return <const cogway_host*> PyCapsule_Import("cogway._core.host", 0)
