// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/futex.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "cogway/base/os/fork.hpp"
#include "cogway/base/os/shared_memory.hpp"

using namespace cogway;
using namespace cogway::os;
using namespace std::chrono_literals;

TEST_CASE("a word that has changed is not slept on") {
  const std::atomic<std::uint32_t> word{1};
  CHECK(futex_wait(word, 0) == FutexWait::changed);
}

TEST_CASE("a deadline in the past times out at once, however far") {
  const std::atomic<std::uint32_t> word{0};
  CHECK(futex_wait(word, 0, monotonic_now()) == FutexWait::timed_out);
  CHECK(futex_wait(word, 0, TimePoint{}) == FutexWait::timed_out);
  CHECK(futex_wait(word, 0, TimePoint{} - 5s) == FutexWait::timed_out);
  CHECK(futex_wait(word, 0, monotonic_now() + 1ms) == FutexWait::timed_out);
}

TEST_CASE("a sleeper is woken, in this process and through shared memory") {
  const SharedMemory memory("futex-test", sizeof(std::uint32_t));
  const Mapping mine(memory, os::Access::read_write);
  const Mapping other(memory, os::Access::read_write);
  auto* here = new (mine.data()) std::atomic<std::uint32_t>(0);
  auto* there = reinterpret_cast<std::atomic<std::uint32_t>*>(other.data());
  std::thread sleeper([&] {
    while (there->load() == 0) futex_wait(*there, 0, kNever, FutexScope::shared);
  });
  here->store(1);
  futex_wake(*here, 1, FutexScope::shared);
  sleeper.join();
  CHECK(futex_wake(*here, 1, FutexScope::shared) == 0);
}

TEST_CASE("waking nobody is harmless") {
  const std::atomic<std::uint32_t> word{0};
  CHECK(futex_wake(word, 1) == 0);
}
