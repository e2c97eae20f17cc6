// SPDX-License-Identifier: Apache-2.0
#pragma once
// Waking event loops with the GIL let go. A loop that is rung by a thread that has the GIL wakes,
// finds it taken and sleeps again: two wake-ups for one. So who is about to wake tasks, and holds
// nothing that the GIL protects, puts the rings off to where it can let go.

#include <Python.h>

#include <array>
#include <cstddef>

#include "cogway/python/compat.hpp"
#include "cogway/python/completion_queue.hpp"
#include "cogway/python/thread_state.hpp"

namespace cogway {

/// Made before the WakeBatch and the sections of a step, and so destroyed after them.
///
/// **Threads**: one, attached; on the stack, under no lock and in no section when it is destroyed.
/// **Ownership**: a reference to each queue until it is rung.
/// **Progress**: lets go of the GIL for a system call and waits to get it back, if something was
/// rung; else wait-free.
/// **Order**: as CompletionQueue; the loop may run a little later than it would have.
class LoopRings {
 public:
  LoopRings() noexcept : outer_(current_) { current_ = this; }
  LoopRings(const LoopRings&) = delete;
  LoopRings& operator=(const LoopRings&) = delete;
  ~LoopRings() {
    current_ = outer_;
    if (count_ == 0) return;
    if constexpr (kFreeThreadedBuild) {
      ring();
    } else {
      const Detached detached;
      ring();
    }
  }

  /// Pushes a node to the loop that waits for it, with the ring put off if this thread has a place
  /// for it.
  static void push(Completion* node) noexcept {
    CompletionQueue* queue = node->queue;
    LoopRings* place = current_;
    if (place == nullptr || place->count_ == kRoom) return queue->push(node);
    if (queue->push_unrung(node)) place->due_[place->count_++] = queue;
  }

 private:
  static constexpr std::size_t kRoom = 4;

  void ring() noexcept {
    for (std::size_t i = 0; i < count_; ++i) due_[i]->ring();
  }

  static inline thread_local LoopRings* current_ = nullptr;
  LoopRings* outer_;
  std::array<CompletionQueue*, kRoom> due_;
  std::size_t count_ = 0;
};

}  // namespace cogway
