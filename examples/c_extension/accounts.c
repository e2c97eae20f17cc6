/* SPDX-License-Identifier: Apache-2.0 */
/* One source for CPython 3.11 to 3.15, with and without the GIL: accounts between which threads
 * move money, and a native thread that reports to Python.
 *
 *   cc -shared -fPIC -I"$(python -c 'import cogway; print(cogway.get_include())')" \
 *      -I"$(python -c 'import sysconfig; print(sysconfig.get_path("include"))')" \
 *      accounts.c -o accounts.so -lpthread
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <pthread.h>
#include <stdint.h>

#include "cogway/python/ft_compat.h"

typedef struct {
  PyObject_HEAD int64_t balance; /* under the object's critical section */
  int64_t visits;                /* an atomic of its own */
} Account;

static PyObject* account_new(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  long long balance = 0;
  Account* self;
  static char* names[] = {(char*)"balance", NULL};
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|L", names, &balance)) return NULL;
  self = (Account*)type->tp_alloc(type, 0);
  if (self == NULL) return NULL;
  self->balance = balance;
  self->visits = 0;
  return (PyObject*)self;
}

static void account_dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

/* Both accounts change at once: whoever looks at both under a section of two sees the same sum. */
static PyObject* account_pay(PyObject* self, PyObject* arguments) {
  PyObject* other;
  long long amount;
  if (!PyArg_ParseTuple(arguments, "O!L:pay", Py_TYPE(self), &other, &amount)) return NULL;
  _Py_atomic_add_int64(&((Account*)self)->visits, 1);
  Py_BEGIN_CRITICAL_SECTION2(self, other);
  ((Account*)self)->balance -= amount;
  ((Account*)other)->balance += amount;
  Py_END_CRITICAL_SECTION2();
  Py_RETURN_NONE;
}

static PyObject* account_with(PyObject* self, PyObject* other) {
  long long sum;
  if (!PyObject_TypeCheck(other, Py_TYPE(self))) {
    return PyErr_Format(PyExc_TypeError, "an Account is needed");
  }
  Py_BEGIN_CRITICAL_SECTION2(self, other);
  sum = ((Account*)self)->balance + ((Account*)other)->balance;
  Py_END_CRITICAL_SECTION2();
  return PyLong_FromLongLong(sum);
}

static PyObject* account_balance(PyObject* self, void* unused) {
  long long balance;
  (void)unused;
  Py_BEGIN_CRITICAL_SECTION(self);
  balance = ((Account*)self)->balance;
  Py_END_CRITICAL_SECTION();
  return PyLong_FromLongLong(balance);
}

static PyObject* account_visits(PyObject* self, void* unused) {
  (void)unused;
  return PyLong_FromLongLong(_Py_atomic_load_int64(&((Account*)self)->visits));
}

typedef struct {
  PyObject* callback;
  PyInterpreterState* interpreter;
  int entered;
} Report;

/* On a thread that Python has never seen. */
static void* report(void* argument) {
  Report* self = (Report*)argument;
  cogway_attachment outer;
  cogway_attachment inner;
  self->entered = cogway_attach(&outer, self->interpreter);
  if (!self->entered) return NULL;
  if (cogway_attach(&inner, self->interpreter)) { /* again: nothing happens */
    PyObject* result = PyObject_CallNoArgs(self->callback);
    if (result == NULL) PyErr_WriteUnraisable(self->callback);
    Py_XDECREF(result);
    cogway_detach(&inner);
  }
  cogway_detach(&outer);
  return NULL;
}

/* Calls the function on a native thread, and waits for it without the GIL. */
static PyObject* call_in_native_thread(PyObject* module, PyObject* callback) {
  Report about;
  pthread_t thread;
  int error;
  (void)module;
  about.callback = callback;
  about.interpreter = PyInterpreterState_Get();
  about.entered = 0;
  error = pthread_create(&thread, NULL, report, &about);
  if (error != 0) return PyErr_Format(PyExc_OSError, "pthread_create: error %d", error);
  Py_BEGIN_ALLOW_THREADS;
  pthread_join(thread, NULL);
  Py_END_ALLOW_THREADS;
  return PyBool_FromLong(about.entered);
}

/* Lets go of the GIL, and comes back by attaching: the state that the thread has is used again. */
static PyObject* call_after_letting_go(PyObject* module, PyObject* callback) {
  PyInterpreterState* interpreter = PyInterpreterState_Get();
  PyThreadState* mine = PyEval_SaveThread();
  PyObject* result = NULL;
  cogway_attachment attachment;
  int same = 0;
  (void)module;
  if (cogway_attach(&attachment, interpreter)) {
    same = PyThreadState_Get() == mine;
    result = PyObject_CallNoArgs(callback);
    cogway_detach(&attachment);
  }
  PyEval_RestoreThread(mine);
  if (result == NULL) return NULL;
  Py_DECREF(result);
  return PyBool_FromLong(same);
}

static PyMethodDef account_methods[] = {
    {"pay", account_pay, METH_VARARGS, "pay(other, amount): move an amount to another account."},
    {"with_", account_with, METH_O, "with_(other): what both hold, at one moment."},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef account_properties[] = {
    {"balance", account_balance, NULL, "What it holds.", NULL},
    {"visits", account_visits, NULL, "How often it has paid.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static PyType_Slot account_slots[] = {
    {Py_tp_new, (void*)account_new},
    {Py_tp_dealloc, (void*)account_dealloc},
    {Py_tp_methods, account_methods},
    {Py_tp_getset, account_properties},
    {0, NULL},
};
static PyType_Spec account_spec = {"accounts.Account", sizeof(Account), 0, Py_TPFLAGS_DEFAULT,
                                   account_slots};

static int execute_module(PyObject* module) {
  PyObject* type = PyType_FromModuleAndSpec(module, &account_spec, NULL);
  int status;
  if (type == NULL) return -1;
  status = PyModule_AddObjectRef(module, "Account", type);
  Py_DECREF(type);
  return status;
}

static PyMethodDef functions[] = {
    {"call_in_native_thread", call_in_native_thread, METH_O, "Call a function on a native thread."},
    {"call_after_letting_go", call_after_letting_go, METH_O,
     "Call a function after letting go of the GIL; return whether the thread's state was kept."},
    {NULL, NULL, 0, NULL},
};
static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, (void*)execute_module},
    COGWAY_GIL_NOT_USED_SLOT /* no comma: it brings its own */
    {0, NULL},
};
static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT, "accounts", "Accounts.", 0, functions, module_slots, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_accounts(void) { return PyModuleDef_Init(&module_definition); }
