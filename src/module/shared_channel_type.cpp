// SPDX-License-Identifier: Apache-2.0
// The heap type `SharedChannel`. How one is opened is in shared_channel_open.cpp.

#include <Python.h>
#include <structmember.h>

#include <algorithm>
#include <utility>

#include "cogway/python/py_ref.hpp"
#include "cogway/python/thread_state.hpp"
#include "module/arguments.hpp"
#include "module/buffer.hpp"
#include "module/bus.hpp"
#include "module/channel_outgoing.hpp"
#include "module/errors.hpp"
#include "module/heap_type.hpp"
#include "module/shared_channel.hpp"
#include "module/waiting.hpp"

namespace cogway {
namespace {

void deallocate(PyObject* self) {
  SharedChannelObject* object = as_channel(self);
  if (object->weak_references != nullptr) PyObject_ClearWeakRefs(self);
  object->channel.~shared_ptr();
  free_heap_object(self);
}

/// Runs a call that may wait, detached. False with an exception.
template <typename Call>
bool call_detached(SharedChannelObject* self, Call call) {
  Status status;
  bool failed = false;
  PyThreadState* thread = PyEval_SaveThread();
  try {
    status = call(ChannelInterrupt{signal_raised, &thread});
  } catch (...) {
    failed = true;
  }
  attach_or_hang(thread);
  if (failed) {
    PyErr_NoMemory();
  } else if (!status.ok() && PyErr_Occurred() == nullptr) {
    raise_channel_status(self, status);
  }
  return !failed && status.ok();
}

// ---- sending ------------------------------------------------------------------------------------

PyObject* send(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  static constexpr const char* kNames[] = {"message", "timeout"};
  PyObject* values[2];
  TimePoint deadline = kNever;
  ChannelOutgoing message;
  if (!bind_arguments({"send", kNames, 2, 1}, arguments, count, keywords, values) ||
      !to_deadline({"send", "timeout"}, values[1], false, deadline) ||
      !message.read(*as_channel(self)->state, values[0])) {
    return nullptr;
  }
  const bool sent = call_detached(as_channel(self), [&](ChannelInterrupt interrupt) {
    return message.send(*as_channel(self)->channel, deadline, interrupt);
  });
  if (!sent) return nullptr;
  Py_RETURN_NONE;
}

PyObject* send_nowait(PyObject* self, PyObject* value) {
  ChannelOutgoing message;
  if (!message.read(*as_channel(self)->state, value)) return nullptr;
  const Status status = message.try_send(*as_channel(self)->channel);
  if (!status.ok()) return raise_channel_status(as_channel(self), status), nullptr;
  Py_RETURN_NONE;
}

// ---- receiving ----------------------------------------------------------------------------------

/// One message, waiting for it. False with an exception.
bool receive_one(SharedChannelObject* self, TimePoint deadline, ChannelMessage& message) {
  const Status status = self->channel->try_receive(&message);
  if (status.ok()) return true;
  if (status.code() != StatusCode::not_found) return raise_channel_status(self, status), false;
  return call_detached(self, [&](ChannelInterrupt interrupt) {
    return self->channel->receive(&message, deadline, interrupt);
  });
}

PyObject* receive(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                  PyObject* keywords) {
  TimePoint deadline = kNever;
  if ((count != 0 || keywords != nullptr) &&
      !to_wait(arguments, count, keywords, deadline, "receive")) {
    return nullptr;
  }
  ChannelMessage message;
  if (!receive_one(as_channel(self), deadline, message)) return nullptr;
  return channel_message(*as_channel(self)->state, message);
}

PyObject* receive_nowait(PyObject* self, PyObject*) {
  ChannelMessage message;
  const Status status = as_channel(self)->channel->try_receive(&message);
  if (status.ok()) return channel_message(*as_channel(self)->state, message);
  return raise_channel_status(as_channel(self), status), nullptr;
}

PyObject* receive_many(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                       PyObject* keywords) {
  static constexpr const char* kNames[] = {"n", "timeout"};
  SharedChannelObject* object = as_channel(self);
  PyObject* values[2];
  std::int64_t n = 0;
  TimePoint deadline = kNever;
  if (!bind_arguments({"receive_many", kNames, 2, 1}, arguments, count, keywords, values) ||
      !to_int64({"receive_many", "n"}, values[0], 1, PY_SSIZE_T_MAX, n) ||
      !to_deadline({"receive_many", "timeout"}, values[1], false, deadline)) {
    return nullptr;
  }
  ChannelMessage message;
  if (!receive_one(object, deadline, message)) return nullptr;
  return channel_messages(object, message, n);
}

PyObject* iterate(PyObject* self) { return Py_NewRef(self); }
PyObject* next(PyObject* self) {
  ChannelMessage message;
  if (receive_one(as_channel(self), kNever, message)) {
    return channel_message(*as_channel(self)->state, message);
  }
  if (PyErr_ExceptionMatches(as_channel(self)->state->channel_closed) != 0) PyErr_Clear();
  return nullptr;
}

// ---- the rest -----------------------------------------------------------------------------------

PyObject* close(PyObject* self, PyObject*) {
  as_channel(self)->channel->close();
  Py_RETURN_NONE;
}

PyObject* statistics(PyObject* self, PyObject*) {
  const ChannelStatistics now = as_channel(self)->channel->statistics();
  return PyObject_CallFunction(
      as_channel(self)->state->channel_statistics, "IIKKIKKKKKKKKKKKN", now.capacity, now.messages,
      now.bytes, now.most_bytes, now.openers, now.sent, now.received, now.dropped_oldest,
      now.dropped_newest, now.refused, now.abandoned, now.damaged, now.send_waits,
      now.send_timeouts, now.receive_waits, now.receive_timeouts, PyBool_FromLong(now.closed));
}

Py_ssize_t length(PyObject* self) { return as_channel(self)->channel->size(); }
int truth(PyObject*) { return 1; }

PyObject* get_name(PyObject* self, void*) {
  return PyUnicode_FromString(as_channel(self)->channel->name().c_str());
}
PyObject* get_capacity(PyObject* self, void*) {
  return PyLong_FromUnsignedLong(as_channel(self)->channel->capacity());
}
PyObject* get_message_bytes(PyObject* self, void*) {
  return PyLong_FromUnsignedLong(as_channel(self)->channel->message_bytes());
}
PyObject* get_policy(PyObject* self, void*) {
  return PyUnicode_FromString(channel_policy_name(as_channel(self)->channel->policy()));
}
PyObject* get_kind(PyObject* self, void*) {
  return PyUnicode_FromString(channel_kind_name(as_channel(self)->channel->kind()));
}
PyObject* get_closed(PyObject* self, void*) {
  return PyBool_FromLong(as_channel(self)->channel->closed());
}

PyObject* get_bus_key(PyObject* self, void*) {
  return PyLong_FromVoidPtr(as_channel(self)->channel->bus().get());
}
PyObject* get_aio(PyObject* self, void*) {
  return PyObject_CallOneArg(as_channel(self)->state->channel_task_side, self);
}

PyObject* represent(PyObject* self) {
  const SharedChannel& channel = *as_channel(self)->channel;
  return PyUnicode_FromFormat(
      "<cogway.SharedChannel %s%s, %u of %u messages, %s, %s>", channel.name().c_str(),
      channel.closed() ? " closed" : "", channel.size(), channel.capacity(),
      channel_policy_name(channel.policy()), channel_kind_name(channel.kind()));
}

PyDoc_STRVAR(
    type_doc,
    "A bounded queue between the processes of a bus; `SharedBus.channel()` returns one.\n\n"
    "A message is bytes, copied into the channel, or a Buffer of the bus, of which the\n"
    "reference moves and not a byte. A process may be killed at any time: what it had sent\n"
    "comes out, what it was about to send does not, and the others go on.\n\n"
    "The channel lives while a process has it open or a message is in it. Iterating receives\n"
    "until it is closed.\n\n"
    "In a forked child the object does nothing: open the bus and the channel again there.\n\n"
    "Threads: all methods may be called from any thread.");
PyDoc_STRVAR(send_doc,
             "send($self, message, timeout=None)\n--\n\n"
             "Send bytes, or a Buffer of this bus, which is frozen; waits by policy for room.\n\n"
             "Raises:\n"
             "    QueueFull: It is full, and the policy is \"fail\".\n"
             "    TimeoutError: There was no room in time.\n"
             "    ChannelClosed: It is closed.\n"
             "    ValueError: More than `message_bytes` bytes, or a buffer that is of another bus\n"
             "        or never fits.\n"
             "    BufferError: A writable view of the buffer lives; or it is only a part of one.\n"
             "    EngineClosed: The bus is closed, or belongs to the parent process.\n"
             "    CogwayError: Another process sends on this channel of kind \"spsc\".\n\n"
             "Cancellation: a wait ends when a signal handler raises; nothing was sent.\n\n"
             "Threads: a wait blocks its thread: not for the thread of an event loop.");
PyDoc_STRVAR(send_nowait_doc,
             "send_nowait($self, message, /)\n--\n\n"
             "As `send`, and raises QueueFull instead of waiting.");
PyDoc_STRVAR(receive_doc,
             "receive($self, timeout=None)\n--\n\n"
             "Return the oldest message, bytes or a frozen Buffer; waits for one.\n\n"
             "Raises:\n"
             "    TimeoutError: None came in time.\n"
             "    ChannelClosed: It is closed, and nothing is in it.\n"
             "    EngineClosed: The bus is closed, or belongs to the parent process.\n"
             "    CogwayError: A message is damaged, and gone; or another process receives from\n"
             "        this channel of kind \"spsc\".\n\n"
             "Cancellation: a wait ends when a signal handler raises; no message was taken.\n\n"
             "Threads: a wait blocks its thread: not for the thread of an event loop.");
PyDoc_STRVAR(receive_nowait_doc,
             "receive_nowait($self, /)\n--\n\n"
             "As `receive`, and raises ChannelEmpty instead of waiting.");
PyDoc_STRVAR(receive_many_doc,
             "receive_many($self, n, timeout=None)\n--\n\n"
             "Return a list of the oldest messages, at most n; waits for the first alone.\n\n"
             "Raises:\n"
             "    As `receive`.");
PyDoc_STRVAR(close_doc,
             "close($self, /)\n--\n\n"
             "For all processes: refuse further messages. What is inside still comes out.");
PyDoc_STRVAR(statistics_doc, "statistics($self, /)\n--\n\nReturn a ChannelStatistics snapshot.");

constexpr int kPassed = METH_FASTCALL | METH_KEYWORDS;
PyMethodDef methods[] = {
    {"send", method(send), kPassed, send_doc},
    {"send_nowait", method(send_nowait), METH_O, send_nowait_doc},
    {"receive", method(receive), kPassed, receive_doc},
    {"receive_nowait", method(receive_nowait), METH_NOARGS, receive_nowait_doc},
    {"receive_many", method(receive_many), kPassed, receive_many_doc},
    {"_take", channel_take, METH_NOARGS, nullptr},
    {"_take_many", channel_take_many, METH_O, nullptr},
    {"_offer", channel_offer, METH_O, nullptr},
    {"_watch", channel_watch, METH_O, nullptr},
    {"_ready", channel_ready, METH_O, nullptr},
    {"_end_watch", method(channel_end_watch), METH_FASTCALL, nullptr},
    {"_bus", channel_bus, METH_NOARGS, nullptr},
    {"close", method(close), METH_NOARGS, close_doc},
    {"statistics", method(statistics), METH_NOARGS, statistics_doc},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef properties[] = {
    {"name", get_name, nullptr, "What other processes open it by.", nullptr},
    {"capacity", get_capacity, nullptr, "Messages that it holds.", nullptr},
    {"message_bytes", get_message_bytes, nullptr, "The longest message of bytes.", nullptr},
    {"policy", get_policy, nullptr, "What a sender does when it is full.", nullptr},
    {"kind", get_kind, nullptr, "\"mpmc\" or \"spsc\".", nullptr},
    {"aio", get_aio, nullptr,
     "The channel for tasks: `await channel.aio.receive()`. A ChannelTaskSide.", nullptr},
    {"_bus_key", get_bus_key, nullptr, nullptr, nullptr},
    {"closed", get_closed, nullptr, "Whether it takes no more messages.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(SharedChannelObject, weak_references), READONLY,
     nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

PyType_Slot slots[] = {
    {Py_tp_doc, const_cast<char*>(type_doc)},
    {Py_tp_dealloc, slot(deallocate)},
    {Py_tp_repr, slot(represent)},
    {Py_tp_iter, slot(iterate)},
    {Py_tp_iternext, slot(next)},
    {Py_sq_length, slot(length)},
    {Py_nb_bool, slot(truth)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_members, members},
    {0, nullptr},
};

PyType_Spec spec = {
    "cogway.SharedChannel", sizeof(SharedChannelObject), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, slots};

}  // namespace

void raise_channel_status(SharedChannelObject* self, const Status& status) {
  ModuleState& state = *self->state;
  const SharedChannel& channel = *self->channel;
  PyObject* type = nullptr;
  switch (status.code()) {
    case StatusCode::not_found:
      PyErr_Format(state.channel_empty, "channel '%s' is empty", channel.name().c_str());
      return;
    case StatusCode::resource_exhausted:
      type = state.queue_full;
      break;
    case StatusCode::already_exists:
      type = state.cogway_error;
      break;
    case StatusCode::failed_precondition:
      type = channel.bus()->closed() || !channel.bus()->belongs_here() ? state.engine_closed
             : channel.closed()                                        ? state.channel_closed
                                                                       : PyExc_BufferError;
      break;
    default:
      raise_status(state, status);
      return;
  }
  PyErr_SetString(type, status.message().c_str());
}

PyObject* channel_message(ModuleState& state, ChannelMessage& message) {
  if (message.buffer()) return wrap_buffer(state, message.take_buffer());
  return PyBytes_FromStringAndSize(reinterpret_cast<const char*>(message.bytes().data()),
                                   static_cast<Py_ssize_t>(message.bytes().size()));
}

PyObject* channel_messages(SharedChannelObject* self, ChannelMessage& message, std::int64_t n) {
  PyRef list = PyRef::steal(PyList_New(0));
  while (list) {
    const PyRef item = PyRef::steal(channel_message(*self->state, message));
    if (!item || PyList_Append(list.get(), item.get()) < 0) return nullptr;
    // A message that cannot be had ends this call, and is the next one's matter.
    if (PyList_GET_SIZE(list.get()) == n || !self->channel->try_receive(&message).ok()) break;
  }
  return list.release();
}

int add_shared_channel_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.shared_channel_type, Export::visible);
}

}  // namespace cogway
