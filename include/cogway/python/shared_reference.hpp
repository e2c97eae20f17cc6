// SPDX-License-Identifier: Apache-2.0
#pragma once
// References to objects that another thread may be dropping, on builds without a GIL: what
// CPython's own dict and list do when they are read without a lock. PEP 703; public since 3.14.

#include <Python.h>

#include <cstdint>

namespace cogway {

#ifdef Py_GIL_DISABLED

/// Adds a reference to an object that was alive a moment ago. False: it is dead, or nobody has
/// called share_reference() yet: lock what keeps it alive, and call that. After true it may be
/// another object that took its place in memory: look again at where it was found.
[[nodiscard]] inline bool try_new_reference(PyObject* object) noexcept {
#if PY_VERSION_HEX >= 0x030E0000
  return PyUnstable_TryIncRef(object) != 0;
#else
  // Memory of objects becomes that of other objects only, until every attached thread has been
  // seen outside of such code, so the words of a reference count can be read whatever happened.
  const std::uint32_t local = __atomic_load_n(&object->ob_ref_local, __ATOMIC_RELAXED);
  if (local == _Py_IMMORTAL_REFCNT_LOCAL) return true;
  if (_Py_IsOwnedByCurrentThread(object) != 0) {
    __atomic_store_n(&object->ob_ref_local, local + 1, __ATOMIC_RELAXED);
    return true;
  }
  Py_ssize_t shared = __atomic_load_n(&object->ob_ref_shared, __ATOMIC_RELAXED);
  while (shared != 0 && shared != _Py_REF_MERGED) {
    if (__atomic_compare_exchange_n(&object->ob_ref_shared, &shared,
                                    shared + (Py_ssize_t{1} << _Py_REF_SHARED_SHIFT), true,
                                    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
      return true;
    }
  }
  return false;
#endif
}

/// Adds a reference to an object that is alive, and lets try_new_reference() of other threads than
/// its own succeed from now on.
inline void share_reference(PyObject* object) noexcept {
  Py_INCREF(object);
#if PY_VERSION_HEX >= 0x030E0000
  PyUnstable_EnableTryIncRef(object);
#else
  if (__atomic_load_n(&object->ob_ref_local, __ATOMIC_RELAXED) == _Py_IMMORTAL_REFCNT_LOCAL) return;
  Py_ssize_t shared = __atomic_load_n(&object->ob_ref_shared, __ATOMIC_RELAXED);
  while ((shared & _Py_REF_SHARED_FLAG_MASK) == 0 &&
         !__atomic_compare_exchange_n(&object->ob_ref_shared, &shared,
                                      shared | _Py_REF_MAYBE_WEAKREF, true, __ATOMIC_SEQ_CST,
                                      __ATOMIC_RELAXED)) {
  }
#endif
}

#else

// With a GIL nothing is dropped while one looks.
[[nodiscard]] inline bool try_new_reference(PyObject* object) noexcept {
  return Py_INCREF(object), true;
}
inline void share_reference(PyObject* object) noexcept { Py_INCREF(object); }

#endif

/// Counting references to an object that many threads use costs more than using it. Where CPython
/// can put that off to the collector (3.14, PEP 703), it shall, for this new object.
inline void defer_reference_counts(PyObject* object) noexcept {
#if defined(Py_GIL_DISABLED) && PY_VERSION_HEX >= 0x030E0000
  (void)PyUnstable_Object_EnableDeferredRefcount(object);
#else
  static_cast<void>(object);
#endif
}

}  // namespace cogway
