// SPDX-License-Identifier: Apache-2.0
#pragma once
// Debug mode of locks: in which order threads take them. Two threads that take two locks in
// opposite orders deadlock one day; the second order is found here the first time it is taken,
// before the thread waits, whether or not another thread is in its way. What a task takes is not
// followed.

#include <Python.h>

#include <atomic>

namespace cogway {

/// **Threads**: all, attached. **Ownership**: knows locks by address until forget().
/// **Progress**: blocking; on() wait-free. **Order**: none.
class LockOrder {
 public:
  /// Whether locks ask; one load.
  [[nodiscard]] static bool on() noexcept {
    return on_.load(std::memory_order_relaxed);  // order: relaxed, no pairing: a switch
  }
  /// Returns what it was. Switching off forgets everything.
  static bool set(bool on);

  /// This thread is about to wait for a lock, if it must. False with an exception: a warning that
  /// was made one.
  [[nodiscard]] static bool before(PyObject* lock);
  static void acquired(PyObject* lock);
  /// By whatever thread.
  static void released(PyObject* lock);
  /// The lock is gone, and its address may be another's.
  static void forget(PyObject* lock) noexcept;

 private:
  static std::atomic<bool> on_;
};

/// Takes a lock in its place in the order: `take()` gives a new True or False, or nullptr with an
/// exception; `waits` false: it never waits, and so deadlocks with nobody.
template <typename Take>
PyObject* take_in_order(PyObject* lock, bool waits, Take&& take) {
  if (!LockOrder::on()) [[likely]] {
    return take();
  }
  if (waits && !LockOrder::before(lock)) return nullptr;
  PyObject* taken = take();
  if (taken == Py_True) LockOrder::acquired(lock);
  return taken;
}
/// `give` gives back: None, or nullptr with an exception.
template <typename Give>
PyObject* give_in_order(PyObject* lock, Give&& give) {
  PyObject* given = give();
  if (LockOrder::on() && given != nullptr) [[unlikely]] {
    LockOrder::released(lock);
  }
  return given;
}

}  // namespace cogway
