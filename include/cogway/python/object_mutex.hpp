// SPDX-License-Identifier: Apache-2.0
#pragma once
// The lock inside a Python object, for steps that run no Python code and do not wait. On builds
// with a GIL such steps exclude one another already, and it costs nothing. Not for users' critical
// sections.

#include <Python.h>

namespace cogway {

/// **Threads**: attached ones. **Ownership**: a member of the object; not recursive.
/// **Progress**: blocking, and detached while it blocks, so that a stopped world cannot deadlock.
/// **Order**: unlock() publishes to the next lock().
class ObjectMutex {
 public:
  ObjectMutex() = default;
  ObjectMutex(const ObjectMutex&) = delete;
  ObjectMutex& operator=(const ObjectMutex&) = delete;

#ifdef Py_GIL_DISABLED
  void lock() noexcept { PyMutex_Lock(&mutex_); }
  void unlock() noexcept { PyMutex_Unlock(&mutex_); }

 private:
  PyMutex mutex_{};
#else
  void lock() noexcept {}
  void unlock() noexcept {}
#endif
};

}  // namespace cogway
