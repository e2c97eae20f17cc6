// SPDX-License-Identifier: Apache-2.0
// What `SharedChannel.aio` is made of: attempts that do not wait, and the channel's calls to event
// loops. The waiting itself is in cogway._channel_tasks.

#include "module/arguments.hpp"
#include "module/channel_outgoing.hpp"
#include "module/errors.hpp"
#include "module/shared_bus.hpp"
#include "module/shared_channel.hpp"

namespace cogway {
namespace {

SharedChannel& of(PyObject* self) noexcept { return *as_channel(self)->channel; }
ChannelEvent event_of(PyObject* room) noexcept {
  return room == Py_True ? ChannelEvent::room : ChannelEvent::message;
}

}  // namespace

PyObject* channel_take(PyObject* self, PyObject*) {
  ChannelMessage message;
  const Status status = of(self).try_receive(&message);
  if (status.ok()) return channel_message(*as_channel(self)->state, message);
  if (status.code() == StatusCode::not_found) Py_RETURN_NONE;
  return raise_channel_status(as_channel(self), status), nullptr;
}

PyObject* channel_take_many(PyObject* self, PyObject* n) {
  std::int64_t most = 0;
  if (!to_int64({"receive_many", "n"}, n, 1, PY_SSIZE_T_MAX, most)) return nullptr;
  ChannelMessage message;
  const Status status = of(self).try_receive(&message);
  if (status.ok()) return channel_messages(as_channel(self), message, most);
  if (status.code() == StatusCode::not_found) Py_RETURN_NONE;
  return raise_channel_status(as_channel(self), status), nullptr;
}

PyObject* channel_offer(PyObject* self, PyObject* value) {
  ChannelOutgoing message;
  if (!message.read(*as_channel(self)->state, value)) return nullptr;
  const Status status = message.try_send(of(self), true);
  if (status.ok()) Py_RETURN_TRUE;
  if (status.code() == StatusCode::unavailable) Py_RETURN_FALSE;
  return raise_channel_status(as_channel(self), status), nullptr;
}

PyObject* channel_watch(PyObject* self, PyObject* room) {
  of(self).watch(event_of(room));
  return channel_ready(self, room);
}

PyObject* channel_ready(PyObject* self, PyObject* room) {
  return PyLong_FromUnsignedLong(of(self).ready(event_of(room)));
}

PyObject* channel_end_watch(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  if (count != 2) return PyErr_SetString(PyExc_TypeError, "room and timed_out"), nullptr;
  of(self).end_watch(event_of(arguments[0]), arguments[1] == Py_True);
  Py_RETURN_NONE;
}

PyObject* channel_bus(PyObject* self, PyObject*) {
  return wrap_shared_bus(*as_channel(self)->state, of(self).bus());
}

PyObject* shared_bus_loop_descriptor(PyObject* self, PyObject*) {
  auto* bus = reinterpret_cast<SharedBusObject*>(self);
  int fd = -1;
  const Status status = bus->bus->loop_descriptor(&fd);
  if (status.ok()) return PyLong_FromLong(fd);
  if (status.code() == StatusCode::resource_exhausted) {
    PyErr_SetString(PyExc_OSError, status.message().c_str());
  } else {
    raise_shared_status(bus, status);
  }
  return nullptr;
}

PyObject* shared_bus_clear_loop_calls(PyObject* self, PyObject*) {
  reinterpret_cast<SharedBusObject*>(self)->bus->clear_loop_calls();
  Py_RETURN_NONE;
}

}  // namespace cogway
