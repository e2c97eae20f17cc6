// SPDX-License-Identifier: Apache-2.0
#pragma once
// A bounded last-in, first-out store between any number of threads: the LIFO twin of MpmcQueue. For
// intrusive nodes and one taker, MpscStack.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "cogway/base/cacheline.hpp"
#include "cogway/queue/detail/cell.hpp"
#include "cogway/queue/free_list.hpp"
#include "cogway/queue/index_stack.hpp"
#include "cogway/queue/queue_statistics.hpp"

namespace cogway {

/// Two index stacks over one set of links: cells that are free and cells that are full.
///
/// **Threads**: all calls from any thread.
/// **Ownership**: of the values inside; destroying the stack destroys them, while nobody uses it.
/// **Progress**: lock-free.
/// **Order**: a push publishes the value and all before it to the pop that returns it.
/// **Linearizable?** Yes, as a stack; a push fails also while a pop has not given its cell back
/// yet.
/// **Capacity**: as given; memory is taken once, at construction.
template <typename T, template <typename> class Atom = std::atomic>
class MpmcStack {
 public:
  using value_type = T;

  explicit MpmcStack(std::size_t capacity)
      : cells_(capacity == 0 ? nullptr : std::make_unique<detail::Cell<T>[]>(capacity)),
        capacity_(capacity),
        links_(std::make_unique<Atom<std::uint32_t>[]>(capacity)) {
    if (capacity == 0 || capacity >= kNoIndex) {
      throw std::invalid_argument("stack capacity must lie between 1 and 4294967294, not " +
                                  std::to_string(capacity));
    }
    for (auto i = static_cast<std::uint32_t>(capacity); i > 0; --i) free_.push(links_.get(), i - 1);
  }
  MpmcStack(const MpmcStack&) = delete;
  MpmcStack& operator=(const MpmcStack&) = delete;
  ~MpmcStack() {
    while (try_pop()) {
    }
  }

  /// False when full or closed; `value` is then untouched.
  template <typename U>
  [[nodiscard]] bool try_push(U&& value) noexcept {
    const std::uint32_t index = free_.pop(links_.get());
    if (index == kNoIndex) return false;
    cells_[index].put(std::forward<U>(value));
    full_.push(links_.get(), index);
    // order: relaxed, no pairing: a counter
    pushed_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }

  /// The newest value; nothing when empty.
  [[nodiscard]] std::optional<T> try_pop() noexcept {
    const std::uint32_t index = full_.pop(links_.get());
    if (index == kNoIndex) return std::nullopt;
    std::optional<T> value(cells_[index].take());
    free_.push(links_.get(), index);
    // order: relaxed, no pairing: a counter
    popped_.fetch_add(1, std::memory_order_relaxed);
    return value;
  }

  [[nodiscard]] bool empty() const noexcept { return full_.empty(); }
  /// An estimate while others push and pop.
  [[nodiscard]] std::size_t size() const noexcept {
    // order: relaxed, no pairing: counters
    const std::uint64_t popped = popped_.load(std::memory_order_relaxed);
    const std::uint64_t pushed =
        pushed_.load(std::memory_order_relaxed);  // order: relaxed, as above
    return pushed > popped ? static_cast<std::size_t>(pushed - popped) : 0;
  }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  [[nodiscard]] QueueStatistics statistics() const noexcept {
    // order: relaxed, no pairing: counters
    return {capacity_, size(), pushed_.load(std::memory_order_relaxed),
            popped_.load(std::memory_order_relaxed)};  // order: relaxed, as above
  }

 private:
  const std::unique_ptr<detail::Cell<T>[]> cells_;
  const std::size_t capacity_;
  const std::unique_ptr<Atom<std::uint32_t>[]> links_;
  alignas(kCacheLine) IndexStack<Atom> free_;                 ///< by all
  alignas(kCacheLine) IndexStack<Atom> full_;                 ///< by all
  alignas(kCacheLine) std::atomic<std::uint64_t> pushed_{0};  ///< by producers
  std::atomic<std::uint64_t> popped_{0};                      ///< by consumers
};

}  // namespace cogway
