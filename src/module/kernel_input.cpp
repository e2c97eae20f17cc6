// SPDX-License-Identifier: Apache-2.0
#include "module/kernel_input.hpp"

#include <new>

#include "cogway/engine/foreign_kernel.hpp"
#include "cogway/engine/kernel.hpp"
#include "cogway/python/compat.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/buffer.hpp"
#include "module/lend.hpp"

namespace cogway {
namespace {

/// Holds a bytes object while native code reads its memory: the common input, without a record on
/// the bus.
struct Pin : MailboxItem {
  ReleaseMailbox* mailbox;
  PyObject* object = nullptr;

  explicit Pin(ReleaseMailbox* owner) noexcept : MailboxItem(&Pin::drop), mailbox(owner) {
    mailbox->retain();
  }
  ~Pin() { mailbox->release(); }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;

  /// On whatever thread the engine lets go.
  static void release(void* owner) noexcept {
    auto* self = static_cast<Pin*>(owner);
    self->mailbox->post(self);
  }
  static void drop(MailboxItem* item) noexcept {
    auto* self = static_cast<Pin*>(item);
    Py_XDECREF(self->object);
    delete self;
  }
};

void describe_bytes(cogway_view& view, void* data, Py_ssize_t size) noexcept {
  view.size = sizeof(cogway_view);
  view.ndim = 1;
  view.data = data;
  view.dtype = {COGWAY_UINT, 8, 1};
  view.nbytes = static_cast<std::uint64_t>(size);
  view.shape[0] = size;
  view.strides[0] = 1;
}

bool from_bytes(ModuleState& state, PyObject* object, Input* input) {
  auto* pin = new (std::nothrow) Pin(state.mailbox);
  if (pin == nullptr) return PyErr_NoMemory(), false;
  pin->object = Py_NewRef(object);
  cogway_view view{};
  describe_bytes(view, PyBytes_AS_STRING(object), PyBytes_GET_SIZE(object));
  *input = Input(view, pin, &Pin::release);
  return true;
}

/// Says in the raised TypeError, ValueError or BufferError which input of which kernel it is about.
void name_input(const Kernel& kernel, std::size_t index) {
  PyRef exception = PyRef::steal(take_raised_exception());
  PyRef message = PyRef::steal(
      PyUnicode_FromFormat("%s: input %zu: %S", kernel.name().c_str(), index, exception.get()));
  PyObject* type = reinterpret_cast<PyObject*>(Py_TYPE(exception.get()));
  if (message &&
      (type == PyExc_TypeError || type == PyExc_ValueError || type == PyExc_BufferError)) {
    PyErr_SetObject(type, message.get());
  } else {
    restore_raised_exception(exception.release());
  }
}

}  // namespace

bool to_input(ModuleState& state, const Kernel& kernel, std::size_t index, PyObject* object,
              Input* input) {
  if (is_buffer(state, object)) {
    BufferView view;
    if (!buffer_input(object, view)) {
      name_input(kernel, index);
      return false;
    }
    *input = Input(std::move(view));
    return true;
  }
  if (PyBytes_CheckExact(object)) return from_bytes(state, object, input);
  PyRef attribute;
  const bool lendable = PyObject_CheckBuffer(object) != 0;
  const int found =
      lendable ? 1 : optional_attribute(object, state.name___dlpack__, attribute.out());
  if (found < 0) return false;
  if (found > 0) {
    BufferView view;
    const CStruct* structure =
        kernel.foreign() == nullptr ? nullptr : kernel.foreign()->input_structure(index);
    const bool lent = structure != nullptr && lendable
                          ? lend_py_buffer(state, object, view, structure)
                          : lend_object(state, object, view);
    if (!lent) {
      name_input(kernel, index);
      return false;
    }
    *input = Input(std::move(view));
    return true;
  }
  PyErr_Format(PyExc_TypeError,
               "%s: input %zu must be a Buffer, bytes, or an object with the buffer protocol or "
               "__dlpack__, not %.100s",
               kernel.name().c_str(), index, Py_TYPE(object)->tp_name);
  return false;
}

}  // namespace cogway
