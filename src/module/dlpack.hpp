// SPDX-License-Identifier: Apache-2.0
#pragma once
// DLPack as its specification lays it out in memory (versions 0.x and 1.x), and the two methods of
// the Python protocol.

#include <Python.h>

#include <cstdint>

#include "cogway/bus/buffer_header.hpp"
#include "cogway/bus/dtype.hpp"

namespace cogway::dlpack {

inline constexpr const char* kLegacyName = "dltensor";
inline constexpr const char* kLegacyUsedName = "used_dltensor";
inline constexpr const char* kVersionedName = "dltensor_versioned";
inline constexpr const char* kVersionedUsedName = "used_dltensor_versioned";
inline constexpr std::int32_t kProcessor = 1;      // kDLCPU
inline constexpr std::int32_t kPinnedByCuda = 3;   // kDLCUDAHost: main memory
inline constexpr std::int32_t kPinnedByRocm = 11;  // kDLROCMHost: main memory
inline constexpr std::uint64_t kReadOnly = 1;      // DLPACK_FLAG_BITMASK_READ_ONLY
inline constexpr std::uint64_t kIsCopied = 2;      // DLPACK_FLAG_BITMASK_IS_COPIED

struct Tensor {
  void* data;
  Device device;
  std::int32_t ndim;
  DType dtype;
  std::int64_t* shape;
  std::int64_t* strides;  ///< in elements; null: C-contiguous (producers older than 1.2)
  std::uint64_t byte_offset;
};

struct Managed {
  Tensor tensor;
  void* context;
  void (*deleter)(Managed* self);
};

struct Version {
  std::uint32_t major;
  std::uint32_t minor;
};

struct ManagedVersioned {
  Version version;
  void* context;
  void (*deleter)(ManagedVersioned* self);
  std::uint64_t flags;
  Tensor tensor;
};

static_assert(sizeof(Tensor) == 48 && sizeof(Managed) == 64 && sizeof(ManagedVersioned) == 80);

}  // namespace cogway::dlpack

namespace cogway {

PyObject* buffer_dlpack(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                        PyObject* keywords);                       // __dlpack__
PyObject* buffer_dlpack_device(PyObject* self, PyObject* unused);  // __dlpack_device__

}  // namespace cogway
