// SPDX-License-Identifier: Apache-2.0
#include "cogway/python/release_mailbox.hpp"

#include "cogway/python/compat.hpp"

namespace cogway {

void ReleaseMailbox::post(MailboxItem* item) noexcept {
  // order: relaxed, a counter; before the item is in, for with it may go what keeps us
  posted_.fetch_add(1, std::memory_order_relaxed);
  bool held = false;
  const StackPush result = items_.try_push(item, [&] {
    retain();  // the item may be released, and its hold on us with it, before we have woken anybody
    held = true;
  });
  if (result == StackPush::closed) {
    posted_.fetch_sub(1, std::memory_order_relaxed);     // order: relaxed, a counter
    abandoned_.fetch_add(1, std::memory_order_relaxed);  // order: relaxed, a counter
  } else if (result == StackPush::first) {
    // order: acquire, pairs with set_wake() release; publishes wake_argument_
    if (auto* wake = wake_.load(std::memory_order_acquire)) wake(wake_argument_);
  }
  if (held) release();
}

std::size_t ReleaseMailbox::release_all(MailboxItem* item) noexcept {
  if (item == nullptr) return 0;
  PyObject* raised = take_raised_exception();
  std::size_t count = 0;
  while (item != nullptr) {
    MailboxItem* next = MpscStack<MailboxItem>::next_of(item);
    item->release(item);
    item = next;
    ++count;
  }
  if (raised != nullptr) restore_raised_exception(raised);
  released_.fetch_add(count, std::memory_order_relaxed);  // order: relaxed, a counter
  drains_.fetch_add(1, std::memory_order_relaxed);        // order: relaxed, a counter
  return count;
}

std::size_t ReleaseMailbox::drain() noexcept { return release_all(items_.take_all()); }

void ReleaseMailbox::set_wake(void (*wake)(void*) noexcept, void* argument) noexcept {
  wake_argument_ = argument;
  // order: release, pairs with post() acquire; publishes wake_argument_
  wake_.store(wake, std::memory_order_release);
}

void ReleaseMailbox::close() noexcept {
  while (drain() != 0) {  // a release may post
  }
  (void)release_all(items_.close());
}

ReleaseMailbox::Statistics ReleaseMailbox::statistics() const noexcept {
  Statistics result;
  result.posted = posted_.load(std::memory_order_relaxed);        // order: relaxed, a counter
  result.released = released_.load(std::memory_order_relaxed);    // order: relaxed, a counter
  result.drains = drains_.load(std::memory_order_relaxed);        // order: relaxed, a counter
  result.abandoned = abandoned_.load(std::memory_order_relaxed);  // order: relaxed, a counter
  return result;
}

void ReleaseMailbox::retain() noexcept {
  // order: relaxed, a new reference is made from an existing one
  references_.fetch_add(1, std::memory_order_relaxed);
}

void ReleaseMailbox::release() noexcept {
  // order: acq_rel, pairs with itself; the last one sees all uses before it frees
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

}  // namespace cogway
