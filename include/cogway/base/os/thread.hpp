// SPDX-License-Identifier: Apache-2.0
#pragma once
// Names, processors, niceness and scheduling policy of threads. Where the system refuses for want
// of privilege, the call says so by returning false and changes nothing: a program must run
// unprivileged.
//
// **Threads**: any, for any thread of this process; names only the calling one's.
// **Ownership**: none. **Progress**: a system call each. **Order**: none.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace cogway::os {

/// The kernel's id of a thread, as `top -H` and /proc show it.
using ThreadId = std::int32_t;

[[nodiscard]] ThreadId this_thread_id() noexcept;

/// Names the calling thread; longer names are cut to the kernel's 15 bytes.
void set_this_thread_name(std::string_view name) noexcept;

/// Throws std::invalid_argument for an empty list and for numbers that no processor can have.
void check_processors(std::span<const int> processors);

/// Lets `thread` run only on `processors`. Throws as check_processors(); false when none of them
/// exists or is allowed here, or the thread is gone.
bool set_affinity(ThreadId thread, std::span<const int> processors);

/// The processors that `thread` may run on; empty when it is gone.
[[nodiscard]] std::vector<int> affinity(ThreadId thread);

/// Niceness of one thread, -20 (greedy) to 19 (humble); raising it is always allowed.
bool set_nice(ThreadId thread, int nice) noexcept;
[[nodiscard]] int nice(ThreadId thread) noexcept;

enum class SchedulingPolicy : std::uint8_t {
  other,        ///< the usual fair share
  batch,        ///< fair share, does not preempt others when it wakes
  idle,         ///< only when nothing else wants the processor
  fifo,         ///< real time: until it blocks
  round_robin,  ///< real time: in turns
};

/// `priority` counts for fifo and round_robin only (1 to 99).
bool set_policy(ThreadId thread, SchedulingPolicy policy, int priority = 0) noexcept;
/// As it is now; `other` too for a thread that is gone and for policies without a name here.
[[nodiscard]] SchedulingPolicy policy(ThreadId thread) noexcept;
/// "other", "batch", "idle", "fifo", "round_robin".
[[nodiscard]] std::string_view policy_name(SchedulingPolicy policy) noexcept;

/// How a thread shall be scheduled; what is not given stays as it is.
struct ThreadSchedule {
  std::optional<SchedulingPolicy> policy{};
  int priority = 0;  ///< for fifo and round_robin
  std::optional<int> nice{};
  std::vector<int> processors{};  ///< empty: not given

  /// Takes over what the other one gives.
  void update(const ThreadSchedule& other);
};

/// Asks for each thing that is given; true when all were granted. Throws as set_affinity().
bool schedule(ThreadId thread, const ThreadSchedule& wish);

/// Offers the processor to another runnable thread of equal standing.
void yield_thread() noexcept;

}  // namespace cogway::os
