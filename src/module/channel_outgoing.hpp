// SPDX-License-Identifier: Apache-2.0
#pragma once
// What Python code sends through a channel: a Buffer, or the bytes of anything that has some.

#include <Python.h>

#include <utility>

#include "cogway/bus/shared_channel.hpp"
#include "module/buffer.hpp"
#include "module/bus.hpp"

namespace cogway {

/// **Threads**: one; read() and the end attached. **Ownership**: the view of the bytes, or a
/// reference to the buffer. **Progress**: as SharedChannel. **Order**: as SharedChannel.
class ChannelOutgoing {
 public:
  ChannelOutgoing() = default;
  ChannelOutgoing(const ChannelOutgoing&) = delete;
  ChannelOutgoing& operator=(const ChannelOutgoing&) = delete;
  ~ChannelOutgoing() {
    if (bytes_.obj != nullptr) PyBuffer_Release(&bytes_);
  }
  /// False with an exception.
  [[nodiscard]] bool read(ModuleState& state, PyObject* value) {
    if (!is_buffer(state, value)) return PyObject_GetBuffer(value, &bytes_, PyBUF_SIMPLE) == 0;
    BufferView view;
    if (!pin_view(reinterpret_cast<BufferObject*>(value), view)) return false;
    if (view.offset == 0 && view.layout == view.buffer.layout()) {
      buffer_ = std::move(view.buffer);
      return true;
    }
    PyErr_SetString(PyExc_BufferError,
                    "cannot send a part of a buffer: send the whole Buffer that it was taken from");
    return false;
  }
  Status try_send(SharedChannel& channel, bool again = false) const {
    return buffer_ ? channel.try_send(buffer_, again) : channel.try_send(bytes(), again);
  }
  Status send(SharedChannel& channel, TimePoint deadline, ChannelInterrupt interrupt) const {
    return buffer_ ? channel.send(buffer_, deadline, interrupt)
                   : channel.send(bytes(), deadline, interrupt);
  }

 private:
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return {static_cast<const std::byte*>(bytes_.buf), static_cast<std::size_t>(bytes_.len)};
  }
  Py_buffer bytes_{};
  BufferRef buffer_;
};

}  // namespace cogway
