// SPDX-License-Identifier: Apache-2.0
#pragma once
// Many readers or one writer, in phases: neither can keep the other out. Worth it where reading
// takes long; around a few instructions a plain lock is no slower.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "cogway/sync/detail/read_holders.hpp"
#include "cogway/sync/wait_list.hpp"
#include "cogway/sync/wake_batch.hpp"
#include "cogway/sync/word_lock.hpp"

namespace cogway {

/// What became of an attempt; all but the first two are misuse that changed nothing.
enum class RwResult : std::uint8_t {
  done,
  waits,            ///< the node waits; when it is woken, it is done
  holds_read,       ///< this owner reads: writing would wait for itself (upgrade instead)
  holds_write,      ///< this owner writes
  not_held,         ///< this owner holds nothing of the kind
  held_repeatedly,  ///< this owner reads more than once: that cannot become one write
  upgrade_pending,  ///< another reader waits to write: each would wait for the other
};

/// A reader that comes while a writer waits comes after it; when that writer is done, all readers
/// that wait then go in before the next. So a reader waits for one writer at most, a writer for the
/// readers of one phase and the writers before it. An owner that reads may read again at any time.
///
/// An owner is who has to give the lock back: any address, a thread's or a task's.
///
/// **Threads**: all calls from any thread; tasks through nodes that have `notify`.
/// **Ownership**: not movable. Whoever destroys it must know that nobody waits and that every call
/// has returned.
/// **Progress**: blocking; the calls that do not wait take a lock for some instructions.
/// **Order**: giving the lock back publishes to whoever gets it next; reading publishes nothing to
/// other readers.
/// **Linearizable?** yes: at the steps under the lock.
template <template <typename> class Atom = std::atomic>
class RwLock {
 public:
  using Node = WaitNode<Atom>;
  using Owner = const void*;

  RwLock() = default;
  RwLock(const RwLock&) = delete;
  RwLock& operator=(const RwLock&) = delete;

  // Without a node an attempt that would wait says so, and nothing waits.

  [[nodiscard]] RwResult start_read(Node* node, Owner owner) noexcept {
    const std::lock_guard guard(lock_);
    if (writer_ == owner) return RwResult::holds_write;
    const bool open = writer_ == nullptr && upgrader() == nullptr && list_.empty();
    if (!open && readers_.holds(owner) == 0) return wait(list_, node, owner, kRead);
    readers_.add(owner);
    return RwResult::done;
  }
  [[nodiscard]] RwResult start_write(Node* node, Owner owner) noexcept {
    const std::lock_guard guard(lock_);
    if (writer_ == owner) return RwResult::holds_write;
    if (readers_.holds(owner) > 0) return RwResult::holds_read;
    if (writer_ != nullptr || readers_.total() > 0 || !list_.empty()) {
      return wait(list_, node, owner, kWrite);
    }
    writer_ = owner;
    return RwResult::done;
  }
  /// From reading to writing with nobody in between; waits for the other readers.
  [[nodiscard]] RwResult start_upgrade(Node* node, Owner owner) noexcept {
    const std::lock_guard guard(lock_);
    const std::uint32_t held = readers_.holds(owner);
    if (held == 0) return RwResult::not_held;
    if (held > 1) return RwResult::held_repeatedly;
    if (upgrader() != nullptr) return RwResult::upgrade_pending;
    if (readers_.total() > 1) return wait(upgrade_list_, node, owner, kUpgrade);
    become_writer(owner);
    return RwResult::done;
  }
  [[nodiscard]] RwResult unlock_read(Owner owner) noexcept {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    const bool upgrading = upgrader() != nullptr;
    if (upgrading && upgrader()->key == owner) return RwResult::upgrade_pending;
    if (!readers_.remove(owner)) return RwResult::not_held;
    if (upgrading) {
      if (readers_.total() == 1) grant_upgrade(wakes);
    } else if (readers_.total() == 0) {
      admit_writer(wakes);
    }
    return RwResult::done;
  }
  [[nodiscard]] RwResult unlock_write(Owner owner) noexcept {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    if (writer_ != owner) return RwResult::not_held;
    writer_ = nullptr;
    admit_readers(wakes, true);
    if (readers_.total() == 0) admit_writer(wakes);
    return RwResult::done;
  }
  /// From writing to reading with no writer in between.
  [[nodiscard]] RwResult downgrade(Owner owner) noexcept {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    if (writer_ != owner) return RwResult::not_held;
    writer_ = nullptr;
    readers_.add(owner);
    admit_readers(wakes, true);
    return RwResult::done;
  }
  /// False: the wait was over, the lock is the owner's.
  [[nodiscard]] bool withdraw(Node& node) noexcept {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    if (!(node.wants == kUpgrade ? upgrade_list_ : list_).withdraw(node)) return false;
    // Readers may have waited behind it alone.
    if (writer_ == nullptr && upgrader() == nullptr) admit_readers(wakes, false);
    return true;
  }

  struct Snapshot {
    std::size_t readers = 0;  ///< holds for reading
    std::size_t writers_waiting = 0;
    bool writer = false;
  };
  [[nodiscard]] Snapshot snapshot() noexcept {
    const std::lock_guard guard(lock_);
    Snapshot result{readers_.total(), upgrader() == nullptr ? 0U : 1U, writer_ != nullptr};
    for (const Node* node = list_.first(); node != nullptr; node = node->next) {
      result.writers_waiting += node->wants == kWrite;
    }
    return result;
  }

 private:
  static constexpr std::uint32_t kRead = 0, kWrite = 1, kUpgrade = 2;

  static RwResult wait(WaitList<Atom>& list, Node* node, Owner owner,
                       std::uint32_t wants) noexcept {
    if (node == nullptr) return RwResult::waits;
    node->key = owner;
    node->wants = wants;
    list.push_back(*node);
    return RwResult::waits;
  }
  Node* upgrader() noexcept { return upgrade_list_.first(); }
  void become_writer(Owner owner) noexcept {
    (void)readers_.remove(owner);
    writer_ = owner;
  }
  void grant_upgrade(WakeBatch<Atom>& wakes) noexcept {
    Node& node = *upgrader();
    become_writer(node.key);
    wakes.add(upgrade_list_, node, WaitOutcome::granted);
  }
  void admit_writer(WakeBatch<Atom>& wakes) noexcept {
    Node* node = list_.first();
    while (node != nullptr && node->wants != kWrite) node = node->next;
    if (node == nullptr) return;
    writer_ = node->key;
    wakes.add(list_, *node, WaitOutcome::granted);
  }
  /// All that wait, or those before the first writer.
  void admit_readers(WakeBatch<Atom>& wakes, bool all) noexcept {
    for (Node* node = list_.first(); node != nullptr;) {
      Node* next = node->next;
      if (node->wants == kRead) {
        readers_.add(node->key);
        wakes.add(list_, *node, WaitOutcome::granted);
      } else if (!all) {
        return;
      }
      node = next;
    }
  }

  WordLock<Atom> lock_;  ///< guards all below
  WaitList<Atom> list_;
  WaitList<Atom> upgrade_list_;  ///< one at most
  Owner writer_ = nullptr;
  detail::ReadHolders readers_;
};

}  // namespace cogway
