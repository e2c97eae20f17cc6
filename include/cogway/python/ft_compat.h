/* SPDX-License-Identifier: Apache-2.0 */
/* One source for every CPython from 3.11 on, with and without the GIL, in CPython's own names: an
 * extension in C or C++ includes this after Python.h, and links to nothing.
 *
 *   _Py_atomic_*                        atomics; ft_atomic.h
 *   Py_BEGIN_CRITICAL_SECTION(op)       an object's lock where there is no GIL; with one, the GIL
 * is Py_BEGIN_CRITICAL_SECTION2(a, b)    the lock, and these are a block. Not held across calls
 * that let go of the GIL, on either build: what cogway.sync's critical_section holds, these do not.
 *   PyDict_GetItemRef                   a value with a reference of its own
 *   COGWAY_GIL_NOT_USED_SLOT            a module slot, {0, NULL} follows: importing the module
 *                                       leaves the GIL off
 *   cogway_attach, cogway_detach        a native thread enters and leaves an interpreter
 */
#ifndef COGWAY_PYTHON_FT_COMPAT_H
#define COGWAY_PYTHON_FT_COMPAT_H

#include <Python.h>

#include "cogway/python/ft_atomic.h"

#if PY_VERSION_HEX >= 0x030D0000
#define COGWAY_GIL_NOT_USED_SLOT {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#else
#define COGWAY_GIL_NOT_USED_SLOT

#define Py_BEGIN_CRITICAL_SECTION(op) \
  {                                   \
    (void)(op);
#define Py_END_CRITICAL_SECTION() }
#define Py_BEGIN_CRITICAL_SECTION2(a, b) \
  {                                      \
    (void)(a);                           \
    (void)(b);
#define Py_END_CRITICAL_SECTION2() }

/* 1 there, 0 not there, -1 with an exception. */
static inline int PyDict_GetItemRef(PyObject* dict, PyObject* key, PyObject** result) {
  *result = Py_XNewRef(PyDict_GetItemWithError(dict, key));
  if (*result != NULL) return 1;
  return PyErr_Occurred() != NULL ? -1 : 0;
}
#endif

/* What cogway_attach() did, for cogway_detach() to undo. */
typedef struct {
  PyThreadState* state; /* attached by us; NULL: nothing to undo */
  PyThreadState* outer; /* of another interpreter, in which the thread was before */
  int made;             /* the state is ours, and ends with the attachment */
} cogway_attachment;

/* The state that this thread is attached by, or NULL. */
#if PY_VERSION_HEX >= 0x030D0000
static inline PyThreadState* cogway_attached_state_(void) { return PyThreadState_GetUnchecked(); }
#define COGWAY_FT_NOTE_(state)
#elif PY_VERSION_HEX >= 0x030C0000
static inline PyThreadState* cogway_attached_state_(void) { return _PyThreadState_UncheckedGet(); }
#define COGWAY_FT_NOTE_(state)
#else
/* What 3.11 calls the current one is the process's, another thread's if that has the GIL. It is
 * ours if it is the one that this thread was given, or that it was attached by here. */
static __thread PyThreadState* cogway_entered_;
static inline PyThreadState* cogway_attached_state_(void) {
  PyThreadState* const current = _PyThreadState_UncheckedGet();
  if (current == NULL) return NULL;
  return current == cogway_entered_ || current == PyGILState_GetThisThreadState() ? current : NULL;
}
#define COGWAY_FT_NOTE_(state) cogway_entered_ = (state)
#endif

/* Enters an interpreter from whatever thread: one that is there already, one of Python's that has
 * let go, one that Python has never seen. A thread needs this on builds without a GIL, too, before
 * it uses any object. Nests. 1; 0 when the interpreter is ending or there is no memory, and then
 * nothing is to be undone.
 *
 * The interpreter must not be gone: before 3.15 no call can tell. NULL: the main one. Before 3.14 a
 * thread that waits here while the interpreter begins to end is ended itself, without returning;
 * whoever started it joins it before. On 3.11 it must not be called where a thread has entered
 * another interpreter by other means. */
static inline int cogway_attach(cogway_attachment* attachment, PyInterpreterState* interpreter) {
  PyThreadState* state;
  PyThreadState* const now = cogway_attached_state_();
#if PY_VERSION_HEX >= 0x030D0000
  const int ending = Py_IsFinalizing();
#else
  const int ending = _Py_IsFinalizing();
#endif
  attachment->state = NULL;
  attachment->outer = NULL;
  attachment->made = 0;
  if (interpreter == NULL) interpreter = PyInterpreterState_Main();
  if (now != NULL && PyThreadState_GetInterpreter(now) == interpreter) return 1;
  if (ending) return 0;
  state = now == NULL ? PyGILState_GetThisThreadState() : NULL;
  if (state != NULL && PyThreadState_GetInterpreter(state) != interpreter) state = NULL;
  if (state == NULL) {
    state = PyThreadState_New(interpreter);
    if (state == NULL) return 0;
    attachment->made = 1;
  }
  if (now != NULL) attachment->outer = PyEval_SaveThread();
  attachment->state = state;
  PyEval_RestoreThread(state);
  COGWAY_FT_NOTE_(state);
  return 1;
}

/* Leaves what cogway_attach() entered, in the same thread. */
static inline void cogway_detach(cogway_attachment* attachment) {
  if (attachment->state == NULL) return;
  if (attachment->made) {
    PyThreadState_Clear(attachment->state);
    PyThreadState_DeleteCurrent();
  } else {
    (void)PyEval_SaveThread();
  }
  attachment->state = NULL;
  COGWAY_FT_NOTE_(attachment->outer);
  if (attachment->outer != NULL) PyEval_RestoreThread(attachment->outer);
  attachment->outer = NULL;
}

#endif /* COGWAY_PYTHON_FT_COMPAT_H */
