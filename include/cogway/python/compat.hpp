// SPDX-License-Identifier: Apache-2.0
#pragma once
// Everything that differs between CPython 3.11 and 3.15 and that is not about thread states (see
// thread_state.hpp). No other file of cogway asks PY_VERSION_HEX. Not a place for conveniences:
// each entry exists because a version lacks or renames something, and names the version or PEP.

#include <Python.h>
#include <structmember.h>  // PyMemberDef, T_PYSSIZET: part of Python.h since 3.12

// PEP 703 (3.13): per-object locks. Before, the GIL gives the same exclusion between two points
// that run no Python code, which is the only way cogway uses these sections.
#if PY_VERSION_HEX >= 0x030D0000
#define COGWAY_BEGIN_CRITICAL_SECTION(object) Py_BEGIN_CRITICAL_SECTION(object);
#define COGWAY_END_CRITICAL_SECTION() Py_END_CRITICAL_SECTION();
#else
#define COGWAY_BEGIN_CRITICAL_SECTION(object) {
#define COGWAY_END_CRITICAL_SECTION() }
#endif

// 3.12: weak references and dictionaries managed by the interpreter; before, an offset in the
// object.
#if PY_VERSION_HEX >= 0x030C0000
#define COGWAY_MANAGED_WEAKREF 1
#endif

namespace cogway {

/// True where several threads may run Python code of one interpreter at once in this build.
#ifdef Py_GIL_DISABLED
inline constexpr bool kFreeThreadedBuild = true;
#else
inline constexpr bool kFreeThreadedBuild = false;
#endif

/// The current thread state, or nullptr, without a check: public since 3.13. Since 3.12 it is that
/// of the calling thread; before, that of whichever thread has the GIL.
[[nodiscard]] inline PyThreadState* unchecked_thread_state() noexcept {
#if PY_VERSION_HEX >= 0x030D0000
  return PyThreadState_GetUnchecked();
#else
  return _PyThreadState_UncheckedGet();
#endif
}
#if PY_VERSION_HEX >= 0x030C0000
inline constexpr bool kThreadStatePerThread = true;
#else
inline constexpr bool kThreadStatePerThread = false;
#endif

/// Py_IsFinalizing is public since 3.13.
[[nodiscard]] inline bool interpreter_finalizing() noexcept {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing() != 0;
#else
  return _Py_IsFinalizing() != 0;
#endif
}

/// Takes the raised exception out of the thread state, normalised, with its traceback. New
/// reference or nullptr. PyErr_GetRaisedException exists since 3.12.
[[nodiscard]] inline PyObject* take_raised_exception() noexcept {
#if PY_VERSION_HEX >= 0x030C0000
  return PyErr_GetRaisedException();
#else
  PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  if (type == nullptr) return nullptr;
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback != nullptr) PyException_SetTraceback(value, traceback);
  Py_XDECREF(type);
  Py_XDECREF(traceback);
  return value;
#endif
}

/// Raises an exception object again, keeping its traceback. Steals the reference.
inline void restore_raised_exception(PyObject* exception) noexcept {
#if PY_VERSION_HEX >= 0x030C0000
  PyErr_SetRaisedException(exception);
#else
  PyErr_Restore(Py_NewRef(Py_TYPE(exception)), exception, PyException_GetTraceback(exception));
#endif
}

/// The referent of a weak reference as a new reference: 1 alive, 0 dead, -1 error. Public
/// since 3.13.
[[nodiscard]] inline int weak_referent(PyObject* reference, PyObject** referent) noexcept {
#if PY_VERSION_HEX >= 0x030D0000
  return PyWeakref_GetRef(reference, referent);
#else
  PyObject* object = PyWeakref_GetObject(reference);
  if (object == nullptr) return *referent = nullptr, -1;
  if (object == Py_None) return *referent = nullptr, 0;
  *referent = Py_NewRef(object);
  return 1;
#endif
}

/// Attribute that may be absent: 1 found, 0 absent, -1 error. Public since 3.13.
[[nodiscard]] inline int optional_attribute(PyObject* object, PyObject* name,
                                            PyObject** value) noexcept {
#if PY_VERSION_HEX >= 0x030D0000
  return PyObject_GetOptionalAttr(object, name, value);
#else
  *value = PyObject_GetAttr(object, name);
  if (*value != nullptr) return 1;
  if (!PyErr_ExceptionMatches(PyExc_AttributeError)) return -1;
  PyErr_Clear();
  return 0;
#endif
}

/// The value of an exact int that fits one machine word of CPython's: true and `value`, without a
/// call. False says nothing: ask PyLong_As*. Public since 3.12.
[[nodiscard]] inline bool compact_int(PyObject* object, Py_ssize_t* value) noexcept {
#if PY_VERSION_HEX >= 0x030C0000
  if (!PyLong_CheckExact(object)) return false;
  const auto* number = reinterpret_cast<const PyLongObject*>(object);
  if (!PyUnstable_Long_IsCompact(number)) return false;
  *value = PyUnstable_Long_CompactValue(number);
  return true;
#else
  static_cast<void>(object);
  static_cast<void>(value);
  return false;
#endif
}

/// Whether a str equals an ASCII literal; never raises. PyUnicode_EqualToUTF8 exists since 3.13.
[[nodiscard]] inline bool equal_to_ascii(PyObject* text, const char* ascii) noexcept {
#if PY_VERSION_HEX >= 0x030D0000
  return PyUnicode_EqualToUTF8(text, ascii) != 0;
#else
  return PyUnicode_CompareWithASCIIString(text, ascii) == 0;
#endif
}

}  // namespace cogway
