// SPDX-License-Identifier: Apache-2.0
// Deadlines when the system refuses the thread that would watch them.
#include <doctest/doctest.h>
#include <pthread.h>

#include <thread>

#include "test_kernels.hpp"

using namespace engine_test;

namespace {

/// While one lives, no thread can be started: each would want a stack larger than any memory.
class NoThreads {
 public:
  NoThreads() {
    pthread_getattr_default_np(&usual_);
    pthread_attr_t huge;
    pthread_attr_init(&huge);
    pthread_attr_setstacksize(&huge, std::size_t{1} << 47);
    pthread_setattr_default_np(&huge);
    pthread_attr_destroy(&huge);
  }
  ~NoThreads() {
    pthread_setattr_default_np(&usual_);
    pthread_attr_destroy(&usual_);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  pthread_attr_t usual_{};
};

SpawnOptions soon() {
  SpawnOptions set;
  set.deadline = monotonic_now() + std::chrono::milliseconds(1);
  return set;
}

}  // namespace

TEST_CASE("a refused thread fails the task, and the next deadline is kept") {
  Engine engine(options(1));
  {
    const NoThreads none;
    CHECK_THROWS(std::thread([] {}));
    TaskRef ticket;
    REQUIRE(engine.spawn([] {}, soon(), &ticket).ok());
    CHECK(ticket->wait_until());
    CHECK(ticket->status() == StatusCode::resource_exhausted);
  }
  Latch gate;
  latch = &gate;
  Call call("test.polite");
  call.call.options = soon();
  TaskRef ticket;
  REQUIRE(engine.c_spawn(call.call, &ticket).ok());
  CHECK(ticket->wait_until(monotonic_now() + std::chrono::seconds(10)));
  CHECK(ticket->cause() == Cause::deadline);
  gate.open = true;
}
