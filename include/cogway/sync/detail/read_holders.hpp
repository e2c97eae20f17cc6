// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who holds a lock for reading, and how often. Few at a time, so a row that is searched.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cogway::detail {

/// **Threads**: one at a time, under the lock's own lock. **Ownership**: a value; owners are
/// opaque.
/// **Progress**: linear in the number of holders; allocates when there are more than ever before.
/// **Order**: the lock's.
class ReadHolders {
 public:
  [[nodiscard]] std::uint32_t holds(const void* owner) const noexcept {
    const Holder* holder = find(owner);
    return holder == nullptr ? 0 : holder->times;
  }
  void add(const void* owner) noexcept {
    if (Holder* holder = find(owner); holder != nullptr) {
      ++holder->times;
    } else {
      holders_.push_back({owner, 1});
    }
    ++total_;
  }
  /// False: it holds none.
  bool remove(const void* owner) noexcept {
    Holder* holder = find(owner);
    if (holder == nullptr) return false;
    --total_;
    if (--holder->times == 0) {
      *holder = holders_.back();
      holders_.pop_back();
    }
    return true;
  }
  /// Holds of all owners together.
  [[nodiscard]] std::size_t total() const noexcept { return total_; }

 private:
  struct Holder {
    const void* owner;
    std::uint32_t times;
  };
  [[nodiscard]] const Holder* find(const void* owner) const noexcept {
    for (const Holder& holder : holders_) {
      if (holder.owner == owner) return &holder;
    }
    return nullptr;
  }
  [[nodiscard]] Holder* find(const void* owner) noexcept {
    for (Holder& holder : holders_) {
      if (holder.owner == owner) return &holder;
    }
    return nullptr;
  }

  std::vector<Holder> holders_;
  std::size_t total_ = 0;
};

}  // namespace cogway::detail
