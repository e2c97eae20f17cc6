// SPDX-License-Identifier: Apache-2.0
#pragma once
// The Python type `SharedChannel`.

#include <Python.h>

#include <memory>

#include "cogway/bus/shared_channel.hpp"
#include "module/module_state.hpp"

namespace cogway {

/// **Threads**: any attached thread. **Ownership**: shares the channel, and the object of its bus.
/// **Progress**: as SharedChannel; what waits detaches. **Order**: as SharedChannel.
struct SharedChannelObject {
  PyObject_HEAD ModuleState* state;        ///< lives as long as the type
  std::shared_ptr<SharedChannel> channel;  ///< constant
  PyObject* weak_references;
};

[[nodiscard]] inline SharedChannelObject* as_channel(PyObject* self) noexcept {
  return reinterpret_cast<SharedChannelObject*>(self);
}

/// What `SharedBus.channel` is; its arguments and the new object are in shared_channel_open.cpp.
PyObject* shared_bus_channel(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                             PyObject* keywords);
PyObject* shared_bus_channels(PyObject* self, PyObject*);
extern const char kSharedBusChannelDoc[];
extern const char kSharedBusChannelsDoc[];

/// "block", "drop_oldest", "drop_newest" or "fail"; "mpmc" or "spsc".
[[nodiscard]] const char* channel_policy_name(ChannelPolicy policy) noexcept;
[[nodiscard]] const char* channel_kind_name(ChannelKind kind) noexcept;

// What ChannelTaskSide waits with; in shared_channel_tasks.cpp. `room` is true for room, false for
// a message.
PyObject* channel_take(PyObject* self, PyObject*);         ///< a message, or None
PyObject* channel_take_many(PyObject* self, PyObject* n);  ///< a list, or None
PyObject* channel_offer(PyObject* self, PyObject* value);  ///< False: there is no room
PyObject* channel_watch(PyObject* self, PyObject* room);   ///< what is ready after all
PyObject* channel_ready(PyObject* self, PyObject* room);
PyObject* channel_end_watch(PyObject* self, PyObject* const* arguments, Py_ssize_t count);
PyObject* channel_bus(PyObject* self, PyObject*);
PyObject* shared_bus_loop_descriptor(PyObject* self, PyObject*);
PyObject* shared_bus_clear_loop_calls(PyObject* self, PyObject*);

/// Why a call of a channel failed.
void raise_channel_status(SharedChannelObject* self, const Status& status);
/// A list of this message and those that are there, at most n; nullptr with an exception.
[[nodiscard]] PyObject* channel_messages(SharedChannelObject* self, ChannelMessage& message,
                                         std::int64_t n);
/// bytes, or a Buffer; nullptr with an exception.
[[nodiscard]] PyObject* channel_message(ModuleState& state, ChannelMessage& message);

}  // namespace cogway
