// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/thread.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace cogway::os {
namespace {

constexpr std::size_t kMostProcessors = 1 << 16;
constexpr std::size_t kMaskBits = 8 * sizeof(unsigned long);

constexpr SchedulingPolicy kPolicies[] = {SchedulingPolicy::other, SchedulingPolicy::batch,
                                          SchedulingPolicy::idle, SchedulingPolicy::fifo,
                                          SchedulingPolicy::round_robin};

int native_policy(SchedulingPolicy policy) noexcept {
  switch (policy) {
    case SchedulingPolicy::other:
      return SCHED_OTHER;
    case SchedulingPolicy::batch:
      return SCHED_BATCH;
    case SchedulingPolicy::idle:
      return SCHED_IDLE;
    case SchedulingPolicy::fifo:
      return SCHED_FIFO;
    case SchedulingPolicy::round_robin:
      return SCHED_RR;
  }
  return SCHED_OTHER;
}

}  // namespace

ThreadId this_thread_id() noexcept { return static_cast<ThreadId>(::syscall(SYS_gettid)); }

void set_this_thread_name(std::string_view name) noexcept {
  char cut[16] = {};
  std::memcpy(cut, name.data(), std::min(name.size(), sizeof(cut) - 1));
  ::pthread_setname_np(::pthread_self(), cut);
}

void check_processors(std::span<const int> processors) {
  if (processors.empty()) throw std::invalid_argument("affinity: the list of processors is empty");
  const auto [least, most] = std::minmax_element(processors.begin(), processors.end());
  if (*least < 0 || static_cast<std::size_t>(*most) >= kMostProcessors) {
    throw std::invalid_argument("affinity: no processor has the number " +
                                std::to_string(*least < 0 ? *least : *most));
  }
}

bool set_affinity(ThreadId thread, std::span<const int> processors) {
  check_processors(processors);
  const int most = *std::max_element(processors.begin(), processors.end());
  std::vector<unsigned long> mask(static_cast<std::size_t>(most) / kMaskBits + 1);
  for (const int processor : processors) {
    const auto bit = static_cast<std::size_t>(processor);
    mask[bit / kMaskBits] |= 1UL << (bit % kMaskBits);
  }
  return ::syscall(SYS_sched_setaffinity, thread, mask.size() * sizeof(unsigned long),
                   mask.data()) == 0;
}

std::vector<int> affinity(ThreadId thread) {
  std::vector<unsigned long> mask(16);
  long bytes = -1;
  while (mask.size() <= kMostProcessors / kMaskBits) {
    bytes =
        ::syscall(SYS_sched_getaffinity, thread, mask.size() * sizeof(unsigned long), mask.data());
    if (bytes >= 0 || errno != EINVAL) break;
    mask.resize(mask.size() * 2);  // the kernel has more processors than the mask has bits
  }
  std::vector<int> processors;
  if (bytes < 0) return processors;
  for (std::size_t bit = 0; bit < static_cast<std::size_t>(bytes) * 8; ++bit) {
    if ((mask[bit / kMaskBits] >> (bit % kMaskBits)) & 1UL) {
      processors.push_back(static_cast<int>(bit));
    }
  }
  return processors;
}

bool set_nice(ThreadId thread, int nice) noexcept {
  return ::setpriority(PRIO_PROCESS, static_cast<id_t>(thread), nice) == 0;
}

int nice(ThreadId thread) noexcept {
  return ::getpriority(PRIO_PROCESS, static_cast<id_t>(thread));
}

bool set_policy(ThreadId thread, SchedulingPolicy policy, int priority) noexcept {
  const bool real_time =
      policy == SchedulingPolicy::fifo || policy == SchedulingPolicy::round_robin;
  sched_param parameters{};
  parameters.sched_priority = real_time ? priority : 0;
  return ::sched_setscheduler(thread, native_policy(policy), &parameters) == 0;
}

SchedulingPolicy policy(ThreadId thread) noexcept {
  const int found = ::sched_getscheduler(thread);
  for (const SchedulingPolicy each : kPolicies) {
    if (found == native_policy(each)) return each;
  }
  return SchedulingPolicy::other;
}

std::string_view policy_name(SchedulingPolicy policy) noexcept {
  constexpr std::string_view kNames[] = {"other", "batch", "idle", "fifo", "round_robin"};
  return kNames[static_cast<std::size_t>(policy)];
}

void ThreadSchedule::update(const ThreadSchedule& other) {
  if (other.policy.has_value()) {
    policy = other.policy;
    priority = other.priority;
  }
  if (other.nice) nice = other.nice;
  if (!other.processors.empty()) processors = other.processors;
}

bool schedule(ThreadId thread, const ThreadSchedule& wish) {
  bool granted = true;
  if (wish.policy) granted = set_policy(thread, *wish.policy, wish.priority) && granted;
  if (wish.nice) granted = set_nice(thread, *wish.nice) && granted;
  if (!wish.processors.empty()) granted = set_affinity(thread, wish.processors) && granted;
  return granted;
}

void yield_thread() noexcept { ::sched_yield(); }

}  // namespace cogway::os
