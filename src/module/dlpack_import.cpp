// SPDX-License-Identifier: Apache-2.0
// The memory of another library's tensor as a native buffer.

#include <Python.h>

#include <array>
#include <new>
#include <string>

#include "cogway/python/compat.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/dlpack.hpp"
#include "module/lend.hpp"

namespace cogway {
namespace {

// A consumed tensor that a native buffer keeps. Its deleter may need an attached thread: numpy's
// does.
struct LentTensor : MailboxItem {
  dlpack::Managed* legacy = nullptr;
  dlpack::ManagedVersioned* versioned = nullptr;
  ReleaseMailbox* mailbox = nullptr;

  void run_deleter() const noexcept {
    if (legacy != nullptr && legacy->deleter != nullptr) legacy->deleter(legacy);
    if (versioned != nullptr && versioned->deleter != nullptr) versioned->deleter(versioned);
  }
  static void give_back(void* owner) noexcept {
    auto* self = static_cast<LentTensor*>(owner);
    ReleaseMailbox* mailbox = self->mailbox;
    mailbox->retain();  // the item, and its hold on the mailbox, may be gone before post() returns
    mailbox->post(self);
    mailbox->release();
  }
  static void drop(MailboxItem* item) noexcept {
    auto* self = static_cast<LentTensor*>(item);
    self->run_deleter();
    self->mailbox->release();
    delete self;
  }
};

bool check_device(ModuleState& state, PyObject* object) {
  const PyRef device =
      PyRef::steal(PyObject_CallMethodNoArgs(object, state.name___dlpack_device__));
  if (!device) return false;
  int type = 0;
  int id = 0;
  if (!PyTuple_Check(device.get())) {
    PyErr_SetString(PyExc_TypeError, "__dlpack_device__() must return a tuple (type, id)");
    return false;
  }
  if (PyArg_ParseTuple(device.get(), "ii", &type, &id) == 0) return false;
  if (type == dlpack::kProcessor || type == dlpack::kPinnedByCuda ||
      type == dlpack::kPinnedByRocm) {
    return true;
  }
  PyErr_Format(PyExc_BufferError,
               "the tensor is on DLPack device (%d, %d); kernels read main memory: copy it to the "
               "processor first, for example with tensor.cpu()",
               type, id);
  return false;
}

// Producers of DLPack before 1.0 do not know max_version.
PyRef take_capsule(ModuleState& state, PyObject* object) {
  const PyRef dlpack_method = PyRef::steal(PyObject_GetAttr(object, state.name___dlpack__));
  if (!dlpack_method) return {};
  const PyRef keywords = PyRef::steal(Py_BuildValue("{s:(ii)}", "max_version", 1, 1));
  if (!keywords) return {};
  PyRef capsule =
      PyRef::steal(PyObject_Call(dlpack_method.get(), state.empty_tuple, keywords.get()));
  if (!capsule && PyErr_ExceptionMatches(PyExc_TypeError) != 0) {
    PyErr_Clear();
    capsule = PyRef::steal(PyObject_CallNoArgs(dlpack_method.get()));
  }
  return capsule;
}

bool describe(const dlpack::Tensor& tensor, Layout& layout) {
  if (tensor.ndim < 0 || tensor.ndim > static_cast<std::int32_t>(kMaxDims)) {
    PyErr_Format(PyExc_BufferError, "a buffer has at most 8 dimensions, not %d", tensor.ndim);
    return false;
  }
  const auto n = static_cast<std::size_t>(tensor.ndim);
  Status status;
  if (tensor.strides == nullptr || !tensor.dtype.supported()) {
    status = Layout::contiguous(tensor.dtype, {tensor.shape, n}, &layout);
  } else {
    std::array<std::int64_t, kMaxDims> strides{};
    for (std::size_t i = 0; i < n; ++i) {
      if (__builtin_mul_overflow(tensor.strides[i],
                                 static_cast<std::int64_t>(tensor.dtype.itemsize()), &strides[i])) {
        PyErr_SetString(PyExc_BufferError, "the tensor's strides are out of range");
        return false;
      }
    }
    std::int64_t lowest = 0;
    std::int64_t end = 0;
    status = Layout::strided(tensor.dtype, {tensor.shape, n}, {strides.data(), n}, &layout, &lowest,
                             &end);
  }
  if (!status.ok()) PyErr_SetString(PyExc_BufferError, status.message().c_str());
  return status.ok();
}

// The capsule's tensor becomes the owner's, which is then bound to run its deleter.
bool consume(PyObject* capsule, LentTensor& owner) {
  if (PyCapsule_IsValid(capsule, dlpack::kVersionedName) != 0) {
    owner.versioned = static_cast<dlpack::ManagedVersioned*>(
        PyCapsule_GetPointer(capsule, dlpack::kVersionedName));
    return PyCapsule_SetName(capsule, dlpack::kVersionedUsedName) == 0;
  }
  if (PyCapsule_IsValid(capsule, dlpack::kLegacyName) != 0) {
    owner.legacy =
        static_cast<dlpack::Managed*>(PyCapsule_GetPointer(capsule, dlpack::kLegacyName));
    return PyCapsule_SetName(capsule, dlpack::kLegacyUsedName) == 0;
  }
  PyErr_Format(PyExc_TypeError,
               "__dlpack__() must return an unused capsule of a tensor, not %.100R", capsule);
  return false;
}

}  // namespace

bool lend_dlpack(ModuleState& state, PyObject* object, BufferView& out) {
  if (!check_device(state, object)) return false;
  const PyRef capsule = take_capsule(state, object);
  if (!capsule) return false;
  auto* owner = new (std::nothrow) LentTensor;
  if (owner == nullptr) return PyErr_NoMemory(), false;
  owner->release = LentTensor::drop;
  if (!consume(capsule.get(), *owner)) return delete owner, false;
  bool usable = true;
  if (owner->versioned != nullptr && owner->versioned->version.major > 1) {
    PyErr_Format(PyExc_BufferError, "the tensor is of DLPack %u; cogway knows versions up to 1",
                 static_cast<unsigned>(owner->versioned->version.major));
    usable = false;
  }
  Layout layout;
  const bool read_only =
      owner->versioned == nullptr || (owner->versioned->flags & dlpack::kReadOnly) != 0;
  const dlpack::Tensor* tensor = nullptr;
  if (usable) {
    tensor = owner->versioned != nullptr ? &owner->versioned->tensor : &owner->legacy->tensor;
    usable = describe(*tensor, layout);
  }
  if (!usable) {
    PyObject* raised = take_raised_exception();  // a deleter may run Python code
    owner->run_deleter();
    delete owner;
    restore_raised_exception(raised);
    return false;
  }
  owner->mailbox = state.mailbox;
  owner->mailbox->retain();
  auto* data = static_cast<std::byte*>(tensor->data) + tensor->byte_offset;
  out = BufferView::whole(lend_buffer(layout, data, read_only, owner, LentTensor::give_back));
  return true;
}

}  // namespace cogway
