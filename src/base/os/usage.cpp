// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/usage.hpp"

#include <sys/resource.h>

#include <ctime>

namespace cogway::os {
namespace {

Nanoseconds of(const timeval& time) noexcept {
  return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
}

Nanoseconds read(clockid_t clock) noexcept {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds{time.tv_sec} + Nanoseconds{time.tv_nsec};
}

}  // namespace

ThreadUsage this_thread_usage() noexcept {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return {of(usage.ru_utime) + of(usage.ru_stime), usage.ru_nvcsw, usage.ru_nivcsw};
}

Nanoseconds this_thread_processor_time() noexcept { return read(CLOCK_THREAD_CPUTIME_ID); }

Nanoseconds process_processor_time() noexcept { return read(CLOCK_PROCESS_CPUTIME_ID); }

}  // namespace cogway::os
