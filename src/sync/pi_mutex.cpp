// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/pi_mutex.hpp"

#include <cerrno>
#include <ctime>

#include "cogway/base/assert.hpp"

namespace cogway {

PiMutex::PiMutex() {
  pthread_mutexattr_t attributes;
  COGWAY_ASSERT(pthread_mutexattr_init(&attributes) == 0, "mutex attributes");
  // Error checking costs nothing beside priority inheritance, whose word holds the owner anyway.
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
  const int granted = pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  COGWAY_ASSERT(granted == 0, "the C library knows no priority inheritance");
  COGWAY_ASSERT(pthread_mutex_init(&mutex_, &attributes) == 0, "mutex");
  pthread_mutexattr_destroy(&attributes);
}

PiMutex::~PiMutex() {
  COGWAY_ASSERT(pthread_mutex_destroy(&mutex_) == 0, "a mutex was destroyed while locked");
}

void PiMutex::lock() noexcept {
  COGWAY_ASSERT(pthread_mutex_lock(&mutex_) == 0, "a mutex was locked twice by one thread");
}

bool PiMutex::try_lock() noexcept {
  const int error = pthread_mutex_trylock(&mutex_);
  COGWAY_ASSERT(error == 0 || error == EBUSY || error == EDEADLK, "a mutex is broken");
  return error == 0;
}

bool PiMutex::try_lock_until(TimePoint deadline) noexcept {
  const Nanoseconds left = deadline - monotonic_now();
  if (left <= Nanoseconds::zero()) return try_lock();
  // By the wall clock, which is the one that every C library and kernel takes for such a mutex.
  timespec until{};
  clock_gettime(CLOCK_REALTIME, &until);
  const Nanoseconds end = Nanoseconds(until.tv_nsec) + left;
  until.tv_sec += end.count() / 1'000'000'000;
  until.tv_nsec = end.count() % 1'000'000'000;
  const int error = pthread_mutex_timedlock(&mutex_, &until);
  COGWAY_ASSERT(error == 0 || error == ETIMEDOUT || error == EDEADLK, "a mutex is broken");
  return error == 0;
}

void PiMutex::unlock() noexcept {
  COGWAY_ASSERT(pthread_mutex_unlock(&mutex_) == 0, "a mutex was unlocked by another thread");
}

}  // namespace cogway
