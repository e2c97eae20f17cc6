// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/robust_mutex.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <new>
#include <thread>

using namespace cogway;
using Taken = RobustMutex::Taken;

namespace {

struct Shared {
  RobustMutex mutex;
  int ready = 0;
};

struct Fixture {
  Fixture() {
    void* place = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(place != MAP_FAILED);
    shared = new (place) Shared;
  }
  ~Fixture() { ::munmap(shared, 4096); }
  // A process that ends with the mutex.
  void abandon() {
    const pid_t child = ::fork();
    if (child == 0) {
      if (shared->mutex.lock_until(kNever) == Taken::no) ::_exit(1);
      ::raise(SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
  }
  Shared* shared = nullptr;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "robust mutex: excludes, and gives up at the deadline") {
  REQUIRE(shared->mutex.lock_until(kNever) == Taken::yes);
  std::jthread other([&] {
    CHECK(shared->mutex.lock_until(monotonic_now()) == Taken::no);
    CHECK(shared->mutex.lock_until(deadline_after(monotonic_now(), Nanoseconds(1000))) ==
          Taken::no);
  });
  other.join();
  shared->mutex.unlock();
  CHECK(shared->mutex.lock_until(monotonic_now()) == Taken::yes);
  shared->mutex.unlock();
}

TEST_CASE_FIXTURE(Fixture, "robust mutex: the next owner is told of a dead one, and once") {
  for (int round = 0; round < 3; ++round) {
    abandon();
    CHECK(shared->mutex.lock_until(kNever) == Taken::abandoned);
    shared->mutex.unlock();
    CHECK(shared->mutex.lock_until(kNever) == Taken::yes);
    shared->mutex.unlock();
  }
}

TEST_CASE_FIXTURE(Fixture, "robust mutex: a repairer that dies hands the repair on") {
  abandon();
  abandon();
  CHECK(shared->mutex.lock_until(kNever) == Taken::abandoned);
  shared->mutex.unlock();
}
