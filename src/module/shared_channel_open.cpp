// SPDX-License-Identifier: Apache-2.0
// SharedBus.channel: finding or making a channel.

#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cogway/python/compat.hpp"
#include "cogway/python/py_ref.hpp"
#include "cogway/python/thread_state.hpp"
#include "module/arguments.hpp"
#include "module/errors.hpp"
#include "module/heap_type.hpp"
#include "module/shared_bus.hpp"
#include "module/shared_channel.hpp"

namespace cogway {
namespace {

constexpr const char* kPolicies[] = {"block", "drop_oldest", "drop_newest", "fail"};
constexpr const char* kKinds[] = {"mpmc", "spsc"};

bool given(PyObject* value) noexcept { return value != nullptr && value != Py_None; }

template <typename Choice, std::size_t n>
bool to_choice(const char* name, PyObject* value, const char* const (&names)[n],
               const char* expected, std::optional<Choice>& out) {
  if (!given(value)) return true;
  for (std::size_t i = 0; PyUnicode_Check(value) && i < n; ++i) {
    if (!equal_to_ascii(value, names[i])) continue;
    out = static_cast<Choice>(i);
    return true;
  }
  PyErr_Format(PyUnicode_Check(value) ? PyExc_ValueError : PyExc_TypeError,
               "channel(): %s must be %s, not %R", name, expected, value);
  return false;
}

template <typename Number>
bool to_limit(const char* name, PyObject* value, std::int64_t least, std::int64_t most,
              std::optional<Number>& out) {
  if (!given(value)) return true;
  std::int64_t number = 0;
  if (!to_int64({"channel", name}, value, least, most, number)) return false;
  out = static_cast<Number>(number);
  return true;
}

bool to_options(PyObject* const* values, ChannelOptions& out) {
  return to_limit("capacity", values[1], 1, ChannelOptions::kMostCapacity, out.capacity) &&
         to_choice("policy", values[2], kPolicies,
                   "'block', 'drop_oldest', 'drop_newest' or 'fail'", out.policy) &&
         to_choice("kind", values[3], kKinds, "'mpmc' or 'spsc'", out.kind) &&
         to_limit("bytes", values[4], 1, std::int64_t{1} << 39, out.bytes) &&
         to_limit("message_bytes", values[5], 8, ChannelOptions::kMostMessageBytes,
                  out.message_bytes);
}

}  // namespace

const char* channel_policy_name(ChannelPolicy policy) noexcept {
  return kPolicies[static_cast<std::size_t>(policy)];
}
const char* channel_kind_name(ChannelKind kind) noexcept {
  return kKinds[static_cast<std::size_t>(kind)];
}

const char kSharedBusChannelDoc[] =
    "channel($self, name, *, capacity=None, policy=None, kind=None, bytes=None, "
    "message_bytes=None)\n--\n\n"
    "Return the channel of that name on this bus, made by whoever asks first.\n\n"
    "Options that are left out are as the channel has them, or as below where it is new.\n\n"
    "Args:\n"
    "    name: 1 to 63 letters, digits, '_', '-' or '.'.\n"
    "    capacity: Messages that it holds, 1 to 65536; 64.\n"
    "    policy: What a sender does when it is full: \"block\", \"drop_oldest\",\n"
    "        \"drop_newest\" or \"fail\"; \"block\".\n"
    "    kind: \"mpmc\": any number of processes send, and receive. \"spsc\": one of each at a\n"
    "        time, which costs less; \"mpmc\".\n"
    "    bytes: What its messages hold together, a buffer all of its block; any number.\n"
    "    message_bytes: The longest message that is sent as bytes, 8 to 2040; 120.\n\n"
    "Raises:\n"
    "    ValueError: It is there with another value of an option that is given.\n"
    "    BusExhausted: The bus has no room for it, or has 64 channels.\n"
    "    EngineClosed: The bus is closed, or belongs to the parent process.\n"
    "    CogwayError: It is damaged; or a stopped process keeps others from opening channels.";
const char kSharedBusChannelsDoc[] =
    "channels($self, /)\n--\n\nReturn the names of the channels on this bus.";

PyObject* shared_bus_channel(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                             PyObject* keywords) {
  static constexpr const char* kNames[] = {"name", "capacity", "policy",
                                           "kind", "bytes",    "message_bytes"};
  static constexpr Signature kSignature{"channel", kNames, 1, 1};
  auto* bus = reinterpret_cast<SharedBusObject*>(self);
  PyObject* values[6];
  std::string name;
  ChannelOptions options;
  if (!bind_arguments(kSignature, arguments, count, keywords, values) ||
      !to_bus_name("channel", values[0], name) || !to_options(values, options)) {
    return nullptr;
  }
  std::shared_ptr<SharedChannel> channel;
  Status status;
  bool failed = false;
  {
    Detached detached;
    try {
      status = SharedChannel::open(bus->bus, name, options, &channel);
    } catch (...) {
      failed = true;
    }
  }
  if (failed) return PyErr_NoMemory();
  if (!status.ok()) return raise_shared_status(bus, status), nullptr;
  PyTypeObject* type = bus->state->shared_channel_type;
  PyObject* object = type->tp_alloc(type, 0);
  if (object == nullptr) return nullptr;
  as_channel(object)->state = bus->state;
  new (&as_channel(object)->channel) std::shared_ptr<SharedChannel>(std::move(channel));
  return object;
}

PyObject* shared_bus_channels(PyObject* self, PyObject*) {
  std::vector<std::string> names;
  try {
    names = reinterpret_cast<SharedBusObject*>(self)->bus->channels();
  } catch (...) {
    return PyErr_NoMemory();
  }
  PyRef list = PyRef::steal(PyList_New(0));
  if (!list) return nullptr;
  for (const std::string& name : names) {
    const PyRef text = PyRef::steal(
        PyUnicode_DecodeUTF8(name.data(), static_cast<Py_ssize_t>(name.size()), "replace"));
    if (!text || PyList_Append(list.get(), text.get()) < 0) return nullptr;
  }
  return list.release();
}

}  // namespace cogway
