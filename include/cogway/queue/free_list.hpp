// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which of N table entries are free. For entries in shared memory use IndexStack, whose links the
// table itself holds.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "cogway/base/cacheline.hpp"
#include "cogway/queue/index_stack.hpp"

namespace cogway {

/// **Threads**: all calls from any thread.
/// **Ownership**: an acquired index belongs to the caller until released; releasing one that is
/// free already breaks the list.
/// **Progress**: lock-free.
/// **Order**: release() publishes all before it to the acquire() that returns the index.
/// **Linearizable?** Yes, as a stack of indices.
/// **Capacity**: as given, up to 2^32 - 2.
template <template <typename> class Atom = std::atomic>
class FreeList {
 public:
  /// All of 0 … capacity-1 free; the lowest is acquired first.
  explicit FreeList(std::size_t capacity)
      : capacity_(checked(capacity)), links_(std::make_unique<Atom<std::uint32_t>[]>(capacity)) {
    for (std::uint32_t i = capacity_; i > 0; --i) free_.push(links_.get(), i - 1);
  }
  FreeList(const FreeList&) = delete;
  FreeList& operator=(const FreeList&) = delete;

  /// kNoIndex when all are taken.
  [[nodiscard]] std::uint32_t acquire() noexcept { return free_.pop(links_.get()); }
  void release(std::uint32_t index) noexcept { free_.push(links_.get(), index); }

  [[nodiscard]] bool exhausted() const noexcept { return free_.empty(); }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

 private:
  static std::uint32_t checked(std::size_t capacity) {
    if (capacity == 0 || capacity >= kNoIndex) {
      throw std::invalid_argument("free list: capacity must lie between 1 and 4294967294, not " +
                                  std::to_string(capacity));
    }
    return static_cast<std::uint32_t>(capacity);
  }

  const std::uint32_t capacity_;
  const std::unique_ptr<Atom<std::uint32_t>[]> links_;
  alignas(kCacheLine) IndexStack<Atom> free_;  ///< by all
};

}  // namespace cogway
