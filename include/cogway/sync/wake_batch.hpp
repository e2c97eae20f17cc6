// SPDX-License-Identifier: Apache-2.0
#pragma once
// Telling waiters their outcomes after the lock is released. Declared before the guard of the lock,
// so that it is destroyed after it.

#include <array>
#include <atomic>
#include <cstddef>

#include "cogway/sync/wait_list.hpp"

namespace cogway {

/// **Threads**: one; on the stack.
/// **Ownership**: holds nodes only until it has told them.
/// **Progress**: enters the kernel once for each sleeping thread.
/// **Order**: add() publishes to WaitNode::outcome().
template <template <typename> class Atom = std::atomic>
class WakeBatch {
 public:
  WakeBatch() = default;
  WakeBatch(const WakeBatch&) = delete;
  WakeBatch& operator=(const WakeBatch&) = delete;
  ~WakeBatch() { tell(); }

  /// Takes a node out of its list and chooses its outcome. With more than kRoom of them the first
  /// are told under the lock, which they do not need to go on.
  void add(WaitList<Atom>& list, WaitNode<Atom>& node, WaitOutcome outcome) noexcept {
    if (count_ == kRoom) tell();
    list.unlink(node);
    const auto address = Parking<Atom>::address_of(node.state_);
    const auto notify = node.notify;
    // From here on a thread may see it and be gone with its node.
    // order: release, pairs with outcome() acquire; publishes what was granted
    const std::uint32_t was =
        node.state_.exchange(static_cast<std::uint32_t>(outcome), std::memory_order_release);
    if (notify != nullptr) {
      told_[count_++] = Told{&node, {}};
    } else if (was == WaitNode<Atom>::kAsleep) {
      told_[count_++] = Told{nullptr, address};
    }
  }

 private:
  static constexpr std::size_t kRoom = 16;
  struct Told {
    WaitNode<Atom>* node;  ///< nullptr: a thread
    typename Parking<Atom>::Address address;
  };

  void tell() noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
      if (told_[i].node != nullptr) {
        told_[i].node->notify(told_[i].node);
      } else {
        Parking<Atom>::unpark_at(told_[i].address, 1);
      }
    }
    count_ = 0;
  }

  std::array<Told, kRoom> told_;
  std::size_t count_ = 0;
};

}  // namespace cogway
