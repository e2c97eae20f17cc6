// SPDX-License-Identifier: Apache-2.0
#include "cogway/python/completion_queue.hpp"

namespace cogway {

CompletionQueue::CompletionQueue(ReleaseMailbox* mailbox) : mailbox_(mailbox) {
  mailbox_->retain();
}

CompletionQueue::~CompletionQueue() { mailbox_->release(); }

bool CompletionQueue::push_unrung(Completion* node) noexcept {
  // Once the node is in, the reader may take it, run it, and drop every reference that kept this
  // queue alive, before the wake-up.
  bool held = false;
  const auto hold = [&] {
    retain();
    held = true;
  };
  switch (ready_.push(node, hold)) {
    case PolledPush::quiet:
      break;
    case PolledPush::ring:
      return true;
    case PolledPush::closed:
      diverted_.fetch_add(1, std::memory_order_relaxed);  // order: relaxed, a counter
      mailbox_->post(node);
      break;
  }
  if (held) release();
  return false;
}

void CompletionQueue::ring() noexcept {
  signals_.fetch_add(1, std::memory_order_relaxed);  // order: relaxed, a counter
  event_.signal();
  release();
}

Completion* CompletionQueue::chained(Completion* oldest, std::uint64_t* count) noexcept {
  for (Completion* node = oldest; node != nullptr; node = node->next_ready) {
    node->next_ready = PolledStack<Completion>::next_of(node);
    if (count != nullptr) ++*count;
  }
  return oldest;
}

Completion* CompletionQueue::take() noexcept {
  std::uint64_t count = 0;
  Completion* const oldest = chained(ready_.take_all(), &count);
  if (count != 0) pushed_.fetch_add(count, std::memory_order_relaxed);  // order: relaxed, a counter
  return oldest;
}

CompletionQueue::Statistics CompletionQueue::statistics() const noexcept {
  Statistics result;
  result.pushed = pushed_.load(std::memory_order_relaxed);      // order: relaxed, a counter
  result.signals = signals_.load(std::memory_order_relaxed);    // order: relaxed, a counter
  result.diverted = diverted_.load(std::memory_order_relaxed);  // order: relaxed, a counter
  return result;
}

void CompletionQueue::retain() noexcept {
  // order: relaxed, a new reference is made from an existing one
  references_.fetch_add(1, std::memory_order_relaxed);
}

void CompletionQueue::release() noexcept {
  // order: acq_rel, pairs with itself; the last one sees all uses before it frees
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

}  // namespace cogway
