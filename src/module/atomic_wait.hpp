// SPDX-License-Identifier: Apache-2.0
#pragma once
// The waiting methods of the atomic types: for a value other than the one expected, by the address
// of the word. A Watch says what is looked at:
//   address(self)          where the word is
//   differs(self, wait)    whether it holds something else than what the wait expects
//   shared(self)           its place on a bus; nullptr: it is on none
//   step(self)             makes what this thread has stored come before a look at who waits

#include <bit>
#include <cstddef>
#include <cstdint>

#include "cogway/sync/wait_table.hpp"
#include "module/atomic_object.hpp"
#include "module/waiting.hpp"

namespace cogway {

template <typename Watch>
[[nodiscard]] int watch(PyObject* self, SyncWait& wait) noexcept {
  return process_wait_table().start(wait, Watch::address(self),
                                    [&] { return !Watch::differs(self, wait); })
             ? 1
             : 0;
}

/// A notification is told to one waiter: who got it and does not use it passes it on.
template <typename Watch>
inline constexpr WaitKind kChanged = {
    nullptr,
    [](PyObject* self, SyncWait& wait) { return watch<Watch>(self, wait); },
    [](PyObject* self, SyncWait& wait) { return watch<Watch>(self, wait); },
    [](PyObject* self, SyncWait& wait) {
      if (process_wait_table().withdraw(wait)) return true;
      if (Watch::differs(self, wait)) return false;
      process_wait_table().notify_one(Watch::address(self));
      return true;
    },
    [](PyObject* self, SyncWait&) { process_wait_table().notify_one(Watch::address(self)); },
};

/// The arguments of `wait(expected, timeout=None)`.
[[nodiscard]] inline bool to_watch(PyObject* const* arguments, Py_ssize_t count, PyObject* keywords,
                                   PyObject*& expected, TimePoint& deadline) {
  static constexpr const char* kNames[] = {"expected", "timeout"};
  PyObject* values[2];
  if (!bind_arguments({"wait", kNames, 2, 1}, arguments, count, keywords, values)) return false;
  expected = values[0];
  return to_deadline({"wait", "timeout"}, values[1], false, deadline);
}
template <typename Watch>
[[nodiscard]] PyObject* wait_changed(PyObject* self, SyncWait& wait, TimePoint deadline) {
  const int got = wait_in_thread(kChanged<Watch>, self, deadline, wait);
  return got < 0 ? nullptr : PyBool_FromLong(got);
}

template <typename Watch>
PyObject* atomic_notify(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                        PyObject* keywords) {
  static constexpr const char* kNames[] = {"n"};
  PyObject* given = nullptr;
  std::int64_t n = 1;
  if (!bind_arguments({"notify", kNames, 1, 0}, arguments, count, keywords, &given) ||
      !to_int64({"notify", "n"}, given, 0, INT64_MAX, n)) {
    return nullptr;
  }
  Watch::step(self);
  const auto most = static_cast<std::size_t>(n);
  if (SharedWord* shared = Watch::shared(self)) return PyLong_FromSize_t(shared->notify(most));
  return PyLong_FromSize_t(process_wait_table().notify(Watch::address(self), most));
}
template <typename Watch>
PyObject* atomic_notify_all(PyObject* self, PyObject*) {
  Watch::step(self);
  if (SharedWord* shared = Watch::shared(self)) return PyLong_FromSize_t(shared->notify());
  return PyLong_FromSize_t(process_wait_table().notify_all(Watch::address(self)));
}

/// Waits for a word of a bus, detached. `differs` is called without the GIL.
[[nodiscard]] PyObject* wait_on_bus(PyObject* self, SharedWord& word,
                                    bool (*differs)(PyObject*, const SyncWait&),
                                    const SyncWait& wait,
                                    TimePoint deadline);  // shared_mutex_type.cpp

/// The word of an atomic number, whose steps are sequentially consistent. `value` of the wait has
/// the expected value's bits.
template <typename Kind>
struct WordWatch {
  using Value = typename Kind::Value;
  static const void* address(PyObject* self) noexcept { return &word_of<Kind>(self); }
  static bool differs(PyObject* self, const SyncWait& wait) noexcept {
    const Value now = word_of<Kind>(self).load();
    if constexpr (sizeof(Value) == 1) {
      return (now != 0) != (wait.value != 0);
    } else {
      return !Kind::same(now, std::bit_cast<Value>(wait.value));
    }
  }
  static void step(PyObject*) noexcept {}
  static SharedWord* shared(PyObject* self) noexcept { return shared_word_of<Kind>(self); }

  static std::int64_t bits(Value value) noexcept {
    if constexpr (sizeof(Value) == 1) {
      return value;
    } else {
      return std::bit_cast<std::int64_t>(value);
    }
  }
};

template <typename Kind>
PyObject* atomic_wait(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                      PyObject* keywords) {
  PyObject* given = nullptr;
  TimePoint deadline{};
  typename Kind::Value expected{};
  if (!to_watch(arguments, count, keywords, given, deadline)) return nullptr;
  const int comparable = Kind::try_unbox(given, expected);
  if (comparable < 0) return nullptr;
  if (comparable == 0) Py_RETURN_TRUE;  // what the type cannot hold it does not hold
  SyncWait wait;
  wait.value = WordWatch<Kind>::bits(expected);
  if (SharedWord* shared = WordWatch<Kind>::shared(self)) {
    return wait_on_bus(self, *shared, WordWatch<Kind>::differs, wait, deadline);
  }
  return wait_changed<WordWatch<Kind>>(self, wait, deadline);
}
template <typename Kind>
PyObject* atomic_wait_async(PyObject* self, PyObject* given) {
  typename Kind::Value expected{};
  if (!unbox<Kind>(given, expected)) return nullptr;
  if (shared_word_of<Kind>(self) != nullptr) {
    PyErr_SetString(PyExc_NotImplementedError,
                    "wait_async(): a task cannot wait for a word of a bus: "
                    "await asyncio.to_thread(atomic.wait, expected)");
    return nullptr;
  }
  return make_sync_awaiter(state_of_type(Py_TYPE(self)), &kChanged<WordWatch<Kind>>, self,
                           {.value = WordWatch<Kind>::bits(expected)});
}

inline constexpr const char* kWaitText =
    "wait($self, /, expected, timeout=None)\n--\n\n"
    "Wait in this thread while the value is `expected`; return whether it changed in time.\n\n"
    "Who changes it says so by `notify` or `notify_all`: without that nobody looks. The GIL is\n"
    "released meanwhile and Ctrl-C comes through.";
inline constexpr const char* kWaitAsyncText =
    "wait_async($self, expected, /)\n--\n\n"
    "Return an awaitable that waits as a task while the value is `expected`, and gives True.\n\n"
    "Cancellation: a notification that came at that moment is passed on to another.";
inline constexpr const char* kNotifyText =
    "notify($self, /, n=1)\n--\n\n"
    "Have so many of those who wait look at the value again; return how many there were.\n\n"
    "Reaches who waits in this process at the same address, in whichever interpreter; of an\n"
    "atomic on a bus, in whichever process.";
inline constexpr const char* kNotifyAllText =
    "notify_all($self, /)\n--\n\n"
    "Have all who wait look at the value again; return how many there were.";

/// Four entries of the method table of an atomic number.
// NOLINTBEGIN(bugprone-macro-parentheses): the argument is a type
#define COGWAY_ATOMIC_WAIT_METHODS(Kind)                                                \
  {"wait", method(atomic_wait<Kind>), METH_FASTCALL | METH_KEYWORDS, kWaitText},        \
      {"wait_async", atomic_wait_async<Kind>, METH_O, kWaitAsyncText},                  \
      {"notify", method(atomic_notify<WordWatch<Kind>>), METH_FASTCALL | METH_KEYWORDS, \
       kNotifyText},                                                                    \
  {                                                                                     \
    "notify_all", atomic_notify_all<WordWatch<Kind>>, METH_NOARGS, kNotifyAllText       \
  }
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace cogway
