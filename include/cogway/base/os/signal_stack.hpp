// SPDX-License-Identifier: Apache-2.0
#pragma once
// Memory in which the calling thread can handle a signal when its own stack is full: without it a
// stack overflow ends the process with no report.

#include <cstddef>

namespace cogway::os {

/// **Threads**: made and destroyed by the thread that it serves. **Ownership**: maps the memory and
/// unmaps it; where the thread has such a stack already (sanitizers give it one), or memory is
/// short, it does nothing. **Progress**: system calls. **Order**: none.
/// **Linearizable?** Nothing is shared: it is memory, not a queue.
class SignalStack {
 public:
  SignalStack() noexcept;
  ~SignalStack();
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  void* memory_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace cogway::os
