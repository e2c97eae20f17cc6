// SPDX-License-Identifier: Apache-2.0
// Buffer.__dlpack__: a tensor of another library on the memory of a buffer. The capsule's own
// structure keeps the native buffer, so it outlives the Buffer object, the engine and the attached
// thread.

#include <Python.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <new>

#include "cogway/python/compat.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/arguments.hpp"
#include "module/buffer.hpp"
#include "module/dlpack.hpp"

namespace cogway {
namespace {

struct Free {
  void operator()(std::byte* memory) const noexcept { std::free(memory); }
};

/// One export. **Threads**: deleted by any thread, attached or not. **Ownership**: the consumer's,
/// from the moment it renames the capsule. **Progress**, **Order**: as BufferRef.
struct Export {
  dlpack::Managed legacy{};
  dlpack::ManagedVersioned versioned{};
  BufferRef buffer;                         ///< holds the memory, unless copied
  WritableExport writer;                    ///< the right to write, unless frozen or copied
  std::unique_ptr<std::byte, Free> copied;  ///< the memory, if a copy was asked for
  std::array<std::int64_t, kMaxDims> shape{};
  std::array<std::int64_t, kMaxDims> strides{};
};

void delete_legacy(dlpack::Managed* managed) { delete static_cast<Export*>(managed->context); }
void delete_versioned(dlpack::ManagedVersioned* managed) {
  delete static_cast<Export*>(managed->context);
}

// A capsule that nobody consumed still owns the export.
void drop_legacy(PyObject* capsule) {
  if (PyCapsule_IsValid(capsule, dlpack::kLegacyName) == 0) return;
  delete_legacy(static_cast<dlpack::Managed*>(PyCapsule_GetPointer(capsule, dlpack::kLegacyName)));
}
void drop_versioned(PyObject* capsule) {
  if (PyCapsule_IsValid(capsule, dlpack::kVersionedName) == 0) return;
  delete_versioned(static_cast<dlpack::ManagedVersioned*>(
      PyCapsule_GetPointer(capsule, dlpack::kVersionedName)));
}

struct Request {
  bool versioned = false;
  bool copy = false;
};

bool read_request(PyObject* stream, PyObject* max_version, PyObject* device, PyObject* copy,
                  Request& request) {
  if (stream != nullptr && stream != Py_None) {
    PyErr_SetString(PyExc_BufferError, "__dlpack__(): memory of the processor has no stream");
    return false;
  }
  if (max_version != nullptr && max_version != Py_None) {
    unsigned int major = 0;
    unsigned int minor = 0;
    if (!PyTuple_Check(max_version)) {
      PyErr_SetString(PyExc_TypeError, "__dlpack__(): max_version must be a tuple (major, minor)");
      return false;
    }
    if (PyArg_ParseTuple(max_version, "II", &major, &minor) == 0) return false;
    request.versioned = major >= 1;
  }
  if (device != nullptr && device != Py_None) {
    int type = 0;
    int id = 0;
    if (!PyTuple_Check(device)) {
      PyErr_SetString(PyExc_TypeError, "__dlpack__(): dl_device must be a tuple (type, id)");
      return false;
    }
    if (PyArg_ParseTuple(device, "ii", &type, &id) == 0) return false;
    if (type != dlpack::kProcessor || id != 0) {
      PyErr_Format(PyExc_BufferError,
                   "__dlpack__(): a Buffer is in main memory, device (1, 0); it cannot be exported "
                   "to device (%d, %d)",
                   type, id);
      return false;
    }
  }
  return to_bool({"__dlpack__", "copy"}, copy == Py_None ? nullptr : copy, request.copy);
}

// Takes the memory that is exported, and says whether it is read-only. False with an exception.
bool take_memory(const BufferView& view, const Request& request, Export& made, bool& read_only) {
  const bool frozen = view.buffer.belongs_here() && view.buffer.state() == BufferState::frozen;
  read_only = false;
  if (request.copy) {
    const std::size_t bytes = (view.layout.nbytes() + 63) / 64 * 64;
    made.copied.reset(static_cast<std::byte*>(std::aligned_alloc(64, bytes == 0 ? 64 : bytes)));
    if (made.copied == nullptr) return PyErr_NoMemory(), false;
    copy_elements(view, made.copied.get());
    return true;
  }
  if (frozen) {
    if (!request.versioned) {
      PyErr_SetString(
          PyExc_BufferError,
          "a frozen Buffer is read-only, which a consumer of DLPack before 1.0 cannot be "
          "told: transfer() it first, or ask for a copy (copy=True)");
      return false;
    }
    read_only = true;
    made.buffer = view.buffer;
    return true;
  }
  made.writer = WritableExport::try_take(view.buffer);
  if (made.writer) return true;
  raise_export_refused(view.buffer);
  return false;
}

bool set_strides(const BufferView& view, bool contiguous, Export& made) {
  const Layout& layout = view.layout;
  std::int64_t expected = 1;
  for (std::uint32_t i = layout.ndim; i-- > 0;) {
    made.shape[i] = layout.shape[i];
    if (contiguous) {
      made.strides[i] = expected;
      expected *= layout.shape[i] == 0 ? 1 : layout.shape[i];
    } else if (layout.strides[i] % layout.dtype.itemsize() == 0) {
      made.strides[i] = layout.strides[i] / layout.dtype.itemsize();
    } else {
      PyErr_SetString(PyExc_BufferError,
                      "DLPack counts strides in elements, and these are not whole ones: copy=True");
      return false;
    }
  }
  return true;
}

}  // namespace

PyObject* buffer_dlpack(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                        PyObject* keywords) {
  static constexpr const char* kNames[] = {"stream", "max_version", "dl_device", "copy"};
  static constexpr Signature kSignature{"__dlpack__", kNames, 0, 0};
  PyObject* values[4];
  if (!bind_arguments(kSignature, arguments, count, keywords, values)) return nullptr;
  Request request;
  if (!read_request(values[0], values[1], values[2], values[3], request)) return nullptr;
  BufferView view;
  auto* object = reinterpret_cast<BufferObject*>(self);
  if (request.copy ? !buffer_input(self, view) : !pin_view(object, view)) return nullptr;

  std::unique_ptr<Export> made(new (std::nothrow) Export);
  if (made == nullptr) return PyErr_NoMemory();
  bool read_only = false;
  if (!set_strides(view, request.copy, *made)) return nullptr;
  if (!take_memory(view, request, *made, read_only)) return nullptr;
  dlpack::Tensor tensor{};
  tensor.data = made->copied != nullptr ? made->copied.get() : view.mutable_data();
  tensor.device = Device{dlpack::kProcessor, 0};
  tensor.ndim = static_cast<std::int32_t>(view.layout.ndim);
  tensor.dtype = view.layout.dtype;
  tensor.shape = made->shape.data();
  tensor.strides = made->strides.data();

  PyObject* capsule = nullptr;
  if (request.versioned) {
    made->versioned = {{1, 1}, made.get(), delete_versioned, 0, tensor};
    made->versioned.flags =
        (read_only ? dlpack::kReadOnly : 0) | (request.copy ? dlpack::kIsCopied : 0);
    capsule = PyCapsule_New(&made->versioned, dlpack::kVersionedName, drop_versioned);
  } else {
    made->legacy = {tensor, made.get(), delete_legacy};
    capsule = PyCapsule_New(&made->legacy, dlpack::kLegacyName, drop_legacy);
  }
  if (capsule != nullptr) static_cast<void>(made.release());
  return capsule;
}

PyObject* buffer_dlpack_device(PyObject*, PyObject*) {
  return Py_BuildValue("(ii)", dlpack::kProcessor, 0);
}

}  // namespace cogway
