// SPDX-License-Identifier: Apache-2.0
#pragma once
// Destructors of native thread-local variables: what a thread calls when it ends, and the main
// thread at the end of the process. For variables of C, which have none of their own, and for code
// that learns at run time what is to be destroyed.

namespace cogway {

/// **Threads**: each its own list. A variable is registered by the thread whose it is.
/// **Ownership**: the variable is the caller's, and is there until the thread has ended. What it
/// points to is the destructor's.
/// **Progress**: allocates; takes no lock.
/// **Order**: destructors are called by the ending thread, in the order in which they were
/// registered, after all that it has done.
///
/// A thread that never ends calls none: a daemon thread of Python that outlives the interpreter, or
/// one that is killed by `_exit`. A forked child has the list of the thread that forked.
class ThreadExit {
 public:
  /// Must not attach an interpreter: it may be gone.
  using Destructor = void (*)(void* value);

  /// When this thread ends, `destructor` is called with what `*variable` is then, unless that is
  /// null; once for each time it was added. False: this thread is ending and has called its last
  /// destructor, or there is no memory.
  [[nodiscard]] static bool add(void** variable, Destructor destructor) noexcept;
  /// Forgets each destructor of this variable in this thread; whether there was one.
  static bool remove(void** variable) noexcept;
};

}  // namespace cogway
