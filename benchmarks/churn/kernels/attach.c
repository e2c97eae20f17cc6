/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that call a Python callable with numbers 0, 1, ... n - 1: attaching a new thread state
 * for each call, attaching one that is kept, or through a C callback, whatever that does to attach.
 * Between calls they work for so long, which does not count. */
#include <Python.h>
#include <pthread.h>
#include <stdint.h>
#include <time.h>

typedef struct job {
  PyInterpreterState* interpreter;
  PyObject* callable;
  void (*callback)(int64_t);
  int64_t n;
  int64_t pause_ns;
  int64_t spent_ns;
  int failed;
  pthread_t thread;
} job;

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Works for a while; returns when it ended. */
static int64_t work_for(int64_t ns) {
  const int64_t end = now() + ns;
  int64_t time = now();
  while (time < end) time = now();
  return time;
}

static void attach(const job* job) { PyEval_RestoreThread(PyThreadState_New(job->interpreter)); }

static void detach(void) {
  PyThreadState_Clear(PyThreadState_Get());
  PyThreadState_DeleteCurrent();
}

static void call(job* job, int64_t number) {
  PyObject* result = PyObject_CallFunction(job->callable, "L", (long long)number);
  if (result == NULL) {
    PyErr_WriteUnraisable(job->callable);
    job->failed = 1;
  }
  Py_XDECREF(result);
}

static void* attach_each(void* argument) {
  job* job = argument;
  for (int64_t i = 0; i < job->n; ++i) {
    const int64_t began = work_for(job->pause_ns);
    attach(job);
    call(job, i);
    detach();
    job->spent_ns += now() - began;
  }
  return NULL;
}

static void* attach_kept(void* argument) {
  job* job = argument;
  attach(job);
  PyThreadState* kept = PyEval_SaveThread();
  for (int64_t i = 0; i < job->n; ++i) {
    const int64_t began = work_for(job->pause_ns);
    PyEval_RestoreThread(kept);
    call(job, i);
    PyEval_SaveThread();
    job->spent_ns += now() - began;
  }
  PyEval_RestoreThread(kept);
  detach();
  return NULL;
}

static void* call_back(void* argument) {
  job* job = argument;
  for (int64_t i = 0; i < job->n; ++i) {
    const int64_t began = work_for(job->pause_ns);
    job->callback(i);
    job->spent_ns += now() - began;
  }
  return NULL;
}

/* Runs it on a thread of its own; the caller has let go of the GIL. Nanoseconds, or -1. */
static int64_t run(void* (*body)(void*), job* job) {
  if (pthread_create(&job->thread, NULL, body, job) != 0) return -1;
  pthread_join(job->thread, NULL);
  return job->failed ? -1 : job->spent_ns;
}

__attribute__((visibility("default"))) int64_t run_attach_each(PyInterpreterState* interpreter,
                                                               PyObject* callable, int64_t n,
                                                               int64_t pause_ns);
int64_t run_attach_each(PyInterpreterState* interpreter, PyObject* callable, int64_t n,
                        int64_t pause_ns) {
  job job = {.interpreter = interpreter, .callable = callable, .n = n, .pause_ns = pause_ns};
  return run(attach_each, &job);
}

__attribute__((visibility("default"))) int64_t run_attach_kept(PyInterpreterState* interpreter,
                                                               PyObject* callable, int64_t n,
                                                               int64_t pause_ns);
int64_t run_attach_kept(PyInterpreterState* interpreter, PyObject* callable, int64_t n,
                        int64_t pause_ns) {
  job job = {.interpreter = interpreter, .callable = callable, .n = n, .pause_ns = pause_ns};
  return run(attach_kept, &job);
}

__attribute__((visibility("default"))) int64_t run_callback(void (*callback)(int64_t), int64_t n,
                                                            int64_t pause_ns);
int64_t run_callback(void (*callback)(int64_t), int64_t n, int64_t pause_ns) {
  job job = {.callback = callback, .n = n, .pause_ns = pause_ns};
  return run(call_back, &job);
}
