// SPDX-License-Identifier: Apache-2.0
#pragma once
// How the layers above learn that bytes of a full bus were freed. Subscribing costs nothing to
// those who free until someone announces that it waits.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "cogway/base/cacheline.hpp"

namespace cogway {

/// Called by whichever thread frees bytes (a worker, an application thread, one that holds the
/// GIL): must not wait, throw, or unsubscribe itself; may lease, reserve and release.
using FreedFunction = void (*)(void* argument) noexcept;

/// The subscribers of one bus.
///
/// A waiter announces itself, then tries once more to reserve, and only then waits: with the
/// freeing side's order (give bytes back, then look for waiters), all four sequentially consistent,
/// one of the two sees the other.
///
/// **Threads**: any. unsubscribe() not from within the subscriber's own function.
/// **Ownership**: the bus's. A subscription must end before what its argument points to. In a
/// forked child unsubscribe() does nothing, for the lock may be held by a thread that is not there.
/// **Progress**: notify() without waiters is one load; with waiters wait-free plus the functions.
/// subscribe() and unsubscribe() lock; unsubscribe() waits for calls in flight to return.
/// **Order**: a notify() that follows the freeing of bytes in one thread is seen by every waiter
/// that announced itself before a try_reserve() that did not see those bytes.
class FreedHooks {
 public:
  FreedHooks();
  FreedHooks(const FreedHooks&) = delete;
  FreedHooks& operator=(const FreedHooks&) = delete;
  ~FreedHooks();

  struct Slot;
  [[nodiscard]] Slot* subscribe(FreedFunction call, void* argument);
  void unsubscribe(Slot* slot) noexcept;

  void announce_waiter() noexcept { waiters_.fetch_add(1); }
  void retire_waiter() noexcept { waiters_.fetch_sub(1); }
  [[nodiscard]] std::uint32_t waiters() const noexcept { return waiters_.load(); }

  /// After bytes were given back.
  void notify() noexcept {
    if (waiters_.load() != 0) call_all();
  }

 private:
  void call_all() noexcept;

  alignas(kCacheLine) std::atomic<std::uint32_t> waiters_{0};  ///< any; read at every release
  const std::uint64_t fork_epoch_;     ///< of the process whose subscribers these are
  std::atomic<Slot*> first_{nullptr};  ///< grows at the head, under mutex_; slots are reused
  std::mutex mutex_;
};

/// A subscription that ends with its scope.
class FreedHook {
 public:
  FreedHook() = default;
  FreedHook(FreedHooks& hooks, FreedFunction call, void* argument)
      : hooks_(&hooks), slot_(hooks.subscribe(call, argument)) {}
  FreedHook(FreedHook&& other) noexcept
      : hooks_(std::exchange(other.hooks_, nullptr)), slot_(std::exchange(other.slot_, nullptr)) {}
  FreedHook& operator=(FreedHook&& other) noexcept {
    if (this != &other) {
      reset();
      hooks_ = std::exchange(other.hooks_, nullptr);
      slot_ = std::exchange(other.slot_, nullptr);
    }
    return *this;
  }
  FreedHook(const FreedHook&) = delete;
  FreedHook& operator=(const FreedHook&) = delete;
  ~FreedHook() { reset(); }
  void reset() noexcept {
    if (hooks_ != nullptr)
      std::exchange(hooks_, nullptr)->unsubscribe(std::exchange(slot_, nullptr));
  }

 private:
  FreedHooks* hooks_ = nullptr;
  FreedHooks::Slot* slot_ = nullptr;
};

}  // namespace cogway
