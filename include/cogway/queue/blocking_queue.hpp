// SPDX-License-Identifier: Apache-2.0
#pragma once
// Any ring of this layer, with waiting: push waits for room, pop for values. For application
// threads and stages; a worker waits for its scheduler instead, and a kernel never waits.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "cogway/base/cacheline.hpp"
#include "cogway/base/clock.hpp"
#include "cogway/queue/queue_statistics.hpp"
#include "cogway/sync/event_count.hpp"

namespace cogway {

enum class QueuePush : std::uint8_t { pushed, timed_out, closed };

struct BlockingQueueStatistics {
  QueueStatistics queue;
  EventCountStatistics consumers;  ///< waiting for values
  EventCountStatistics producers;  ///< waiting for room
};

/// Waits by spin → yield → park (EventCount). A call that times out or is refused leaves nothing
/// behind.
///
/// **Threads**: as `Queue` for push and pop; close() and the rest from any thread.
/// **Ownership**: of the values inside. Destroy it when no call is under way.
/// **Progress**: blocking where it says so; try_*() as `Queue`.
/// **Order**: as `Queue`.
/// **Linearizable?** As `Queue`; a pop that reports closing has seen every push that succeeded (for
/// SpscQueue: see its close()).
/// **Capacity**: that of `Queue`.
template <typename Queue, template <typename> class Atom = std::atomic>
class BlockingQueue {
 public:
  using value_type = typename Queue::value_type;
  using T = value_type;

  explicit BlockingQueue(std::size_t capacity) : queue_(capacity) {}
  BlockingQueue(std::size_t capacity, SpinBudget& budget)
      : queue_(capacity), values_(budget), room_(budget) {}

  /// Waits for room. Unless `pushed`, the value is untouched.
  template <typename U>
  QueuePush push(U&& value, TimePoint deadline = kNever) noexcept {
    bool pushed = false;
    room_.wait(
        [&] { return (pushed = queue_.try_push(std::forward<U>(value))) || queue_.closed(); },
        deadline, has_room());
    if (pushed) {
      values_.notify_one(has_values());
      return QueuePush::pushed;
    }
    return queue_.closed() ? QueuePush::closed : QueuePush::timed_out;
  }

  /// Waits for a value. Nothing: the deadline came, or the queue is drained().
  [[nodiscard]] std::optional<T> pop(TimePoint deadline = kNever) noexcept {
    std::optional<T> value;
    values_.wait([&] { return (value = queue_.try_pop()).has_value() || queue_.drained(); },
                 deadline, has_values());
    if (value) room_.notify_one(has_room());
    return value;
  }

  /// Waits for at least one value and takes as many as there are, at most `out.size()`. Zero: as
  /// pop().
  [[nodiscard]] std::size_t pop_batch(std::span<T> out, TimePoint deadline = kNever) noexcept {
    std::size_t count = 0;
    if (out.empty()) return 0;
    values_.wait([&] { return (count = queue_.try_pop_batch(out)) > 0 || queue_.drained(); },
                 deadline, has_values());
    if (count > 0) room_.notify(static_cast<std::uint32_t>(count), has_room());
    return count;
  }

  template <typename U>
  [[nodiscard]] bool try_push(U&& value) noexcept {
    if (!queue_.try_push(std::forward<U>(value))) return false;
    values_.notify_one(has_values());
    room_.pass_on(has_room());
    return true;
  }
  [[nodiscard]] std::size_t try_push_batch(std::span<T> values) noexcept {
    const std::size_t count = queue_.try_push_batch(values);
    if (count > 0) {
      values_.notify(static_cast<std::uint32_t>(count), has_values());
      room_.pass_on(has_room());
    }
    return count;
  }
  [[nodiscard]] std::optional<T> try_pop() noexcept {
    std::optional<T> value = queue_.try_pop();
    if (value) {
      room_.notify_one(has_room());
      values_.pass_on(has_values());
    }
    return value;
  }

  /// Refuses pushes from now on and wakes everybody: producers are told `closed`, consumers get
  /// what is left, then nothing. True for the one call that closed it.
  bool close() noexcept {
    const bool first = queue_.close();
    room_.notify_all();
    values_.notify_all();
    return first;
  }
  [[nodiscard]] bool closed() const noexcept { return queue_.closed(); }
  [[nodiscard]] bool drained() const noexcept { return queue_.drained(); }

  [[nodiscard]] std::size_t size() const noexcept { return queue_.size(); }
  [[nodiscard]] bool empty() const noexcept { return queue_.empty(); }
  [[nodiscard]] std::size_t capacity() const noexcept { return queue_.capacity(); }
  [[nodiscard]] BlockingQueueStatistics statistics() const noexcept {
    return {queue_.statistics(), values_.statistics(), room_.statistics()};
  }

 private:
  // What the event counts ask before they wake anybody: is there anything for another waiter? A
  // value behind an unfinished push counts, and so does the end: whoever learns of it passes it on.
  auto has_values() const noexcept {
    return [this] { return !queue_.empty() || queue_.closed(); };
  }
  auto has_room() const noexcept {
    return [this] { return queue_.size() < queue_.capacity() || queue_.closed(); };
  }

  Queue queue_;
  alignas(kCacheLine) EventCount<Atom> values_;  ///< consumers sleep here
  alignas(kCacheLine) EventCount<Atom> room_;    ///< producers sleep here
};

}  // namespace cogway
