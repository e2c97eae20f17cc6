// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/thread.hpp"

#include <doctest/doctest.h>
#include <pthread.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <thread>

#include "cogway/base/os/processors.hpp"
#include "cogway/base/os/usage.hpp"

using namespace cogway;
using namespace cogway::os;

TEST_CASE("a thread has a name of at most 15 bytes") {
  std::string name(16, '\0');
  std::thread([&] {
    set_this_thread_name("cw-native-3-and-more");
    pthread_getname_np(pthread_self(), name.data(), name.size());
  }).join();
  CHECK(name == std::string("cw-native-3-and") + '\0');
}

TEST_CASE("affinity is set and read back, impossible ones are refused") {
  std::thread([&] {
    const std::vector<int> before = affinity(this_thread_id());
    const int one = before.back();
    CHECK(set_affinity(this_thread_id(), {&one, 1}));
    CHECK(affinity(this_thread_id()) == std::vector<int>{one});
    const int absent = 60'000;
    CHECK_FALSE(set_affinity(this_thread_id(), {&absent, 1}));
    CHECK(affinity(this_thread_id()) == std::vector<int>{one});
  }).join();
  const int negative = -1;
  const int beyond = 1 << 20;
  CHECK_THROWS_AS((void)set_affinity(this_thread_id(), {}), std::invalid_argument);
  CHECK_THROWS_AS((void)set_affinity(this_thread_id(), {&negative, 1}), std::invalid_argument);
  CHECK_THROWS_AS((void)set_affinity(this_thread_id(), {&beyond, 1}), std::invalid_argument);
}

TEST_CASE("niceness can always be raised, one thread at a time") {
  const int mine = os::nice(this_thread_id());
  std::thread([&] {
    CHECK(set_nice(this_thread_id(), 19));
    CHECK(os::nice(this_thread_id()) == 19);
  }).join();
  CHECK(os::nice(this_thread_id()) == mine);
}

TEST_CASE("policies: the humble ones are granted to everyone") {
  std::thread([] {
    CHECK(os::policy(this_thread_id()) == SchedulingPolicy::other);
    CHECK(set_policy(this_thread_id(), SchedulingPolicy::batch));
    CHECK(os::policy(this_thread_id()) == SchedulingPolicy::batch);
    CHECK(set_policy(this_thread_id(), SchedulingPolicy::idle));
    CHECK(os::policy(this_thread_id()) == SchedulingPolicy::idle);
    CHECK(os::policy_name(os::policy(this_thread_id())) == "idle");
  }).join();
  CHECK_FALSE(set_policy(this_thread_id(), SchedulingPolicy::fifo, 1000));  // no such priority
}

TEST_CASE("a schedule asks for what it gives, and takes over what another gives") {
  ThreadSchedule wish;
  wish.nice = 9;
  ThreadSchedule later;
  later.policy = SchedulingPolicy::batch;
  wish.update(later);
  std::thread([&] {
    CHECK(schedule(this_thread_id(), {}));
    CHECK(os::policy(this_thread_id()) == SchedulingPolicy::other);
    CHECK(schedule(this_thread_id(), wish));
    CHECK(os::nice(this_thread_id()) == 9);
    CHECK(os::policy(this_thread_id()) == SchedulingPolicy::batch);
    later.processors = {60'000};  // absent
    later.nice = 10;
    CHECK_FALSE(schedule(this_thread_id(), later));
    CHECK(os::nice(this_thread_id()) == 10);  // the rest is granted
  }).join();
}

TEST_CASE("a thread's usage grows with its work") {
  const Nanoseconds before = this_thread_processor_time();
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < 100'000; ++i) sum += i * i;
  CHECK(sum != 0);
  CHECK(this_thread_processor_time() > before);
  CHECK(process_processor_time() >= this_thread_processor_time() - before);
  const ThreadUsage usage = this_thread_usage();
  CHECK(usage.voluntary_switches >= 0);
  CHECK(usage.involuntary_switches >= 0);
}
