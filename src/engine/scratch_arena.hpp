// SPDX-License-Identifier: Apache-2.0
#pragma once
// Scratch memory of a worker: a bump allocator that is reset after each execution and grows to what
// the kernels of this worker need, so that steady state allocates nothing.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "cogway/base/cacheline.hpp"

namespace cogway {

/// **Threads**: the worker's own. **Ownership**: its blocks. **Progress**: allocates when it must
/// grow.
class ScratchArena {
 public:
  /// Kept between executions at most; more is given back.
  static constexpr std::size_t kKeep = std::size_t{64} << 20;

  /// 64-byte aligned; nullptr when memory is short.
  void* allocate(std::size_t bytes) noexcept {
    if (bytes > SIZE_MAX / 2) return nullptr;
    const std::size_t room = (bytes + kCacheLine - 1) & ~(kCacheLine - 1);
    if (room <= block_.capacity_left()) return block_.bump(room);
    return grow(room);
  }

  /// Takes back what allocate() returned last; anything else stays until reset().
  void give_back(void* memory, std::size_t bytes) noexcept {
    const std::size_t room = (bytes + kCacheLine - 1) & ~(kCacheLine - 1);
    if (room <= block_.used && block_.memory.get() + (block_.used - room) == memory) {
      block_.used -= room;
    }
  }

  /// Everything given out is invalid afterwards.
  void reset() noexcept {
    if (total_ != 0) shrink();
  }

 private:
  struct Free {
    void operator()(std::byte* memory) const noexcept {
      ::operator delete(memory, std::align_val_t{kCacheLine});
    }
  };
  using Memory = std::unique_ptr<std::byte, Free>;
  struct Block {
    Memory memory;
    std::size_t size = 0;
    std::size_t used = 0;
    [[nodiscard]] std::size_t capacity_left() const noexcept { return size - used; }
    void* bump(std::size_t room) noexcept {
      void* place = memory.get() + used;
      used += room;
      return place;
    }
  };

  static Memory make(std::size_t size) noexcept {
    return Memory(
        static_cast<std::byte*>(::operator new(size, std::align_val_t{kCacheLine}, std::nothrow)));
  }

  void* grow(std::size_t room) noexcept {
    try {
      const std::size_t size = room > kLeast ? room : kLeast;
      Memory memory = make(size);
      if (memory == nullptr) return nullptr;
      if (block_.memory != nullptr) full_.push_back(std::move(block_));
      block_ = {std::move(memory), size, 0};
      total_ += size;
      return block_.bump(room);
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }

  /// One block of the size that was needed in all, so that the next execution finds it.
  void shrink() noexcept {
    block_.used = 0;
    if (full_.empty() && total_ <= kKeep) return;
    full_.clear();
    const std::size_t wanted = total_ <= kKeep ? total_ : 0;
    block_ = {};
    total_ = 0;
    if (wanted == 0) return;
    if (Memory memory = make(wanted)) {
      block_ = {std::move(memory), wanted, 0};
      total_ = wanted;
    }
  }

  static constexpr std::size_t kLeast = std::size_t{64} << 10;
  Block block_;              ///< the one in use
  std::vector<Block> full_;  ///< earlier ones of this execution
  std::size_t total_ = 0;
};

}  // namespace cogway
