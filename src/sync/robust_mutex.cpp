// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/robust_mutex.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>

#include "cogway/base/assert.hpp"

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace cogway {
namespace {

// The thread sanitizer does not know that a timed lock of a dead owner's mutex has locked it.
void tell_sanitizer([[maybe_unused]] pthread_mutex_t* mutex) noexcept {
#ifdef __SANITIZE_THREAD__
  __tsan_mutex_pre_lock(mutex, 0);
  __tsan_mutex_post_lock(mutex, 0, 0);
#endif
}

}  // namespace

RobustMutex::RobustMutex() noexcept {
  pthread_mutexattr_t attributes;
  COGWAY_ASSERT(pthread_mutexattr_init(&attributes) == 0, "mutex attributes");
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  const int robust = pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  COGWAY_ASSERT(robust == 0, "the C library knows no robust mutex");
  const int granted = pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  COGWAY_ASSERT(granted == 0, "the C library knows no priority inheritance");
  COGWAY_ASSERT(pthread_mutex_init(&mutex_, &attributes) == 0, "mutex");
  pthread_mutexattr_destroy(&attributes);
}

RobustMutex::Taken RobustMutex::lock_until(TimePoint deadline) noexcept {
  int error = pthread_mutex_trylock(&mutex_);
  if (error == EBUSY) {
    const Nanoseconds left =
        std::min<Nanoseconds>(deadline - monotonic_now(), std::chrono::hours(1));
    if (left <= Nanoseconds::zero()) return Taken::no;
    // By the wall clock, which is the one that every C library and kernel takes for such a mutex.
    timespec until{};
    clock_gettime(CLOCK_REALTIME, &until);
    const Nanoseconds end = Nanoseconds(until.tv_nsec) + left;
    until.tv_sec += end.count() / 1'000'000'000;
    until.tv_nsec = end.count() % 1'000'000'000;
    error = pthread_mutex_timedlock(&mutex_, &until);
    if (error == EOWNERDEAD) tell_sanitizer(&mutex_);
  }
  if (error == EOWNERDEAD) {
    pthread_mutex_consistent(&mutex_);
    return Taken::abandoned;
  }
  if (error == 0) return Taken::yes;
  if (error == EBUSY || error == ETIMEDOUT) return Taken::no;
  // Memory that somebody overwrote is not ours to end the process for.
  return error == EDEADLK ? Taken::ours : Taken::broken;
}

bool RobustMutex::unlock() noexcept { return pthread_mutex_unlock(&mutex_) == 0; }

}  // namespace cogway
