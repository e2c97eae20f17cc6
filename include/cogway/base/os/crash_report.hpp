// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a thread was at when a fatal signal (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT) ended the
// process: two lines on standard error, before whatever handled the signal until then. Not a way to
// survive one, and silent about threads that left no note.

namespace cogway::os {

/// What the code that runs is called. The texts must outlive the scope that leaves the note.
struct CrashNote {
  const char* kind = nullptr;    ///< "kernel"; nullptr: between two pieces of work
  const char* name = nullptr;    ///< "image.decode"
  const char* engine = nullptr;  ///< nullptr: none
};

namespace detail {
/// Innermost note of the thread; read by the handler alone. Written before, and read after, a call
/// that the compiler cannot see through.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local const CrashNote* crash_note;
}  // namespace detail

/// Leaves a note for as long as it lives; notes nest.
///
/// **Threads**: made and destroyed by the thread that it speaks of. **Ownership**: the note is its
/// own, its texts are not. **Progress**: wait-free, two stores each way. **Order**: none.
class CrashScope {
 public:
  explicit CrashScope(const CrashNote& note) noexcept : note_(note), outer_(detail::crash_note) {
    detail::crash_note = &note_;
  }
  ~CrashScope() { detail::crash_note = outer_; }
  CrashScope(const CrashScope&) = delete;
  CrashScope& operator=(const CrashScope&) = delete;

 private:
  const CrashNote note_;
  const CrashNote* const outer_;
};

/// The note of the calling thread; empty when it left none.
[[nodiscard]] inline CrashNote crash_note() noexcept {
  return detail::crash_note == nullptr ? CrashNote{} : *detail::crash_note;
}

/// Installs the handlers, once a process: a second call changes nothing, so that handlers of others
/// installed since are never taken into a circle. The report made, a handler puts back the one
/// before it and lets the signal happen again: faulthandler still dumps, a debugger still stops at
/// the faulting instruction, the exit status and the core file are what they would have been.
///
/// **Threads**: any. **Order**: none. The handlers are async-signal-safe: they allocate nothing,
/// take no lock, and read only the thread's own notes and /proc/self/maps.
void install_crash_report() noexcept;

}  // namespace cogway::os
