// SPDX-License-Identifier: Apache-2.0
#include "cogway/python/thread_state.hpp"

#include <unistd.h>

#include "cogway/python/compat.hpp"

namespace cogway {

InterpreterHandle InterpreterHandle::current() noexcept {
  InterpreterHandle handle;
#if PY_VERSION_HEX >= 0x030F0000
  handle.view = PyInterpreterView_FromCurrent();
  if (handle.view == nullptr) return handle;
#endif
  handle.state = PyInterpreterState_Get();
  return handle;
}

void InterpreterHandle::close() noexcept {
#if PY_VERSION_HEX >= 0x030F0000
  if (view != nullptr) PyInterpreterView_Close(view);
  view = nullptr;
#endif
  state = nullptr;
}

bool ThreadState::attach() noexcept {
#if PY_VERSION_HEX >= 0x030F0000
  guard_ = PyInterpreterGuard_FromView(interpreter_.view);  // PEP 788
  if (guard_ == nullptr) return false;
#else
  // Before PEP 788 attaching to a finalising interpreter ends the thread (<= 3.13) or hangs it. The
  // owner joins this thread before finalisation, so this only refuses what is plainly too late.
  if (interpreter_finalizing()) return false;
#endif
  if (state_ == nullptr) state_ = PyThreadState_New(interpreter_.state);
  if (state_ == nullptr) return false;
  PyEval_RestoreThread(state_);
  return true;
}

void HangIfUnwound::hang() noexcept {
  for (;;) pause();
}

void attach_or_hang(PyThreadState* state) {
  HangIfUnwound barrier;
  PyEval_RestoreThread(state);
  barrier.disarm();
}

void ThreadState::detach() noexcept {
  PyEval_SaveThread();
#if PY_VERSION_HEX >= 0x030F0000
  PyInterpreterGuard_Close(guard_);
  guard_ = nullptr;
#endif
}

ThreadState::~ThreadState() {
  if (state_ == nullptr || !attach()) return;
  PyThreadState_Clear(state_);
  PyThreadState_DeleteCurrent();
#if PY_VERSION_HEX >= 0x030F0000
  PyInterpreterGuard_Close(guard_);
#endif
}

}  // namespace cogway
