// SPDX-License-Identifier: Apache-2.0
#pragma once
// A bounded queue with lanes: what is urgent first, and the rest not too late. Not a sorted heap:
// within a lane order is that of pushing (or its reverse), and there are few lanes.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "cogway/base/assert.hpp"
#include "cogway/base/cacheline.hpp"
#include "cogway/queue/mpmc_queue.hpp"
#include "cogway/queue/mpmc_stack.hpp"
#include "cogway/queue/queue_statistics.hpp"

namespace cogway {

enum class QueueOrder : std::uint8_t { fifo, lifo };

/// Lane 0 is the most urgent. A pop serves the first lane that has something, except that a lane
/// passed over `patience` times in favour of more urgent ones is served next: no lane starves, and
/// one that waits gets at least one pop in every `patience + kLanes - 1`.
///
/// **Threads**: all calls from any thread.
/// **Ownership**: of the values inside; destroying the queue destroys them, while nobody uses it.
/// **Progress**: lock-free, with MpmcQueue's reservation about threads stopped midway.
/// **Order**: a push publishes the value and all before it to the pop that returns it.
/// **Linearizable?** Each lane is, as MpmcQueue (fifo) or MpmcStack (lifo). Across lanes urgency is
/// observed among values whose pushes had returned before the pop began. A pop that overlaps pushes
/// may miss them.
/// **Capacity**: each lane has its own, by the rule of its kind; memory is taken once.
template <typename T, std::size_t kLanes = 3, QueueOrder kOrder = QueueOrder::fifo,
          template <typename> class Atom = std::atomic>
class PriorityQueue {
  static_assert(kLanes >= 1 && kLanes <= 16);

 public:
  using value_type = T;

  /// `capacity` of each lane. Throws std::invalid_argument for zero `patience` or a refused
  /// capacity.
  explicit PriorityQueue(std::size_t capacity, std::uint32_t patience = 32) : patience_(patience) {
    if (patience == 0) {
      throw std::invalid_argument("priority queue: patience must be at least 1");
    }
    for (Lane& lane : lanes_) lane.values = std::make_unique<Values>(capacity);
  }
  PriorityQueue(const PriorityQueue&) = delete;
  PriorityQueue& operator=(const PriorityQueue&) = delete;

  /// False when the lane is full; `value` is then untouched.
  template <typename U>
  [[nodiscard]] bool try_push(U&& value, std::size_t lane) noexcept {
    COGWAY_DEBUG_ASSERT(lane < kLanes, "no such lane");
    return lanes_[lane].values->try_push(std::forward<U>(value));
  }

  /// The value whose turn it is; nothing when every lane is empty. `lane`, if given, is told its
  /// lane.
  [[nodiscard]] std::optional<T> try_pop(std::size_t* lane = nullptr) noexcept {
    for (std::size_t i = kLanes; i-- > 1;) {
      // order: relaxed, no pairing: ages are hints; a lost count makes a lane wait one pop more
      if (lanes_[i].passed_over.load(std::memory_order_relaxed) < patience_) continue;
      // order: relaxed, no pairing: as above
      lanes_[i].passed_over.store(0, std::memory_order_relaxed);
      if (std::optional<T> value = lanes_[i].values->try_pop()) {
        // order: relaxed, no pairing: a counter
        aged_.fetch_add(1, std::memory_order_relaxed);
        if (lane != nullptr) *lane = i;
        return value;
      }
    }
    for (std::size_t i = 0; i < kLanes; ++i) {
      if (std::optional<T> value = lanes_[i].values->try_pop()) {
        age_below(i);
        if (lane != nullptr) *lane = i;
        return value;
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] std::size_t size() const noexcept {
    std::size_t total = 0;
    for (const Lane& lane : lanes_) total += lane.values->size();
    return total;
  }
  [[nodiscard]] bool empty() const noexcept {
    for (const Lane& lane : lanes_) {
      if (!lane.values->empty()) return false;
    }
    return true;
  }
  /// Of one lane.
  [[nodiscard]] std::size_t capacity() const noexcept { return lanes_[0].values->capacity(); }
  static constexpr std::size_t lanes() noexcept { return kLanes; }

  struct Statistics {
    std::array<QueueStatistics, kLanes> lanes;
    std::uint64_t aged = 0;  ///< pops that served a lane because it had waited long enough
  };
  [[nodiscard]] Statistics statistics() const noexcept {
    Statistics result;
    for (std::size_t i = 0; i < kLanes; ++i) result.lanes[i] = lanes_[i].values->statistics();
    // order: relaxed, no pairing: a counter
    result.aged = aged_.load(std::memory_order_relaxed);
    return result;
  }

 private:
  using Values =
      std::conditional_t<kOrder == QueueOrder::fifo, MpmcQueue<T, Atom>, MpmcStack<T, Atom>>;
  struct alignas(kCacheLine) Lane {
    std::unique_ptr<Values> values;
    Atom<std::uint32_t> passed_over{0};  ///< by poppers, while the lane has something
  };

  /// Lane `served` had its turn: everyone less urgent who waits has waited once more. A lane of its
  /// own turn starts anew.
  void age_below(std::size_t served) noexcept {
    // order: relaxed, no pairing: ages are hints
    if (served > 0 && lanes_[served].passed_over.load(std::memory_order_relaxed) != 0) {
      // order: relaxed, no pairing: ages are hints
      lanes_[served].passed_over.store(0, std::memory_order_relaxed);
    }
    for (std::size_t i = served + 1; i < kLanes; ++i) {
      // order: relaxed, no pairing: ages are hints
      if (!lanes_[i].values->empty()) {
        lanes_[i].passed_over.fetch_add(1, std::memory_order_relaxed);  // order: relaxed, as above
      }
    }
  }

  std::array<Lane, kLanes> lanes_;
  const std::uint32_t patience_;
  std::atomic<std::uint64_t> aged_{0};  ///< by poppers
};

}  // namespace cogway
