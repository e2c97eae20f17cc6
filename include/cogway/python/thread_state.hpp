// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a native thread gets into an interpreter and how any thread steps out of it for a while. Used
// on every build: a free-threaded interpreter has no GIL, but still needs an attached thread state
// (stop the world waits for it). The simplified API is never used: it knows the main interpreter
// only.

#include <Python.h>

#include <optional>
#include <utility>

namespace cogway {

/// An interpreter as a native thread may hold it.
///
/// **Threads**: `current` and `close` while attached; the value may be read anywhere.
/// **Ownership**: a view of the interpreter, which it does not keep alive. `close` once per
/// `current`.
/// **Progress**: wait-free. **Order**: none.
struct InterpreterHandle {
  PyInterpreterState* state = nullptr;
#if PY_VERSION_HEX >= 0x030F0000
  PyInterpreterView* view = nullptr;  ///< PEP 788: tells whether the interpreter is still there
#endif
  /// Of the interpreter that this thread is attached to. `state` is nullptr with an exception set.
  [[nodiscard]] static InterpreterHandle current() noexcept;
  void close() noexcept;
};

/// The one persistent PyThreadState of a (native thread, interpreter) pair.
///
/// **Threads**: create, attach, detach and destroy on the same native thread, which is not a
/// threading.Thread (that one has a state already). Take locks that others may hold while attached
/// *before* attaching.
/// **Ownership**: owns the PyThreadState. Before 3.15 the owner guarantees that the thread is
/// joined before the interpreter finalises; from 3.15 on `attach` answers false when it is too late
/// (PEP 788).
/// **Progress**: `attach` waits for the GIL where there is one.
/// **Order**: attaching synchronises with whoever held the GIL before; on free-threaded builds it
/// orders nothing.
class ThreadState {
 public:
  explicit ThreadState(InterpreterHandle interpreter) noexcept : interpreter_(interpreter) {}
  ThreadState(const ThreadState&) = delete;
  ThreadState& operator=(const ThreadState&) = delete;
  ~ThreadState();

  /// Attaches this thread. False: the interpreter is finalising, nothing was attached.
  [[nodiscard]] bool attach() noexcept;
  void detach() noexcept;

  /// Attaches for a scope: `if (auto attached = state.enter()) …`.
  class Scope {
   public:
    explicit Scope(ThreadState* state) noexcept : state_(state) {}
    Scope(Scope&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    Scope& operator=(Scope&&) = delete;
    ~Scope() {
      if (state_ != nullptr) state_->detach();
    }
    explicit operator bool() const noexcept { return state_ != nullptr; }

   private:
    ThreadState* state_;
  };
  [[nodiscard]] Scope enter() noexcept { return Scope(attach() ? this : nullptr); }

 private:
  InterpreterHandle interpreter_;
  PyThreadState* state_ = nullptr;
#if PY_VERSION_HEX >= 0x030F0000
  PyInterpreterGuard* guard_ = nullptr;  ///< held while attached
#endif
};

/// Hangs a thread that CPython ends while it is inside the scope. Before 3.14 a daemon thread that
/// attaches, or switches to another one, while the interpreter finalises is ended by unwinding its
/// stack: through C++ frames that aborts the program, or drops references while detached. From 3.14
/// on CPython itself hangs it. Make it the last local before the call; disarm() after.
///
/// **Threads**: one. **Ownership**: none. **Progress**: none, once it hangs. **Order**: none.
class HangIfUnwound {
 public:
  HangIfUnwound() noexcept = default;
  HangIfUnwound(const HangIfUnwound&) = delete;
  HangIfUnwound& operator=(const HangIfUnwound&) = delete;
  ~HangIfUnwound() {
    if (armed_) hang();
  }
  void disarm() noexcept { armed_ = false; }

 private:
  [[noreturn]] static void hang() noexcept;
  bool armed_ = true;
};

/// PyEval_RestoreThread for C++ frames: hangs where that would end the thread.
void attach_or_hang(PyThreadState* state);

/// Steps out of the interpreter for a scope: the thread may wait, and must not touch Python
/// objects.
class Detached {
 public:
  Detached() noexcept : state_(PyEval_SaveThread()) {}
  Detached(const Detached&) = delete;
  Detached& operator=(const Detached&) = delete;
  ~Detached() { attach_or_hang(state_); }

 private:
  PyThreadState* state_;
};

}  // namespace cogway
