// SPDX-License-Identifier: Apache-2.0
#pragma once
// Waiting for a change of any word in memory, with nothing beside the word: who waits is found by
// its address. For the waiting methods of the atomics; what waits often has a WaitList of its own.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "cogway/base/cacheline.hpp"
#include "cogway/sync/wait_list.hpp"
#include "cogway/sync/wake_batch.hpp"
#include "cogway/sync/word_lock.hpp"

namespace cogway {

/// Lists of waiters, by hash of an address.
///
/// **Threads**: all calls from any thread of the process.
/// **Ownership**: one for the process (process_wait_table()); nodes are the waiters'.
/// **Progress**: notify_*() is one load while nobody waits on any word of the same hash, else it
/// takes a lock for some instructions.
/// **Order**: who changes the word with a sequentially consistent step and then notifies is seen by
/// whoever `still()` lets wait: one of the two comes second.
template <template <typename> class Atom = std::atomic, std::size_t kBuckets = 64>
class WaitTable {
 public:
  using Node = WaitNode<Atom>;

  WaitTable() = default;
  WaitTable(const WaitTable&) = delete;
  WaitTable& operator=(const WaitTable&) = delete;

  /// Waits for a notification of `address` while `still()`; true: it is not so, nobody waits.
  /// still() reads the word with a sequentially consistent load.
  template <typename Still>
  [[nodiscard]] bool start(Node& node, const void* address, Still&& still) noexcept {
    Bucket& bucket = bucket_of(address);
    const std::lock_guard guard(bucket.lock);
    bucket.waiters.fetch_add(1);  // before the look at the word: a notifier sees it, or is seen
    if (!still()) {
      leave(bucket);
      return true;
    }
    node.key = address;
    bucket.list.push_back(node);
    return false;
  }
  /// False: it had been notified. One notification is then in hand: whoever does not use it gives
  /// it to notify_one().
  [[nodiscard]] bool withdraw(Node& node) noexcept {
    Bucket& bucket = bucket_of(node.key);
    const std::lock_guard guard(bucket.lock);
    if (!bucket.list.withdraw(node)) return false;
    leave(bucket);
    return true;
  }

  /// Tells so many of those who wait longest; returns how many there were.
  std::size_t notify(const void* address, std::size_t most) noexcept {
    Bucket& bucket = bucket_of(address);
    if (bucket.waiters.load() == 0) return 0;
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(bucket.lock);
    std::size_t told = 0;
    for (Node* node = bucket.list.first(); node != nullptr && told < most;) {
      Node* next = node->next;
      if (node->key == address) {
        wakes.add(bucket.list, *node, WaitOutcome::retry);
        leave(bucket);
        ++told;
      }
      node = next;
    }
    return told;
  }
  std::size_t notify_one(const void* address) noexcept { return notify(address, 1); }
  std::size_t notify_all(const void* address) noexcept { return notify(address, SIZE_MAX); }

 private:
  struct alignas(kCacheLine) Bucket {
    Atom<std::uint32_t> waiters{0};  ///< in the list, or about to be; under the lock, read by all
    WordLock<Atom> lock;
    WaitList<Atom> list;
  };

  Bucket& bucket_of(const void* address) noexcept {
    // Fibonacci hashing; the lowest bits of an address say nothing.
    const auto bits = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(address)) >> 3;
    return buckets_[(bits * 0x9e3779b97f4a7c15U >> 32) % kBuckets];
  }
  static void leave(Bucket& bucket) noexcept {
    // order: relaxed, a count that is too high costs a look at the list
    bucket.waiters.fetch_sub(1, std::memory_order_relaxed);
  }

  std::array<Bucket, kBuckets> buckets_;
};

/// The one that the atomics of this process wait in.
[[nodiscard]] WaitTable<>& process_wait_table() noexcept;

}  // namespace cogway
